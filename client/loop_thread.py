"""An event loop in a thread of its own, for callers that have none."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

from .errors import DojoError, connection_closed

_T = TypeVar("_T")

_INTERRUPT_SECONDS = 20.0


class LoopThread:
    """Runs coroutines for any thread that asks, until `close`."""

    def __init__(self) -> None:
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live()), name="sqldojo-client", daemon=True
        )
        self._thread.start()
        self._loop, self._stop = self._ready.result()
        self._process = os.getpid()
        self._leaving: set[asyncio.Task[None]] = set()

    async def _live(self) -> None:
        stop = asyncio.Event()
        self._ready.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Runs a coroutine to its end and gives what it gives.

        When the caller is interrupted meanwhile (Ctrl-C), the coroutine is cancelled and its clean-up waited
        for. Raises DojoError when the loop was closed, RuntimeError where waiting would never end: in the
        loop's own thread, and in a process that was forked from the one that has the thread.
        """
        outcome: Future[_T] = Future()
        tasks: list[asyncio.Task[_T]] = []

        def start() -> None:
            if self._stop.is_set():  # what runs has been cancelled, and nothing is any more
                coroutine.close()
                outcome.set_exception(connection_closed())
                return
            task = self._loop.create_task(_contained(coroutine))
            tasks.append(task)
            task.add_done_callback(settle)

        def settle(task: asyncio.Task[_T]) -> None:
            coroutine.close()  # where the task was cancelled before it began
            _settle(outcome, task)

        try:
            self._check_caller()
            self._loop.call_soon_threadsafe(start)
        except RuntimeError as error:
            coroutine.close()
            raise (connection_closed() if self._loop.is_closed() else error) from None
        try:
            return outcome.result()
        except BaseException:
            if not outcome.done():
                self._loop.call_soon_threadsafe(lambda: tasks[0].cancel())
                wait((outcome,), _INTERRUPT_SECONDS)
            raise

    def _check_caller(self) -> None:
        if self.was_forked:
            raise RuntimeError("this connection is its parent process's: a forked process makes its own")
        if self._is_own_thread():
            raise RuntimeError(
                "a policy can't call the connection that plays it: the call would wait for itself; "
                "make another connection for it"
            )

    @property
    def was_forked(self) -> bool:
        """Says whether this process is a fork of the one that has the thread."""
        return os.getpid() != self._process

    def _is_own_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def iterate(self, generator: AsyncGenerator[_T, None]) -> Generator[_T, None, None]:
        """Gives a generator's items; leaving early closes the generator."""
        try:
            while True:
                try:
                    item = self.run(_next(generator))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            self._leave(generator)

    def _leave(self, generator: AsyncGenerator[_T, None]) -> None:
        """Closes a generator; without waiting in the loop's thread, where garbage may be collected too."""
        if self.was_forked or self._loop.is_closed():
            return
        if self._is_own_thread():
            leaving = self._loop.create_task(generator.aclose())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
            return
        with suppress(DojoError):  # the connection was closed, and with it what it played
            self.run(generator.aclose())

    def close(self) -> None:
        """Cancels what still runs and ends the thread. Closing it again, or in a fork, does nothing."""
        if self.was_forked:
            return
        with suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


async def _next(generator: AsyncGenerator[_T, None]) -> _T:
    return await anext(generator)


class _StopError(Exception):
    """What ends a program was raised; kept from the loop, which it would end, for its caller."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(reason)
        self.reason = reason


async def _contained(coroutine: Coroutine[Any, Any, _T]) -> _T:
    try:
        return await coroutine
    except (KeyboardInterrupt, SystemExit) as stop:
        raise _StopError(stop) from None


def _settle(outcome: Future[_T], task: asyncio.Task[_T]) -> None:
    if task.cancelled():  # by an interrupt of its caller, who waits for no result, or by `close`
        outcome.set_exception(connection_closed())
    elif (error := task.exception()) is not None:
        outcome.set_exception(error.reason if isinstance(error, _StopError) else error)
    else:
        outcome.set_result(task.result())
