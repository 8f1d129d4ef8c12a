"""Entries of a server's file of tokens."""

from __future__ import annotations

import hashlib


def entry(name: str, scope: str, token: str) -> str:
    """Gives the table that lets a token in."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return f'[[token]]\nname = "{name}"\nscope = "{scope}"\nsha256 = "{digest}"\n'
