"""Hostile statements over the wire: others are answered meanwhile, and only what sticks costs a player."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle

import grpc
import pytest
from messages import query
from servers import Server, players_of, serving

from sqldojo.v1 import environment_pb2 as pb
from sqldojo.v1 import observation_pb2
from sqldojo.v1.environment_pb2_grpc import EnvironmentServiceStub

from .cases import Case
from .corpus import CORPUS

READING = "explore/retail_shop/unrated-suppliers"
WRITING = "repair/retail_shop/double-reviews"  # a task in which review may be written
MEMORY_MB = 1024
FRAME = 24  # statements
STEPS = 90  # of an episode, which may have 100


@pytest.fixture(scope="module")
def hardened() -> Iterator[Server]:
    """A server with one player, short deadlines and little memory."""
    options = ("--players", "1", "--player-memory", str(MEMORY_MB), "--statement-deadline", "0.15")
    with serving(*options) as server:
        yield server


@pytest.fixture(scope="module")
def stub(hardened: Server) -> Iterator[EnvironmentServiceStub]:
    with grpc.insecure_channel(hardened.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield EnvironmentServiceStub(channel)


class Bystander:
    """A session that goes on with its own light statements."""

    def __init__(self, stub: EnvironmentServiceStub, name: str) -> None:
        self._stub = stub
        self._name = name
        self._numbers = count()
        self._step = STEPS

    def ask(self) -> None:
        """Plays one step, and sees that its answer is right."""
        number = next(self._numbers)
        if self._step == STEPS:
            self._step = 0
            self._stub.Reset(pb.ResetRequest(task_id=READING, session_id=self._name, budget=100))
        self._step += 1
        action = query(f"SELECT count(*) + {number} FROM supplier")
        step = pb.StepRequest(session_id=self._name, step_index=self._step, action=action)
        assert self._stub.Step(step).observation.result.cells == [str(22 + number)]


def play(stub: EnvironmentServiceStub, task: str, name: str, cases: Sequence[Case]) -> list[str]:
    """Plays statements as the steps of one session in frames, a bystander's between; gives their outcomes."""
    stub.Reset(pb.ResetRequest(task_id=task, session_id=name, budget=100))
    bystander = Bystander(stub, f"{name}-bystander")
    outcomes = []
    for start in range(0, len(cases), FRAME):
        steps = [
            pb.StepRequest(session_id=name, step_index=index, action=query(case.sql))
            for index, case in enumerate(cases[start : start + FRAME], start + 1)
        ]
        frame = pb.RolloutRequest(commands=[pb.Command(step=step) for step in steps])
        replies = stub.Rollout(iter([frame]))
        bystander.ask()
        for result in next(replies).results:
            assert result.WhichOneof("kind") == "step", result
            observation = result.step.observation
            outcomes.append(outcome_of(observation))
        bystander.ask()
    return outcomes


def outcome_of(observation: observation_pb2.Observation) -> str:
    """Gives ROWS, or the name of the error's kind."""
    if not observation.HasField("error"):
        return "ROWS"
    return observation_pb2.ErrorKind.Name(observation.error.kind).removeprefix("ERROR_KIND_")


def sessions(writing: bool) -> Iterator[list[Case]]:
    """Puts the corpus into sessions; what may change what others see has one of its own.

    Half a letter does not go over the wire.
    """
    shared: list[Case] = []
    for kind, cases in CORPUS.items():
        for case in cases:
            if case.sticks or re.search(
                "[\ud800-\udfff]", case.sql
            ):  # half a letter does not go over the wire
                continue
            if writing and kind == "permitted writes":
                yield [case]
            else:
                shared.append(case)
    for start in range(0, len(shared), STEPS):
        yield shared[start : start + STEPS]


def test_others_are_answered_and_no_player_ends(hardened: Server, stub: EnvironmentServiceStub) -> None:
    for again in range(3):  # on a busy machine any statement is late, and then its player may have to end
        before = players_of(hardened.process.pid)
        with ThreadPoolExecutor() as threads:
            found = [threads.submit(_play_all, stub, task, again) for task in (READING, WRITING)]
            wrong = [each for future in found for each in future.result()]
        assert not wrong, "\n".join(wrong)
        if players_of(hardened.process.pid) == before:
            break
    assert players_of(hardened.process.pid) == before
    assert peak_bytes(before[0]) < MEMORY_MB << 20


def _play_all(stub: EnvironmentServiceStub, task: str, again: int) -> list[str]:
    """Plays the corpus in sessions of one task; gives what was wrong."""
    wrong = []
    for number, cases in enumerate(sessions(task == WRITING)):
        name = f"{again}-{number}-of-{task.replace('/', '.')}"
        outcomes = play(stub, task, name, cases)
        for place, (case, outcome) in enumerate(zip(cases, outcomes, strict=True)):
            expected = case.writing if task == WRITING else case.reading
            for attempt in range(5):  # on a busy machine any statement is late
                if outcome != "TIMEOUT" or outcome in expected:
                    break
                (outcome,) = play(stub, task, f"{name}-{place}-{attempt}", [case])
            if outcome not in expected:
                wrong.append(f"{outcome}, not {sorted(expected)}, for {case.sql[:200]!r}")
    return wrong


def test_what_sticks_ends_with_its_player_and_the_session_goes_on(
    hardened: Server, stub: EnvironmentServiceStub
) -> None:
    stuck = [case for kind in CORPUS.values() for case in kind if case.sticks]
    for number, (case, task) in enumerate(zip(stuck, cycle((READING, WRITING)), strict=False)):
        (player,) = players_of(hardened.process.pid)
        name = f"stuck-{number}"
        stub.Reset(pb.ResetRequest(task_id=task, session_id=name))
        step = pb.StepRequest(session_id=name, step_index=1, action=query(case.sql))
        waiting = stub.Step.future(step)
        peak = 0
        while not waiting.done():
            peak = max(peak, peak_bytes(player))
        assert outcome_of(waiting.result().observation) in case.reading
        assert players_of(hardened.process.pid) != [player]
        assert peak < MEMORY_MB << 20
        after = stub.Step(pb.StepRequest(session_id=name, step_index=2, action=query("SELECT 7")))
        assert after.observation.result.cells == ["7"]


def peak_bytes(pid: int) -> int:
    """Gives the most memory that a process has ever held; 0 once it has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0
