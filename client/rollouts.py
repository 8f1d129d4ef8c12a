"""Many episodes at a time, over one stream or several."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import grpc

from sqldojo.v1.environment_pb2 import CloseSessionRequest, Command, CommandResult

from .channel import Channel
from .errors import DojoError, ErrorReason, error_of_command
from .frame_stream import MAX_COMMAND_BYTES, MAX_FRAME_SIZE, FrameStream, step_answer, step_command
from .policy import EpisodicPolicy, Policy
from .retry import BACKOFF, CLOSE_SECONDS, may_retry, wait_for
from .types import Action, Episode, EpisodeSpec, Observation, Outcome
from .wire import as_spec, first_observation, played_step, reset_request, step_request


@dataclass(slots=True, eq=False)
class _Player:
    """An episode that is being played. It has one command under way, or its policy is choosing one."""

    index: int
    spec: EpisodeSpec
    session_id: str
    policy: Policy
    command: Command
    action: Action | None = None  # what the command plays; None for the reset
    observation: Observation | None = None  # None until the reset is answered
    total_reward: float = 0.0
    waits: Iterator[float] | None = None  # set while the command is refused for a time
    later: asyncio.TimerHandle | None = None  # the command's next try
    choosing: asyncio.Task[Action | _Failed] | None = None

    def stop(self) -> None:
        """Ends what goes on for it on this side."""
        if self.later is not None:
            self.later.cancel()
        if self.choosing is not None:
            self.choosing.cancel()


class Rollouts:
    """Plays `episodes` with `policy`. `play` gives them as they end; `close` leaves no session behind."""

    def __init__(
        self,
        channel: Channel,
        episodes: Iterable[EpisodeSpec | str],
        policy: Policy,
        *,
        concurrency: int,
        frame_size: int,
        outstanding: int,
        streams: int,
    ) -> None:
        if concurrency < 1 or outstanding < 1 or streams < 1:
            counts = f"concurrency {concurrency}, outstanding {outstanding} and streams {streams}"
            raise ValueError(f"{counts} must be 1 or more")
        if not 1 <= frame_size <= MAX_FRAME_SIZE:
            raise ValueError(f"frame_size {frame_size} must be 1 to {MAX_FRAME_SIZE}")
        self._specs = enumerate(episodes)
        self._policy = policy
        self._concurrency = concurrency
        # Several smaller frames under way keep both sides busy; one large frame makes them take turns.
        self._streams = tuple(
            FrameStream(
                channel,
                self._on_result,
                frame_size=min(frame_size, -(-concurrency // (outstanding * streams))),
                outstanding=outstanding,
            )
            for _ in range(streams)
        )
        self._named: set[str] = set()  # the session ids that episodes came with
        self._players: dict[int, _Player] = {}  # by index, which is the correlation id too
        # The closes that were not answered yet, by their episode, and the waits when they are refused.
        self._closing: dict[int, tuple[Command, Iterator[float]]] = {}
        self._parked: deque[_Player] = deque()  # those that the service has no room for
        self._ended: deque[Episode] = deque()
        self._news = asyncio.Event()
        self._failure: BaseException | None = None
        self._running: asyncio.Task[None] | None = None
        self._closed: asyncio.Task[None] | None = None

    async def play(self) -> AsyncGenerator[Episode, None]:
        """Gives the episodes as they end. Raises DojoError when the server can't be reached any more."""
        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(lambda _: self._news.set())
        self._admit()
        while True:
            while self._ended:
                yield self._ended.popleft()
                self._admit()
            if self._failure is not None:
                raise self._failure
            if self._closed is not None:
                raise DojoError(
                    "the connection was closed before all episodes ended", grpc.StatusCode.CANCELLED
                )
            if self._running.done():
                self._running.result()
            if not self._players:
                return
            self._news.clear()
            await self._news.wait()

    async def close(self) -> None:
        """Closes all sessions, waiting for a few seconds at most. Closing again does nothing more."""
        if self._closed is None:
            self._closed = asyncio.create_task(self._close())
        await asyncio.shield(self._closed)

    async def _close(self) -> None:
        for stream in self._streams:
            stream.keep_waiting(lambda command: command.HasField("close"))
        choosing = [player.choosing for player in self._players.values() if player.choosing is not None]
        for player in self._players.values():
            player.stop()
            self._send_close(player)
        self._players.clear()
        self._parked.clear()
        self._news.set()
        self._finish_when_closed()
        if self._running is not None:
            await asyncio.wait((self._running, *choosing), timeout=CLOSE_SECONDS)
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        """Runs the streams until all are finished, or one can't be kept open. Raises DojoError."""
        running = [asyncio.create_task(stream.run()) for stream in self._streams]
        try:
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _send(self, command: Command) -> None:
        """Sends a command over its episode's stream, after those that the episode had before."""
        self._stream_of(command.correlation_id).send(command)

    def _stream_of(self, index: int) -> FrameStream:
        return self._streams[index % len(self._streams)]

    # Beginning

    def _admit(self) -> None:
        """Begins as many episodes as there is room for, here and on the service."""
        while self._has_room():
            try:
                index, episode = next(self._specs)
                spec = as_spec(episode)
            except StopIteration:
                self._specs = enumerate(())
                return
            except Exception as failure:  # of the caller's iterable: it ends the rollouts
                self._fail(failure)
                return
            self._begin(index, spec)

    def _has_room(self) -> bool:
        live = len(self._players)
        return (
            not self._parked
            and live < self._concurrency
            and live + len(self._ended) < 2 * self._concurrency
            and self._failure is None
            and self._closed is None
        )

    def _begin(self, index: int, spec: EpisodeSpec) -> None:
        session_id = spec.session_id or uuid.uuid4().hex
        try:
            if session_id in self._named:
                raise ValueError(f"session id {session_id!r} is another episode's")
            command = Command(correlation_id=index, reset=reset_request(spec, session_id))
            policy = self._policy
            if isinstance(policy, EpisodicPolicy):
                policy = policy.for_episode(spec.seed)
        except BaseException as error:
            if _ends_all(error):
                self._fail(error)
            else:
                self._ended.append(Episode(spec, index, (), None, 0.0, Outcome.RUNNING, _text(error)))
                self._news.set()
            return
        if spec.session_id:
            self._named.add(session_id)
        self._players[index] = _Player(index, spec, session_id, policy, command)
        self._send(command)

    # Playing

    def _on_result(self, result: CommandResult) -> None:
        index = result.correlation_id
        player = self._players.get(index)
        if player is not None:
            self._advance(player, result)
        elif index in self._closing:
            self._on_closed(index, result)
        self._admit()

    def _advance(self, player: _Player, result: CommandResult) -> None:
        if result.HasField("error"):
            self._refused(player, error_of_command(result.error))
            return
        player.waits = None
        try:
            self._see(player, result)
        except (ValueError, LookupError) as error:
            self._end(player, f"the answer could not be read: {_text(error)}")
            return
        assert player.observation is not None
        if player.observation.done:
            self._end(player)
        else:
            self._choose(player, player.observation)

    def _see(self, player: _Player, result: CommandResult) -> None:
        """Takes in what a command brought. Raises ValueError or LookupError for what it can't read."""
        if player.observation is None or player.action is None:
            player.observation = first_observation(result.reset.observation)
            return
        step = played_step(step_answer(result), player.action, player.observation)
        player.observation = player.observation.after(step)
        player.total_reward = step.total_reward

    def _choose(self, player: _Player, observation: Observation) -> None:
        try:
            choice = player.policy.select_action(observation)
        except BaseException as error:
            self._policy_failed(player, error)
            return
        if inspect.isawaitable(choice):
            player.choosing = asyncio.create_task(_chosen(choice))
            player.choosing.add_done_callback(partial(self._on_choice, player))
        else:
            self._act(player, choice)

    def _on_choice(self, player: _Player, choosing: asyncio.Task[Action | _Failed]) -> None:
        if player.index not in self._players:
            return
        player.choosing = None
        choice = _Failed(asyncio.CancelledError()) if choosing.cancelled() else choosing.result()
        if isinstance(choice, _Failed):
            self._policy_failed(player, choice.error)
        else:
            self._act(player, choice)
        self._admit()

    def _policy_failed(self, player: _Player, error: BaseException) -> None:
        if _ends_all(error):
            self._fail(error)
        else:
            self._end(player, f"the policy failed: {_text(error)}")

    def _fail(self, error: BaseException) -> None:
        """Has the consumer get an error; it closes the rollouts then."""
        self._failure = self._failure or error
        self._news.set()

    def _act(self, player: _Player, action: Action) -> None:
        assert player.observation is not None
        reviewed = player.spec.reviewed
        step_index = len(player.observation.history) + 1
        try:
            step = step_request(player.session_id, step_index, action, reviewed=reviewed)
        except TypeError as error:
            self._end(player, f"the policy failed: {_text(error)}")
            return
        command = step_command(step)
        command.correlation_id = player.index
        if command.ByteSize() > MAX_COMMAND_BYTES:
            self._end(
                player, f"the action has {command.ByteSize()} bytes; at most {MAX_COMMAND_BYTES} can be sent"
            )
            return
        player.action = action
        player.command = command
        self._send(command)

    # When a command is refused

    def _refused(self, player: _Player, error: DojoError) -> None:
        no_room = error.reason is ErrorReason.TOO_MANY_SESSIONS
        if no_room and self._some_will_close():
            self._parked.append(player)
            return
        if player.waits is None:
            player.waits = BACKOFF.waits()
        wait = next(player.waits, None) if may_retry(error) else None
        if wait is not None:
            player.later = asyncio.get_running_loop().call_later(
                wait_for(error, wait), self._send, player.command
            )
            return
        if no_room:  # nor will there be any for those who wait for it
            parked, self._parked = self._parked, deque()
            for other in parked:
                self._end(other, str(error))
        self._end(player, self._why(player, error))

    def _some_will_close(self) -> bool:
        return bool(self._closing) or any(player.observation is not None for player in self._players.values())

    def _why(self, player: _Player, error: DojoError) -> str:
        lost = error.reason is ErrorReason.UNKNOWN_SESSION and player.observation is not None
        if lost and self._stream_of(player.index).was_broken:
            return f"the session was lost while the connection was broken: {error}"
        return str(error)

    def _departed(self) -> None:
        """One of those that have or seek a place on the service is gone, so another may try."""
        if self._parked:
            self._send(self._parked.popleft().command)

    # Ending

    def _end(self, player: _Player, error: str = "") -> None:
        del self._players[player.index]
        player.stop()
        if player.observation is not None:
            self._send_close(player)
        else:
            self._departed()
        seen = player.observation
        self._ended.append(
            Episode(
                spec=player.spec,
                index=player.index,
                steps=() if seen is None else seen.history,
                observation=seen,
                total_reward=player.total_reward,
                outcome=Outcome.RUNNING if seen is None else seen.outcome,
                error=error,
            )
        )
        self._news.set()

    def _send_close(self, player: _Player) -> None:
        close = CloseSessionRequest(session_id=player.session_id)
        command = Command(correlation_id=player.index, close=close)
        self._closing[player.index] = command, BACKOFF.waits()
        self._send(command)

    def _on_closed(self, index: int, result: CommandResult) -> None:
        command, waits = self._closing[index]
        if not (result.HasField("close") or result.HasField("error")):
            return  # the answer to what was under way when the rollouts were left
        if result.HasField("error"):
            error = error_of_command(result.error)
            wait = next(waits, None) if may_retry(error) else None
            if wait is not None:
                asyncio.get_running_loop().call_later(wait_for(error, wait), self._send, command)
                return
        del self._closing[index]  # a session that could not be closed is one that is not there
        self._departed()
        self._finish_when_closed()

    def _finish_when_closed(self) -> None:
        if self._closed is not None and not self._closing:
            for stream in self._streams:
                stream.finish()


@dataclass(slots=True, frozen=True)
class _Failed:
    """What an `async` policy raised. As a task's own error, some would end the loop."""

    error: BaseException


async def _chosen(choice: Awaitable[Action]) -> Action | _Failed:
    try:
        return await choice
    except BaseException as error:
        return _Failed(error)


def _ends_all(error: BaseException) -> bool:
    """Says whether an error of a policy is none of its episode's alone: it is meant to end the program."""
    return not isinstance(error, Exception | asyncio.CancelledError)


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
