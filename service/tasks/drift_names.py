"""How names change when a schema is taken over by others: house styles, synonyms, abbreviations."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_NOUNS = {  # of the participles that dates are named by
    "applied": "application", "approved": "approval", "booked": "booking", "born": "birth",
    "cancelled": "cancellation", "closed": "closing", "completed": "completion", "created": "creation",
    "delivered": "delivery", "diagnosed": "diagnosis", "due": "due", "ended": "end", "enrolled": "enrolment",
    "hired": "hire", "installed": "installation", "issued": "issue", "joined": "joining", "opened": "opening",
    "ordered": "order", "paid": "payment", "placed": "placement", "published": "publication",
    "registered": "registration", "released": "release", "reported": "report", "returned": "return",
    "scheduled": "schedule", "shipped": "shipping", "signed": "signing", "started": "start",
    "submitted": "submission",
}  # fmt: skip
_SYNONYMS = {
    "address": "postal_address", "amount": "total_amount", "birth date": "date_of_birth",
    "capacity": "max_capacity", "city": "town", "comment": "remark", "country": "country_name",
    "description": "details", "email": "email_address", "end date": "valid_to", "fee": "charge",
    "floor": "storey", "gender": "sex", "hourly rate": "rate_per_hour", "kind": "category_type",
    "last name": "surname", "first name": "given_name", "note": "remarks", "notes": "remarks",
    "phone": "phone_number", "price": "unit_price", "quantity": "qty", "rating": "score",
    "reason": "reason_text", "salary": "annual_salary", "sex": "gender", "start date": "valid_from",
    "unit price": "price_per_unit", "weight kg": "mass_kg",
}  # fmt: skip
_OWN = {"code", "date", "level", "name", "status", "title", "type"}  # said of a table's own rows


@dataclass(frozen=True, slots=True)
class Style:
    """New names of tables, from the old one and the plural noun, and of columns, with the singular noun."""

    table: Callable[[str, str], str]
    column: Callable[[str, str], str]


def _words(name: str) -> list[str]:
    """Cuts a name at blanks, dashes, underscores and capitals."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [part.lower() for part in re.split(r"[^0-9A-Za-zÀ-ɏ]+", parts) if part]


def _snake(name: str) -> str:
    return "_".join(_words(name)) or name


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in _words(name)) or name


def _camel(name: str) -> str:
    first, *rest = _words(name) or [name]
    return first + "".join(word.capitalize() for word in rest)


def _synonym(column: str, noun: str) -> str:
    """Says the same in other words, as far as there are any."""
    words = _words(column)
    whole = " ".join(words)
    if whole in _SYNONYMS:
        return _SYNONYMS[whole]
    if whole in _OWN:
        return f"{_snake(noun)}_{whole}"
    if len(words) > 1 and words[-1] in ("on", "at"):
        what = "_".join([*words[:-2], _NOUNS.get(words[-2], words[-2])])
        return f"{what}_{'date' if words[-1] == 'on' else 'time'}"
    if len(words) > 1 and words[-1] == "date":
        return f"date_of_{'_'.join(words[:-1])}"
    return _snake(column)


def _numbered(column: str, noun: str) -> str:
    """As `_synonym`, and keys are numbers."""
    words = _words(column)
    if len(words) > 1 and words[-1] == "id":
        return "_".join([*words[:-1], "no"])
    return _synonym(column, noun)


STYLES = (
    Style(lambda table, _: _pascal(table), lambda column, noun: _camel(_synonym(column, noun))),
    Style(lambda table, _: f"tbl_{_snake(table)}", _synonym),
    Style(lambda _, plural: _snake(plural), _numbered),
)
