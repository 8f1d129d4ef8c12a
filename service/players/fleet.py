"""The server's side of its players: starting them, giving them calls, and replacing one that fails.

Each session is played by one player, which its id tells. What players did goes to the journal in the order in
which it comes; an answer goes out once that is written.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any

from sqldojo.v1 import environment_pb2 as pb

from ..core.execution import ErrorKind
from ..sessions.journal.committer import Committer, Writable
from ..sessions.journal.journal import JournalUnavailable
from ..sessions.refusal import Reason, Refusal
from . import link, nursery, rules
from .environment import FRAME, Answer, encode_failed, is_frame_error
from .link import Board, Call, Cuts, Running
from .player import PlayerConfig, share_of

FORGET_SECONDS = 60.0  # after a player has ended, or has forgotten a lost session
LOOK_SECONDS = 0.05  # between two looks at what players are at
LATE_TICKS = 8  # of the processor's 100 in a second, that a statement has had since it was seen late
GRACE_LOOKS = 20  # at a late statement whose thread may be waiting for the processor
START_SECONDS = 60.0
EPOCH_BITS = 40  # for the numbers of the sessions of one player process
DEATHS = 2  # of players while a command ran, after which it is not run again

log = logging.getLogger(__name__)


class PlayerError(Exception):
    """Players cannot be started."""


@dataclass(slots=True)
class _Flying:
    """A call that is not answered yet."""

    call: Call
    done: asyncio.Future[_Done]
    deaths: dict[int, int] = field(default_factory=dict)  # of players, by the command that was running


@dataclass(frozen=True, slots=True)
class _Done:
    """What a call brought: answers with their sessions' keys, to be sent when `written` is done."""

    answers: list[Answer]
    written: asyncio.Future[None] | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What all players of a server have done, those that were replaced included; see link.Counts.

    `frames` came, `replaced` players have ended, and `sessions` are in the memory of those that play now.
    """

    lookups: int
    hits: int
    steps: int
    frames: int
    refused: Counter[Reason]
    sessions: int
    replaced: int


class Fleet:
    """The players of a server. For one event loop."""

    def __init__(
        self,
        config: PlayerConfig,
        journal: Writable,
        memory_bytes: int,
        charge: Callable[[str, float], None],
    ) -> None:
        self._config = config
        self._journal = journal
        self._memory_bytes = memory_bytes
        self._charge = charge
        self._nursery = _Nursery(config)
        self._committer = Committer(journal, self._lose)
        self._counts: dict[int, link.Counts] = {}  # by epoch
        self._lost: Counter[Reason] = Counter()  # commands of frames whose sessions were lost
        self._frames = 0
        self._replaced = 0
        self._serials = itertools.count(1)
        self._lanes = itertools.count(1)
        self._epochs = itertools.count(1)
        self._turn = itertools.cycle(range(config.players))
        self._seats = [_Seat(own) for own in range(config.players)]
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        config: PlayerConfig,
        journal: Writable,
        memory_bytes: int,
        charge: Callable[[str, float], None],
    ) -> AsyncIterator[Fleet]:
        """Runs players for as long as the block takes; at its end all that was played is in the journal.

        `memory_bytes` is what one may have. `charge` is told how many seconds of the processor's time each
        call of an owner took. Raises PlayerError when they do not start.
        """
        fleet = cls(config, journal, memory_bytes, charge)
        try:
            await asyncio.gather(*map(fleet._seat, fleet._seats))
            fleet._spawn(fleet._look_after())
            yield fleet
            await asyncio.shield(fleet._committer.commit())
        finally:
            for task in fleet._tasks:
                task.cancel()
            for seat in fleet._seats:
                seat.leave()
            await asyncio.to_thread(fleet._nursery.close)

    def open_lane(self) -> int:
        """Gives a lane for a stream's frames: they are carried out in order."""
        return next(self._lanes)

    def cut_lane(self, lane: int) -> None:
        """Nobody waits for a lane's answers any more; what is left of its frames may be left alone."""
        for seat in self._seats:
            seat.cut(lane)

    async def call(self, method: str, data: bytes, session_id: str, owner: str, sees_all: bool) -> bytes:
        """Has one request carried out; gives its encoded answer. Raises Refusal."""
        flying = self._give(self._seat_of(session_id), 0, method, data, owner, sees_all, None)
        done = await flying.done
        await _written(done)
        (answer,) = done.answers
        if (why := self._committer.lost.get(answer.session)) is not None:
            raise why
        return answer.encoded

    def frame(self, data: bytes, lane: int, owner: str, sees_all: bool) -> Awaitable[bytes]:
        """Has a frame carried out after those that its lane has had before; gives its encoded answer."""
        self._frames += 1
        parts = self._split(data)
        flying = [
            self._give(self._seats[own], lane, FRAME, part, owner, sees_all, places)
            for own, part, places in parts
        ]
        if len(flying) == 1:
            return self._finish(flying[0])
        return self._join(flying)

    def expire(self) -> None:
        """Has the players end the sessions that were idle for too long."""
        for seat in self._seats:
            seat.send("expire")

    @property
    def counts(self) -> Counts:
        """What was done until now. From any thread."""
        players = list(self._counts.values())
        refused = Counter(self._lost)
        for each in players:
            refused.update({Reason(number): count for number, count in each.refused.items()})
        return Counts(
            lookups=sum(each.lookups for each in players),
            hits=sum(each.hits for each in players),
            steps=sum(each.steps for each in players),
            frames=self._frames,
            refused=refused,
            sessions=sum(each.sessions for each in players),
            replaced=self._replaced,
        )

    @property
    def pids(self) -> list[int]:
        """The process ids of the players, by number; 0 for one that is being replaced."""
        return [seat.pid for seat in self._seats]

    # ---- calls ----

    def _give(
        self,
        seat: _Seat,
        lane: int,
        method: str,
        data: bytes,
        owner: str,
        sees_all: bool,
        places: list[int] | None,
    ) -> _Flying:
        call = Call(next(self._serials), lane, method, data, owner, sees_all, places, {})
        flying = _Flying(call, asyncio.get_running_loop().create_future())
        seat.flying[call.serial] = flying
        seat.send("call", *call)
        return flying

    async def _finish(self, flying: _Flying) -> bytes:
        done = await flying.done
        await _written(done)
        return self._encode(done.answers)

    async def _join(self, parts: list[_Flying]) -> bytes:
        placed: list[tuple[int, Answer]] = []
        for flying in parts:
            done = await flying.done
            await _written(done)
            if len(done.answers) == 1 and is_frame_error(done.answers[0]):
                return done.answers[0].encoded  # steps that others have played are answered again
            assert flying.call.places is not None
            placed += zip(flying.call.places, done.answers, strict=False)
        return self._encode([answer for _, answer in sorted(placed, key=lambda each: each[0])])

    def _encode(self, answers: Sequence[Answer]) -> bytes:
        lost = self._committer.lost
        if not lost:
            return b"".join([answer.encoded for answer in answers])
        self._lost.update(lost[answer.session].reason for answer in answers if answer.session in lost)
        return b"".join(
            _failed(answer, place, lost[answer.session]) if answer.session in lost else answer.encoded
            for place, answer in enumerate(answers)
        )

    def _seat_of(self, session_id: str) -> _Seat:
        own = share_of(session_id, len(self._seats)) if session_id else next(self._turn)
        return self._seats[own]

    def _split(self, data: bytes) -> list[tuple[int, bytes, list[int] | None]]:
        """Takes a frame apart by player: the player, its commands, and where they stood.

        What is no frame goes to one of them, which says so.
        """
        if len(self._seats) == 1:
            return [(0, data, None)]
        try:
            commands = rules.decode_frame(data).commands
        except Refusal:
            return [(0, data, None)]
        parts: dict[int, tuple[list[pb.Command], list[int]]] = {}
        for place, command in enumerate(commands):
            kind = command.WhichOneof("kind")
            session_id = getattr(command, kind).session_id if kind else ""
            own = share_of(session_id, len(self._seats)) if session_id else next(self._turn)
            part, places = parts.setdefault(own, ([], []))
            part.append(command)
            places.append(place)
        if len(parts) == 1:
            return [(own, data, None) for own in parts]
        return [
            (own, pb.RolloutRequest(commands=part).SerializeToString(), places)
            for own, (part, places) in parts.items()
        ]

    # ---- what players say ----

    def _take(self, seat: _Seat, epoch: int, message: tuple[Any, ...]) -> None:
        match message:
            case ("done", serial, answer, touched, seconds, counts, plain):
                self._add(epoch, plain)
                flying = seat.flying.pop(serial)
                self._charge(flying.call.owner, seconds)
                self._counts[epoch] = link.Counts(*counts)
                if flying.done.done():  # nobody waits: the call was cut
                    self._committer.commit()
                elif isinstance(answer, tuple):
                    self._committer.commit()
                    flying.done.set_exception(link.read_refusal(answer))
                else:
                    answers = [Answer(_key(epoch, number), encoded) for number, encoded in answer]
                    flying.done.set_result(
                        _Done(answers, self._committer.commit() if touched or plain else None)
                    )
            case ("records", counts, plain):
                self._add(epoch, plain)
                self._counts[epoch] = link.Counts(*counts)
                self._committer.commit()
            case ("ask", request, question, argument):
                self._spawn(self._tell(seat, epoch, request, question, argument))
            case ("forgot", numbers):
                self._forget([_key(epoch, number) for number in numbers])
            case ("hello", pid):
                seat.pid = pid
                seat.pidfd = os.pidfd_open(pid)
                seat.arrived.set()
            case _:
                log.error("player %d says %r", seat.own, message[:1])

    def _add(self, epoch: int, plain: Any) -> None:
        self._committer.add((_key(epoch, number), record) for number, record in link.read_records(plain))

    async def _tell(self, seat: _Seat, epoch: int, request: int, question: str, argument: Any) -> None:
        """Answers a question about the journal, with all that was played until now in it."""
        try:
            await asyncio.shield(self._committer.commit())
            answer: tuple[bool, Any]
            if question == "find":
                found = await self._journal.find(argument)
                answer = False, {each: link.plain_recorded(recorded) for each, recorded in found.items()}
            else:
                answer = False, await self._journal.head(argument)
        except JournalUnavailable as error:
            answer = True, link.plain_refusal(_unreadable(error))
        if seat.epoch == epoch:
            seat.send("told", request, answer)

    def _lose(self, keys: list[int], why: Refusal) -> None:
        for seat in self._seats:
            numbers = [key & ((1 << EPOCH_BITS) - 1) for key in keys if key >> EPOCH_BITS == seat.epoch]
            if numbers:
                seat.send("lost", numbers, link.plain_refusal(why))

    def _forget(self, keys: list[int]) -> None:
        """Forgets lost sessions of which nothing more comes, once none of their answers can be on its way."""
        asyncio.get_running_loop().call_later(FORGET_SECONDS, self._committer.forget, keys)

    # ---- players ----

    async def _seat(self, seat: _Seat) -> None:
        """Has a new player take a seat, and carry out what is to be done there."""
        loop = asyncio.get_running_loop()
        here, board = self._nursery.fork(seat.own)
        seat.epoch, seat.board, seat.arrived = next(self._epochs), board, asyncio.Event()
        epoch = seat.epoch
        seat.transport, _ = await loop.create_unix_connection(
            lambda: _Reader(
                lambda message: self._take(seat, epoch, message),
                lambda: self._spawn(self._replace(seat, epoch)),
            ),
            sock=here,
        )
        try:
            await asyncio.wait_for(seat.arrived.wait(), START_SECONDS)
        except TimeoutError:
            raise PlayerError(f"player {seat.own} did not start; its log says why") from None
        if not seat.pid:  # its socket was closed: the process that it was to be forked from has ended
            raise PlayerError(f"player {seat.own} ended before it could play; its log says why")
        seat.is_ready = True
        for flying in list(seat.flying.values()):  # in the order of their serials
            seat.send("call", *flying.call)

    async def _replace(self, seat: _Seat, epoch: int) -> None:
        """Seats a new player where one has ended, whatever the reason."""
        if seat.epoch != epoch or not seat.is_ready:
            seat.arrived.set()
            return
        pid, why = seat.pid, "; ".join(message for _, message in seat.condemned.values()) or "by itself"
        self._judge(seat)
        seat.leave()
        self._replaced += 1
        if epoch in self._counts:
            self._counts[epoch] = self._counts[epoch]._replace(sessions=0)
        log.error(
            "player %d (pid %d) has ended (%s); another one takes over, with %d calls under way",
            seat.own, pid, why, len(seat.flying),
        )  # fmt: skip
        await asyncio.shield(self._committer.commit())  # its sessions come back from the journal
        self._forget([key for key in self._committer.lost if key >> EPOCH_BITS == epoch])
        wait = 0.1
        while True:
            try:
                await self._seat(seat)
            except (OSError, PlayerError) as error:
                log.error("player %d cannot be replaced yet: %s", seat.own, error)
                await asyncio.sleep(wait)
                wait = min(2 * wait, 5.0)
            else:
                log.info("player %d has been replaced (pid %d)", seat.own, seat.pid)
                return

    def _judge(self, seat: _Seat) -> None:
        """Sees to it that what brought a player down does not bring down the next."""
        assert seat.board is not None
        for running in seat.board.running():
            flying = seat.flying.get(running.serial)
            if flying is None:
                continue
            cut = seat.condemned.get((running.serial, running.place))
            flying.deaths[running.place] = flying.deaths.get(running.place, 0) + 1
            if cut is None and flying.deaths[running.place] >= DEATHS:
                cut = int(ErrorKind.LIMIT), "the process that ran the statement broke down, twice"
            if cut is not None:
                cuts: Cuts = {**flying.call.cuts, running.place: cut}
                flying.call = flying.call._replace(cuts=cuts)
        seat.condemned.clear()

    async def _look_after(self) -> None:
        """Ends a player that is stuck or takes too much memory, for as long as the server runs."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for seat in self._seats:
                if seat.is_ready and not seat.condemned:
                    self._look_at(seat)

    def _look_at(self, seat: _Seat) -> None:
        assert seat.board is not None
        running = seat.board.running()
        now = monotonic()
        late, stuck = {}, []
        for each in running:
            if each.due < now:
                ticks = _ticks(seat.pid, each.thread)
                first, looks = seat.late.get(each, (ticks, 0))
                late[each] = first, looks + 1
                if ticks - first >= LATE_TICKS or looks >= GRACE_LOOKS:
                    stuck.append(each)
        seat.late = late
        if stuck:
            seconds = f"{self._config.statement_deadline:g}"
            self._condemn(seat, stuck, ErrorKind.TIMEOUT, f"the statement took longer than {seconds} seconds")
            return
        statements = [each for each in running if each.due < inf]
        if statements and _resident_bytes(seat.pid) > self._memory_bytes:
            # This process may have had to wait before the memory was read, and another statement begun.
            still = seat.board.running()
            statements = [each for each in statements if each in still]
            if not statements:
                return
            longest = min(statements, key=lambda each: each.since)
            megabytes = self._memory_bytes >> 20
            self._condemn(
                seat, [longest], ErrorKind.LIMIT, f"the statement takes more memory than the {megabytes:,} MB"
                " that its process may have",
            )  # fmt: skip

    def _condemn(self, seat: _Seat, running: list[Running], kind: ErrorKind, message: str) -> None:
        seat.condemned = {(each.serial, each.place): (int(kind), message) for each in running}
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(seat.pidfd, signal.SIGKILL)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Seat:
    """A player's place: the calls that are under way there, and the process that carries them out."""

    def __init__(self, own: int) -> None:
        self.own = own
        self.epoch = 0  # tells the processes apart that have sat here
        self.pid = 0
        self.pidfd = -1
        self.board: Board | None = None
        self.late: dict[Running, tuple[int, int]] = {}  # their threads' ticks at first, and how many looks
        self.transport: asyncio.WriteTransport | None = None
        self.arrived = asyncio.Event()
        self.is_ready = False
        self.flying: dict[int, _Flying] = {}
        self.condemned: dict[tuple[int, int], tuple[int, str]] = {}  # by serial and place

    def send(self, *message: Any) -> None:
        """Sends a message, if there is a player; calls are sent again to the next one."""
        if self.is_ready and self.transport is not None:
            self.transport.write(link.pack(*message))

    def cut(self, lane: int) -> None:
        """Nobody waits for a lane's answers any more."""
        if self.is_ready:
            self.send("cut", lane)
            return
        for serial in [serial for serial, flying in self.flying.items() if flying.call.lane == lane]:
            del self.flying[serial]

    def leave(self) -> None:
        """The player has ended, or is to end."""
        self.is_ready = False
        if self.transport is not None:
            self.transport.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
        self.pid, self.pidfd = 0, -1


class _Reader(asyncio.Protocol):
    """Puts messages together from what comes over a player's socket."""

    def __init__(self, take: Callable[[tuple[Any, ...]], None], ended: Callable[[], None]) -> None:
        self._take = take
        self._ended = ended
        self._buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        """Takes what came; a message that is not whole waits for more."""
        buffer = self._buffer
        buffer += data
        start, head = 0, link.HEAD.size
        with memoryview(buffer) as view:
            while len(view) - start >= head:
                (size,) = link.HEAD.unpack_from(view, start)
                if len(view) - start - head < size:
                    break
                message = link.unpack(view[start + head : start + head + size])
                start += head + size
                self._take(message)
        del buffer[:start]

    def connection_lost(self, _: Exception | None) -> None:
        """The player has ended."""
        self._ended()


class _Nursery:
    """The process that players are forked from; it is started again should it end."""

    def __init__(self, config: PlayerConfig) -> None:
        self._config = config
        self._start()

    def fork(self, own: int) -> tuple[socket.socket, Board]:
        """Begins player `own`; gives this end of its connection, and its board."""
        here, there = socket.socketpair()
        descriptor = Board.make(self._config.threads)
        try:
            try:
                nursery.request_player(self._control, there, descriptor, own)
            except BrokenPipeError:
                self.close()
                self._start()
                nursery.request_player(self._control, there, descriptor, own)
            return here, Board(descriptor, self._config.threads)
        finally:
            there.close()
            os.close(descriptor)

    def close(self) -> None:
        """Ends it."""
        self._control.close()
        self._process.wait()

    def _start(self) -> None:
        self._control, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, a module of ours
                [sys.executable, "-m", nursery.__name__, str(there.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
            )
        nursery.send_config(self._control, self._config, logging.getLogger().getEffectiveLevel())


async def _written(done: _Done) -> None:
    if done.written is not None:
        await asyncio.shield(done.written)  # the journal goes on when a call is cut


def _key(epoch: int, number: int) -> int:
    """Tells a session from those of all players, before and now; 0 is none."""
    return number and epoch << EPOCH_BITS | number


def _failed(answer: Answer, place: int, why: Refusal) -> bytes:
    """Gives what takes the place of an answer whose session was lost."""
    (result,) = pb.RolloutResponse.FromString(answer.encoded).results
    return encode_failed(result.correlation_id, why, f"commands[{place}]")


def _unreadable(error: Exception) -> Refusal:
    return Refusal(
        Reason.JOURNAL_UNAVAILABLE,
        f"the journal cannot be read, so nothing was done: {error}",
        hint="Send it again a little later.",
        retry_after_seconds=0.5,
    )


def _ticks(pid: int, thread: int) -> int:
    """Gives a thread's time of the processor, in hundredths of a second; 0 when it has just ended."""
    try:
        with open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
            return int(fields[11]) + int(fields[12])
    except (OSError, IndexError):
        return 0


def _resident_bytes(pid: int) -> int:
    """Gives the memory that a process holds, shared pages included; 0 when it has just ended."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
