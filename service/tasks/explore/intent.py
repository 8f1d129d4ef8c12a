"""An intent: something that a person may want to know of a database, as SQL and in words."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.schema import READ_ALL, Permissions
from ...core.task import AnswerKind


@dataclass(frozen=True, slots=True)
class Intent:
    """A statement and ways to ask for its result.

    `sql` is SQLite's. `questions` are whole sentences, paraphrases of each other, that ask for the answer
    and say all that decides it (columns wanted, their order, ties, rounding). `requests` say in a noun
    phrase what a query should give, for a ticket: "the name of each customer living in Oslo with the number
    of orders placed by them, the most orders first". `notes` are rules that the asker adds ("Test accounts
    are never counted."). `answer_kind` is None where the result is no answer (too many rows): then the
    intent serves repair tasks only. `ordered`: the order of the rows is asked for.
    """

    family: str
    sql: str
    questions: tuple[str, ...]
    requests: tuple[str, ...]
    answer_kind: AnswerKind | None
    ordered: bool = False
    notes: tuple[str, ...] = ()
    permissions: Permissions = READ_ALL
