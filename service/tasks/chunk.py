"""The pieces that a build is cut into: each is a pure function of its names, so it runs anywhere."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from ..core.task import Task, TaskKind
from .bank_file import compress, sha256
from .databases import INSTANCES, build_image
from .databases.lexicon import Lexicon
from .drift import drift
from .ground import Ground
from .instances import Instances
from .plan import Site
from .verify import Fault, Verifier

ATTEMPTS = 16  # of a generator in one chunk
KEPT_GROUNDS = 3  # databases that a worker keeps open
KEPT_IMAGES = 32  # databases whose images a worker keeps, some megabytes each

Generate = Callable[[Ground, str, int], Sequence[Task]]


class Part(Enum):
    """What a chunk makes."""

    IMAGES = "images"
    HANDWRITTEN = "handwritten"
    EXPLORE = "explore"
    REPAIR = "repair"


PARTS = {TaskKind.EXPLORE: Part.EXPLORE, TaskKind.REPAIR: Part.REPAIR}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a database's images or tasks; `number` tells those of the same part apart."""

    site: Site
    part: Part
    number: int = 0
    seed: str = ""

    @property
    def name(self) -> str:
        """Its name in messages and in the work file."""
        return f"{self.site.database_id}/{self.part.value}/{self.number}"


@dataclass(frozen=True, slots=True)
class Made:
    """What a chunk gave: tasks that were verified, or images with their sha256, compressed.

    `faults` are those of handwritten tasks, and grave ones of generated tasks, which were left out.
    """

    tasks: tuple[Task, ...] = ()
    images: tuple[tuple[str, bytes], ...] = ()
    faults: tuple[Fault, ...] = ()


class GeneratorFailed(Exception):
    """A generator raised an error: which chunk, and what it was."""


def make(chunk: Chunk) -> Made:
    """Makes a chunk. What it needs of the database is kept for the next one on it."""
    place = _place(chunk.site)
    if chunk.part is Part.IMAGES:
        images = place.ground.instances.images.images
        return Made(images=tuple((sha256(image), compress(image)) for image in images))
    if chunk.part is Part.HANDWRITTEN:
        from .handwritten import TASKS

        tasks = [task for task in TASKS if task.database_id == chunk.site.database_id]
    else:
        try:
            tasks = list(generator(chunk.part)(place.ground, f"{chunk.seed}/{chunk.number}", ATTEMPTS))
        except Exception as error:
            raise GeneratorFailed(f"chunk {chunk.name}: {type(error).__name__}: {error}") from error
    return _verified(place.verifier, tasks, keep_warnings=chunk.part is Part.HANDWRITTEN)


def generator(part: Part) -> Generate:
    """Gives the function that makes tasks of a kind for a ground, a seed and a number of attempts."""
    if part is Part.EXPLORE:
        from .explore.generate import generate as explore

        return explore
    from .repair.generate import generate as repair

    return repair


@dataclass(frozen=True, slots=True)
class _Place:
    ground: Ground
    verifier: Verifier


_places: OrderedDict[Site, _Place] = OrderedDict()  # of this process, those used last at the end


def _place(site: Site) -> _Place:
    place = _places.get(site)
    if place is None:
        while len(_places) >= KEPT_GROUNDS:
            _, oldest = _places.popitem(last=False)
            oldest.verifier.close()
            oldest.ground.instances.close()
        place = _places[site] = _open(site)
    _places.move_to_end(site)
    return place


def _open(site: Site) -> _Place:
    lexicon, images = _database(site)
    instances = Instances(site.database_id, images)
    return _Place(Ground(site.database_id, site.split, lexicon, instances), Verifier(instances, site.split))


@lru_cache(maxsize=KEPT_IMAGES)
def _database(site: Site) -> tuple[Lexicon, tuple[bytes, ...]]:
    """Makes a database's words and images; a worker comes back to a database for another part of it."""
    domain = site.domain
    images = tuple(build_image(domain, instance, site.seed, site.scale) for instance in range(INSTANCES))
    if not site.drifted:
        return domain.lexicon, images
    drifted = drift(domain.lexicon, images, f"{site.database_id}/{site.seed}")
    return drifted.lexicon, drifted.images


def _verified(verifier: Verifier, tasks: Sequence[Task], *, keep_warnings: bool) -> Made:
    sound: list[Task] = []
    faults: list[Fault] = []
    for task in tasks:
        found = verifier.verify(task)
        if all(fault.is_warning for fault in found):
            sound.append(task)
        faults += [fault for fault in found if keep_warnings or not fault.is_warning]
    return Made(tasks=tuple(sound), faults=tuple(faults))
