"""Whether the instances of a database tell a statement from its mutants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..core.execution import Rows
from ..core.grading import same_rows
from ..core.schema import READ_ALL, Permissions
from .instances import Instances
from .mutants import Mutant


def survivors(
    mutants: Iterable[Mutant],
    golds: Sequence[Rows],
    instances: Instances,
    *,
    ordered: bool = False,
    permissions: Permissions = READ_ALL,
) -> Iterator[Mutant]:
    """Gives the mutants whose rows are gold's on every instance; `golds` has gold's rows by instance.

    A mutant that fails is told apart by that.
    """
    for mutant in mutants:
        for instance, gold in enumerate(golds):
            rows = instances.run(mutant.sql, instance, permissions)
            if not isinstance(rows, Rows) or not same_rows(rows, gold, ordered=ordered):
                break
        else:
            yield mutant
