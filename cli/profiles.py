"""`sqldojo profiles`: the reward profiles with all their weights."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..evaluation.plain import one_line
from . import screen
from .failure import fail
from .options import JsonOption
from .records import write_line
from .serve import fail_without_server_extra

if TYPE_CHECKING:
    from ..service.core.profiles import Profiles

COLUMN_GAP = 3  # between two columns of a table

ProfilesOption = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A TOML file of further profiles, see docs/rewards.md."),
]


def show_profiles(profiles: ProfilesOption = None, as_json: JsonOption = False) -> None:
    """Show the reward profiles with their weights; with --json one object a line."""
    try:
        from ..service.core.profile_settings import settings_of
    except ModuleNotFoundError as missing:
        fail_without_server_extra(missing)
    known = read_profiles(profiles)
    settings = {name: settings_of(profile) for name, profile in known.by_name.items()}
    if as_json:
        for name, profile in known.by_name.items():
            write_line({"kind": profile.kind.name.lower(), **settings[name], "name": name})
        return
    rows = list(dict.fromkeys(setting for own in settings.values() for setting in own if setting != "name"))
    columns = {
        one_line(name): [profile.kind.name.lower(), *(_shown(settings[name].get(row)) for row in rows)]
        for name, profile in known.by_name.items()
    }
    _print_columns(["kind", *rows], columns, screen.terminal())


def _print_columns(rows: list[str], columns: dict[str, list[str]], console: Console) -> None:
    """Shows columns beside each other, and those that there is no room for in further tables."""
    room = console.width - max(map(cell_len, rows))
    tables: list[list[str]] = []
    left = 0
    for name, cells in columns.items():
        needed = max(map(cell_len, (name, *cells))) + COLUMN_GAP
        if needed > left:
            tables.append([])
            left = room
        tables[-1].append(name)
        left -= needed
    for names in tables:
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column("setting", no_wrap=True)
        for name in names:
            table.add_column(Text(name), justify="right", overflow="fold")
        for row in zip(rows, *(columns[name] for name in names), strict=True):
            table.add_row(*map(Text, row))
        console.print(table)


def read_profiles(path: Path | None) -> Profiles:
    """Gives the built-in profiles and those of a file. Fails where the file is no such one."""
    from ..service.core.built_in_profiles import BUILT_IN_PROFILES
    from ..service.core.profile_settings import SettingsError, with_profiles

    if path is None:
        return BUILT_IN_PROFILES
    try:
        return with_profiles(BUILT_IN_PROFILES, tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fail(f"{path} cannot be read: {error}")
    except SettingsError as wrong:
        fail(f"{path}: {wrong}")


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return " to ".join(f"{each:g}" for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
