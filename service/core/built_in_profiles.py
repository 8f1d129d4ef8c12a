"""The profiles that every server offers."""

from __future__ import annotations

from .profiles import Profile, Profiles
from .repair_profile import RepairProfile
from .sqlenv_profile import SqlenvProfile
from .strict_profile import StrictProfile
from .task import TaskKind

_BUILT_IN: tuple[Profile, ...] = (
    SqlenvProfile("sqlenv"),
    SqlenvProfile("sqlenv-legacy", step_cost=-0.005, repeated_lookups_pay=False),
    StrictProfile(),
    RepairProfile(),
)

BUILT_IN_PROFILES = Profiles(
    {profile.name: profile for profile in _BUILT_IN},
    {TaskKind.EXPLORE: "sqlenv", TaskKind.REPAIR: "repair"},
)
