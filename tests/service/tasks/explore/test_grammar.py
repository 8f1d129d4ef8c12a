from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from random import Random

from sqldojo.service.core.execution import Rows
from sqldojo.service.core.task import AnswerKind, Difficulty
from sqldojo.service.tasks.databases.lexicon import Lexicon
from sqldojo.service.tasks.difficulty import difficulty_of
from sqldojo.service.tasks.explore.gate import is_clean
from sqldojo.service.tasks.explore.grammar import intents
from sqldojo.service.tasks.explore.intent import Intent
from sqldojo.service.tasks.explore.rules import columns_named
from sqldojo.service.tasks.ground import Ground

DRAWN = 400
RULES = {"rule_fiscal_year", "rule_conversion"}
FAMILIES = {
    "above_average", "above_own_average", "aggregate", "anti_join", "beyond_another", "calendar", "chain",
    "chain_aggregate", "count", "difference", "distinct", "duplicates", "empty_result", "group", "having",
    "having_children", "join", "join_aggregate", "join_group", "latest_of_each", "list", "lookup",
    "many_to_many", "missing_values", "near_text", "null_answer", "outer_join", "permissioned_view", "pivot",
    "rank_in_group", "running_total", "self_reference", "semi_join", "set_operation", "share",
    "share_of_total", "superlative", "table", "text_pattern", "ties", "top_group", "top_list",
    "two_branches", "unnamed_columns",
}  # fmt: skip


def drawn(ground: Ground, seed: str, number: int = DRAWN) -> list[Intent]:
    return list(islice(intents(ground, Random(seed)), number))


def test_equal_seeds_give_equal_intents(clinic: Ground) -> None:
    assert drawn(clinic, "a", 60) == drawn(clinic, "a", 60)
    assert drawn(clinic, "a", 60) != drawn(clinic, "b", 60)


def test_every_family_appears(grounds: tuple[Ground, ...]) -> None:
    found = {intent.family for ground in grounds for intent in drawn(ground, "families")}
    assert found >= FAMILIES
    assert any(family.startswith("rule_") for family in found - RULES)


def test_sentences_are_clean_and_say_something_else_each(grounds: tuple[Ground, ...]) -> None:
    for ground in grounds:
        for intent in drawn(ground, "words", 150):
            for text in (*intent.questions, *intent.requests, *intent.notes):
                assert is_clean(text), text
                assert not re.search(r"(?<![\d,.])1 [a-z]+s\b(?! (ago|later))", text.split('"')[0]), text
            assert all(q[0].isupper() or not q[0].isalpha() for q in intent.questions)
            assert len(set(intent.questions)) == len(intent.questions)
            assert intent.questions
            assert intent.requests
            assert intent.family == "unnamed_columns" or len(intent.questions) >= 3


def test_statements_run_and_have_the_shape_that_is_said(grounds: tuple[Ground, ...]) -> None:
    for ground in grounds:
        for intent in drawn(ground, "shape", 120):
            rows = ground.instances.run(intent.sql, 0, intent.permissions)
            assert isinstance(rows, Rows), intent.sql
            if intent.answer_kind is None:
                assert len(rows.rows) > 20
            elif intent.answer_kind is AnswerKind.TABLE:
                assert len(rows.columns) > 1
            else:
                assert len(rows.columns) == 1


def test_unnamed_columns_are_not_named(grounds: tuple[Ground, ...]) -> None:
    for ground in grounds:
        for intent in drawn(ground, "unnamed", 150):
            if intent.family == "unnamed_columns":
                for name in columns_named(intent.sql, ground):
                    for text in (*intent.questions, *intent.requests):
                        assert not re.search(rf"(?i)\b{re.escape(name)}\b", text), (name, text)


def test_a_screened_table_is_denied_and_not_read(clinic: Ground) -> None:
    found = [intent for intent in drawn(clinic, "views") if intent.family == "permissioned_view"]
    assert found
    for intent in found:
        assert intent.permissions.denied == {"physician"}
        assert intent.notes
        assert re.search(r"\bphysician_directory\b", intent.sql)
        assert not re.search(r"\b(FROM|JOIN) physician\b", intent.sql)


def test_a_rule_is_in_the_notes_and_in_the_statement(clinic: Ground) -> None:
    found = [intent for intent in drawn(clinic, "rules", 500) if intent.family == "rule_cancelled"]
    assert found
    for intent in found:
        assert intent.notes == ("Cancelled appointments are never counted.",)
        assert "status <> 'cancelled'" in intent.sql


def test_difficulties_are_spread(clinic: Ground) -> None:
    spread = Counter(difficulty_of(intent.sql) for intent in drawn(clinic, "difficulty", 200))
    assert all(spread[difficulty] >= 20 for difficulty in Difficulty)


def test_a_database_without_words_yields_nothing(clinic: Ground) -> None:
    mute = Ground("hospital", clinic.split, Lexicon((), ()), clinic.instances)
    assert drawn(mute, "mute") == []


def test_a_single_table_yields_questions_about_itself(clinic: Ground) -> None:
    alone = Lexicon(tuple(t for t in clinic.lexicon.tables if t.table == "patient"), ())
    found = drawn(Ground("hospital", clinic.split, alone, clinic.instances), "alone", 100)
    assert len(found) == 100
    assert not any(" JOIN " in intent.sql and "patient" not in intent.sql for intent in found)
