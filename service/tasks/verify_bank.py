"""Verifying a bank file: every task again by execution, in several processes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from .bank import TaskBank
from .bank_file import BankError
from .instances import Instances
from .parallel import in_order, usable_cores, workers
from .verify import Fault, Progress, Verifier

CHUNK = 250  # tasks that a process verifies together

_Part = tuple[Path, str, str, range]  # the bank and its digest, the database, positions of some of its tasks


def verify_bank(
    path: Path, *, jobs: int | None = None, ray: str = "", progress: Progress | None = None
) -> list[Fault]:
    """Runs every task on every instance of its database and gives all faults, in the bank's order.

    Reading every task and image checks them against the digest: BankError when one was changed.
    """
    bank = TaskBank.open(path)
    for info in bank.databases:
        if not len(bank.select(database_id=info.database_id)):
            bank.images(info.database_id)  # the others are read with their tasks
    faults: list[Fault] = []
    parts = list(_parts(bank))
    with workers(jobs or usable_cores(), ray) as pool:
        done = 0
        for part, found in zip(parts, in_order(pool, _verify_part, parts), strict=True):
            faults += found
            done += len(part[3])
            if progress is not None:
                progress(done, len(bank.tasks))
    return faults


def _parts(bank: TaskBank) -> Iterator[_Part]:
    """Cuts the bank into runs of tasks on one database."""
    path = bank.path.absolute()
    positions = range(len(bank.tasks))
    for database_id, group in groupby(positions, key=bank.database_at):
        run = list(group)
        for start in range(run[0], run[-1] + 1, CHUNK):
            yield path, bank.digest, database_id, range(start, min(start + CHUNK, run[-1] + 1))


def _verify_part(part: _Part) -> list[Fault]:
    path, digest, database_id, positions = part
    bank = _bank(path, digest)
    verifier = _verifier(bank, database_id)
    return [fault for task in bank.read(positions) for fault in verifier.verify(task)]


@lru_cache(maxsize=1)
def _bank(path: Path, digest: str) -> TaskBank:
    bank = TaskBank.open(path)
    if bank.digest != digest:
        raise BankError(f"{path} was replaced while it was verified; verify it again")
    return bank


@lru_cache(maxsize=4)
def _verifier(bank: TaskBank, database_id: str) -> Verifier:
    """Opens a database once in each process, as long as its tasks come."""
    images = bank.images(database_id).images
    return Verifier(Instances(database_id, images), bank.database(database_id).split)
