"""`sqldojo play`: an episode by hand, in a terminal or from a script on stdin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from random import Random
from typing import Annotated

import typer
from rich.console import Console

from ..client.sync import SyncDojo, SyncSession
from ..client.types import (
    MAX_SEED,
    Action,
    Answer,
    Describe,
    Observation,
    Query,
    Sample,
    Submit,
    TaskKind,
)
from ..evaluation.plain import plain
from . import screen
from .connection import connected_sync, reporting, target
from .failure import fail
from .options import (
    AddressOption,
    BudgetOption,
    JsonOption,
    Kind,
    KindOption,
    ProfileOption,
    TlsCaOption,
    TlsCertOption,
    TlsKeyOption,
    TokenOption,
)
from .records import observation_record, step_record, write_line

PROMPT = "sqldojo> "
GOING_ON = "     ...> "
HELP = """\
describe TABLE   its columns
sample TABLE     its first rows
SELECT …;        run a statement; it may take several lines and ends with ;
answer VALUE     answer the question (explore); ends the episode
submit SQL;      hand in the repaired query (repair)
task             the question or ticket again
help             this list
quit             leave the episode"""

# What SQL begins with. Statements that are not permitted count too: the refusal is the server's to give.
_STATEMENTS = frozenset(
    {
        "alter", "analyze", "attach", "begin", "commit", "create", "delete", "drop", "explain", "insert",
        "pragma", "reindex", "replace", "rollback", "select", "update", "vacuum", "values", "with",
    }
)  # fmt: skip
_ACTIONS: dict[str, type[Describe | Sample | Answer | Submit]] = {
    "describe": Describe,
    "sample": Sample,
    "answer": Answer,
    "submit": Submit,
}


class Aside(StrEnum):
    """A command that is no step of the episode."""

    QUIT = "quit"
    HELP = "help"
    TASK = "task"
    NONE = ""  # what was typed is no command at all


def play(
    task: Annotated[str, typer.Argument(help="The task's id; without it, one is drawn.")] = "",
    kind: KindOption = None,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="The episode's seed, and that of the draw; below 2^64.")
    ] = 0,
    profile: ProfileOption = "",
    budget: BudgetOption = 0,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Send every statement through the review gate first.")
    ] = False,
    address: AddressOption = None,
    token: TokenOption = None,
    tls_ca: TlsCaOption = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play an episode by hand: look around, query, and answer or submit.

    After each step its reward is shown term by term. A script of commands may come by stdin. With --json
    every step is one JSON object on stdout; the first has the brief.
    """
    server = target(address, token, tls_ca, tls_cert, tls_key)
    with reporting(), connected_sync(server) as dojo:
        if not task:
            task = _drawn(dojo, kind, seed)
        elif kind:
            _check_kind(dojo, task, kind)
        with dojo.session(task, profile=profile, seed=seed, budget=budget, reviewed=reviewed) as session:
            if as_json:
                _play_as_json(session)
            else:
                _play_on_screen(session, screen.terminal())


def _drawn(dojo: SyncDojo, kind: Kind | None, seed: int) -> str:
    tasks = dojo.tasks(kind=TaskKind[kind.name] if kind else None)
    if not tasks:
        fail("the server has no such task", hint="List what it has: sqldojo tasks list")
    return Random(seed).choice(tasks).task_id


def _check_kind(dojo: SyncDojo, task: str, wanted: Kind) -> None:
    kind = dojo.task(task).kind.name.lower()
    if kind != wanted:
        fail(f"{task} is of kind {kind}", hint="Leave out --kind; without a task it says which to draw.")


def _play_as_json(session: SyncSession) -> None:
    write_line({"step_index": 0, "observation": observation_record(session.observation)})
    for command in commands(_read):
        match _understood(command):
            case Aside.QUIT:
                break
            case Aside():
                continue
            case action:
                write_line(step_record(session.step(action)))
        if session.done:
            break


def _play_on_screen(session: SyncSession, console: Console) -> None:
    first = session.observation
    console.print(screen.brief(first))
    console.print(_invitation(first), style="dim")
    for command in commands(_read):
        match _understood(command):
            case Aside.QUIT:
                break
            case Aside.HELP:
                console.print(HELP)
            case Aside.TASK:
                console.print(screen.brief(first))
            case Aside.NONE:
                continue
            case action:
                console.print(screen.step(session.step(action)))
        if session.done:
            break
        console.print(_standing(session), style="dim")
    console.print(screen.ending(session.observation, session.total_reward))


def _invitation(observation: Observation) -> str:
    end = "submit SQL;" if observation.kind is TaskKind.REPAIR else "answer VALUE"
    return f"describe TABLE, sample TABLE, SELECT …; and at last {end}. help lists all commands."


def _standing(session: SyncSession) -> str:
    left = screen.counted(session.observation.steps_left, "step")
    total = screen.signed(session.total_reward)
    return f"total {total} · {left} left"


def _understood(command: str) -> Action | Aside:
    """Parses a command. What is none ends a script; a person is told, and it costs no step."""
    try:
        return parse(command)
    except ValueError as wrong:
        if not _is_typed():
            fail(str(wrong), hint=HELP)
        typer.echo(plain(f"{wrong}. That cost no step; help lists the commands."), err=True)
        return Aside.NONE


def _is_typed() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _read(prompt: str) -> str | None:
    """Gives stdin's next line, with a prompt where a person types it; None at its end."""
    if not _is_typed():
        return next(sys.stdin, None) if sys.stdin is not None else None
    import readline  # noqa: F401 - gives input() a history and editing

    try:
        return input(prompt)
    except EOFError:
        return None


def commands(read: Callable[[str], str | None]) -> Iterator[str]:
    """Puts lines together to commands: SQL goes on to a ';' at a line's end, or to the end of the input.

    `read` gives the next line for a prompt, and None at the end.
    """
    while (line := read(PROMPT)) is not None:
        command = line.strip()
        if not command:
            continue
        if _holds_sql(command):
            while not command.endswith(";") and (more := read(GOING_ON)) is not None:
                command += "\n" + more.rstrip()
        yield command


def _holds_sql(command: str) -> bool:
    word = command.split()[0].lower().rstrip(";")
    return word == "submit" or word in _STATEMENTS or command.startswith(("(", "--", "/*"))


def parse(command: str) -> Action | Aside:
    """Gives what a command asks for.

    Raises ValueError when it is no command, or lacks what it needs.
    """
    word, *rest = command.split(maxsplit=1)
    word, argument = word.lower(), rest[0].strip() if rest else ""
    if word in set(Aside):
        return Aside(word)
    if word in _ACTIONS:
        if not argument:
            raise ValueError(f"{word!r} needs something after it")
        return _ACTIONS[word](argument.removesuffix(";") if word == "submit" else argument)
    if _holds_sql(command):
        return Query(command.removesuffix(";"))
    raise ValueError(f"{word!r} is no command")
