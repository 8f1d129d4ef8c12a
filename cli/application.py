"""Puts the commands together."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from .demo import demo
from .evaluate import evaluate_policy
from .journal import db, journal
from .play import play
from .profiles import show_profiles
from .serve import serve
from .tasks import tasks
from .token import token

application = typer.Typer(
    name="sqldojo",
    help="The environment in which language models learn to work with SQL by running it.",
    epilog="New here? Try: sqldojo demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"sqldojo {version('sqldojo')}")
        raise typer.Exit


@application.callback()
def _application(
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and end."),
    ] = False,
) -> None:
    """The environment in which language models learn to work with SQL by running it."""


application.command()(demo)
application.command()(play)
application.command("eval")(evaluate_policy)
application.add_typer(tasks, name="tasks")
application.command()(serve)
application.command("profiles")(show_profiles)
application.command()(token)
application.add_typer(journal, name="journal")
application.add_typer(db, name="db")
