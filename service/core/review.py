"""The review gate: what a reviewer says of a statement before it is run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, runtime_checkable

from .schema import Permissions, Schema


class Verdict(IntEnum):
    """Numbers as in the contract."""

    APPROVED = 1
    FLAGGED = 2
    REJECTED = 3


class Severity(IntEnum):
    """INFO changes no verdict, WARNING flags, ERROR rejects; numbers as in the contract."""

    INFO = 1
    WARNING = 2
    ERROR = 3


class FindingKind(IntEnum):
    """Numbers as in the contract (review.proto says what each is about)."""

    SYNTAX = 1
    MULTIPLE_STATEMENTS = 2
    WRITE = 3
    DDL = 4
    DENIED_TABLE = 5
    UNKNOWN_TABLE = 6
    UNKNOWN_COLUMN = 7
    CROSS_JOIN = 8
    FAN_OUT = 9
    SELECT_STAR = 10
    UNORDERED_LIMIT = 11
    DIALECT = 12
    FULL_SCAN = 13


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reviewer found; `where` is the part of the SQL, empty for the whole."""

    kind: FindingKind
    severity: Severity
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Review:
    """A reviewer's findings, gravest first, and what can be graded without running the statement.

    `schema_share`: of the tables and columns that the statement refers to, the share (0 to 1) that
    exist and are permitted; of what does not parse, an estimate below 1.
    """

    findings: tuple[Finding, ...]
    schema_share: float

    @property
    def verdict(self) -> Verdict:
        """REJECTED with an ERROR among the findings, else FLAGGED with a WARNING, else APPROVED."""
        gravest = max((finding.severity for finding in self.findings), default=Severity.INFO)
        return {Severity.ERROR: Verdict.REJECTED, Severity.WARNING: Verdict.FLAGGED}.get(
            gravest, Verdict.APPROVED
        )

    def has(self, kind: FindingKind) -> bool:
        """Says whether there is a finding of that kind."""
        return any(finding.kind is kind for finding in self.findings)


@runtime_checkable
class Reviewer(Protocol):
    """Judges a statement without running it. Deterministic, and never raises for what `sql` holds."""

    def review(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
        """Gives the review of `sql` against a schema and what a task permits."""
        ...
