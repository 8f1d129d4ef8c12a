from __future__ import annotations

import pytest

pytest.importorskip("trl")

from sqldojo.client import Task, TaskKind
from sqldojo.trainer import ExploreEnvironment, prompt_messages, training_dataset
from sqldojo.trainer.dataset import tool_schemas

pytestmark = pytest.mark.train


def test_a_row_is_a_prompt_and_what_reset_takes(explore_tasks: list[Task]) -> None:
    rows = training_dataset(iter(explore_tasks), seed=3, budget=9)
    assert rows.column_names == ["prompt", "task", "seed", "profile", "budget"]
    assert rows["task"][:] == [task.task_id for task in explore_tasks]
    for row, task in zip(rows, explore_tasks, strict=True):
        assert row["prompt"] == prompt_messages(task)
        assert [message["role"] for message in row["prompt"]] == ["system", "user"]
        assert row["prompt"][-1]["content"].endswith(task.prompt)
        assert (row["seed"], row["profile"], row["budget"]) == (3, "", 9)


def test_gold_stays_out_of_the_set(explore_tasks: list[Task]) -> None:
    for row, task in zip(training_dataset(explore_tasks), explore_tasks, strict=True):
        assert task.gold is not None
        assert task.gold.sql not in str(row)


def test_a_set_holds_tasks_of_one_kind(tasks: list[Task]) -> None:
    with pytest.raises(ValueError, match="EXPLORE and REPAIR"):
        training_dataset(tasks)
    with pytest.raises(ValueError, match="no tasks"):
        training_dataset([])


def test_the_schemas_are_those_that_a_trainer_makes_of_an_instance(dojo: object) -> None:
    from transformers.utils import get_json_schema

    environment = ExploreEnvironment(dojo)  # type: ignore[arg-type]
    bound = [environment.answer, environment.describe, environment.query, environment.sample]
    assert tool_schemas(TaskKind.EXPLORE) == [get_json_schema(tool) for tool in bound]
