"""An ordinary connection sees no gold and nothing of a hidden instance, in any field of any reply, over the
whole bank.

What it is given to mend is another matter: a broken statement is near its gold, and may hold it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import apsw
import grpc
import pytest
from google.protobuf.message import Message

from sqldojo.service.tasks.bank import TaskBank
from sqldojo.v1 import action_pb2, environment_pb2_grpc, task_pb2, task_pb2_grpc
from sqldojo.v1 import environment_pb2 as pb

MIN_VALUE = 6  # characters; shorter ones stand in any text by chance
WORDS = 4  # the longest value that is looked for in prose


def texts(message: Message) -> list[str]:
    """Every text in a message, however deep, but for statements to mend."""
    found = []
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for each in values:
            if isinstance(each, Message):
                found += texts(each)
            elif isinstance(each, str) and field.name != "broken_sql":
                found.append(each)
    return found


@pytest.fixture(scope="module")
def gold(server, oracle_token: str) -> dict[str, task_pb2.Gold]:
    with grpc.insecure_channel(server.address) as channel:
        stub = task_pb2_grpc.TaskServiceStub(channel)
        sent = (("authorization", f"Bearer {oracle_token}"),)
        return {task.task_id: task.gold for page in pages(stub, True, sent) for task in page.tasks}


@pytest.fixture(scope="module")
def hidden() -> dict[str, set[str]]:
    """By database, the texts of its hidden instances that its visible one lacks, even as parts of texts."""
    bank = TaskBank.default()
    found = {}
    for database_id in {task.database_id for task in bank.tasks}:
        visible, *others = (values(image) for image in bank.images(database_id).images)
        found[database_id] = set().union(*others).difference(*map(phrases, visible))
    return found


def values(image: bytes) -> set[str]:
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", image)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    rows = (row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"'))
    return {cell for row in rows for cell in row if isinstance(cell, str) and len(cell) >= MIN_VALUE}


def phrases(text: str) -> set[str]:
    """A text itself, and every run of up to `WORDS` words in it."""
    words = re.findall(r"[^\s\"'“”,;:()?]+", text)
    runs = {" ".join(words[at : at + n]).rstrip(".") for n in range(1, WORDS + 1) for at in range(len(words))}
    return runs | {text}


def pages(
    stub: task_pb2_grpc.TaskServiceStub, gold: bool, sent: tuple[tuple[str, str], ...] = ()
) -> Iterator[task_pb2.ListTasksResponse]:
    request = task_pb2.ListTasksRequest(page_size=1000, include_gold=gold)
    while True:
        page = stub.ListTasks(request, metadata=sent)
        yield page
        request.page_token = page.next_page_token
        if not page.next_page_token:
            return


def test_tasks_and_databases(
    channel: grpc.Channel, gold: dict[str, task_pb2.Gold], hidden: dict[str, set[str]]
) -> None:
    tasks = task_pb2_grpc.TaskServiceStub(channel)
    listed = list(pages(tasks, gold=False))
    seen = "\n".join({text for page in listed for text in texts(page)})
    for database in tasks.ListDatabases(task_pb2.ListDatabasesRequest()).databases:
        request = task_pb2.GetDatabaseRequest(database_id=database.database_id)
        seen += "\n".join(texts(tasks.GetDatabase(request)))
    for task in (task for page in listed for task in page.tasks):
        assert not task.HasField("gold")
        assert gold[task.task_id].sql not in seen
        shown = set().union(*map(phrases, texts(task)))
        assert not [value for value in hidden[task.database_id] if value in shown], task.task_id


def test_every_reply_of_an_episode(
    channel: grpc.Channel, gold: dict[str, task_pb2.Gold], hidden: dict[str, set[str]]
) -> None:
    stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
    for task_id, task_gold in gold.items():
        opened = stub.Reset(pb.ResetRequest(task_id=task_id))
        session_id = opened.session_id
        actions = [
            action_pb2.Action(describe=action_pb2.Describe(table=opened.observation.brief.tables[0])),
            action_pb2.Action(sample=action_pb2.Sample(table="nowhere")),
            action_pb2.Action(query=action_pb2.Query(sql="SELECT nothing")),
            action_pb2.Action(submit=action_pb2.Submit(sql="SELECT 1")),
            action_pb2.Action(answer=action_pb2.Answer(value="wrong")),
        ]
        replies: list[Message] = [opened]
        for index, action in enumerate(actions, start=1):
            replies.append(
                stub.StepWithReview(
                    pb.StepWithReviewRequest(session_id=session_id, step_index=index, action=action)
                )
            )
        replies.append(stub.GetState(pb.GetStateRequest(session_id=session_id, include_history=True)))
        replies.append(stub.CloseSession(pb.CloseSessionRequest(session_id=session_id)))
        seen = {text for reply in replies for text in texts(reply)}
        assert not any(task_gold.sql in text for text in seen), task_id
        if len(task_gold.answer) >= MIN_VALUE and task_gold.answer not in opened.observation.brief.prompt:
            assert not any(task_gold.answer in text for text in seen), task_id
        shown = set().union(*map(phrases, seen)) - phrases(opened.observation.brief.broken_sql)
        assert not [value for value in hidden[task_id.split("/")[1]] if value in shown], task_id
