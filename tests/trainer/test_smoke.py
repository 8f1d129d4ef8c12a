from __future__ import annotations

import math

import pytest

pytest.importorskip("trl")

from rich.console import Console

from sqldojo.client import Difficulty, Split, SyncDojo, TaskKind
from sqldojo.trainer.smoke import easy_tasks, faults, main, show

pytestmark = pytest.mark.train

SOUND = {
    "loss": 0.1,
    "grad_norm": 0.5,
    "reward": -0.02,
    "reward_std": 0.3,
    "frac_reward_zero_std": 0.5,
    "rewards/solved_reward/mean": 0.25,
    "tools/call_frequency": 2.5,
    "tools/failure_frequency": 0.0,
    "completions/mean_length": 80.0,
    "terms/step_cost": -0.06,
    "terms/executed": 0.04,
    "terms/unsafe": 0.0,
}


def test_a_sound_log_has_no_faults() -> None:
    assert faults([SOUND, {**SOUND, "reward_std": 0.0, "frac_reward_zero_std": 1.0, "grad_norm": 0.0}]) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"reward_std": 0.0}, "rewards are all equal"),
        ({"frac_reward_zero_std": 1.0}, "rewards are all equal"),
        ({"tools/call_frequency": 0.0}, "no tool call"),
        ({"grad_norm": 0.0}, "does not change"),
        ({"loss": math.nan}, "not finite"),
        ({"grad_norm": math.inf}, "not finite"),
        ({"terms/executed": 0.5}, "not the sum of its terms"),
    ],
)
def test_a_fault_is_found_and_named(change: dict[str, float], fault: str) -> None:
    found = faults([{**SOUND, **change}] * 2)
    assert found
    assert all(fault in line for line in found)


def test_missing_steps_are_a_fault() -> None:
    assert any("1 steps were logged, not 2" in line for line in faults([SOUND]))


def test_the_table_shows_metrics_and_the_terms_that_are_not_0() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        show([SOUND, SOUND], console)
    shown = capture.get()
    assert "tools/call_frequency" in shown
    assert "terms/executed" in shown
    assert "terms/unsafe" not in shown


def test_the_tasks_are_easy_ones_of_one_training_database(dojo: SyncDojo) -> None:
    tasks = easy_tasks(dojo)
    assert len(tasks) >= 5
    assert {(task.kind, task.split, task.difficulty) for task in tasks} == {
        (TaskKind.EXPLORE, Split.TRAIN, Difficulty.EASY)
    }
    assert len({task.database_id for task in tasks}) == 1
    assert all(task.gold is not None for task in tasks)


def test_an_address_needs_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--address", "127.0.0.1:1"])
    assert ended.value.code == 2
    assert "--address and --token go together" in capsys.readouterr().err
