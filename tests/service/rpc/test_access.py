"""Who may do what: tokens, scopes, ownership of sessions, TLS."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2_grpc
from hypothesis import given
from hypothesis import strategies as st
from ports import free_port
from servers import Server, serving, start

from sqldojo.cli.token import entry
from sqldojo.client import DojoError, ErrorReason, SyncDojo, Tls, connect_sync
from sqldojo.service.rpc.access import Scope, TokensError, read_tokens
from sqldojo.v1 import (
    benchmark_pb2,
    benchmark_pb2_grpc,
    environment_pb2_grpc,
    error_pb2,
    task_pb2,
    task_pb2_grpc,
)
from sqldojo.v1 import environment_pb2 as pb

NAMES = {"alice": "agent", "bob": "agent", "trainer": "trainer", "oracle": "oracle", "admin": "admin"}


def secret(name: str) -> str:
    return f"secret-of-{name}"


def metadata(name: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {secret(name)}"),)


@dataclass(frozen=True)
class Stubs:
    environment: environment_pb2_grpc.EnvironmentServiceStub
    tasks: task_pb2_grpc.TaskServiceStub
    benchmark: benchmark_pb2_grpc.BenchmarkServiceStub
    health: health_pb2_grpc.HealthStub
    reflection: reflection_pb2_grpc.ServerReflectionStub


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokens") / "tokens.toml"
    path.write_text("".join(entry(name, scope, secret(name)) for name, scope in NAMES.items()))
    return path


@pytest.fixture(scope="module")
def closed(tokens: Path) -> Iterator[Server]:
    with serving("--tokens", str(tokens)) as server:
        yield server


@pytest.fixture(scope="module")
def stubs(closed: Server) -> Iterator[Stubs]:
    with grpc.insecure_channel(closed.address) as channel:
        yield Stubs(
            environment_pb2_grpc.EnvironmentServiceStub(channel),
            task_pb2_grpc.TaskServiceStub(channel),
            benchmark_pb2_grpc.BenchmarkServiceStub(channel),
            health_pb2_grpc.HealthStub(channel),
            reflection_pb2_grpc.ServerReflectionStub(channel),
        )


@pytest.fixture(scope="module")
def task_id(stubs: Stubs) -> str:
    request = task_pb2.ListTasksRequest(page_size=1)
    return stubs.tasks.ListTasks(request, metadata=metadata("alice")).tasks[0].task_id


def refused(call: Callable[[], object], detail: Callable[[grpc.RpcError], error_pb2.ErrorDetail]) -> int:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    found = detail(caught.value)
    assert found.hint
    assert "secret-of" not in caught.value.details()
    return found.reason


@pytest.mark.parametrize(
    "sent", [(), (("authorization", "Bearer wrong"),), (("authorization", "Basic c2VjcmV0"),)]
)
def test_nobody_gets_in_without_a_known_token(stubs: Stubs, task_id: str, detail, sent) -> None:
    calls: list[Callable[[], object]] = [
        lambda: stubs.environment.Reset(pb.ResetRequest(task_id=task_id), metadata=sent),
        lambda: list(stubs.environment.Rollout(iter([pb.RolloutRequest()]), metadata=sent)),
        lambda: stubs.tasks.ListTasks(task_pb2.ListTasksRequest(), metadata=sent),
        lambda: list(stubs.benchmark.Run(benchmark_pb2.RunRequest(), metadata=sent)),
        lambda: list(stubs.reflection.ServerReflectionInfo(iter([]), metadata=sent)),
    ]
    assert {refused(call, detail) for call in calls} == {error_pb2.ERROR_REASON_UNKNOWN_TOKEN}
    health = stubs.health.Check(health_pb2.HealthCheckRequest())  # is for everybody
    assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_each_scope_may_do_what_those_below_it_may(stubs: Stubs, task_id: str, detail) -> None:
    def may(name: str, call: Callable[[], object]) -> bool:
        try:
            call()
        except grpc.RpcError as error:
            return detail(error).reason not in (
                error_pb2.ERROR_REASON_SCOPE_REQUIRED,
                error_pb2.ERROR_REASON_ORACLE_SCOPE_REQUIRED,
            )
        return True

    def allowed(name: str) -> list[bool]:
        sent = metadata(name)
        run = benchmark_pb2.RunRequest(baseline=benchmark_pb2.BASELINE_RANDOM, episodes=1)
        gold = task_pb2.GetTaskRequest(task_id=task_id, include_gold=True)
        return [
            may(name, lambda: stubs.environment.Reset(pb.ResetRequest(task_id=task_id), metadata=sent)),
            may(name, lambda: list(stubs.benchmark.Run(run, metadata=sent))),
            may(name, lambda: stubs.tasks.GetTask(gold, metadata=sent)),
        ]

    assert [allowed(name) for name in ("alice", "trainer", "oracle", "admin")] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
        [True, True, True],
    ]


def test_a_session_belongs_to_the_token_that_opened_it(stubs: Stubs, task_id: str, detail) -> None:
    alice, bob, admin = map(metadata, ("alice", "bob", "admin"))
    reset = pb.ResetRequest(task_id=task_id, session_id="of-alice")
    step = pb.StepRequest(session_id="of-alice", step_index=1)
    step.action.unparsed.text = "?"
    state = pb.GetStateRequest(session_id="of-alice", include_history=True)
    close = pb.CloseSessionRequest(session_id="of-alice")
    stubs.environment.Reset(reset, metadata=alice)
    stubs.environment.Step(step, metadata=alice)
    for name in (bob, metadata("oracle")):
        for call, request in (
            (stubs.environment.Step, step),
            (stubs.environment.GetState, state),
            (stubs.environment.CloseSession, close),
        ):
            found = refused(lambda c=call, r=request, n=name: c(r, metadata=n), detail)
            assert found == error_pb2.ERROR_REASON_UNKNOWN_SESSION
        frame = pb.RolloutRequest()
        frame.commands.add().step.CopyFrom(step)
        frame.commands.add().reset.CopyFrom(reset)
        (reply,) = stubs.environment.Rollout(iter([frame]), metadata=name)
        assert [result.error.detail.reason for result in reply.results] == [
            error_pb2.ERROR_REASON_UNKNOWN_SESSION,
            error_pb2.ERROR_REASON_SESSION_TAKEN,
        ]
    assert len(stubs.environment.GetState(state, metadata=admin).history) == 1
    stubs.environment.CloseSession(close, metadata=alice)
    assert refused(lambda: stubs.environment.GetState(state, metadata=bob), detail) == (
        error_pb2.ERROR_REASON_UNKNOWN_SESSION
    )


def test_ownership_outlives_the_server(tokens: Path, tmp_path: Path, detail) -> None:
    options = ("--tokens", str(tokens), "--journal", str(tmp_path / "journal.sqlite"))
    state = pb.GetStateRequest(session_id="s")
    with serving(*options) as server, grpc.insecure_channel(server.address) as channel:
        tasks = task_pb2_grpc.TaskServiceStub(channel)
        first = tasks.ListTasks(task_pb2.ListTasksRequest(page_size=1), metadata=metadata("alice")).tasks[0]
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        stub.Reset(pb.ResetRequest(task_id=first.task_id, session_id="s"), metadata=metadata("alice"))
    with serving(*options) as server, grpc.insecure_channel(server.address) as channel:
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        found = refused(lambda: stub.GetState(state, metadata=metadata("bob")), detail)
        assert found == error_pb2.ERROR_REASON_UNKNOWN_SESSION
        assert stub.GetState(state, metadata=metadata("alice")).session_id == "s"


def test_tls_and_client_certificates(tokens: Path, tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    files = _write(authority, tmp_path)
    tls = Tls(ca=files["ca"])
    mutual = Tls(ca=files["ca"], certificate=files["cert"], key=files["key"])
    options = ("--tls-cert", str(files["cert"]), "--tls-key", str(files["key"]), "--tokens", str(tokens))
    with serving(*options) as server:
        with connect_sync(server.address, token=secret("trainer"), tls=tls) as dojo:
            assert dojo.tasks()
        with connect_sync(server.address, token="wrong", tls=tls) as dojo, pytest.raises(DojoError) as caught:
            dojo.tasks()
        assert caught.value.reason is ErrorReason.UNKNOWN_TOKEN
        assert not _reaches(server.address, None)
        assert not _reaches(server.address, Tls(ca=_write(other, tmp_path / "other")["ca"]))
    with serving(*options, "--tls-client-ca", str(files["ca"])) as server:
        assert _reaches(server.address, mutual)
        assert not _reaches(server.address, tls)
        strange = _write(other, tmp_path / "strange")
        assert not _reaches(server.address, Tls(files["ca"], strange["cert"], strange["key"]))


def _write(authority: trustme.CA, folder: Path) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    issued = authority.issue_cert("127.0.0.1", "localhost")
    files = {name: folder / f"{name}.pem" for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    issued.cert_chain_pems[0].write_to_path(files["cert"])
    issued.private_key_pem.write_to_path(files["key"])
    return files


def _reaches(address: str, tls: Tls | None) -> bool:
    """Says whether a connection comes about."""
    channel = grpc.secure_channel(address, tls.credentials()) if tls else grpc.insecure_channel(address)
    with channel:
        try:
            request = health_pb2.HealthCheckRequest()
            health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
        except grpc.RpcError as error:
            assert error.code() is grpc.StatusCode.UNAVAILABLE  # noqa: PT017
            return False
    return True


@pytest.mark.parametrize(
    ("options", "starts"),
    [
        ((), False),
        (("--tls-cert", "cert", "--tls-key", "key"), False),
        (("--tokens", "tokens"), False),
        (("--insecure",), True),
        (("--tls-cert", "cert", "--tls-key", "key", "--tokens", "tokens"), True),
    ],
)
def test_a_public_address_needs_tls_and_tokens(options, starts: bool, tokens: Path, tmp_path: Path) -> None:
    files = {**_write(trustme.CA(), tmp_path), "tokens": tokens}
    command = [sys.executable, "-m", "sqldojo.cli", "serve", "--address", "0.0.0.0:0", "--embedded"]
    process = subprocess.run(  # its input is empty, so it ends as soon as it serves
        [*command, *(str(files.get(option, option)) for option in options)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (process.returncode == 0) is starts
    assert starts or "--insecure" in process.stderr


@pytest.mark.parametrize("host", ["[::]", socket.gethostname(), "127.0.0.1.example"])
def test_what_may_be_a_public_address_needs_them_too(host: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "sqldojo.cli", "serve", "--address", f"{host}:0", "--embedded"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 2
    assert "--insecure" in process.stderr


def test_the_password_of_a_database_is_not_told() -> None:
    journal = f"postgresql://sqldojo:secret-of-the-database@127.0.0.1:{free_port()}/journal"
    server = start("--journal", journal)
    assert server.process.wait(60) == 2
    server.log.wait_for("sqldojo")
    assert "127.0.0.1" in server.log
    assert "secret-of" not in server.log


def test_no_secret_is_logged(tokens: Path, task_id: str) -> None:
    command = [sys.executable, "-m", "sqldojo.cli", "serve", "--address", "127.0.0.1:0", "--embedded"]
    process = subprocess.Popen(
        [*command, "--tokens", str(tokens), "--oracle-token", "secret-of-the-option"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = process.stdout.readline().split('"')[3]
    for token in (secret("trainer"), "secret-of-nobody"):
        with connect_sync(address, token=token) as dojo:
            said = str(_error_of(dojo))
            assert "secret-of" not in said
            assert ("UNKNOWN_TOKEN" in said) is (token == "secret-of-nobody")
    _, log = process.communicate()
    assert "serving" in log
    assert "secret-of" not in log


def _error_of(dojo: SyncDojo) -> DojoError | None:
    try:
        dojo.tasks()
    except DojoError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no \\[\\[token\\]\\]"),
        ("token = 1", "no \\[\\[token\\]\\]"),
        ("[[token", "cannot be read"),
        ('[[token]]\nname = "a"\nscope = "agent"', "token 1 .a. needs sha256"),
        ('[[token]]\nname = "a"\nscope = "king"\nsha256 = "00"', "scope: agent, trainer, oracle, admin"),
        ('[[token]]\nname = ""\nscope = "agent"', "token 1 needs a name"),
        (entry("a", "agent", "x") + "key = 1", "token 1 has 'key'"),
        (entry("a", "agent", "x") + entry("a", "agent", "y"), "two tokens have the same name"),
        (entry("a", "agent", "x") + entry("b", "agent", "x"), "two tokens have the same sha256"),
    ],
)
def test_a_wrong_file_of_tokens_is_told(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(text)
    with pytest.raises(TokensError, match=why):
        read_tokens(path)


@given(st.binary(max_size=200))
def test_any_bytes_are_tokens_or_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(data)
    with pytest.raises(TokensError):
        read_tokens(path)


def test_a_made_token_is_one_that_the_server_takes(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "sqldojo.cli", "token", 'a "b"', "--scope", "oracle"],
        capture_output=True,
        text=True,
        check=True,
    )
    path = tmp_path / "tokens.toml"
    path.write_text(made.stdout)
    (token,) = read_tokens(path)
    assert (token.caller.name, token.caller.scope) == ('a "b"', Scope.ORACLE)
    assert token.sha256 == hashlib.sha256(made.stderr.strip().rpartition(" ")[2].encode()).digest()
