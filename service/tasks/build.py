"""Building a bank: make its chunks, admit their tasks, look for leaks between splits, write the file.

Chunks are made by several processes in whatever order, and consumed in one: equal plans give equal banks,
to the byte, however many processes there are. What was made is kept until the bank is whole, so a build that
was interrupted goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from itertools import islice
from math import ceil
from pathlib import Path

import apsw

from ..core.task import Task, TaskKind
from .admission import Admission, Quota
from .bank import TaskBank
from .bank_file import FORMAT, BankError
from .bank_writer import BankWriter
from .chunk import ATTEMPTS, PARTS, Chunk, Made, Part, make
from .leaks import Leak, find_leaks
from .parallel import Workers, usable_cores, workers
from .plan import Plan, Site, shares
from .sources import sources_digest
from .verify import Fault
from .work_file import WorkFile, work_folder

FRUITLESS = 6  # chunks in a row without a task that is wanted: the database gives no more
CHUNKS_PER_TASK = 1.0  # a database gets so many chunks at most for each task, and some more

Progress = Callable[[int, int], None]  # is told the number of tasks done and in all


class VerificationFailed(Exception):
    """Handwritten tasks that cannot be played as they are; `faults` and the message have all of them."""

    def __init__(self, faults: list[Fault]) -> None:
        listed = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"{len(faults)} faults in the tasks, so no bank was written:\n{listed}")
        self.faults = tuple(faults)


class LeaksFound(Exception):
    """Splits that share what they must not; `leaks` has what, and so has the message."""

    def __init__(self, leaks: list[Leak]) -> None:
        listed = "\n".join(f"  {leak}" for leak in leaks[:50])
        super().__init__(f"{len(leaks)} leaks between the splits, so no bank was written:\n{listed}")
        self.leaks = tuple(leaks)


@dataclass(slots=True)
class BuildReport:
    """A bank that was built, and the seconds that it took.

    `warnings` are about handwritten tasks that are in it all the same. `notes` says what splits share
    without harm, and where a database gave fewer tasks than wanted.
    """

    path: Path
    digest: str = ""
    databases: int = 0
    explore_tasks: int = 0
    repair_tasks: int = 0
    warnings: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0


def build(
    path: Path,
    plan: Plan,
    progress: Progress | None = None,
    *,
    jobs: int | None = None,
    ray: str = "",
    wait: bool = False,
) -> BuildReport:
    """Builds the bank of a plan; an unfinished build of the same plan goes on from where it was.

    Raises VerificationFailed or LeaksFound, and BankError where it cannot be written or another process is
    building it; `wait` waits for that one, and takes what it built. Nothing is ever at `path` but a whole
    bank.
    """
    started = time.perf_counter()
    report = BuildReport(path)
    try:
        with work_folder(path, wait=wait) as folder, WorkFile(folder, _arguments(plan)) as work:
            if wait and path.exists():
                work.remove()
                return _described(report, TaskBank.open(path), started)
            with workers(jobs or usable_cores(), ray) as pool, BankWriter(path, folder) as writer:
                _Build(plan, report, _Chunks(pool, work), writer, progress).run()
                bank = TaskBank.open(writer.seal(_about(plan)))
                leaks = find_leaks(bank)
                report.notes += [str(leak) for leak in leaks if not leak.is_grave]
                if any(leak.is_grave for leak in leaks):
                    raise LeaksFound([leak for leak in leaks if leak.is_grave])
                bank.close()
                writer.publish()
            work.remove()
    except (OSError, apsw.FullError, apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError) as error:
        raise BankError(f"cannot write {path} ({error}); make room there, or choose another place") from error
    return _described(report, bank, started)


def _described(report: BuildReport, bank: TaskBank, started: float) -> BuildReport:
    report.digest, report.databases = bank.digest, len(bank.databases)
    report.explore_tasks = len(bank.select(kind=TaskKind.EXPLORE))
    report.repair_tasks = len(bank.select(kind=TaskKind.REPAIR))
    report.seconds = time.perf_counter() - started
    return report


def _arguments(plan: Plan) -> str:
    """All that decides what a chunk holds."""
    return f"{FORMAT} {sources_digest()} {plan}"


def _about(plan: Plan) -> dict[str, object]:
    """What a manifest says about the build."""
    return {"plan": asdict(plan)}


class _Chunks:
    """Makes chunks ahead of time, and gives each when it is asked for: from the work file, if it is there."""

    def __init__(self, pool: Workers, work: WorkFile) -> None:
        self._pool = pool
        self._work = work
        self._pending: dict[Chunk, Future[Made]] = {}

    def foresee(self, chunks: Iterator[Chunk]) -> None:
        """Starts the chunks that are likely to be asked for next, as far as there are workers for them."""
        for chunk in islice(chunks, 4 * self._pool.ahead):
            if len(self._pending) >= self._pool.ahead:
                return
            if chunk not in self._pending and not self._work.has(chunk):
                self._pending[chunk] = self._pool.submit(make, chunk)

    def get(self, chunk: Chunk) -> Made:
        """Gives what a chunk makes."""
        made = self._work.load(chunk)
        if made is None:
            future = self._pending.pop(chunk, None) or self._pool.submit(make, chunk)
            made = future.result()
            self._work.store(chunk, made)
        return made

    def forget(self, site: Site, part: Part) -> None:
        """Drops the chunks that were foreseen for a part of a database and are not wanted any more."""
        for chunk in [chunk for chunk in self._pending if (chunk.site, chunk.part) == (site, part)]:
            self._pending.pop(chunk).cancel()


class _Stream:
    """The chunks of one kind of task on one database, until there are enough."""

    def __init__(self, site: Site, kind: TaskKind, seed: str) -> None:
        self.site = site
        self.kind = kind
        self.quota = Quota(0)
        self.exhausted = False
        self._seed = seed
        self._next = 0
        self._fruitless = 0

    def upcoming(self) -> Iterator[Chunk]:
        """Gives as many chunks as the tasks that are missing are likely to need."""
        yielded = max(1.0, self.quota.taken / self._next if self._next else ATTEMPTS / 2)
        needed = ceil(self.quota.missing / yielded) if not self.exhausted else 0
        for number in range(self._next, self._next + needed):
            yield self._chunk(number)

    def next_chunk(self) -> Chunk:
        """Gives the chunk to be made now."""
        self._next += 1
        return self._chunk(self._next - 1)

    def take(self, admitted: list[Task]) -> list[Task]:
        """Gives those of a chunk's admitted tasks that enter the bank now."""
        taken = self.quota.offer(admitted)
        self._fruitless = 0 if taken else self._fruitless + 1
        spent = self._next >= 8 + CHUNKS_PER_TASK * self.quota.wanted
        if self.quota.missing and (spent or self._fruitless >= FRUITLESS):
            self.exhausted = True
            taken += self.quota.settle()
        return taken

    def _chunk(self, number: int) -> Chunk:
        return Chunk(self.site, PARTS[self.kind], number, self._seed)


class _Build:
    """One build, from its plan to the last task that is written."""

    def __init__(
        self, plan: Plan, report: BuildReport, chunks: _Chunks, writer: BankWriter, progress: Progress | None
    ) -> None:
        self._plan = plan
        self._report = report
        self._chunks = chunks
        self._writer = writer
        self._progress = progress
        self._admission = Admission()
        self._sites = plan.sites()
        self._wanted = plan.explore + plan.repair
        self._done = 0

    def run(self) -> None:
        """Writes all databases, the handwritten tasks, and then the generated ones."""
        for site, made in self._each(Part.IMAGES):
            self._writer.add_database(site.database_id, site.title, site.split, made.images)
        grave: list[Fault] = []
        for _, made in self._each(Part.HANDWRITTEN):
            grave += [fault for fault in made.faults if not fault.is_warning]
            self._report.warnings += [fault for fault in made.faults if fault.is_warning]
            for task in made.tasks:
                self._admission.remember(task)
            self._wanted += len(made.tasks)
            self._write(made.tasks)
        if grave and self._plan.scale == 1.0:  # written for this scale, they may not fit another one
            raise VerificationFailed(grave)
        self._report.warnings += grave
        self._generate()

    def _each(self, part: Part) -> Iterator[tuple[Site, Made]]:
        chunks = [
            Chunk(site, part) for site in self._sites if part is not Part.HANDWRITTEN or _is_first(site)
        ]
        for place, chunk in enumerate(chunks):
            self._chunks.foresee(iter(chunks[place:]))
            yield chunk.site, self._chunks.get(chunk)

    def _generate(self) -> None:
        """Goes round the databases until there are as many tasks as wanted, or none gives any more.

        A database's tasks of both kinds come together, so that workers open it once.
        """
        streams = [_Stream(site, kind, self._plan.seed) for site in self._sites for kind in TaskKind]
        left = {kind: self._plan.wanted(kind) for kind in TaskKind}
        while going := [stream for stream in streams if left[stream.kind] and not stream.exhausted]:
            for kind in TaskKind:
                of_kind = [stream for stream in going if stream.kind is kind]
                quotas = shares(left[kind], [stream.site.weight for stream in of_kind])
                for stream, more in zip(of_kind, quotas, strict=True):
                    stream.quota.wanted += more
            for place, stream in enumerate(going):
                left[stream.kind] -= self._fill(stream, going[place + 1 :])
        self._report.notes += [
            f"{missing} of {self._plan.wanted(kind)} {kind.name.lower()} tasks are missing: "
            "the databases give no more that are new and pass"
            for kind, missing in left.items()
            if missing
        ]

    def _fill(self, stream: _Stream, following: list[_Stream]) -> int:
        """Makes chunks of a stream until its quota is filled; gives the number of tasks taken."""
        before = stream.quota.taken
        while stream.quota.missing and not stream.exhausted:
            self._chunks.foresee(_all_upcoming([stream, *following]))
            made = self._chunks.get(stream.next_chunk())
            self._write(stream.take([task for task in made.tasks if self._admission.admit(task)]))
        self._chunks.forget(stream.site, PARTS[stream.kind])
        return stream.quota.taken - before

    def _write(self, tasks: tuple[Task, ...] | list[Task]) -> None:
        self._writer.add_tasks(tasks)
        self._done += len(tasks)
        if self._progress is not None:
            self._progress(self._done, self._wanted)


def _is_first(site: Site) -> bool:
    """Handwritten tasks are about the first database of their domain."""
    return site.number == 1 and not site.drifted


def _all_upcoming(streams: list[_Stream]) -> Iterator[Chunk]:
    for stream in streams:
        yield from stream.upcoming()
