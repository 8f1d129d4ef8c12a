"""All hostile statements, by kind."""

from __future__ import annotations

from . import bombs, outside, shapes, writes
from .cases import Case

CORPUS: dict[str, tuple[Case, ...]] = {**outside.KINDS, **writes.KINDS, **bombs.KINDS, **shapes.KINDS}
