"""How a command ends when it can't do what it was asked for."""

from __future__ import annotations

from typing import NoReturn

import typer

WRONG_CALL = 2  # the user can mend it: an argument, a missing package, a server that isn't there
WENT_WRONG = 1


def fail(message: str, *, hint: str = "", code: int = WRONG_CALL) -> NoReturn:
    """Writes what is wrong, and what to do about it, to stderr and ends the command with `code`."""
    typer.echo(f"Error: {message}", err=True)
    if hint:
        typer.echo(hint, err=True)
    raise typer.Exit(code)
