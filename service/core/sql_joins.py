"""How the sources of a FROM clause are joined: what is left without a condition, and whose rows repeat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

from sqlglot import exp

from .sql_names import ROW_IDS, Key, Names, Scope, Source, own_nodes


@dataclass(frozen=True, slots=True)
class CrossJoin:
    """Groups of sources with no condition between them, and an estimate of the rows that they make."""

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

    Two sources are connected by any condition on both. Rows of a source repeat when another source, joined
    to it directly or through others, can have several rows for one of them: when the columns that it is
    joined by hold none of its keys.
    """

    def __init__(self, scope: Scope, names: Names) -> None:
        self._scope = scope
        self._names = names
        self._connected: list[set[Source]] = []
        self._equal: dict[tuple[Source, Source], set[tuple[str, str]]] = defaultdict(set)
        self._fixed: dict[Source, set[str]] = defaultdict(set)  # columns that are equal to a constant
        self._outer = set(_outer_sources(scope))
        self._tied_outside: set[Source] = set()  # by a condition on a query around this one
        for condition in _conditions(scope):
            self._condition(condition)
        self._connected.append(self._tied_outside)
        for join, right, left in scope.joins:
            self._shared_columns(join, right, left)

    def cross_join(self) -> CrossJoin | None:
        """Gives the sources that no condition connects; None when there are none.

        What has one row at most needs no condition. A group makes as many rows as its largest source.
        """
        groups = [
            tuple(source for source in self._scope.sources if source in group)
            for group in self._groups()
            if not all(self._is_one_row(source) for source in group)
        ]
        if len(groups) < 2:
            return None
        return CrossJoin(
            tuple(groups), prod(max(1, *(each.relation.rows for each in group)) for group in groups)
        )

    def fan_outs(self) -> Iterator[FanOut]:
        """Gives the aggregates whose result grows with rows that a join repeats, in the text's order."""
        if len(self._scope.sources) < 2:
            return
        grouped = self._grouped()
        repeating = {source: self._repeating(source, grouped) for source in self._scope.sources}
        for aggregate in self._aggregates():
            used = self._sources_in(aggregate)
            if used and not all(repeating[source] for source in used):
                continue
            if not used and not self._all_repeat(repeating):
                continue
            first = used[0] if used else self._scope.sources[0]
            other = repeating[first]
            is_average_of_one = isinstance(aggregate, exp.Avg) and _is_keyed(first, grouped[first])
            if other is not None and not is_average_of_one:
                yield FanOut(aggregate, first, other)

    # ---- reading the conditions ----

    def _condition(self, condition: exp.Expr) -> None:
        sources = set(self._sources_in(condition, nested=True))
        self._connected.append(sources)
        if any(self._names.source_of(node) in self._outer for node in condition.find_all(exp.Column)):
            self._tied_outside |= sources
        if not isinstance(condition, exp.EQ | exp.Is):
            return
        left, right = condition.left, condition.right
        for side, other in ((left, right), (right, left)):
            source, other_source = self._source_of(side), self._source_of(other)
            if source is None:
                continue
            if other_source is None and not self._sources_in(other, nested=True):
                self._fixed[source].add(side.name.casefold())
            elif other_source is not None and other_source is not source:
                self._equal[source, other_source].add((side.name.casefold(), other.name.casefold()))

    def _shared_columns(self, join: exp.Join, right: Source, left: list[Source]) -> None:
        using = [column.name.casefold() for column in join.args.get("using") or ()]
        natural = join.method.upper() == "NATURAL"
        if natural:
            using = [column for column in right.relation.columns if any(s.relation.has(column) for s in left)]
        for name in using:
            for source in (each for each in left if each.relation.has(name)):
                self._connected.append({source, right})
                self._equal[source, right].add((name, name))
                self._equal[right, source].add((name, name))
        if left and (using or natural) and not all(s.relation.complete for s in (right, *left)):
            self._connected.append({left[0], right})  # by columns that are not known

    def _source_of(self, node: exp.Expr) -> Source | None:
        while isinstance(node, exp.Paren):
            node = node.this
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

    def _is_one_row(self, source: Source) -> bool:
        is_function = isinstance(source.node, exp.Table) and isinstance(source.node.this, exp.Func)
        return is_function or source.relation.is_one_row or _is_keyed(source, self._fixed[source])

    # ---- what repeats ----

    def _repeating(self, start: Source, grouped: dict[Source, set[str]]) -> Source | None:
        """Gives a source that can have several rows for one of `start`; None when none is known to."""
        reached = {start}
        while True:
            beside = [each for each in self._scope.sources if each not in reached and self._by(each, reached)]
            single = [
                each
                for each in beside
                if _is_keyed(each, self._by(each, reached) | self._fixed[each] | grouped[each])
            ]
            if not single:
                return next((each for each in beside if self._may_repeat(each, reached)), None)
            reached.update(single)

    def _by(self, source: Source, others: Iterable[Source]) -> set[str]:
        """Gives the columns by which a source is joined to any of the others."""
        return {mine for other in others for _, mine in self._equal.get((other, source), ())}

    def _may_repeat(self, source: Source, reached: set[Source]) -> bool:
        """Says whether a source that is joined by no key of its own has one, or refers to what it joins."""
        if source.relation.keys:
            return True
        table = source.relation.table
        joined = self._by(source, reached)
        return table is not None and any(
            column.references and column.name.casefold() in joined for column in table.columns
        )

    def _all_repeat(self, repeating: dict[Source, Source | None]) -> bool:
        """Says whether a row of the join is a row of no source, several of which are joined by keys.

        A table joined with itself is left out: its pairs are what such a query counts.
        """
        tables = [source.relation.table for source in repeating]
        return all(repeating.values()) and len({id(table) for table in tables}) == len(tables)

    def _grouped(self) -> dict[Source, set[str]]:
        grouped: dict[Source, set[str]] = defaultdict(set)
        group = self._scope.node.args.get("group")
        for part in group.expressions if group else ():
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


def _conditions(scope: Scope) -> Iterator[exp.Expr]:
    """Gives the conditions that must all hold, from WHERE and from the joins."""
    where = scope.node.args.get("where")
    stack = [on for join, _, _ in reversed(scope.joins) if (on := join.args.get("on"))]
    stack.extend([where.this] if where else [])
    while stack:
        node = stack.pop()
        if isinstance(node, exp.And):
            stack.extend((node.expression, node.this))
        elif isinstance(node, exp.Paren):
            stack.append(node.this)
        else:
            yield node


def _is_inflated(node: exp.Expr) -> bool:
    """Says whether a node is an aggregate that changes when rows repeat."""
    if isinstance(node, exp.Anonymous):
        return node.name.casefold() == "total"
    return isinstance(node, exp.Sum | exp.Avg | exp.Count | exp.GroupConcat) and not isinstance(
        node.this, exp.Distinct
    )


def _is_keyed(source: Source, columns: set[str] | Key) -> bool:
    """Says whether the values of these columns name one row of the source."""
    if any(key <= columns for key in source.relation.keys):
        return True
    table = source.relation.table
    return table is not None and not table.is_view and not ROW_IDS.isdisjoint(columns)
