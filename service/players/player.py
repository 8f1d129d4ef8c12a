"""The process that plays: it takes calls from its server, and gives answers and records back.

It holds the sessions, their databases and all that a step needs; the journal is its server's. It can be
killed at any moment: what its server has not heard of was not done.
"""

from __future__ import annotations

import gc
import itertools
import logging
import os
import secrets
import socket
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from time import thread_time
from typing import Any
from zlib import crc32

from ..core.profiles import Profiles
from ..core.sql_reviewer import SqlReviewer
from ..sandbox.limits import Limits
from ..sandbox.pool import DatabasePool, set_process_heap_limit
from ..sessions.episodes import Episodes
from ..sessions.journal.records import Recorded, number_process
from ..sessions.played import Played
from ..sessions.plugged_reviewer import PluggedReviewer, load_reviewer
from ..sessions.refusal import Refusal
from ..sessions.store import SessionStore
from ..tasks.bank import TaskBank
from ..tasks.bank_file import BankContent
from . import link, wire
from .baselines import BASELINE, Baselines
from .environment import FRAME, STEPS, Environment, Frame, Tally
from .errors import internal
from .link import Board, Call, Counts, Slot, ThreadWatch
from .turns import Turns

SQLITE_HEAP_BYTES = 4 * 1024 * 1024 * 1024  # a backstop, far above what the sandbox's own limits allow
BUFFER_BYTES = 1024 * 1024  # read from the socket at once
SWITCH_SECONDS = 0.0001  # a step waits for the interpreter some 20 times: for its rows, while others hold it

NOTHING = Tally()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlayerConfig:
    """How players play; see ServerConfig. `players` is how many share the sessions."""

    bank: Path
    profiles: Profiles
    reviewer: str
    reviewer_seconds: float
    statement_deadline: float
    max_sessions: int
    caller_sessions: int
    idle_seconds: float
    result_bytes: int
    workers: int
    players: int
    is_shared: bool  # the journal is written by other servers too

    @property
    def threads(self) -> int:
        """How many threads carry calls out: half of them single calls, half of them frames."""
        return 2 * self.workers


def share_of(session_id: str, players: int) -> int:
    """Gives the player, 0 to `players` - 1, that a session is played by."""
    return crc32(session_id.encode("utf-8", "surrogatepass")) % players


def run(
    connection: socket.socket, board: Board, content: BankContent, config: PlayerConfig, own: int
) -> None:
    """Plays until the server closes the connection. `own` is this player's number."""
    number_process(own)
    set_process_heap_limit(SQLITE_HEAP_BYTES)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(50_000, 20, 20)  # steps make many objects and hardly any cycle
    player = Player(connection, board, content, config, own)
    player.send("hello", os.getpid())
    try:
        player.serve()
    except Exception:
        log.exception("player %d ends", own)
    os._exit(0)  # whatever its threads are at: nobody hears of it any more


class Player:
    """What a player process consists of."""

    def __init__(
        self, connection: socket.socket, board: Board, content: BankContent, config: PlayerConfig, own: int
    ) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._steps = 0
        self._refused: Counter[int] = Counter()
        self._watch = ThreadWatch()
        slots = [board.slot(number) for number in range(config.threads)]
        cores = max(1, len(os.sched_getaffinity(0)) // config.players)
        self._turns = Turns(slots, config.workers, cores, self._begin_thread)
        self._lanes = Lanes(self._turns)
        self._asking = Asking(self, self._turns)
        pool = DatabasePool(
            Limits(deadline_seconds=config.statement_deadline), config.result_bytes, self._watch
        )
        self._results = pool.results
        bank, reviewer = TaskBank(config.bank, content), SqlReviewer()
        journal = JournalMemory(self._asking, config.is_shared)
        self._sessions = _make_sessions(bank, reviewer, config, own, pool, journal, self._turns)
        self.environment = Environment(self._sessions)
        self.baselines = Baselines(bank, pool, reviewer)

    def _begin_thread(self, slot: Slot) -> None:
        slot.take()
        self._watch.slot = slot

    def send(self, *message: Any) -> None:
        """Sends a message; from any thread."""
        packed = link.pack(*message)
        with self._sending:
            self._connection.sendall(packed)

    def serve(self) -> None:
        """Reads messages until the server is gone."""
        with self._connection.makefile("rb", BUFFER_BYTES) as messages:
            while head := messages.read(link.HEAD.size):
                kind, *rest = link.unpack(messages.read(*link.HEAD.unpack(head)))
                self._take(kind, rest)

    def _take(self, kind: str, rest: list[Any]) -> None:
        match kind:
            case "call":
                job = _Job(self, Call(*rest))
                if job.call.lane:
                    self._lanes.add(job)
                else:
                    self._turns.add(job)
            case "cut":
                self._lanes.cut(*rest)
            case "told":
                self._asking.told(*rest)
            case "lost":
                numbers, refusal = rest
                self._sessions.lose(numbers, link.read_refusal(refusal))
                self.send("forgot", numbers)
            case "expire":
                self._expire()
            case _:
                raise ValueError(f"the server says {kind!r}")

    def is_cut(self, lane: int) -> bool:
        """Says whether nobody waits any more for the answers of a lane."""
        return self._lanes.is_cut(lane)

    def done(self, call: Call, answer: Any, played: Played | None, seconds: float, tally: Tally) -> None:
        """Sends a call's answer."""
        touched = played is not None and played.touched
        self._send_with_records("done", call.serial, answer, touched, seconds, tally=tally)
        if call.lane:
            self._lanes.done(call.lane)

    def _expire(self) -> None:
        played = self._sessions.begin("")
        expired = self._sessions.expire(played)
        if expired:
            log.info("%d idle sessions expired; %d live", expired, len(self._sessions))
            self._send_with_records("records")

    def _send_with_records(self, kind: str, *rest: Any, tally: Tally = NOTHING) -> None:
        """Sends a message that ends with counts and all that was played until now, in the order of play."""
        with self._sending:
            self._steps += tally.steps
            self._refused.update(tally.refused)
            counts = Counts(
                self._results.asked,
                self._results.found,
                self._steps,
                dict(self._refused),
                len(self._sessions),
            )
            records = link.plain_records(self._sessions.unwritten.take())
            self._connection.sendall(link.pack(kind, *rest, tuple(counts), records))


class _Job:
    """A call that is carried out in turns."""

    def __init__(self, player: Player, call: Call) -> None:
        self.call = call
        self.owner = call.owner
        self.is_frame = call.method == FRAME
        self.seconds = 0.0
        self._player = player
        self._played: Played | None = None
        self._frame: Frame | None = None

    def go_on(self, slot: Slot, must_yield: Callable[[], bool]) -> bool:
        """See Job."""
        began = thread_time()
        slot.at(self.call.serial, 0)
        try:
            answer = self._carry_out(slot, must_yield)
        except Refusal as refusal:
            answer = link.plain_refusal(refusal)
        except Exception:
            log.exception("a call of %s failed", self.call.method)
            answer = link.plain_refusal(internal())
        slot.rest()
        self.seconds += thread_time() - began
        if answer is None:
            return False
        self._player.done(self.call, answer, self._played, self.seconds, self._tally(answer))
        return True

    def read(self) -> None:
        """Reads a frame, before it is gone on with."""
        environment = self._player.environment
        self._played = environment.begin(self.call)
        self._frame = Frame(environment, self.call, self._played)
        self._frame.read()

    def _carry_out(self, slot: Slot, must_yield: Callable[[], bool]) -> Any:
        """Gives plain answers; None when there is more to do."""
        if self.call.method == BASELINE:
            return [(0, self._player.baselines.play(self.call))]
        if self._frame is None:
            environment = self._player.environment
            self._played = environment.begin(self.call)
            return [tuple(each) for each in environment.carry_out(self.call, self._played)]
        if not self._frame.go_on(slot, must_yield, lambda: self._player.is_cut(self.call.lane)):
            return None
        return [tuple(each) for each in self._frame.answers()]

    def _tally(self, answer: Any) -> Tally:
        if self._frame is not None:
            return self._frame.tally()
        return Tally(int(self.call.method in STEPS and not isinstance(answer, tuple)))


class _Reading:
    """The part of a frame that comes before its turn in its lane."""

    is_frame = False  # it comes before frames, so that what it waits for has come when its turn has

    def __init__(self, job: _Job, done: Callable[[_Job], None]) -> None:
        self.owner = job.owner
        self.seconds = 0.0
        self._job = job
        self._done = done

    def go_on(self, slot: Slot, _: Callable[[], bool]) -> bool:
        """See Job."""
        began = thread_time()
        slot.at(self._job.call.serial, link.MAX_COMMANDS)  # no command of it is under way
        self._job.read()
        slot.rest()
        self.seconds = thread_time() - began
        self._job.seconds += self.seconds
        self._done(self._job)
        return True


class _Ahead:
    """Work for calls to come, in bits; it is on nobody's account, and done only in spare time."""

    owner = ""
    is_frame = False  # it takes no frame's place
    seconds = 0.0

    def __init__(self, work: Iterator[None]) -> None:
        self._work = work

    def go_on(self, _: Slot, must_yield: Callable[[], bool]) -> bool:
        """See Job."""
        try:
            return not any(must_yield() for _ in self._work)
        except Exception:
            log.exception("what calls may ask for could not be worked out")
            return True


class Lanes:
    """Frames in lanes: those of one lane are carried out in order, one at a time. For any thread."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._lock = threading.Lock()
        self._frames: dict[int, deque[_Job]] = {}  # by lane, the one whose turn it is first
        self._read: set[_Job] = set()  # that wait for their turn
        self._cut: set[int] = set()

    def add(self, job: _Job) -> None:
        """Adds a frame at the end of its lane."""
        with self._lock:
            self._frames.setdefault(job.call.lane, deque()).append(job)
        self._turns.add(_Reading(job, self._has_read))

    def _has_read(self, job: _Job) -> None:
        with self._lock:
            if self._frames[job.call.lane][0] is not job:
                self._read.add(job)
                return
        self._turns.add(job)

    def cut(self, lane: int) -> None:
        """Nobody waits for the answers of a lane any more; no call of it comes after this."""
        with self._lock:
            if lane in self._frames:
                self._cut.add(lane)

    def is_cut(self, lane: int) -> bool:
        """Says whether nobody waits any more."""
        return lane in self._cut

    def done(self, lane: int) -> None:
        """A frame has been carried out: the next one of its lane waits for its turn."""
        with self._lock:
            frames = self._frames[lane]
            frames.popleft()
            if not frames:
                del self._frames[lane]
                self._cut.discard(lane)
                return
            following = frames[0]
            if following not in self._read:
                return
            self._read.remove(following)
        self._turns.add(following)


class Asking:
    """Asks the server about the journal, from worker threads."""

    def __init__(self, player: Player, turns: Turns) -> None:
        self._player = player
        self._turns = turns
        self._requests = itertools.count(1)
        self._answers: dict[int, SimpleQueue[Any]] = {}

    def ask(self, question: str, argument: Any) -> Any:
        """Asks, and waits for the answer. Raises Refusal when the journal cannot be read."""
        request, answer = next(self._requests), SimpleQueue[Any]()
        self._answers[request] = answer
        with self._turns.away():
            self._player.send("ask", request, question, argument)
            is_refused, value = answer.get()
        if is_refused:
            raise link.read_refusal(value)
        return value

    def told(self, request: int, answer: tuple[bool, Any]) -> None:
        """Hands an answer to who waits for it."""
        self._answers.pop(request).put(answer)


class JournalMemory:
    """A session store's memory: the server's journal."""

    def __init__(self, asking: Asking, is_shared: bool) -> None:
        self._asking = asking
        self.is_shared = is_shared

    def find(self, session_ids: Sequence[str]) -> dict[str, Recorded]:
        """Gives the newest episode, with its steps, of each session that is known."""
        found = self._asking.ask("find", list(session_ids))
        return {session_id: link.read_recorded(plain) for session_id, plain in found.items()}

    def head(self, session_id: str) -> tuple[int, int, int] | None:
        """Gives the newest episode's id, status and number of steps."""
        found: tuple[int, int, int] | None = self._asking.ask("head", session_id)
        return found


def _make_sessions(
    bank: TaskBank,
    reviewer: SqlReviewer,
    config: PlayerConfig,
    own: int,
    pool: DatabasePool,
    memory: JournalMemory,
    turns: Turns,
) -> SessionStore:
    gate = None
    if config.reviewer:
        other = load_reviewer(config.reviewer)
        gate = PluggedReviewer(reviewer, other, config.reviewer_seconds, turns.away)

    def later(work: Iterator[None]) -> None:
        turns.add_spare(_Ahead(work))

    def make_id() -> str:
        while share_of(made := secrets.token_urlsafe(16), config.players) != own:
            pass
        return made

    return SessionStore(
        Episodes(bank, pool, reviewer, config.profiles, wire.ENCODING, gate, later),
        memory,
        max_sessions=-(-config.max_sessions // config.players),
        owner_sessions=-(-config.caller_sessions // config.players),
        idle_seconds=config.idle_seconds,
        make_id=make_id,
    )
