"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..client.types import Difficulty, Split, TaskKind
from ..evaluation.tasks import TaskFilter
from .failure import fail


class Kind(StrEnum):
    """`--kind`: names of TaskKind."""

    EXPLORE = "explore"
    REPAIR = "repair"


class SplitName(StrEnum):
    """`--split`: names of Split."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"
    TEST_DRIFT = "test-drift"


def split_word(split: Split) -> str:
    """Gives the name of a split, as `--split` takes it."""
    return SplitName[split.name].value


class DifficultyName(StrEnum):
    """`--difficulty`: names of Difficulty."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


def token_that_can_be_sent(option: typer.CallbackParam, token: str | None) -> str | None:
    """Gives the token of an option. Fails where gRPC can't send it, without showing it."""
    if token is not None and not (token.isascii() and token.isprintable() and token == token.strip()):
        fail(
            f"the token of {option.opts[0]} cannot be sent: it is not all printable ASCII",
            hint="Give it as `sqldojo token` showed it, without spaces or line ends around it.",
        )
    return token


AddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        envvar="SQLDOJO_ADDRESS",
        help="The server to use; without it, one is started for this command alone.",
    ),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        envvar="SQLDOJO_TOKEN",
        callback=token_that_can_be_sent,
        help="The bearer token for the server at --address; its oracle token shows gold.",
    ),
]
TlsCaOption = Annotated[
    Path | None,
    typer.Option(
        envvar="SQLDOJO_TLS_CA",
        help="TLS to --address: the authority of its certificate, as PEM. Any of the three turns TLS on; "
        "without this one, it is the system's.",
    ),
]
TlsCertOption = Annotated[
    Path | None,
    typer.Option(
        envvar="SQLDOJO_TLS_CERT",
        help="TLS to --address: one's own certificate chain, as PEM, where the server wants one.",
    ),
]
TlsKeyOption = Annotated[
    Path | None,
    typer.Option(envvar="SQLDOJO_TLS_KEY", help="TLS to --address: that certificate's key, as PEM."),
]
KindOption = Annotated[Kind | None, typer.Option(help="Only tasks of this kind.")]
SplitOption = Annotated[SplitName | None, typer.Option(help="Only tasks of this split.")]
DifficultyOption = Annotated[DifficultyName | None, typer.Option(help="Only tasks of this difficulty.")]
DatabaseOption = Annotated[str, typer.Option(help="Only tasks of this database.")]
FamilyOption = Annotated[str, typer.Option(help="Only tasks of this family.")]
ProfileOption = Annotated[str, typer.Option(help="The reward profile; without it, each task's own.")]
BudgetOption = Annotated[
    int, typer.Option(min=0, max=100, help="Steps of an episode; 0: as the profile has it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON for a program to read.")]
JobsOption = Annotated[
    int | None, typer.Option(min=1, help="How many processes to use; without it, one for each core.")
]
RayOption = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Use a Ray cluster instead: its address, auto, or local. Needs the extra 'ray'.",
    ),
]


def task_filter(
    kind: Kind | None,
    split: SplitName | None,
    difficulty: DifficultyName | None,
    database: str,
    family: str,
) -> TaskFilter:
    """Gives the filter that the options stand for."""
    return TaskFilter(
        kind=TaskKind[kind.name] if kind else None,
        split=Split[split.name] if split else None,
        difficulty=Difficulty[difficulty.name] if difficulty else None,
        database=database,
        family=family,
    )
