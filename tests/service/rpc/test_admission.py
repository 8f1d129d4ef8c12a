"""One caller gets no more than its quota, is told when to come back, and hinders nobody else."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from servers import Server

from sqldojo.cli.token import entry
from sqldojo.client import DojoError, EpisodeSpec, connect
from sqldojo.client.retry import Backoff
from sqldojo.service.rpc.admission import Admission, Quota
from sqldojo.service.sessions.refusal import Reason, Refusal
from sqldojo.v1 import action_pb2, error_pb2
from sqldojo.v1 import environment_pb2 as pb
from sqldojo.v1.environment_pb2_grpc import EnvironmentServiceStub

SLOW = "SELECT count(*) FROM patient a, patient b, patient c WHERE a.name || b.name || c.name LIKE '%q%'"


def refusal_of(attempt: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        attempt()
    assert refused.value.reason is Reason.CALLER_BUSY
    assert refused.value.retry_after_seconds
    return refused.value


def hold(admission: Admission, caller: str, size: int = 1) -> Any:
    held = admission.call(caller, size)
    held.__enter__()
    return held


def test_calls_are_counted_by_caller_until_they_end() -> None:
    admission = Admission(Quota(calls=2, size=1000, cores=0))
    held = [hold(admission, "a"), hold(admission, "a", 0)]
    assert "2 calls" in refusal_of(lambda: hold(admission, "a")).message
    other = hold(admission, "b")
    held.pop().__exit__(None, None, None)
    held.append(hold(admission, "a"))
    for each in [*held, other]:
        each.__exit__(None, None, None)
    assert not admission._uses


def test_bytes_are_counted_by_caller_but_one_call_may_always_come() -> None:
    admission = Admission(Quota(calls=10, size=100, cores=0))
    with admission.call("a", 500):
        assert "500 bytes" in refusal_of(lambda: hold(admission, "a", 1)).message
        with admission.call("b", 60):
            refusal_of(lambda: hold(admission, "b", 60))


def in_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 30))


def test_frames_wait_for_room() -> None:
    async def frames() -> None:
        admission = Admission(Quota(calls=10, size=100, cores=0))
        with admission.stream("a"):
            await admission.frame("a", 80)
            second = asyncio.ensure_future(admission.frame("a", 80))
            with admission.stream("b"):
                await admission.frame("b", 80)
                assert not second.done()
                admission.answered("a", 80)
                await second
                admission.answered("a", 80)
                admission.answered("b", 80)
        assert not admission._uses

    in_loop(frames)


def test_time_that_is_used_up_comes_back() -> None:
    async def calls() -> None:
        admission = Admission(Quota(calls=10, size=100, cores=0.5))
        with admission.call("a", 1):
            admission.charge("a", 0.6)  # of the 0.5 that it had saved up
        refused = refusal_of(lambda: hold(admission, "a"))
        assert 0 < (refused.retry_after_seconds or 0) <= 0.2
        with admission.call("b", 1), admission.stream("a"):
            await admission.frame("a", 10)  # waits
            with admission.call("a", 1):
                pass

    in_loop(calls)


def test_a_caller_with_too_many_calls_is_told_and_its_client_comes_back(
    serving: Callable, detail: Callable
) -> None:
    with serving("--caller-calls", "2", "--statement-deadline", "0.2") as server:

        async def play() -> list[int]:
            async with connect(server.address) as dojo:
                task = next(t.task_id for t in await dojo.tasks(database="hospital"))
                async with dojo.session(task) as one, dojo.session(task) as two, dojo.session(task) as three:
                    for step in await asyncio.gather(*(s.query(SLOW) for s in (one, two, three))):
                        assert step.observation.error is not None
                    return [s.observation.steps_used for s in (one, two, three)]

        assert asyncio.run(play()) == [1, 1, 1]
        busy = detail(refused_call(server))
        assert busy.reason == error_pb2.ERROR_REASON_CALLER_BUSY
        assert busy.retry_after.ToNanoseconds() > 0


def refused_call(server: Server) -> grpc.RpcError:
    """Holds two streams and calls."""
    with grpc.insecure_channel(server.address) as channel:
        stub = EnvironmentServiceStub(channel)
        ended = threading.Event()
        streams = [stub.Rollout(_one_and_no_end(ended)) for _ in range(2)]
        for stream in streams:
            assert next(stream).results[0].HasField("error")
        with pytest.raises(grpc.RpcError) as refused:
            stub.GetState(pb.GetStateRequest(session_id="s"))
        ended.set()
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    return refused.value


def _one_and_no_end(ended: threading.Event) -> Iterator[pb.RolloutRequest]:
    yield pb.RolloutRequest(commands=[pb.Command(correlation_id=1)])
    ended.wait()


def test_a_caller_may_have_so_many_sessions_and_another_one_as_many(
    serving: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sqldojo.client.channel.BACKOFF", Backoff(tries=2, first=0.001))
    tokens = {name: secrets.token_urlsafe(16) for name in ("a", "b")}
    file = tmp_path / "tokens.toml"
    file.write_text("".join(entry(name, "trainer", token) for name, token in tokens.items()))
    with serving("--tokens", str(file), "--caller-sessions", "2") as server:

        async def play() -> str:
            async with (
                connect(server.address, token=tokens["a"]) as a,
                connect(server.address, token=tokens["b"]) as b,
            ):
                task = (await a.tasks())[0].task_id
                async with a.session(task), a.session(task), b.session(task), b.session(task):
                    with pytest.raises(DojoError) as refused:
                        await asyncio.wait_for(a.open_session(EpisodeSpec(task)), 60)
                async with a.session(task), a.session(task) as again:
                    await again.query("SELECT 1")
                return str(refused.value)

        assert "all 2 sessions that this caller may have are in use" in asyncio.run(play())


def test_a_client_that_does_not_read_is_cut_off(serving: Callable) -> None:
    with serving("--stall-seconds", "1") as server:

        async def send() -> tuple[grpc.StatusCode, str]:
            options = [
                ("grpc.http2.lookahead_bytes", 65_536),
                ("grpc.http2.bdp_probe", 0),
                ("grpc.max_receive_message_length", -1),
            ]
            async with grpc.aio.insecure_channel(server.address, options) as channel:
                stub = EnvironmentServiceStub(channel)
                async with connect(server.address) as dojo:
                    task = next(t.task_id for t in await dojo.tasks(database="hospital"))
                await stub.Reset(pb.ResetRequest(task_id=task, session_id="mute"))
                wide = action_pb2.Query(
                    sql="SELECT " + ", ".join(f"printf('%0500d', {n})" for n in range(99))
                )
                step = pb.StepRequest(session_id="mute", step_index=1, action=action_pb2.Action(query=wide))
                frame = pb.RolloutRequest(commands=[pb.Command(step=step)] * 128)
                stream = stub.Rollout()
                writing = asyncio.ensure_future(_write(stream, frame))
                await asyncio.to_thread(server.log.wait_for, "has not read its stream")
                with suppress(grpc.aio.AioRpcError):
                    while await stream.read():
                        pass
                end = await stream.code(), await stream.details()
                writing.cancel()
                return end

        code, said = asyncio.run(asyncio.wait_for(send(), 60))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert said == "nothing was read of this stream for 1 s"


async def _write(stream: Any, frame: pb.RolloutRequest) -> None:
    with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
        while True:
            await stream.write(frame)
