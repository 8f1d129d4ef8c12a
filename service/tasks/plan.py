"""What a bank is to hold: which databases, and how many tasks of each kind on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from ..core.task import Split, TaskKind
from .databases import DOMAINS, SEED, Domain

DRIFT_SEED = SEED + 1_000  # drifted databases have other rows too, or a known answer would do
DRIFT_WEIGHT = 0.5  # a drifted database's share of the tasks, beside another one's
MOST_ON_A_DATABASE = 1_000  # generated tasks of a kind; for more, a domain gets several databases

_DOMAINS = {domain.database_id: domain for domain in DOMAINS}


@dataclass(frozen=True, slots=True)
class Site:
    """A database to be generated: a domain, the seed and scale of its rows, and whether its schema drifts."""

    domain_id: str
    number: int = 1  # of the domain's databases: the first has the domain's own id
    drifted: bool = False
    scale: float = 1.0

    @property
    def domain(self) -> Domain:
        """The domain's definition."""
        return _DOMAINS[self.domain_id]

    @property
    def database_id(self) -> str:
        """The id in the bank: "hospital", "hospital-2", "hospital~drift"."""
        return self.domain_id + (f"-{self.number}" if self.number > 1 else "") + "~drift" * self.drifted

    @property
    def title(self) -> str:
        """What it is about."""
        return self.domain.title + ", after its schema drifted" * self.drifted

    @property
    def split(self) -> Split:
        """The domain's split, or that of drifted databases."""
        return Split.TEST_DRIFT if self.drifted else self.domain.split

    @property
    def seed(self) -> int:
        """The seed of its rows."""
        return (DRIFT_SEED if self.drifted else SEED) + self.number - 1

    @property
    def weight(self) -> float:
        """Its share of the tasks, beside another database's."""
        return DRIFT_WEIGHT if self.drifted else 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The arguments of a build: equal plans give equal banks."""

    explore: int = 5_000
    repair: int = 5_000
    seed: str = "1"
    scale: float = 1.0
    drifted: int | None = None  # training domains that have a drifted database too; None: all
    domains: tuple[str, ...] = ()  # only these; none named: all

    def sites(self) -> tuple[Site, ...]:
        """Gives the databases: training ones first, those to report on last."""
        chosen = [d for d in DOMAINS if not self.domains or d.database_id in self.domains]
        domains = sorted(chosen, key=lambda domain: domain.split)
        trained_on = [domain for domain in domains if domain.split is Split.TRAIN]
        drifting = trained_on[: len(trained_on) if self.drifted is None else self.drifted]
        weights = len(domains) + DRIFT_WEIGHT * len(drifting)
        databases = max(1, ceil(max(self.explore, self.repair) / weights / MOST_ON_A_DATABASE))
        return (
            *(
                Site(domain.database_id, number, scale=self.scale)
                for domain in domains
                for number in range(1, databases + 1)
            ),
            *(Site(domain.database_id, drifted=True, scale=self.scale) for domain in drifting),
        )

    def wanted(self, kind: TaskKind) -> int:
        """Gives how many generated tasks of a kind there are to be."""
        return self.explore if kind is TaskKind.EXPLORE else self.repair


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Cuts `total` by weights into whole numbers that add up to it, each off by less than one."""
    whole = sum(weights) or 1.0
    bounds = [round(total * sum(weights[:place]) / whole) for place in range(len(weights) + 1)]
    return [after - before for before, after in pairwise(bounds)]


DEFAULT = Plan(explore=400, repair=400, drifted=3)
"""The bank that comes along: small enough to be built at the first use, and for the wheel."""
