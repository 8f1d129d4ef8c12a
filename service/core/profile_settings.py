"""Profiles of one's own: a profile that is there, with other weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

from .profiles import Profile, Profiles

BASE = "base"
MAX_NAME = 64
MAX_BUDGET = 100
FIXED = frozenset({"name", "clip"})  # not to be set
WHOLE = frozenset({"budget", "explorations"})


class SettingsError(ValueError):
    """Settings that make no profile: which profile, which setting, and what is wrong with it."""


def settings_of(profile: Profile) -> dict[str, Any]:
    """Gives a profile's settings by name, in their order."""
    return {field.name: getattr(profile, field.name) for field in fields(cast(Any, profile))}


def with_profiles(built_in: Profiles, settings: Mapping[str, object]) -> Profiles:
    """Adds profiles: each name with a mapping of `base`, a profile that is there, and its own settings.

    Raises SettingsError.
    """
    by_name = dict(built_in.by_name)
    for name, own in settings.items():
        if name in by_name:
            raise SettingsError(f"profile {name!r} is there already; choose another name")
        if not 0 < len(name) <= MAX_NAME:
            raise SettingsError(f"profile {name[:80]!r}: a name has 1 to {MAX_NAME} characters")
        if not isinstance(own, Mapping):
            raise SettingsError(f"profile {name!r} is no table of settings")
        base = built_in.find(str(own.get(BASE)))
        if base is None:
            known = ", ".join(built_in.by_name)
            raise SettingsError(f"profile {name!r}: {BASE} is {own.get(BASE)!r}, it must be one of {known}")
        by_name[name] = _made(name, base, own)
    return Profiles(by_name, built_in.defaults)


def _made(name: str, base: Profile, own: Mapping[str, object]) -> Profile:
    known = settings_of(base)
    for setting, value in own.items():
        if setting == BASE:
            continue
        if setting not in known or setting in FIXED:
            settable = ", ".join(each for each in known if each not in FIXED)
            raise SettingsError(f"profile {name!r} has no setting {setting!r}; it has {settable}")
        _check(name, setting, value, known[setting])
    changes = {setting: value for setting, value in own.items() if setting != BASE}
    profile = cast(Profile, replace(cast(Any, base), name=name, **changes))
    for fault in profile.faults():
        raise SettingsError(f"profile {name!r}: {fault.setting}: {fault.reason}")
    return profile


def _check(name: str, setting: str, value: object, default: object) -> None:
    where = f"profile {name!r}: {setting} is {value!r}"
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise SettingsError(f"{where}, it must be true or false")
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 100:
        raise SettingsError(f"{where}, it must be a number from -100 to 100")
    if setting in WHOLE:
        if not isinstance(value, int) or not 1 <= value <= MAX_BUDGET:
            raise SettingsError(f"{where}, it must be a whole number from 1 to {MAX_BUDGET}")
    elif isinstance(default, float) and value * default < 0:
        sign = "positive" if default > 0 else "negative"
        raise SettingsError(f"{where}, it must not be {'negative' if sign == 'positive' else 'positive'}")
