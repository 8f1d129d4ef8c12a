"""How a command ends when it can't do what it was asked for."""

from __future__ import annotations

from typing import NoReturn

import typer

from ..evaluation.plain import plain

WRONG_CALL = 2  # the user can mend it: an argument, a missing package, a server that isn't there
WENT_WRONG = 1
INTERRUPTED = 130  # as a shell has it for Ctrl-C


def fail(message: str, *, hint: str = "", code: int = WRONG_CALL) -> NoReturn:
    """Writes what is wrong, and what to do about it, to stderr and ends the command with `code`."""
    say(message, hint=hint)
    raise typer.Exit(code)


def say(message: str, *, hint: str = "") -> None:
    """Writes what is wrong, and what to do about it, to stderr; no control code of it gets there."""
    typer.echo(plain(f"Error: {message}"), err=True)
    if hint:
        typer.echo(plain(hint), err=True)


def fail_without_ray(missing: ModuleNotFoundError) -> NoReturn:
    """Fails for Ray where it is what is missing; any other module that is missing is raised again."""
    if missing.name != "ray":
        raise missing
    fail("--ray needs Ray, which is not installed", hint="Install it: pip install 'sqldojo[ray]'")
