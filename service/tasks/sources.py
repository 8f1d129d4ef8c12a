"""The digest of all that decides what is generated: two banks are alike when it and their arguments are."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import apsw


@cache
def sources_digest() -> str:
    """Gives the sha256 of this folder's and the core's sources, SQLite's version and sqlglot's."""
    tasks = Path(__file__).parent
    digest = hashlib.sha256(f"{apsw.sqlite_lib_version()} {version('sqlglot')}\n".encode())
    for folder in (tasks, tasks.parent / "core"):
        for source in sorted(folder.rglob("*.py")):
            name = source.relative_to(folder.parent).as_posix()
            digest.update(f"{name}\n".encode() + source.read_bytes())
    return digest.hexdigest()
