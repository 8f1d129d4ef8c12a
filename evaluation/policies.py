"""Two policies that mark the floor and the ceiling: one draws at random, one knows the gold."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from ..client.types import (
    Action,
    Answer,
    Describe,
    Gold,
    Observation,
    Query,
    Sample,
    Step,
    Submit,
    Task,
    TaskKind,
)


class RandomPolicy:
    """Describes, samples and queries tables at random and uses its whole budget.

    An explore task is answered at the very last step, with a row that was seen. For a repair task it
    submits its queries, and the broken one.
    """

    label = "Random"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._rng = Random(seed)

    def for_episode(self, seed: int) -> RandomPolicy:
        """Gives a policy for one episode; what it draws depends on this policy's seed and `seed` only."""
        policy = RandomPolicy(self._seed)
        policy._rng = Random(f"{self._seed}/{seed}")
        return policy

    def select_action(self, observation: Observation) -> Action:
        """Draws an action."""
        last = observation.steps_left == 1
        if observation.kind is TaskKind.REPAIR:
            return self._submit(observation) if last or self._rng.random() < 0.25 else self._look(observation)
        return self._answer(observation) if last else self._look(observation)

    def _look(self, observation: Observation) -> Action:
        table = self._rng.choice(observation.tables)
        return self._rng.choice((Describe(table), Sample(table), Query(_first_rows(table))))

    def _submit(self, observation: Observation) -> Action:
        table = self._rng.choice(observation.tables)
        return Submit(self._rng.choice((_first_rows(table), observation.broken_sql)))

    def _answer(self, observation: Observation) -> Action:
        rows = [row for step in observation.history if _shows_data(step) for row in _rows(step)]
        # Small tables may all be empty; then there is nothing to answer with.
        return Answer(" | ".join(str(cell) for cell in self._rng.choice(rows)) if rows else "")


def _first_rows(table: str) -> str:
    quoted = table.replace('"', '""')
    return f'SELECT * FROM "{quoted}" LIMIT 5'


def _shows_data(step: Step) -> bool:
    return isinstance(step.action, Sample | Query)


def _rows(step: Step) -> Iterable[tuple[object, ...]]:
    return step.observation.result.rows if step.observation.result else ()


class OraclePolicy:
    """Describes the tables of the gold query, runs it, and gives its answer or submits it.

    Where the budget is too small for all of that, what comes first is left out. It decides by the
    number of steps used, so one object serves any number of episodes at once.
    """

    label = "Oracle"

    def __init__(self, tasks: Iterable[Task]) -> None:
        """Takes the tasks with their gold, as `dojo.tasks(gold=True)` gives them.

        Raises ValueError for a task that comes without its gold.
        """
        self._gold: dict[str, Gold] = {}
        for task in tasks:
            if task.gold is None:
                raise ValueError(
                    f"task {task.task_id!r} comes without gold: ask with gold=True and an oracle token"
                )
            self._gold[task.task_id] = task.gold

    def select_action(self, observation: Observation) -> Action:
        """Gives the solution's next action. Raises KeyError for a task that was not among those given."""
        gold = self._gold[observation.task_id]
        last: Action = Submit(gold.sql) if observation.kind is TaskKind.REPAIR else Answer(gold.answer)
        solution = (*(Describe(table) for table in gold.tables), Query(gold.sql), last)
        affordable = solution[-observation.budget :]
        return affordable[min(observation.steps_used, len(affordable) - 1)]
