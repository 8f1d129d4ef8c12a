"""What an agent can do in one step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Describe:
    """Show the columns of a table."""

    table: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Show the first rows of a table."""

    table: str


@dataclass(frozen=True, slots=True)
class Query:
    """Run one statement and show its result."""

    sql: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer an explore task's question; ends the episode."""

    value: str


@dataclass(frozen=True, slots=True)
class Submit:
    """Hand in a repaired statement; ends the episode when it is correct."""

    sql: str


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A model's reply that held no tool call: costs a step and does nothing else."""

    text: str


Action = Describe | Sample | Query | Answer | Submit | Unparsed
