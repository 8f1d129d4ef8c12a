"""An ordinary connection sees no gold, in any field of any reply, over the whole bank."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from google.protobuf.message import Message

from sqldojo.v1 import action_pb2, environment_pb2_grpc, task_pb2, task_pb2_grpc
from sqldojo.v1 import environment_pb2 as pb


def texts(message: Message) -> list[str]:
    """Every text in a message, however deep."""
    found = []
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for each in values:
            if isinstance(each, Message):
                found += texts(each)
            elif isinstance(each, str):
                found.append(each)
    return found


@pytest.fixture(scope="module")
def gold(server, oracle_token: str) -> dict[str, task_pb2.Gold]:
    with grpc.insecure_channel(server.address) as channel:
        stub = task_pb2_grpc.TaskServiceStub(channel)
        sent = (("authorization", f"Bearer {oracle_token}"),)
        return {task.task_id: task.gold for page in pages(stub, True, sent) for task in page.tasks}


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


def test_tasks_and_databases(channel: grpc.Channel, gold: dict[str, task_pb2.Gold]) -> None:
    tasks = task_pb2_grpc.TaskServiceStub(channel)
    listed = list(pages(tasks, gold=False))
    seen = {text for page in listed for text in texts(page)}
    for database in tasks.ListDatabases(task_pb2.ListDatabasesRequest()).databases:
        request = task_pb2.GetDatabaseRequest(database_id=database.database_id)
        seen |= set(texts(tasks.GetDatabase(request)))
    for task in (task for page in listed for task in page.tasks):
        assert not task.HasField("gold")
        assert not any(gold[task.task_id].sql in text for text in seen)


def test_every_reply_of_an_episode(channel: grpc.Channel, gold: dict[str, task_pb2.Gold]) -> None:
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
        for reply in replies:
            assert not any(task_gold.sql in text for text in texts(reply)), task_id
