"""`sqldojo token`: makes a bearer token."""

from __future__ import annotations

import hashlib
import json
import secrets
from enum import StrEnum
from typing import Annotated

import typer

from .failure import fail

MAX_NAME = 128  # as servers have it


class ScopeName(StrEnum):
    """`--scope`: what a token is for, each including those before it."""

    AGENT = "agent"
    TRAINER = "trainer"
    ORACLE = "oracle"
    ADMIN = "admin"


def token(
    name: Annotated[str, typer.Argument(help="Who it is for: the journal keeps this name.")],
    scope: Annotated[
        ScopeName,
        typer.Option(
            help="agent plays; trainer also runs benchmarks; oracle also sees gold; admin also sees "
            "sessions of others."
        ),
    ] = ScopeName.TRAINER,
) -> None:
    """Make a bearer token: the entry for the server's --tokens file, and on stderr the token itself.

    The file has only the token's SHA-256, so keep the token: it is shown this once.
    """
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        fail(f"a token's name has 1 to {MAX_NAME} characters, and no control characters among them")
    secret = secrets.token_urlsafe(32)
    typer.echo(entry(name, scope.value, secret), nl=False)
    typer.echo(f"The token for {name}: {secret}", err=True)


def entry(name: str, scope: str, secret: str) -> str:
    """Gives the TOML table of a token in a server's file of tokens; several go one after the other."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    # A string of JSON is one of TOML too, but for pairs of escapes that stand for one character.
    quoted = json.dumps(name, ensure_ascii=False)
    return f'[[token]]\nname = {quoted}\nscope = {json.dumps(scope)}\nsha256 = "{digest}"\n'
