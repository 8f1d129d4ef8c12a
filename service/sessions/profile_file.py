"""The file in which an operator defines reward profiles."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ..core.built_in_profiles import BUILT_IN_PROFILES
from ..core.profile_config import ProfileConfigError, configured
from ..core.profiles import Profiles


def read_profiles(path: Path | None) -> Profiles:
    """Gives the profiles that are built in and those of a TOML file. Raises ProfileConfigError, naming it."""
    if path is None:
        return BUILT_IN_PROFILES
    try:
        return configured(tomllib.loads(path.read_text(encoding="utf-8")), BUILT_IN_PROFILES)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileConfigError(f"{path} cannot be read: {error}") from error
    except ProfileConfigError as error:
        raise ProfileConfigError(f"{path}: {error}") from error
