"""Generated tickets: what the gate lets through holds what it promises."""

from __future__ import annotations

import re
from itertools import islice
from random import Random

import apsw
import pytest
import sqlglot

from sqldojo.service.core.action import Submit
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.episode import Episode
from sqldojo.service.core.execution import ActionError, Rows
from sqldojo.service.core.grading import same_rows
from sqldojo.service.core.observation import Outcome
from sqldojo.service.core.reward import TermKind
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import Split, Task, TaskKind
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.tasks.databases import DOMAINS, INSTANCES, build_image
from sqldojo.service.tasks.databases.lexicon import ColumnWords, Lexicon, Role, TableWords
from sqldojo.service.tasks.difficulty import difficulty_of
from sqldojo.service.tasks.explore.grammar import intents
from sqldojo.service.tasks.ground import Ground
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.mutants import mutants
from sqldojo.service.tasks.prepare import prepare
from sqldojo.service.tasks.repair.breaking import Candidate, paired
from sqldojo.service.tasks.repair.faults import FAULTS
from sqldojo.service.tasks.repair.gate import Gate, Reason, Symptom
from sqldojo.service.tasks.repair.generate import acceptance, generate
from sqldojo.service.tasks.separation import survivors

CHOSEN = ("hospital", "insurance", "museum")
ATTEMPTS = 40


@pytest.fixture(scope="module")
def grounds() -> dict[str, Ground]:
    return {
        domain.database_id: Ground(
            domain.database_id,
            domain.split,
            domain.lexicon,
            Instances(domain.database_id, [build_image(domain, n) for n in range(INSTANCES)]),
        )
        for domain in DOMAINS
        if domain.database_id in CHOSEN
    }


@pytest.fixture(scope="module")
def tasks(grounds: dict[str, Ground]) -> dict[str, list[Task]]:
    return {name: generate(ground, "test", ATTEMPTS) for name, ground in grounds.items()}


def test_most_attempts_make_a_task(tasks: dict[str, list[Task]]) -> None:
    for made in tasks.values():
        assert len(made) >= ATTEMPTS * 0.4


def test_equal_seeds_give_equal_tasks(grounds: dict[str, Ground], tasks: dict[str, list[Task]]) -> None:
    assert generate(grounds["museum"], "test", ATTEMPTS) == tasks["museum"]
    assert generate(grounds["museum"], "other", ATTEMPTS) != tasks["museum"]


def test_tasks_are_well_formed(tasks: dict[str, list[Task]]) -> None:
    seen = set()
    for made in tasks.values():
        for task in made:
            assert task.kind is TaskKind.REPAIR
            assert re.fullmatch(rf"repair/{task.database_id}/\w+-[0-9a-f]{{8}}", task.task_id)
            assert task.difficulty >= difficulty_of(task.gold_sql)
            assert task.task_id not in seen
            seen.add(task.task_id)
            assert not re.search(r"[{}]|  | ,|\.\.|None\b", task.prompt.replace("...", "")), task.prompt
            assert task.prompt.endswith((".", "?", "!"))
            assert not re.search(r"\b(SELECT|JOIN|GROUP BY|IS NULL|EXISTS|HAVING)\b", spoken(task)), (
                task.prompt
            )
            assert task.gold_sql not in task.prompt


def spoken(task: Task) -> str:
    """A ticket without the error that it quotes."""
    return re.sub(r'near "[^"]*": syntax error', "", task.prompt)


def test_a_ticket_quotes_the_error_that_comes(
    grounds: dict[str, Ground], tasks: dict[str, list[Task]]
) -> None:
    quoted = 0
    for name, made in tasks.items():
        for task in made:
            result = grounds[name].instances.run(task.broken_sql, 0, task.permissions)
            if isinstance(result, ActionError):
                assert result.message in task.prompt
                quoted += 1
    assert quoted >= 20


def test_a_ticket_that_asks_for_an_order_is_graded_by_it(tasks: dict[str, list[Task]]) -> None:
    ordered = [task for made in tasks.values() for task in made if task.ordered]
    assert ordered
    for task in ordered:
        assert sqlglot.parse_one(task.gold_sql, read="sqlite").args.get("order")
        assert re.search(r"\b(ascending|descending)\b", task.prompt)


def test_of_a_pair_each_fault_alone_is_wrong(grounds: dict[str, Ground]) -> None:
    """Judged anew: a pair's halves are other statements than the pair, and both give wrong rows."""
    ground, rng, pairs = grounds["hospital"], Random(5), 0
    gate = Gate(ground)
    for intent in islice(intents(ground, Random(3)), 90):
        golds = gate.golds(intent)
        if isinstance(golds, Reason):
            continue
        for _ in range(6):
            one, other = rng.sample(FAULTS, 2)
            faults = (one, other)
            pair = paired(Candidate(intent), faults, ground, (rng.random(), rng.random()))
            if pair is None:
                continue
            symptom = gate.symptom(intent, golds, pair.sql, pair.halves)
            wrong = [gate.symptom(intent, golds, half, ()) for half in pair.halves]
            if isinstance(symptom, Symptom):
                pairs += 1
                assert pair.sql not in pair.halves
                assert Reason.NOT_BROKEN not in wrong
            elif symptom is Reason.HALF_IS_ENOUGH:
                assert Reason.NOT_BROKEN in wrong
    gate.close()
    assert pairs >= 10


def test_gold_is_right_and_the_broken_statement_wrong(
    grounds: dict[str, Ground], tasks: dict[str, list[Task]]
) -> None:
    for name, made in tasks.items():
        instances = grounds[name].instances
        for task in made:
            golds = [instances.run(task.gold_sql, n, task.permissions) for n in range(INSTANCES)]
            assert all(isinstance(gold, Rows) for gold in golds)
            wrong = [n for n in range(INSTANCES) if not passes(task, instances, golds[n], n)]
            assert wrong
            assert wrong[0] == 0 or re.search(r"last year's copy|our other site|the live system", task.prompt)


def passes(task: Task, instances: Instances, gold: object, instance: int) -> bool:
    broken = instances.run(task.broken_sql, instance, task.permissions)
    assert isinstance(gold, Rows)
    return isinstance(broken, Rows) and same_rows(broken, gold, ordered=task.ordered)


def test_no_near_miss_of_gold_passes_on_all_instances(
    grounds: dict[str, Ground], tasks: dict[str, list[Task]]
) -> None:
    for name, made in tasks.items():
        instances = grounds[name].instances
        for task in made[:8]:
            golds = [instances.run(task.gold_sql, n, task.permissions) for n in range(INSTANCES)]
            wrong = mutants(task.gold_sql, instances.schema, ordered=task.ordered)
            left = survivors(wrong, golds, instances, ordered=task.ordered, permissions=task.permissions)
            assert list(left) == []


def test_rows_that_are_written_into_a_statement_score_no_correctness(
    grounds: dict[str, Ground], tasks: dict[str, list[Task]]
) -> None:
    """A real episode: the gold rows as constants, then gold itself."""
    pool = DatabasePool(Limits())
    tried = 0
    for name, made in tasks.items():
        images = grounds[name].instances.images
        for task in made[:6]:
            prepared = prepare(task, lambda images=images: images)
            episode = Episode(
                prepared,
                BUILT_IN_PROFILES.by_name["repair"],
                pool.world(images, task.permissions),
                SqlReviewer(),
            )
            state, _ = episode.start()
            if len(prepared.gold[0].rows) <= 100:
                step = episode.step(state, Submit(constant(prepared.gold[0])))
                (correct,) = (term for term in step.reward.terms if term.kind is TermKind.CORRECT)
                (progress,) = (term for term in step.reward.terms if term.kind is TermKind.PROGRESS)
                assert step.observation.error is None
                assert (correct.value, step.state.outcome) == (0.0, Outcome.RUNNING)
                assert progress.value >= 0.0  # its rows are right, where they can be seen
                state = step.state
                tried += 1
            solved = episode.step(state, Submit(task.gold_sql))
            assert solved.state.outcome is Outcome.SOLVED
    assert tried >= 6


def constant(gold: Rows) -> str:
    def literal(value: object) -> str:
        if value is None:
            return "NULL"
        return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)

    rows = ", ".join(f"({', '.join(map(literal, row))})" for row in gold.rows)
    return f"VALUES {rows}"


def test_what_becomes_of_attempts_is_counted(grounds: dict[str, Ground]) -> None:
    counts = acceptance(grounds["hospital"], "count", 30)
    assert sum(sum(each.values()) for each in counts.values()) == 30
    assert sum(each["admitted"] for each in counts.values()) >= 10


def test_a_database_about_which_nothing_can_be_said_yields_nothing(grounds: dict[str, Ground]) -> None:
    ground = grounds["hospital"]
    silent = Ground("silent", ground.split, Lexicon((), ()), ground.instances)
    assert generate(silent, "test", 10) == []


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_a_small_strange_database_yields_what_it_can(rows: int) -> None:
    """One table named by a keyword, a column with a blank, no keys to join by, few rows or none."""
    images = []
    for instance in range(INSTANCES):
        connection = apsw.Connection(":memory:")
        connection.execute('CREATE TABLE "order" (id INTEGER PRIMARY KEY, "na me" TEXT, x REAL)')
        connection.executemany(
            'INSERT INTO "order" VALUES (?, ?, ?)',
            ((n, f"n{(n * 7 + instance) % 5}", n * 1.5 + instance if n % 3 else None) for n in range(rows)),
        )
        images.append(connection.serialize("main"))
    words = (ColumnWords("na me", Role.CATEGORY, "name"), ColumnWords("x", Role.AMOUNT, "amount"))
    lexicon = Lexicon((TableWords("order", "order", "orders", words),), ())
    made = generate(Ground("tiny", Split.TRAIN, lexicon, Instances("tiny", images)), "test", 30)
    assert bool(made) is (rows > 1)
