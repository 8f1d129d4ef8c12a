from __future__ import annotations

import json

import pytest

pytest.importorskip("trl")

from sqldojo.client import SyncDojo, Task, TaskKind
from sqldojo.trainer import Demonstration, demonstration_dataset, episode_messages, record_demonstration

pytestmark = pytest.mark.train


def test_an_observation_holds_the_whole_conversation(dojo: SyncDojo, explore_tasks: list[Task]) -> None:
    with dojo.session(explore_tasks[0].task_id) as session:
        first = session.observation.text()
        described = session.describe("nothing").observation.text()
        unparsed = session.unparsed("I think that").observation.text()
        answered = session.answer("naïve").observation.text()
        system, *messages = episode_messages(session.observation)
    assert system["role"] == "system"
    assert [message["role"] for message in messages] == [
        "user",
        *["assistant", "tool"],
        *["assistant", "user"],
        *["assistant", "tool"],
    ]
    assert [message["content"] for message in messages] == [
        first,
        "",
        described,
        "I think that",
        unparsed,
        "",
        answered,
    ]
    assert messages[5]["tool_calls"] == [
        {"type": "function", "function": {"name": "answer", "arguments": '{"value": "naïve"}'}}
    ]


def test_every_task_has_a_demonstration(dojo: SyncDojo, tasks: list[Task]) -> None:
    for task in tasks[::5]:
        demonstration = record_demonstration(dojo, task)
        assert task.gold is not None
        last = "answer" if task.kind is TaskKind.EXPLORE else "submit"
        calls = [message["name"] for message in demonstration.messages if message["role"] == "tool"]
        assert calls == [*["describe"] * len(task.gold.tables), "query", last]
        assert demonstration.messages[-1] == {"role": "assistant", "content": "Done."}
        assert demonstration.total_reward > 0


def test_a_demonstration_needs_gold_that_solves(dojo: SyncDojo, explore_tasks: list[Task]) -> None:
    task = explore_tasks[0]
    with pytest.raises(ValueError, match="gold=True"):
        record_demonstration(dojo, dojo.task(task.task_id))
    other = next(
        other for other in explore_tasks if other.gold and task.gold and other.gold.answer != task.gold.answer
    )
    wrong = Task(
        task.task_id,
        task.kind,
        task.database_id,
        task.split,
        task.difficulty,
        task.family,
        task.prompt,
        gold=other.gold,
    )
    with pytest.raises(ValueError, match="does not solve"):
        record_demonstration(dojo, wrong)


def test_a_table_of_demonstrations_adds_no_nulls_to_calls(dojo: SyncDojo, tasks: list[Task]) -> None:
    explore = [task for task in tasks if task.kind is TaskKind.EXPLORE][:3]
    demonstrations = [record_demonstration(dojo, task) for task in explore]
    rows = demonstration_dataset(demonstrations)
    for row, demonstration in zip(rows, demonstrations, strict=True):
        assert _calls(row["messages"]) == _calls(list(demonstration.messages))
        assert all(len(arguments) == 1 for _, arguments in _calls(row["messages"]))
        names = [tool["function"]["name"] for tool in json.loads(row["tools"])]
        assert names == ["answer", "describe", "query", "sample"]


def _calls(messages: list[dict[str, object]]) -> list[tuple[str, dict[str, object]]]:
    functions = [call["function"] for message in messages for call in message.get("tool_calls") or ()]  # type: ignore[attr-defined]
    return [(function["name"], json.loads(function["arguments"])) for function in functions]


def test_a_table_holds_demonstrations_of_one_kind(dojo: SyncDojo, tasks: list[Task]) -> None:
    both = [next(task for task in tasks if task.kind is kind) for kind in TaskKind]
    with pytest.raises(ValueError, match="EXPLORE and REPAIR"):
        demonstration_dataset(record_demonstration(dojo, task) for task in both)
    none: list[Demonstration] = []
    with pytest.raises(ValueError, match="no tasks"):
        demonstration_dataset(none)
