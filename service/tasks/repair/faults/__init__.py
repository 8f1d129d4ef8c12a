"""The taxonomy of faults: what real queries get wrong, each with how to put it into a right one."""

from __future__ import annotations

from ..fault import Fault
from . import circumstances, conditions, dialects, figures, joins, names, texts

FAULTS: tuple[Fault, ...] = (
    *names.FAULTS,
    *joins.FAULTS,
    *conditions.FAULTS,
    *figures.FAULTS,
    *texts.FAULTS,
    *dialects.FAULTS,
    *circumstances.FAULTS,
)
