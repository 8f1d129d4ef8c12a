"""`sqldojo eval`: plays a policy through many episodes and reports how it did."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from ..client.connection import Dojo
from ..client.errors import ErrorReason
from ..client.policy import Policy
from ..client.types import MAX_SEED
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
from ..evaluation.plain import plain
from ..evaluation.results import header_record
from ..evaluation.table import breakdown_table, comparison_table
from . import screen
from .connection import connected, run, target
from .failure import WENT_WRONG, fail
from .files import check_folder, search_current_folder
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
    TlsCaOption,
    TlsCertOption,
    TlsKeyOption,
    TokenOption,
    task_filter,
)
from .progress import progress_bar
from .records import write_line

POLICY_HELP = "Give random, oracle, or module:attribute with an object, class or function of your own."


def evaluate_policy(
    policy: Annotated[str, typer.Option(metavar="random|oracle|module:attribute", help="Who plays.")],
    episodes: Annotated[int, typer.Option(min=1, help="How many episodes.")] = 50,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            max=MAX_SEED,
            help="Of the draw of tasks, the episodes and the policy; the last episode's, "
            "seed + episodes - 1, is below 2^64 too.",
        ),
    ] = 0,
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
    tls_ca: TlsCaOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a policy: success rate, reward, steps and parse rate over many episodes.

    The progress goes to stderr. Ends with 1 when no episode could be played to its end.
    """
    if str(output) == "-":
        fail("--output - is no file", hint="Name a file; --json writes the report to stdout.")
    if output:
        check_folder(output)
    if seed + episodes - 1 > MAX_SEED:
        fail(
            f"the last episode's seed, {seed} + {episodes} - 1, is beyond {MAX_SEED}",
            hint="Choose a smaller --seed.",
        )
    server = target(address, token, tls_ca, tls_cert, tls_key, oracle=policy == "oracle")
    own = None if policy in ("random", "oracle") else load_policy(policy)
    chosen = task_filter(kind, split, difficulty, database, family)
    console = screen.terminal(stderr=True)

    async def play() -> EvaluationResult:
        async with connected(server, oracle=policy == "oracle") as dojo:
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
    _check_profile(result)
    _report(result, screen.terminal(), as_json=as_json)
    if output:
        _write(output, result, as_json=as_json)
    if result.errors == len(result.episodes):
        raise typer.Exit(WENT_WRONG)


def load_policy(name: str) -> Policy:
    """Gives the policy "module:attribute": the object, or what a class or function makes without arguments.

    The module may lie in the current folder. Fails with a message for a name that leads to no policy.
    """
    module_name, colon, attribute = name.partition(":")
    if not colon or not module_name or not attribute:
        fail(f"{name!r} is no policy", hint=POLICY_HELP)
    search_current_folder()
    with _explained(name):
        found: Any = importlib.import_module(module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            fail(f"{module_name!r} has no {attribute!r}", hint=POLICY_HELP)
        found = getattr(found, part)
    if callable(found) and (isinstance(found, type) or not hasattr(found, "select_action")):
        with _explained(name):
            found = found()
    if not callable(getattr(found, "select_action", None)):
        fail(f"{name!r} has no method select_action(observation)", hint=POLICY_HELP)
    policy: Policy = found
    return policy


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    """Fails with a message where the code of a policy does."""
    try:
        yield
    except ModuleNotFoundError as missing:
        fail(f"the policy {name!r} needs a module {missing.name!r} that can't be found", hint=POLICY_HELP)
    except Exception as error:
        fail(f"the policy {name!r} cannot be made: {type(error).__name__}: {error}", hint=POLICY_HELP)


async def _baseline(name: str, dojo: Dojo, chosen: TaskFilter, seed: int) -> Policy:
    if name == "oracle":
        return OraclePolicy(await dojo.tasks(**asdict(chosen), gold=True))
    return RandomPolicy(seed)


def _check_profile(result: EvaluationResult) -> None:
    """Fails where the server has no such profile, which every episode was refused for."""
    refusal = f"{ErrorReason.UNKNOWN_PROFILE.name}: "
    if all(episode.error.startswith(refusal) for episode in result.episodes):
        fail(result.episodes[0].error)


def _report(result: EvaluationResult, console: Console, *, as_json: bool) -> None:
    if as_json:
        write_line(_record(result))
        return
    console.print(comparison_table([result], width=console.width))
    for groups, heading in ((result.by_kind(), "Kind"), (result.by_difficulty(), "Difficulty")):
        if len(groups) > 1:
            console.print(breakdown_table(groups, heading, width=console.width))
    broken = [episode for episode in result.episodes if episode.error]
    if broken:
        first, episodes = broken[0], screen.counted(len(result.episodes), "episode")
        said = plain(f"number {first.index} on {first.task_id}: {first.error}")
        console.print(Text(f"{len(broken)} of {episodes} broke; the first, {said}", "red"))


def _write(output: Path, result: EvaluationResult, *, as_json: bool) -> None:
    try:
        write_results(output, result)
    except OSError as error:
        fail(f"the episodes cannot be written to {output} ({error.strerror})", code=WENT_WRONG)
    if not as_json:
        typer.echo(f"Every episode is in {output}")


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
