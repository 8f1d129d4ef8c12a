"""Generated tickets: what the gate lets through holds what it promises."""

from __future__ import annotations

import re

import pytest

from sqldojo.service.core.action import Submit
from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.episode import Episode
from sqldojo.service.core.execution import Rows
from sqldojo.service.core.grading import same_rows
from sqldojo.service.core.observation import Outcome
from sqldojo.service.core.reward import TermKind
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.core.task import Task, TaskKind
from sqldojo.service.sandbox.limits import Limits
from sqldojo.service.sandbox.pool import DatabasePool
from sqldojo.service.tasks.databases import DOMAINS, INSTANCES, build_image
from sqldojo.service.tasks.difficulty import difficulty_of
from sqldojo.service.tasks.ground import Ground
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.mutants import mutants
from sqldojo.service.tasks.prepare import prepare
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
            assert task.prompt.endswith(".")
            assert task.gold_sql not in task.prompt


def test_gold_is_right_and_the_broken_statement_wrong(
    grounds: dict[str, Ground], tasks: dict[str, list[Task]]
) -> None:
    for name, made in tasks.items():
        instances = grounds[name].instances
        for task in made:
            golds = [instances.run(task.gold_sql, n, task.permissions) for n in range(INSTANCES)]
            assert all(isinstance(gold, Rows) for gold in golds)
            broken = instances.run(task.broken_sql, 0, task.permissions)
            assert not (isinstance(broken, Rows) and same_rows(broken, golds[0], ordered=task.ordered))


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
            prepared = prepare(task, images)
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
    from sqldojo.service.tasks.databases.lexicon import Lexicon

    ground = grounds["hospital"]
    silent = Ground("silent", ground.split, Lexicon((), ()), ground.instances)
    assert generate(silent, "test", 10) == []
