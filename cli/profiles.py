"""`sqldojo profiles`: the reward profiles with all their weights."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from . import screen
from .failure import fail
from .options import JsonOption
from .records import write_line
from .serve import fail_without_server_extra

if TYPE_CHECKING:
    from ..service.core.profiles import Profiles

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
    names = list(dict.fromkeys(setting for own in settings.values() for setting in own if setting != "name"))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    for name in settings:
        table.add_column(Text(name), justify="right")
    table.add_row("kind", *(profile.kind.name.lower() for profile in known.by_name.values()))
    for setting in names:
        table.add_row(setting, *(_shown(own.get(setting)) for own in settings.values()))
    screen.terminal().print(table)


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
