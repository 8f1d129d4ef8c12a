from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.core.built_in_profiles import BUILT_IN_PROFILES
from sqldojo.service.core.profile_settings import SettingsError, settings_of, with_profiles


def test_a_profile_takes_over_all_that_it_does_not_set() -> None:
    made = with_profiles(BUILT_IN_PROFILES, {"harsh": {"base": "repair", "unsafe": -0.2, "budget": 5}})
    base, own = settings_of(BUILT_IN_PROFILES.by_name["repair"]), settings_of(made.by_name["harsh"])
    assert {name for name in own if own[name] != base[name]} == {"name", "unsafe", "budget"}
    assert (own["unsafe"], own["budget"], own["name"]) == (-0.2, 5, "harsh")
    assert made.of(made.by_name["harsh"].kind)[-1] is made.by_name["harsh"]
    assert made.default(made.by_name["harsh"].kind).name == "repair"


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"repair": {"base": "repair"}}, "there already"),
        ({"x": {}}, "base is None, it must be one of sqlenv, sqlenv-legacy, sqlenv-strict, repair"),
        ({"x": 5}, "no table"),
        ({"": {"base": "repair"}}, "1 to 64 characters"),
        ({"x": {"base": "repair", "weight": 1}}, "no setting 'weight'; it has correct, executed"),
        ({"x": {"base": "sqlenv", "clip": 1}}, "no setting 'clip'"),
        ({"x": {"base": "repair", "correct": "much"}}, "correct is 'much', it must be a number"),
        ({"x": {"base": "repair", "correct": True}}, "must be a number"),
        ({"x": {"base": "repair", "correct": float("nan")}}, "must be a number"),
        ({"x": {"base": "repair", "repeat": 0.1}}, "repeat is 0.1, it must not be positive"),
        ({"x": {"base": "repair", "correct": -1}}, "must not be negative"),
        ({"x": {"base": "repair", "budget": 2.5}}, "whole number"),
        ({"x": {"base": "repair", "budget": 0}}, "from 1 to 100"),
        ({"x": {"base": "sqlenv", "repeated_lookups_pay": 1}}, "true or false"),
        # what is not sound
        ({"x": {"base": "repair", "correct": 0.5}}, "correct: 0.5 is not more than"),
        ({"x": {"base": "repair", "penalty_cap": 5}}, "may earn less than one that stalls"),
        ({"x": {"base": "sqlenv-strict", "steps_cost": -2}}, "may earn less than one that stalls"),
        ({"x": {"base": "sqlenv-strict", "step_cost": 0}}, "step_cost: a step must cost something"),
        ({"x": {"base": "repair", "steps_cost": 0}}, "steps_cost: a step must cost something"),
        ({"x": {"base": "sqlenv", "schema": 5, "rejected": 0}}, "can earn without a correct answer"),
        ({"x": {"base": "sqlenv", "budget": 60}}, "can earn without a correct answer"),
        ({"x": {"base": "sqlenv", "executed": 0.2}}, "can earn without a correct answer"),
    ],
)
def test_what_makes_no_sound_profile_is_refused(settings: dict[str, object], why: str) -> None:
    with pytest.raises(SettingsError, match=why.replace("(", "\\(")):
        with_profiles(BUILT_IN_PROFILES, settings)


@given(
    st.dictionaries(
        st.text(max_size=70),
        st.dictionaries(
            st.sampled_from(["base", "correct", "budget", "repeat", "x"]),
            st.one_of(st.sampled_from(["repair", "sqlenv-strict"]), st.floats(), st.integers(), st.none()),
        ),
        max_size=2,
    )
)
def test_any_settings_are_profiles_or_an_error(settings: dict[str, object]) -> None:
    try:
        made = with_profiles(BUILT_IN_PROFILES, settings)
    except SettingsError:
        return
    assert all(not list(profile.faults()) for profile in made.by_name.values())
