"""What one caller may have at once: calls, bytes, and time of the processor."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from ..sessions.refusal import Reason, Refusal


@dataclass(frozen=True, slots=True)
class Quota:
    """What one caller may have. `cores` is seconds of the processor's time in a second; 0: all there is.

    `calls` counts single calls and streams that are under way. `size` is bytes: of requests that are not
    answered yet.
    """

    calls: int
    size: int
    cores: float


@dataclass(slots=True)
class _Use:
    """What a caller has."""

    calls: int = 0
    size: int = 0
    saved: float = 0.0  # seconds of the processor, below 0 when it has used more than it may
    at: float = 0.0  # when that was so
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Admission:
    """Lets calls in, by caller. For one event loop.

    What one more call would take beyond the quota is refused with a time to wait; a stream that is open is
    not read on until there is room, so its client is held back by flow control.
    """

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._uses: dict[str, _Use] = {}

    @contextmanager
    def stream(self, caller: str) -> Iterator[None]:
        """Holds a stream; its frames come in by `frame`. Raises Refusal."""
        use = self._use(caller)
        with self._held(caller, use, 0):
            yield

    @contextmanager
    def call(self, caller: str, size: int) -> Iterator[None]:
        """Holds a single call of so many bytes. Raises Refusal."""
        use = self._use(caller)
        if use.size + size > self._quota.size and use.calls:
            raise _busy(f"this caller has {use.size:,} bytes of requests under way", "less at once", 0.1)
        if (wait := self._wait(use)) > 0:
            raise _busy("this caller has used its part of the processor's time", "more slowly", wait)
        with self._held(caller, use, size):
            yield

    async def frame(self, caller: str, size: int) -> None:
        """Waits until a frame of so many bytes may be let in; `answered` gives its room back.

        A stream of the caller's is under way.
        """
        use = self._uses[caller]
        while True:
            if use.size and use.size + size > self._quota.size:
                use.changed.clear()
                await use.changed.wait()
            elif (wait := self._wait(use)) > 0:
                await asyncio.sleep(wait)
            else:
                use.size += size
                return

    def answered(self, caller: str, size: int) -> None:
        """A frame has been answered, or left."""
        self._release(caller, self._uses[caller], size)

    def charge(self, caller: str, seconds: float) -> None:
        """A caller's call has taken so much of the processor's time."""
        if self._quota.cores and (use := self._uses.get(caller)) is not None:
            self._earn(use)
            use.saved -= seconds

    def _use(self, caller: str) -> _Use:
        """Gives what a caller has, where one call or stream more may come in."""
        use = self._uses.get(caller) or _Use(saved=self._quota.cores, at=monotonic())
        if use.calls >= self._quota.calls:
            raise _busy(f"this caller has {use.calls:,} calls and streams under way", "fewer at once", 0.1)
        return use

    @contextmanager
    def _held(self, caller: str, use: _Use, size: int) -> Iterator[None]:
        self._uses[caller] = use
        use.calls += 1
        use.size += size
        try:
            yield
        finally:
            use.calls -= 1
            self._release(caller, use, size)

    def _release(self, caller: str, use: _Use, size: int) -> None:
        use.size -= size
        use.changed.set()
        if not use.calls and (not self._quota.cores or self._earn(use) >= self._quota.cores):
            self._uses.pop(caller, None)

    def _earn(self, use: _Use) -> float:
        """Adds what time has brought; no more than a second's worth is saved up."""
        now = monotonic()
        use.saved = min(self._quota.cores, use.saved + (now - use.at) * self._quota.cores)
        use.at = now
        return use.saved

    def _wait(self, use: _Use) -> float:
        """How many seconds until a caller may have more of the processor's time."""
        if not self._quota.cores or self._earn(use) >= 0:
            return 0.0
        return -use.saved / self._quota.cores


def _busy(what: str, how: str, seconds: float) -> Refusal:
    return Refusal(
        Reason.CALLER_BUSY,
        f"{what}, which is all that it may have",
        hint=f"Send this again after the time given, and {how}; --caller-… options of the server set this.",
        retry_after_seconds=math.ceil(seconds * 1_000) / 1_000,
    )
