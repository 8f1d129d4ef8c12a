"""How the sources of a FROM clause are joined: what is left without a condition, and whose rows repeat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from math import prod

from sqlglot import exp

from .sql_scopes import Names, Scope, Source, own_nodes


@dataclass(frozen=True, slots=True)
class CrossJoin:
    """Groups of sources with no condition between them, and how many rows they make at least.

    A group of which a condition or a sub-query leaves rows out counts as one row.
    """

    groups: tuple[tuple[Source, ...], ...]
    rows: int


@dataclass(frozen=True, slots=True)
class FanOut:
    """An aggregate that counts rows of `repeated` again for every row of `repeating` that they meet."""

    aggregate: exp.Expr
    repeated: Source
    repeating: Source


class Joins:
    """The joins of one scope.

    Two sources are connected by any condition on both, except that their columns differ. Rows of a source
    repeat when another source, joined to it directly or through others, can have several rows for one of
    them: when the columns that it is joined by hold none of its keys.
    """

    def __init__(self, scope: Scope, names: Names) -> None:
        self._scope = scope
        self._names = names
        self._connected: list[set[Source]] = []  # by each condition
        self._narrowed: set[Source] = set()  # by conditions other than that a reference meets its key
        # Columns that are equal to something, and the sources that it is made of; none for a constant.
        self._equal: dict[Source, list[tuple[str, set[Source]]]] = defaultdict(list)
        self._beside: dict[Source, set[Source]] = defaultdict(set)  # what has columns equal to a source's
        self._kept_equal: list[tuple[Source, str, set[Source]]] = []  # of sources that an outer join keeps
        self._outer = set(_outer_sources(scope))
        self._tied_outside: set[Source] = set()  # by a condition on a query around this one
        for condition, kept in _conditions(scope):
            self._condition(condition, kept)
        if self._tied_outside:
            self._connected.append(self._tied_outside)
        for join, right, left in scope.joins:
            self._shared_columns(join, right, left)
        self._single = self._of_one_row()
        # These tell how often a row is met, but leave no row out.
        for source, column, others in self._kept_equal:
            self._equals(source, column, others)

    def give_one_row(self) -> bool:
        """Says whether the sources, joined, have one row at most."""
        is_full = any(join.side.upper() == "FULL" for join, _, _ in self._scope.joins)
        return not is_full and len(self._single) == len(self._scope.sources)

    def fixed(self, source: Source) -> set[str]:
        """Gives the columns of a source that are equal to a constant."""
        return self._by(source, set())

    def cross_join(self) -> CrossJoin | None:
        """Gives the sources that no condition connects; None when there are none.

        What has one row at most needs no condition. A group makes as many rows as its largest source.
        """
        free = self._single | {source for source in self._scope.sources if _is_function(source)}
        groups = [group for group in self._groups() if not group <= free]
        if len(groups) < 2:
            return None
        ordered = (tuple(source for source in self._scope.sources if source in group) for group in groups)
        return CrossJoin(tuple(ordered), self._rows(groups, free))

    def fan_outs(self) -> Iterator[FanOut]:
        """Gives the aggregates whose result grows with rows that a join repeats, in the text's order."""
        aggregates = list(self._aggregates())
        if not aggregates or len(self._scope.sources) < 2:
            return
        grouped = self._grouped()
        repeating = {source: self._repeating(source, grouped) for source in self._scope.sources}
        for aggregate in aggregates:
            used = self._sources_in(aggregate)
            if used and not all(repeating[source] for source in used):
                continue
            if not used and not self._all_repeat(repeating):
                continue
            first = used[0] if used else self._scope.sources[0]
            other = repeating[first]
            is_average_of_one = isinstance(aggregate, exp.Avg) and first.relation.is_keyed_by(grouped[first])
            if other is not None and not is_average_of_one:
                yield FanOut(aggregate, first, other)

    # ---- reading the conditions ----

    def _condition(self, condition: exp.Expr, kept: Sequence[Source]) -> None:
        sources = set(self._sources_in(condition, nested=True))
        if isinstance(condition, exp.NEQ) and len(sources) > 1:
            return  # it keeps most pairs
        self._connected.append(sources)
        if any(self._names.source_of(node) in self._outer for node in condition.find_all(exp.Column)):
            self._tied_outside |= sources
        if not isinstance(condition, exp.EQ | exp.Is):
            self._narrowed |= sources or set(self._scope.sources)
            return
        left, right = condition.left.unnest(), condition.right.unnest()
        if not _is_reference(self._source_of(left), left.name, self._source_of(right), right.name):
            self._narrowed |= sources or set(self._scope.sources)
        for side, other in ((left, right), (right, left)):
            if source := self._source_of(side):
                self._compared(source, side.name, set(self._sources_in(other, nested=True)), kept)

    def _compared(self, source: Source, column: str, others: set[Source], kept: Sequence[Source]) -> None:
        if source in kept:
            self._kept_equal.append((source, column, others))
        else:
            self._equals(source, column, others)

    def _equals(self, source: Source, column: str, others: set[Source]) -> None:
        self._equal[source].append((column.casefold(), others))
        for other in others:
            self._beside[other].add(source)

    def _shared_columns(self, join: exp.Join, right: Source, left: list[Source]) -> None:
        using = [column.name.casefold() for column in join.args.get("using") or ()]
        natural = join.method.upper() == "NATURAL"
        if natural:
            using = [column for column in right.relation.columns if any(s.relation.has(column) for s in left)]
        kept = _kept(join, right, left)
        for name in using:
            for source in (each for each in left if each.relation.has(name)):
                self._connected.append({source, right})
                if not _is_reference(source, name, right, name):
                    self._narrowed |= {source, right}
                self._compared(source, name, {right}, kept)
                self._compared(right, name, {source}, kept)
        if left and (using or natural) and not all(s.relation.complete for s in (right, *left)):
            self._connected.append({left[0], right})  # by columns that are not known
            self._narrowed |= {right, *left}

    def _source_of(self, node: exp.Expr) -> Source | None:
        source = self._names.source_of(node) if isinstance(node, exp.Column) else None
        return source if source in self._scope.sources else None

    def _sources_in(self, node: exp.Expr, *, nested: bool = False) -> list[Source]:
        """Gives the scope's own sources whose columns stand in a node, in the text's order."""
        found: dict[Source, None] = {}
        for part in node.dfs() if nested else own_nodes(node):
            if isinstance(part, exp.Column):
                found.update(dict.fromkeys(self._candidates(part)))
        return list(found)

    def _candidates(self, column: exp.Column) -> list[Source]:
        """Gives the source where a column was found or, when none has it for sure, those that may."""
        use = self._names.columns.get(id(column))
        if use is None or use.is_known or use.is_certain or column.table:
            return [use.source] if use and use.source in self._scope.sources else []
        return [source for source in self._scope.sources if not source.relation.complete]

    # ---- what is connected ----

    def _groups(self) -> list[set[Source]]:
        groups = [{source} for source in self._scope.sources]
        for connected in self._connected:
            touched = [group for group in groups if group & connected]
            if len(touched) > 1:
                groups = [group for group in groups if group not in touched]
                groups.append(set().union(*touched))
        order = {source: place for place, source in enumerate(self._scope.sources)}
        return sorted(groups, key=lambda group: min(order[source] for source in group))

    def _of_one_row(self) -> set[Source]:
        """Gives the sources that have one row at most."""
        keyed = (each for each in self._scope.sources if each.relation.is_keyed_by(self.fixed(each)))
        return self._reached(keyed, {})

    def _rows(self, groups: Iterable[set[Source]], free: set[Source]) -> int:
        """Gives how many rows the groups make at least; what is free has one row."""
        sizes = {each: each.relation.whole.row_count for each in self._scope.sources if each.relation.whole}
        narrowed = self._narrowed.union(*(sources for sources in self._connected if len(sources - free) < 2))
        parts = [group - free for group in groups]
        return prod(
            max(sizes[source] for source in part) for part in parts if part <= sizes.keys() - narrowed
        )

    # ---- what repeats ----

    def _repeating(self, start: Source, grouped: dict[Source, set[str]]) -> Source | None:
        """Gives a source that can have several rows for one of `start`; None when none is known to."""
        reached = self._reached([start], grouped)
        beside = (source for source in self._scope.sources if source not in reached)
        return next((source for source in beside if self._may_repeat(source, reached)), None)

    def _reached(self, start: Iterable[Source], grouped: dict[Source, set[str]]) -> set[Source]:
        """Adds to sources those that have one row at most for a row of them and of what is grouped by."""
        reached = set(start)
        stack = list(reached)
        while stack:
            for source in self._beside[stack.pop()] - reached:
                if source.relation.is_keyed_by(self._by(source, reached) | grouped.get(source, set())):
                    reached.add(source)
                    stack.append(source)
        return reached

    def _by(self, source: Source, others: Set[Source]) -> set[str]:
        """Gives the columns of a source that are equal to constants, or to what is made of the others."""
        return {column for column, made_of in self._equal[source] if made_of <= others}

    def _may_repeat(self, source: Source, reached: set[Source]) -> bool:
        """Says whether a source is joined, by no key of its own, and has one or refers to what it joins."""
        joined = {column for column, made_of in self._equal[source] if made_of and made_of <= reached}
        return bool(joined) and bool(source.relation.keys or joined & source.relation.foreign)

    def _all_repeat(self, repeating: dict[Source, Source | None]) -> bool:
        """Says whether a row of the join is a row of no source, several of which are joined by keys.

        A table joined with itself is left out: its pairs are what such a query counts.
        """
        tables = [source.relation.table for source in repeating]
        return all(repeating.values()) and len({id(table) for table in tables}) == len(tables)

    def _grouped(self) -> dict[Source, set[str]]:
        grouped: dict[Source, set[str]] = defaultdict(set)
        group = self._scope.node.args.get("group")
        for part in (each.unnest() for each in group.expressions) if group else ():
            if source := self._source_of(part):
                grouped[source].add(part.name.casefold())
        return grouped

    def _aggregates(self) -> Iterator[exp.Expr]:
        for name in ("expressions", "having", "order"):
            clause = self._scope.node.args.get(name)
            for part in clause if isinstance(clause, list) else [clause] if clause else ():
                yield from (node for node in own_nodes(part) if _is_inflated(node))


def _outer_sources(scope: Scope) -> Iterator[Source]:
    outer = scope.outer
    while outer is not None:
        yield from outer.sources
        outer = outer.outer


def _conditions(scope: Scope) -> Iterator[tuple[exp.Expr, Sequence[Source]]]:
    """Gives the conditions that must all hold, from WHERE and from the joins, and what these keep."""
    where = scope.node.args.get("where")
    stack: list[tuple[exp.Expr, Sequence[Source]]] = [
        (on, _kept(join, right, left))
        for join, right, left in reversed(scope.joins)
        if (on := join.args.get("on"))
    ]
    stack.extend([(where.this, ())] if where else [])
    while stack:
        node, kept = stack.pop()
        if isinstance(node, exp.And):
            stack.extend(((node.expression, kept), (node.this, kept)))
        elif isinstance(node, exp.Paren):
            stack.append((node.this, kept))
        elif not _is_always_true(node):
            yield node, kept


def _kept(join: exp.Join, right: Source, left: Sequence[Source]) -> Sequence[Source]:
    """Gives the sources all of whose rows an outer join keeps, whatever its condition."""
    side = join.side.upper()
    return [*(left if side in {"LEFT", "FULL"} else ()), *([right] if side in {"RIGHT", "FULL"} else ())]


def _is_reference(one: Source | None, column: str, other: Source | None, other_column: str) -> bool:
    """Says whether of two columns that are equal one is a key, and the other refers to such a one."""
    if one is None or other is None:
        return False
    ends = (one.relation, column.casefold()), (other.relation, other_column.casefold())
    return any(
        name in relation.foreign and {key} in target.keys
        for (relation, name), (target, key) in (ends, ends[::-1])
    )


def _is_always_true(condition: exp.Expr) -> bool:
    """Says whether a condition is 1 = 1 or the like, or holds such a one beside an OR."""
    for node in condition.flatten() if isinstance(condition, exp.Or) else [condition]:
        if isinstance(node, exp.EQ) and isinstance(node.left, exp.Literal) and node.left == node.right:
            return True
        if isinstance(node, exp.Literal) and not node.is_string and node.name.strip("0."):
            return True
        if isinstance(node, exp.Boolean) and node.this:
            return True
    return False


def _is_function(source: Source) -> bool:
    return isinstance(source.node, exp.Table) and isinstance(source.node.this, exp.Func)


def _is_inflated(node: exp.Expr) -> bool:
    """Says whether a node is an aggregate that changes when rows repeat."""
    if isinstance(node, exp.Anonymous):
        return node.name.casefold() == "total"
    return isinstance(
        node, exp.Sum | exp.Avg | exp.Count | exp.GroupConcat | exp.JSONArrayAgg | exp.JSONObjectAgg
    ) and not isinstance(node.this, exp.Distinct)
