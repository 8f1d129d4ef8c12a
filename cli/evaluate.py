"""`sqldojo eval`: plays a policy through many episodes and reports how it did."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ..client.connection import Dojo
from ..client.policy import Policy
from ..evaluation import (
    EvaluationResult,
    NoTasks,
    OraclePolicy,
    RandomPolicy,
    TaskFilter,
    evaluate,
    write_results,
)
from ..evaluation.outcome import Summary
from ..evaluation.results import header_record
from ..evaluation.table import breakdown_table, comparison_table
from . import screen
from .connection import connected, run
from .failure import WENT_WRONG, fail
from .options import (
    AddressOption,
    BudgetOption,
    DatabaseOption,
    DifficultyOption,
    FamilyOption,
    JsonOption,
    KindOption,
    ProfileOption,
    SplitOption,
    TokenOption,
    task_filter,
)
from .progress import progress_bar
from .records import write_line

POLICY_HELP = "Give random, oracle, or module:attribute with an object, class or function of your own."


def evaluate_policy(
    policy: Annotated[str, typer.Option(metavar="random|oracle|module:attribute", help="Who plays.")],
    episodes: Annotated[int, typer.Option(min=1, help="How many episodes.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of tasks, the episodes and the policy.")] = 0,
    kind: KindOption = None,
    split: SplitOption = None,
    difficulty: DifficultyOption = None,
    database: DatabaseOption = "",
    family: FamilyOption = "",
    profile: ProfileOption = "",
    budget: BudgetOption = 0,
    concurrency: Annotated[int, typer.Option(min=1, help="How many episodes are under way at once.")] = 64,
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write every episode there, as JSON lines.")
    ] = None,
    address: AddressOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a policy: success rate, reward, steps and parse rate over many episodes.

    The progress goes to stderr. Ends with 1 when no episode could be played to its end.
    """
    if output and not output.absolute().parent.is_dir():
        fail(
            f"there is no folder {output.absolute().parent}",
            hint="Make it, or choose another --output.",
        )
    own = None if policy in ("random", "oracle") else load_policy(policy)
    chosen = task_filter(kind, split, difficulty, database, family)
    console = screen.terminal(stderr=True)

    async def play() -> EvaluationResult:
        async with connected(address, token, oracle=policy == "oracle") as dojo:
            who = own or await _baseline(policy, dojo, chosen, seed)
            with progress_bar(console, policy, "episodes", episodes) as progress:
                return await evaluate(
                    dojo,
                    who,
                    n_episodes=episodes,
                    seed=seed,
                    tasks=chosen,
                    profile=profile,
                    budget=budget,
                    concurrency=concurrency,
                    label=policy,
                    progress=progress,
                )

    try:
        result = run(play())
    except NoTasks as none:
        fail(str(none), hint="See what there is: sqldojo tasks list, sqldojo tasks databases")
    if output:
        write_results(output, result)
    _report(result, screen.terminal(), output, as_json=as_json)
    if result.errors == len(result.episodes):
        raise typer.Exit(WENT_WRONG)


def load_policy(name: str) -> Policy:
    """Gives the policy "module:attribute": the object, or what a class or function makes without arguments.

    The module may lie in the current folder. Fails with a message for a name that leads to no policy.
    """
    module_name, colon, attribute = name.partition(":")
    if not colon or not module_name or not attribute:
        fail(f"{name!r} is no policy", hint=POLICY_HELP)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        fail(f"the policy {name!r} needs a module {missing.name!r} that can't be found", hint=POLICY_HELP)
    for part in attribute.split("."):
        if not hasattr(found, part):
            fail(f"{module_name!r} has no {attribute!r}", hint=POLICY_HELP)
        found = getattr(found, part)
    if isinstance(found, type) or not hasattr(found, "select_action"):
        if not callable(found):
            fail(f"{name!r} has no method select_action(observation)", hint=POLICY_HELP)
        found = found()
    if not callable(getattr(found, "select_action", None)):
        fail(f"{name!r} has no method select_action(observation)", hint=POLICY_HELP)
    policy: Policy = found
    return policy


async def _baseline(name: str, dojo: Dojo, chosen: TaskFilter, seed: int) -> Policy:
    if name == "oracle":
        return OraclePolicy(await dojo.tasks(**asdict(chosen), gold=True))
    return RandomPolicy(seed)


def _report(result: EvaluationResult, console: Console, output: Path | None, *, as_json: bool) -> None:
    if as_json:
        write_line(_record(result))
        return
    console.print(comparison_table([result]))
    for groups, heading in ((result.by_kind(), "Kind"), (result.by_difficulty(), "Difficulty")):
        if len(groups) > 1:
            console.print(breakdown_table(groups, heading))
    broken = [episode for episode in result.episodes if episode.error]
    if broken:
        first = broken[0]
        console.print(
            f"{len(broken)} of {len(result.episodes)} episodes broke; the first, "
            f"number {first.index} on {first.task_id}: {first.error}",
            style="red",
            markup=False,
        )
    if output:
        console.print(f"Every episode is in {output}", markup=False)


def _record(result: EvaluationResult) -> dict[str, Any]:
    return {
        "run": header_record(result.run),
        "summary": asdict(result.summary),
        "by_kind": _group_records(result.by_kind()),
        "by_difficulty": _group_records(result.by_difficulty()),
        "by_family": _group_records(result.by_family()),
    }


def _group_records(groups: dict[str, Summary]) -> dict[str, Any]:
    return {name: asdict(summary) for name, summary in groups.items()}
