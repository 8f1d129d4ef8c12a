"""Names of persons and families by country, from faker's lists, and of companies and streets there.

Only its lists are used, so what is drawn hangs on the given `Random` and on the pinned version of faker
alone. faker is imported when the first name is drawn: a finished bank is opened without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module

# Locale, how companies and how streets are called; {a} and {b} are family names, {n} is a number.
_COUNTRIES = (
    ("de_CH", ("{a} AG", "{a} GmbH", "{a} & Söhne", "{a} {b} & Co."), ("{a}strasse {n}", "{a}weg {n}")),
    (
        "en_GB",
        ("{a} Ltd", "{a} & Sons", "{a}, {b} and Partners", "{a} PLC"),
        ("{n} {a} Road", "{n} {a} Lane"),
    ),
    ("fr_FR", ("{a} S.A.", "{a} et Fils", "{a} {b} SARL"), ("{n}, rue {a}", "{n}, chemin de {a}")),
    ("it_IT", ("{a} s.r.l.", "{a} e figli", "{a}, {b} e C."), ("Via {a} {n}", "Piazza {a} {n}")),
    ("es_ES", ("{a} S.L.", "Hermanos {a}", "{a} y {b} S.A."), ("Calle {a} {n}", "Avenida {a} {n}")),
    ("sv_SE", ("{a} AB", "{a} & {b} HB"), ("{a}gatan {n}", "{a}vägen {n}")),
    ("en_IE", ("{a} Group", "{a} & {b}"), ("{n} {a} Street", "{n} {a} Quay")),
    ("cs_CZ", ("{a} s.r.o.", "{a} a syn", "{a} a.s."), ("{n} náměstí {a}",)),
    ("nl_NL", ("{a} BV", "{a} en Zonen", "{a} Groep"), ("{a}straat {n}", "{a}kade {n}")),
    ("hr_HR", ("{a} d.o.o.", "{a} i {b}"), ("Ulica {a} {n}",)),
    ("pt_PT", ("{a} Lda.", "{a} e Filhos"), ("Rua {a} {n}", "Travessa {a} {n}")),
    ("en_IN", ("{a} Traders", "{a} & {b} Pvt Ltd"), ("{n} {a} Nagar", "{n} {a} Marg")),
    ("tr_TR", ("{a} A.Ş.", "{a} Ticaret"), ("{a} Caddesi {n}", "{a} Sokak {n}")),
    ("yo_NG", ("{a} Ventures", "{a} Holdings"), ("{n} {a} Close", "{n} {a} Crescent")),
    ("da_DK", ("{a} & Søn ApS", "{a} A/S"), ("{a}vej {n}", "{a}gade {n}")),
    ("ja_JP", ("{a}工業株式会社", "{a}商店"), ("{a}通り {n}",)),
)


@dataclass(frozen=True, slots=True)
class Country:
    """The names of one country: first names and family names that go together, and patterns of others."""

    names: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]  # first names, family names
    companies: tuple[str, ...]
    streets: tuple[str, ...]

    def family_names(self) -> tuple[str, ...]:
        """Gives the family names that a company or a street may bear."""
        return self.names[-1][1]


@cache
def countries() -> tuple[Country, ...]:
    """Gives all countries, those that names are commonest from first."""
    found: list[Country] = []
    for locale, companies, streets in _COUNTRIES:
        person = import_module(f"faker.providers.person.{locale}").Provider
        names = tuple(
            (
                tuple(getattr(person, f"first_names_{sex}")),
                tuple(getattr(person, f"last_names_{sex}", person.last_names)),
            )
            for sex in ("female", "male")
        )
        found.append(Country(names, companies, streets))
    return tuple(found)
