"""A TCP relay that breaks connections off after some bytes, in the middle of whatever they carry."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator


class CuttingProxy:
    """Relays to a port of this machine. `cuts` counts the connections that were broken off."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.cuts = 0
        self._far_port = port
        self._limit: Callable[[], int | None] = lambda: None
        self._conversations: set[asyncio.Task[None]] = set()
        self._allowances: set[_Allowance] = set()

    def cut_after(self, limit: Callable[[], int | None]) -> None:
        """Asks `limit` for each connection, after how many more bytes, of both ways, it breaks off."""
        self._limit = limit
        for allowance in tuple(self._allowances):
            allowance.left = limit()

    @contextlib.contextmanager
    def running(self) -> Iterator[CuttingProxy]:
        """Relays on a thread of its own; `port` is where it listens."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            self.port = asyncio.run_coroutine_threadsafe(self._listen(), loop).result()
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._server.close()
        for task in self._conversations:
            task.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
            ends.append(far_writer)
            allowance = _Allowance(self._limit())
            self._allowances.add(allowance)
            ways = [
                asyncio.ensure_future(_pump(reader, far_writer, allowance)),
                asyncio.ensure_future(_pump(far_reader, writer, allowance)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            self._allowances.discard(allowance)
            self.cuts += allowance.is_used_up
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass  # the far end is not there
        finally:
            self._conversations.discard(task)
            for end in ends:
                end.transport.abort()


class _Allowance:
    """How many bytes a connection may still carry; None: any number."""

    def __init__(self, left: int | None) -> None:
        self.left = left

    @property
    def is_used_up(self) -> bool:
        return self.left == 0

    def take(self, data: bytes) -> bytes:
        if self.left is None:
            return data
        taken = data[: self.left]
        self.left -= len(taken)
        return taken


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowance: _Allowance) -> None:
    while not allowance.is_used_up and (data := await reader.read(65536)):
        writer.write(allowance.take(data))
        await writer.drain()
