"""Whether results are kept or not makes no difference to what is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc

from sqldojo.v1 import action_pb2, observation_pb2, task_pb2, task_pb2_grpc
from sqldojo.v1 import environment_pb2 as pb

GROUP = 6  # rollouts of one task that do the same


def frames(channel: grpc.Channel) -> list[bytes]:
    """Plays groups of equal episodes on some tasks of every database; gives the answers' bytes."""
    request = task_pb2.ListTasksRequest(page_size=1000)
    tasks = task_pb2_grpc.TaskServiceStub(channel).ListTasks(request).tasks[::12]
    rollout = channel.stream_stream("/sqldojo.v1.EnvironmentService/Rollout")
    openings = [
        pb.Command(reset=pb.ResetRequest(task_id=task.task_id, session_id=f"s{number}-{each}"))
        for number, task in enumerate(tasks)
        for each in range(GROUP)
    ]
    answers = list(rollout(in_frames(openings)))
    opened = [result.reset for reply in answers for result in pb.RolloutResponse.FromString(reply).results]
    assert all(reset.session_id for reset in opened)
    for index in range(1, 7):
        steps = [
            pb.Command(step=pb.StepRequest(session_id=r.session_id, step_index=index, action=act(r, index)))
            for r in opened
        ]
        answers += rollout(in_frames(steps))
    return answers


def in_frames(commands: list[pb.Command]) -> Iterator[bytes]:
    for at in range(0, len(commands), 240):
        yield pb.RolloutRequest(commands=commands[at : at + 240]).SerializeToString()


def act(opened: pb.ResetResponse, index: int) -> action_pb2.Action:
    brief = opened.observation.brief
    table = brief.tables[index % len(brief.tables)]
    match index:
        case 1:
            return action_pb2.Action(describe=action_pb2.Describe(table=table))
        case 2:
            return action_pb2.Action(sample=action_pb2.Sample(table=table))
        case 3:
            return query(f'SELECT count(*), 1.5, NULL FROM "{table}"')
        case 4:
            return query(f'SELECT nothing FROM "{table}"')
        case 5:
            return query(f'SELECT * FROM "{table}" ORDER BY 1 LIMIT 40')
    if brief.kind == observation_pb2.TASK_KIND_REPAIR:
        return action_pb2.Action(submit=action_pb2.Submit(sql=f'SELECT count(*) FROM "{table}"'))
    return action_pb2.Action(answer=action_pb2.Answer(value="7"))


def query(sql: str) -> action_pb2.Action:
    return action_pb2.Action(query=action_pb2.Query(sql=sql))


def test_answers_are_equal_to_the_byte(serving: Callable) -> None:
    played = []
    for megabytes in ("0", "64"):
        with serving("--result-memory", megabytes, "--statement-deadline", "30") as server:
            with grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
                played.append(frames(channel))
            assert server.close() == 0
            said = str(server.log).rpartition("statements on databases")[0].split()
            found, asked = int(said[-3]), int(said[-1])
            assert asked > 1_000
            assert found == 0 if megabytes == "0" else found > asked / 2
    assert played[0] == played[1]
