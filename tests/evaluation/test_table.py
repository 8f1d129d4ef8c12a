import io

import pytest
from rich.console import Console

from sqldojo.client.types import Difficulty, Outcome, Query, Reward, TaskKind
from sqldojo.evaluation import EpisodeResult, EvaluationResult, Run, StepRecord, comparison_table
from sqldojo.evaluation.table import breakdown_table


def evaluation(name, solved, count, *, error=""):
    step = StepRecord(Query("SELECT 1"), Reward(0.0, 0.0, ()))
    episodes = tuple(
        EpisodeResult(
            n,
            "t",
            TaskKind.EXPLORE,
            Difficulty.EASY,
            "f",
            n,
            (step,) * 15,
            0.25,
            Outcome.SOLVED if n < solved else Outcome.EXHAUSTED,
            error if n == 0 else "",
        )
        for n in range(count)
    )
    return EvaluationResult(Run(name, count, 0, "", 0, None, 1, "", "", ""), episodes)


def rendered(table, width):
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_every_figure_stands_in_its_row_whole(width):
    shown = rendered(comparison_table([evaluation("Random", 0, 50), evaluation("Oracle", 50, 50)]), width)
    lines = shown.splitlines()
    assert max(map(len, lines)) <= width
    (random,) = [line for line in lines if "Random" in line]
    (oracle,) = [line for line in lines if "Oracle" in line]
    assert random.split() == ["Random", "0.0%", "[0.0,", "7.1]", "0.250", "15.0", "100.0%", "50/50"]
    assert oracle.split() == ["Oracle", "100.0%", "[92.9,", "100.0]", "0.250", "15.0", "100.0%", "0/50"]
    assert "\x1b" not in shown
    assert "Errors" not in shown


def test_a_long_name_gives_way_to_the_figures_at_80_columns():
    shown = rendered(comparison_table([evaluation("package.module:Policy", 1, 1000, error="oh")]), 80)
    assert max(map(len, shown.splitlines())) <= 80
    assert "0.1% [0.0, 0.6]" in shown
    assert "999/1000" in shown
    assert "Errors" in shown


@pytest.mark.parametrize("width", [80, 120])
def test_a_breakdown_has_a_row_for_each_group(width):
    shown = rendered(breakdown_table(evaluation("Random", 1, 4).by_difficulty(), "Difficulty"), width)
    assert "Difficulty" in shown
    assert "easy         25.0% [4.6, 69.9]" in shown


@pytest.mark.parametrize("label", ["qwen[sft]", "[/foo]", "[bold]", "a\x1b[31mb"])
@pytest.mark.parametrize("width", [40, 80])
def test_a_label_is_shown_as_it_is(label, width):
    shown = "a\\x1b[31mb" if "\x1b" in label else label
    assert shown in rendered(comparison_table([evaluation(label, 1, 4)], width=width), width)
    groups = {label: evaluation(label, 1, 4).summary}
    assert shown in rendered(breakdown_table(groups, "Family", width=width), width)


def test_a_narrow_table_has_a_row_for_each_figure():
    names = ("module:Policy", "Oracle")
    table = comparison_table([evaluation(name, 999, 999, error="oh") for name in names], width=40)
    lines = rendered(table, 40).splitlines()
    assert max(map(len, lines)) <= 40
    for part in (*names, "Accuracy [95 %] 100.0% [99.6, 100.0]", "Budget exhausted 0/999", "Errors 1"):
        assert any(" ".join(line.split()) == part for line in lines)
