"""An event loop in a thread of its own, for callers that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

_T = TypeVar("_T")

_INTERRUPT_SECONDS = 20.0
_CLOSED = "this connection to sqldojo was closed"


class LoopThread:
    """Runs coroutines for any thread that asks, until `close`."""

    def __init__(self) -> None:
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live()), name="sqldojo-client", daemon=True
        )
        self._thread.start()
        self._loop, self._stop = self._ready.result()

    async def _live(self) -> None:
        stop = asyncio.Event()
        self._ready.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Runs a coroutine to its end and gives what it gives.

        When the caller is interrupted meanwhile (Ctrl-C), the coroutine is cancelled and its clean-up waited
        for. Raises RuntimeError when the loop was closed.
        """
        outcome: Future[_T] = Future()
        tasks: list[asyncio.Task[_T]] = []

        def start() -> None:
            task = self._loop.create_task(coroutine)
            tasks.append(task)
            task.add_done_callback(lambda task: _settle(outcome, task))

        try:
            self._loop.call_soon_threadsafe(start)
        except RuntimeError:
            coroutine.close()
            raise RuntimeError(_CLOSED) from None
        try:
            return outcome.result()
        except BaseException:
            if not outcome.done():
                self._loop.call_soon_threadsafe(lambda: tasks[0].cancel())
                wait((outcome,), _INTERRUPT_SECONDS)
            raise

    def iterate(self, generator: AsyncGenerator[_T, None]) -> Iterator[_T]:
        """Gives a generator's items; leaving early closes the generator."""
        try:
            while True:
                try:
                    item = self.run(_next(generator))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            self.run(generator.aclose())

    def close(self) -> None:
        """Cancels what still runs and ends the thread. Closing it again does nothing."""
        with suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


async def _next(generator: AsyncGenerator[_T, None]) -> _T:
    return await anext(generator)


def _settle(outcome: Future[_T], task: asyncio.Task[_T]) -> None:
    if task.cancelled():  # by an interrupt of its caller, who waits for no result, or by `close`
        outcome.set_exception(RuntimeError(_CLOSED))
    elif (error := task.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())
