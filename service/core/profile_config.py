"""Profiles from a configuration: what an operator writes, checked, on top of the profiles that are built in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

from .profiles import Profile, Profiles
from .task import TaskKind

MAX_BUDGET = 100  # as in the contract
MAX_NAME = 64  # characters, likewise
MAX_WEIGHT = 1_000.0

_COSTS = {
    *("step_cost", "steps_cost", "repeat", "rejected", "unknown_names", "unsafe", "fan_out", "exhausted")
}
_REAL_COSTS = {"step_cost", "steps_cost"}  # without them, stalling would be free
_KINDS = {kind.name.lower(): kind for kind in TaskKind}


class ProfileConfigError(ValueError):
    """A configuration that cannot be used; the message begins with the key that is to blame."""


def configured(config: Mapping[str, Any], built_in: Profiles) -> Profiles:
    """Gives the profiles that are built in and those that a configuration defines.

    `config` has the tables `profiles`, with a table of settings by each profile's name, and `defaults`, with
    a profile's name for `explore` and `repair`. A profile's `base` is the profile whose settings it has
    where it gives none: one that is built in or stands above it. It may be left out where the name is that
    of a profile, which is then replaced. Raises ProfileConfigError.
    """
    _no_others("", config, {"profiles", "defaults"})
    by_name = dict(built_in.by_name)
    for name, settings in _table("profiles", config.get("profiles", {})).items():
        by_name[name] = _profile(name, _table(f"profiles.{name}", settings), by_name)
    defaults = dict(built_in.defaults)
    for key, name in _table("defaults", config.get("defaults", {})).items():
        defaults[_kind(key)] = _default(key, name, by_name)
    for kind, name in defaults.items():
        if by_name[name].kind is not kind:
            raise ProfileConfigError(
                f"profiles.{name}.base: {name} is the default for {kind.name.lower()} tasks, so it must stay "
                f"a profile for these; choose another name, or another default"
            )
    return Profiles(by_name, defaults)


def settings_of(profile: Profile) -> dict[str, Any]:
    """Gives a profile's settings by the names that a configuration has for them."""
    return {field.name: getattr(profile, field.name) for field in _fields(profile) if field.name != "name"}


def _profile(name: str, settings: Mapping[str, Any], known: Mapping[str, Profile]) -> Profile:
    key = f"profiles.{name}"
    if not name or len(name) > MAX_NAME or not name.replace("-", "").replace("_", "").isalnum():
        raise ProfileConfigError(
            f"{key}: a name has 1 to {MAX_NAME} letters, digits, hyphens and underscores; choose such a one"
        )
    base_name = settings.get("base", name if name in known else None)
    if base_name is None:
        raise ProfileConfigError(f"{key}.base: missing; name the profile to start from: {', '.join(known)}")
    base = known.get(base_name) if isinstance(base_name, str) else None
    if base is None:
        raise ProfileConfigError(f"{key}.base: there is no profile {base_name!r}; take {', '.join(known)}")
    own = settings_of(base)
    _no_others(key, settings, {"base", *own})
    values = {
        setting: _value(f"{key}.{setting}", setting, value, own[setting])
        for setting, value in settings.items()
        if setting != "base"
    }
    made: Profile = replace(base, name=name, **values)  # type: ignore[type-var]
    for fault in made.faults():
        raise ProfileConfigError(f"{key}.{fault.setting}: {fault.reason}")
    return made


def _value(key: str, setting: str, value: object, old: object) -> object:
    """Checks a setting's new value by the type of its old one and by what the setting is."""
    if isinstance(old, bool):
        if not isinstance(value, bool):
            raise ProfileConfigError(f"{key}: {value!r} is neither true nor false")
        return value
    if isinstance(old, int):
        least = 1 if setting == "budget" else 0
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MAX_BUDGET:
            raise ProfileConfigError(f"{key}: {value!r} is no whole number from {least} to {MAX_BUDGET}")
        return value
    if isinstance(old, tuple):
        return _clip(key, value)
    number = _number(key, value)
    if setting in _REAL_COSTS and number >= 0:
        raise ProfileConfigError(f"{key}: {value!r} makes steps free; give a number below 0")
    if setting in _COSTS and number > 0:
        raise ProfileConfigError(f"{key}: {value!r} rewards what it is to cost; give 0 or a number below it")
    if setting not in _COSTS and number < 0:
        raise ProfileConfigError(f"{key}: {value!r} is below 0; give 0 or a number above it")
    return number


def _clip(key: str, value: object) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ProfileConfigError(f"{key}: {value!r} is not two numbers; give [lowest, highest]")
    low, high = (_number(key, each) for each in value)
    if not low <= 0 <= high:
        raise ProfileConfigError(f"{key}: {value!r} does not hold 0; give [lowest, highest] around it")
    return low, high


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProfileConfigError(f"{key}: {value!r} is no number")
    if not math.isfinite(value) or abs(value) > MAX_WEIGHT:
        raise ProfileConfigError(f"{key}: {value!r} is not between -{MAX_WEIGHT:g} and {MAX_WEIGHT:g}")
    return float(value)


def _kind(key: str) -> TaskKind:
    if key not in _KINDS:
        raise ProfileConfigError(f"defaults.{key}: there are no such tasks; the kinds are {', '.join(_KINDS)}")
    return _KINDS[key]


def _default(key: str, name: object, known: Mapping[str, Profile]) -> str:
    fitting = [profile.name for profile in known.values() if profile.kind is _KINDS[key]]
    if not isinstance(name, str) or name not in fitting:
        raise ProfileConfigError(
            f"defaults.{key}: {name!r} is no profile for {key} tasks; take {', '.join(fitting)}"
        )
    return name


def _table(key: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ProfileConfigError(f"{key}: {value!r} is no table; write [{key}] above its settings")
    return value


def _no_others(key: str, given: Mapping[str, Any], known: set[str]) -> None:
    for name in given:
        if name not in known:
            close = get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {close[0]}" if close else f"there is {', '.join(sorted(known))}"
            raise ProfileConfigError(f"{key}.{name}: unknown; {hint}".lstrip("."))


def _fields(profile: Profile) -> tuple[Any, ...]:
    return fields(profile)  # type: ignore[arg-type]
