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

    `faults` are those of handwritten tasks: what is generated comes through a gate that verifies it.
    """

    tasks: tuple[Task, ...] = ()
    images: tuple[tuple[str, bytes], ...] = ()
    faults: tuple[Fault, ...] = ()


class GeneratorFailed(Exception):
    """A generator raised an error: which chunk, and what it was."""


def make(chunk: Chunk) -> Made:
    """Makes a chunk. What it needs of the database is kept for the next one on it."""
    ground = _ground(chunk.site)
    if chunk.part is Part.IMAGES:
        images = ground.instances.images.images
        return Made(images=tuple((sha256(image), compress(image)) for image in images))
    if chunk.part is Part.HANDWRITTEN:
        return _handwritten(ground)
    try:
        return Made(tuple(generator(chunk.part)(ground, f"{chunk.seed}/{chunk.number}", ATTEMPTS)))
    except Exception as error:
        raise GeneratorFailed(f"chunk {chunk.name}: {type(error).__name__}: {error}") from error


def generator(part: Part) -> Generate:
    """Gives the function that makes verified tasks of a kind, for a ground, a seed and so many attempts."""
    if part is Part.EXPLORE:
        from .explore.generate import generate as explore

        return explore
    from .repair.generate import generate as repair

    return repair


_grounds: OrderedDict[Site, Ground] = OrderedDict()  # of this process, those used last at the end


def _ground(site: Site) -> Ground:
    ground = _grounds.get(site)
    if ground is None:
        while len(_grounds) >= KEPT_GROUNDS:
            _, oldest = _grounds.popitem(last=False)
            oldest.instances.close()
        lexicon, images = _database(site)
        instances = Instances(site.database_id, images)
        ground = _grounds[site] = Ground(site.database_id, site.split, lexicon, instances)
    _grounds.move_to_end(site)
    return ground


@lru_cache(maxsize=KEPT_IMAGES)
def _database(site: Site) -> tuple[Lexicon, tuple[bytes, ...]]:
    """Makes a database's words and images; a worker comes back to a database for another part of it."""
    domain = site.domain
    images = tuple(build_image(domain, instance, site.seed, site.scale) for instance in range(INSTANCES))
    if not site.drifted:
        return domain.lexicon, images
    drifted = drift(domain.lexicon, images, f"{site.database_id}/{site.seed}")
    return drifted.lexicon, drifted.images


def _handwritten(ground: Ground) -> Made:
    from .handwritten import TASKS

    verifier = Verifier(ground.instances, ground.split)
    sound: list[Task] = []
    faults: list[Fault] = []
    for task in TASKS:
        if task.database_id == ground.database_id:
            found = verifier.verify(task)
            if all(fault.is_warning for fault in found):
                sound.append(task)
            faults += found
    verifier.close()
    return Made(tasks=tuple(sound), faults=tuple(faults))
