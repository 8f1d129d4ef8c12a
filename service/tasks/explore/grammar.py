"""All families of questions, and the stream of intents that is drawn from them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import accumulate
from random import Random

from ..ground import Ground
from . import absences, amounts, extremes, groups, ranks, relations, rules
from .intent import Intent
from .rules import Builder

PATIENCE = 2_000  # draws in a row that come to nothing, after which a ground is taken to be exhausted

_PLAIN: tuple[tuple[Builder, int], ...] = (  # with their weights
    (amounts.count, 6),
    (amounts.joined_count, 6),
    (amounts.chain_count, 5),
    (amounts.aggregate, 6),
    (amounts.joined_aggregate, 7),
    (amounts.spread, 2),
    (amounts.distinct, 4),
    (amounts.share, 4),
    (amounts.missing, 3),
    (extremes.superlative, 10),
    (extremes.top_list, 6),
    (extremes.all_extreme, 5),
    (extremes.above_average, 5),
    (extremes.beyond_another, 8),
    (extremes.rows_listed, 6),
    (groups.per_category, 6),
    (groups.having, 4),
    (groups.children_having, 4),
    (groups.per_parent, 5),
    (groups.per_month, 4),
    (groups.busiest_month, 4),
    (groups.duplicates, 3),
    (groups.pivot, 4),
    (relations.with_children, 4),
    (relations.without_children, 4),
    (relations.many_to_many, 5),
    (relations.self_reference, 5),
    (relations.lookup, 7),
    (relations.set_operation, 5),
    (relations.two_branches, 5),
    (ranks.ranked_in_group, 4),
    (ranks.latest_per_parent, 4),
    (ranks.running_total, 3),
    (ranks.share_of_total, 3),
    (absences.empty_list, 5),
    (absences.null_of_extreme, 2),
    (absences.null_value, 2),
    (absences.near_text, 3),
    (absences.begins_with, 3),
)

_RULED: tuple[Builder, ...] = (
    amounts.count,
    amounts.joined_count,
    amounts.aggregate,
    amounts.joined_aggregate,
    amounts.distinct,
    extremes.superlative,
    groups.per_category,
    groups.having,
    groups.children_having,
    groups.per_month,
    groups.per_parent,
    relations.with_children,
    relations.without_children,
)

_SCREENED: tuple[Builder, ...] = (
    *_RULED,
    amounts.chain_count,
    amounts.missing,
    extremes.rows_listed,
    extremes.top_list,
    groups.duplicates,
    relations.many_to_many,
    relations.self_reference,
)

_UNNAMED: tuple[Builder, ...] = (
    *_RULED,
    amounts.chain_count,
    amounts.missing,
    extremes.rows_listed,
    relations.many_to_many,
    relations.set_operation,
)

FAMILIES: tuple[tuple[Builder, int], ...] = (
    *_PLAIN,
    (partial(rules.excluded, builders=_RULED), 6),
    (partial(rules.screened, builders=_SCREENED), 5),
    (partial(rules.unnamed_columns, builders=_UNNAMED), 8),
    (rules.fiscal_year, 3),
    (rules.conversion, 3),
)


def intents(ground: Ground, rng: Random) -> Iterator[Intent]:
    """Gives intents of all families without end; ends where a database yields none any more.

    Equal grounds and equal states of `rng` give equal intents.
    """
    builders = [builder for builder, _ in FAMILIES]
    bounds = list(accumulate(weight for _, weight in FAMILIES))
    idle = 0
    while idle < PATIENCE:
        builder = rng.choices(builders, cum_weights=bounds)[0]
        made = builder(ground, rng)
        idle = 0 if made is not None else idle + 1
        if made is not None:
            yield made
