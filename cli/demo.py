"""`sqldojo demo`: what sqldojo is, shown in under a minute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from ..client.connection import Dojo
from ..client.types import Action, Answer, Describe, Gold, Query, Submit, Task, TaskKind
from ..evaluation import OraclePolicy, RandomPolicy, comparison_table, evaluate
from . import screen
from .connection import Target, connected, run
from .failure import WENT_WRONG, fail
from .progress import progress_bar

Script = Sequence[tuple[str, Action]]  # what is done, each after a remark

EPISODES = 50
SHOWN_ROWS = 5

FIRST_SESSION = """\
from sqldojo import connect_sync

task = "{task}"
with connect_sync() as dojo, dojo.session(task) as session:
    step = session.sample("{table}")
    print(step.observation.text(), step.reward.total)"""


def demo() -> None:
    """See it all in under a minute: two episodes step by step, then Random against Oracle.

    Starts a server for itself and ends it again.
    """
    run(_demo(screen.terminal()))


async def _demo(console: Console) -> None:
    console.print(_heading("Starting a server on this machine"))
    async with connected(Target(), oracle=True) as dojo:
        tasks = await dojo.tasks(gold=True)
        console.print(f"It serves on {dojo.address}, with {len(tasks)} tasks.")
        explore = _choose(tasks, TaskKind.EXPLORE)
        repair = _choose(tasks, TaskKind.REPAIR)
        console.print(_heading("1  Explore: find the answer by looking around"))
        await _play(dojo, explore, _explore_script(explore), console)
        console.print(_heading("2  Repair: turn a broken query into one that works"))
        await _play(dojo, repair, _repair_script(repair), console)
        console.print(_heading(f"3  Floor and ceiling: {EPISODES} tasks each"))
        await _compare(dojo, tasks, console)
    console.print(_heading("What to try next"))
    console.print(_next_steps(explore))


def _choose(tasks: Iterable[Task], kind: TaskKind) -> Task:
    """Chooses the task that shows best: several tables, a gold query that fits on the screen."""
    of_kind = [task for task in tasks if task.kind is kind]
    if not of_kind:
        fail(f"the server has no {kind.name.lower()} task to show", code=WENT_WRONG)
    return min(of_kind, key=_unsuitable)


def _unsuitable(task: Task) -> tuple[bool, bool, int, str]:
    gold = _gold(task)
    telling = task.kind is TaskKind.EXPLORE or "fan_out" in task.family
    return (not telling, len(gold.tables) < 2, abs(len(gold.sql) - 160), task.task_id)


def _gold(task: Task) -> Gold:
    assert task.gold is not None, "the demo lists its tasks with their gold"
    return task.gold


def _explore_script(task: Task) -> Script:
    gold = _gold(task)
    first, second = gold.tables[0], gold.tables[-1]
    return (
        ("A guess at a name costs a step, and the error says what there is.", Describe(f"all_{first}")),
        ("A table's columns and keys.", Describe(first)),
        ("Some rows: a query that runs is worth a little.", Query(f'SELECT * FROM "{second}" LIMIT 3')),
        ("The right query: progress towards what the question asks for.", Query(gold.sql)),
        ("The answer ends the episode.", Answer(gold.answer)),
    )


def _repair_script(task: Task) -> Script:
    gold = _gold(task)
    return (
        ("The query handed in as it is.", Submit(task.broken_sql)),
        ("What does a row of this table stand for?", Describe(gold.tables[0])),
        ("The repaired query. It is run on hidden instances of the database too.", Submit(gold.sql)),
    )


async def _play(dojo: Dojo, task: Task, script: Script, console: Console) -> None:
    async with dojo.session(task.task_id) as session:
        console.print(screen.brief(session.observation, most=SHOWN_ROWS))
        for remark, action in script:
            console.print()
            console.print(remark, style="italic dim")
            console.print(screen.step(await session.step(action), most=SHOWN_ROWS))
        console.print()
        console.print(screen.ending(session.observation, session.total_reward))


async def _compare(dojo: Dojo, tasks: list[Task], console: Console) -> None:
    results = []
    for policy in (RandomPolicy(), OraclePolicy(tasks)):
        with progress_bar(console, policy.label, "episodes", EPISODES) as progress:
            results.append(await evaluate(dojo, policy, n_episodes=EPISODES, tasks=tasks, progress=progress))
    console.print(comparison_table(results))
    console.print("What a model learns lies between the two.", style="dim")


def _heading(text: str) -> RenderableType:
    return Padding(Rule(Text(text, "bold"), align="left", style="blue"), (1, 0, 0, 0))


def _next_steps(example: Task) -> RenderableType:
    steps = Table.grid(padding=(0, 2))
    for command, what in (
        ("sqldojo play --kind repair", "play an episode yourself"),
        ("sqldojo tasks list", "see what there is to play"),
        ("sqldojo eval --policy random", "evaluate a policy: this one, or your own"),
        ("sqldojo serve", "a server for your agents and trainers"),
    ):
        steps.add_row(Text(command, "bold green"), Text(what, "dim"))
    session = FIRST_SESSION.format(task=example.task_id, table=_gold(example).tables[0])
    code = Syntax("", "python", theme="ansi_dark", word_wrap=True).highlight(session)
    return Group(steps, Text("\nAnd in Python:\n"), Padding(code, (0, 0, 0, 2), expand=False))
