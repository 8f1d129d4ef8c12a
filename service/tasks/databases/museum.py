"""A museum of art: artists, works and their conditions, exhibitions, loans, visits and restorations."""

from __future__ import annotations

from random import Random

import apsw

from ...core.task import Split
from .domain import Domain
from .draw import (
    Cells,
    Zipf,
    chance,
    companies,
    day,
    days_after,
    insert,
    near_copies,
    people,
    pick,
    popular,
    some,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords
from .words import ADJECTIVES, STORY_NOUNS

DDL = """
CREATE TABLE "artist" (
    "artist no" INTEGER PRIMARY KEY,
    "known as" TEXT NOT NULL,
    "movement" TEXT,
    "year of birth" INTEGER,
    "taught by" INTEGER REFERENCES "artist" ("artist no")
);
CREATE INDEX "artist teacher" ON "artist" ("taught by");
CREATE TABLE "room" (
    "room no" TEXT PRIMARY KEY,
    "wing" TEXT NOT NULL,
    "lux" INTEGER
);
CREATE TABLE "work" (
    "inventory no" TEXT PRIMARY KEY,
    "caption" TEXT NOT NULL,
    "technique" TEXT NOT NULL,
    "created in" INTEGER,
    "acquired on" TEXT NOT NULL,
    "insured for" REAL NOT NULL,                  -- in thousands of francs
    "height cm" REAL,
    "room no" TEXT REFERENCES "room" ("room no"), -- NULL: in store
    "copy of" TEXT REFERENCES "work" ("inventory no"),
    "deaccessioned" INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX "work room" ON "work" ("room no");
CREATE INDEX "work original" ON "work" ("copy of");
CREATE TABLE "attribution" (
    "inventory no" TEXT NOT NULL REFERENCES "work" ("inventory no"),
    "artist no" INTEGER NOT NULL REFERENCES "artist" ("artist no"),
    "certainty" TEXT NOT NULL,
    PRIMARY KEY ("inventory no", "artist no")
);
CREATE INDEX "attribution artist" ON "attribution" ("artist no");
CREATE TABLE "exhibition" (
    "exhibition no" INTEGER PRIMARY KEY,
    "theme" TEXT NOT NULL,
    "from" TEXT NOT NULL,
    "to" TEXT NOT NULL,
    "budget" REAL
);
CREATE TABLE "exhibit" (
    "exhibition no" INTEGER NOT NULL REFERENCES "exhibition" ("exhibition no"),
    "inventory no" TEXT NOT NULL REFERENCES "work" ("inventory no"),
    "position" INTEGER NOT NULL,
    PRIMARY KEY ("exhibition no", "inventory no")
);
CREATE INDEX "exhibit work" ON "exhibit" ("inventory no");
CREATE TABLE "borrower" (
    "borrower no" INTEGER PRIMARY KEY,
    "institution" TEXT NOT NULL,
    "country" TEXT NOT NULL
);
CREATE TABLE "outgoing loan" (
    "loan no" INTEGER PRIMARY KEY,
    "inventory no" TEXT NOT NULL REFERENCES "work" ("inventory no"),
    "borrower no" INTEGER NOT NULL REFERENCES "borrower" ("borrower no"),
    "shipped" TEXT NOT NULL,
    "back" TEXT,                                  -- NULL: still away
    "fee" REAL NOT NULL
);
CREATE INDEX "loan work" ON "outgoing loan" ("inventory no");
CREATE INDEX "loan borrower" ON "outgoing loan" ("borrower no");
CREATE TABLE "restorer" (
    "restorer no" INTEGER PRIMARY KEY,
    "name" TEXT NOT NULL,
    "material" TEXT,
    "hourly rate" REAL NOT NULL
);
CREATE TABLE "treatment" (
    "treatment no" INTEGER PRIMARY KEY,
    "inventory no" TEXT NOT NULL REFERENCES "work" ("inventory no"),
    "restorer no" INTEGER REFERENCES "restorer" ("restorer no"),
    "begun" TEXT NOT NULL,
    "hours" REAL NOT NULL,
    "damage" TEXT NOT NULL
);
CREATE INDEX "treatment work" ON "treatment" ("inventory no");
CREATE INDEX "treatment restorer" ON "treatment" ("restorer no");
CREATE TABLE "visit" (
    "visit no" INTEGER PRIMARY KEY,
    "entered at" TEXT NOT NULL,                   -- 'YYYY-MM-DD HH:MM'
    "ticket" TEXT NOT NULL,
    "paid" REAL NOT NULL,
    "group size" INTEGER NOT NULL,
    "exhibition no" INTEGER REFERENCES "exhibition" ("exhibition no")
);
CREATE INDEX "visit exhibition" ON "visit" ("exhibition no");
CREATE TABLE "donation" (
    "donation no" INTEGER PRIMARY KEY,
    "donor" TEXT NOT NULL,
    "amount" REAL NOT NULL
);
CREATE VIEW "public work" AS
    SELECT "inventory no", "caption", "technique", "created in", "acquired on", "height cm", "room no",
           "copy of", "deaccessioned"
    FROM "work";
CREATE VIEW "restorer list" AS SELECT "restorer no", "name", "material" FROM "restorer";
"""

MOVEMENTS = ("impressionism", "realism", "baroque", "cubism", "Art Nouveau", "abstraction", "new realism")
TECHNIQUES = ("oil on canvas", "watercolour", "etching", "bronze", "oil on wood", "photograph", "tempera")
CERTAINTIES = ("signed", "documented", "attributed", "workshop")
# Number, wing and light; the same in every instance. Nothing hangs in the last.
ROOMS = (
    ("E1", "east", 50),
    ("E2", "east", 80),
    ("E3", "east", 50),
    ("W1", "west", 150),
    ("W2", "west", 120),
    ("N1", "north", None),
    ("N2", "north", 200),
    ("Cab.", "cabinet", 40),
    ("Foyer", "entrance", None),
)
THEMES = (
    "Winter Light",
    "Women at the Easel",
    "Paper's Memory",
    "Still Life",
    "Masters of Etching",
    "Blue",
    "The Road South",
    "Faces",
    "Après l'orage",
    "Collectors",
    "Night Pieces",
    "Water",
    "Silence",
    "From the Store",
)
ENDINGS = ("", " with Figures", " at Dusk", ", study")
COUNTRIES = ("France", "Germany", "Japan", "United States", "Netherlands", "Poland")
MATERIALS = ("paintings", "paper", "metal", "frames")
TICKETS = ("adult", "reduced", "child", "school group", "adult group")
PRICES = {"adult": 22.0, "reduced": 14.0, "child": 0.0, "school group": 6.0, "adult group": 18.0}
DAMAGES = ("cracks", "old varnish", "water stain", "loose frame", "dirt")


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `donation` stays empty."""
    artists = _artists(rng, scale)
    works = _works(rng, scale)
    exhibitions = _exhibitions(rng)
    insert(connection, "artist", artists)
    insert(connection, "room", ROOMS)
    insert(connection, "work", works)
    insert(connection, "attribution", _attributions(rng, works, artists))
    insert(connection, "exhibition", exhibitions)
    insert(connection, "exhibit", _exhibits(rng, exhibitions, works))
    countries = Zipf(COUNTRIES)
    borrowers = [
        (number, f"Museum {name}", countries.draw(rng)) for number, name in enumerate(companies(rng, 24), 1)
    ]
    insert(connection, "borrower", borrowers)
    insert(connection, "outgoing loan", _loans(rng, scale, works, borrowers))
    restorers = [
        (number, name, unless(rng, 0.15, pick(rng, MATERIALS)), 60.0 + 5 * rng.randrange(15))
        for number, name in enumerate(people(rng, 18), 1)
    ]
    insert(connection, "restorer", restorers)
    insert(connection, "treatment", _treatments(rng, scale, works, restorers))
    insert(connection, "visit", _visits(rng, scale, exhibitions))


def _artists(rng: Random, scale: float) -> list[Cells]:
    movements = Zipf(MOVEMENTS)
    return [
        (
            number,
            name,
            unless(rng, 0.15, movements.draw(rng)),
            unless(rng, 0.1, 1560 + rng.randrange(420)),
            1 + rng.randrange(number - 1) if number > 1 and chance(rng, 0.3) else None,
        )
        for number, name in enumerate(people(rng, some(rng, scale, 130, 160)), 1)
    ]


def _works(rng: Random, scale: float) -> list[Cells]:
    techniques, rooms = Zipf(TECHNIQUES), Zipf([room[0] for room in ROOMS[:-1]])
    drawn = [
        f"{pick(rng, ADJECTIVES)} {pick(rng, STORY_NOUNS)}{pick(rng, ENDINGS)}"
        for _ in range(some(rng, scale, 520, 600))
    ]
    works: list[Cells] = []
    for number, caption in enumerate(near_copies(rng, drawn, first=3), 1):
        original = works[rng.randrange(len(works))][0] if works and chance(rng, 0.07) else None
        works.append(
            (
                f"{1900 + rng.randrange(124)}.{number}",
                caption,
                techniques.draw(rng),
                unless(rng, 0.12, 1600 + rng.randrange(420)),
                day(rng, "1950-01-01", "2024-06-30"),
                float(2 + int(rng.random() * rng.random() * rng.random() * 9_000)),
                unless(rng, 0.1, 12 + rng.randrange(400) / 2),
                unless(rng, 0.55, rooms.draw(rng)),
                original,
                int(chance(rng, 0.05)),
            )
        )
    return works


def _attributions(rng: Random, works: list[Cells], artists: list[Cells]) -> list[Cells]:
    artist, certainties = popular(rng, artists, idle=0.15), Zipf(CERTAINTIES)
    rows: dict[Cells, Cells] = {}
    for work in works[:-3]:  # of the last three nobody knows the artist
        for _ in range(1 + int(rng.random() * rng.random() * 2.5)):
            key = (work[0], artist.draw(rng)[0])
            rows.setdefault(key, (*key, certainties.draw(rng)))
    return list(rows.values())


def _exhibitions(rng: Random) -> list[Cells]:
    exhibitions: list[Cells] = []
    for number, theme in enumerate(THEMES, 1):
        first = day(rng, f"{2018 + number // 2}-01-05", f"{2018 + number // 2}-09-30")
        exhibitions.append(
            (
                number,
                theme,
                first,
                days_after(first, 40 + rng.randrange(100)),
                unless(rng, 0.2, 5_000.0 * (4 + rng.randrange(60))),
            )
        )
    return exhibitions


def _exhibits(rng: Random, exhibitions: list[Cells], works: list[Cells]) -> list[Cells]:
    work = popular(rng, works, idle=0.4)
    rows: dict[Cells, Cells] = {}
    for exhibition in exhibitions[:-1]:  # the last one is not hung yet
        for position in range(1, 20 + rng.randrange(35)):
            key = (exhibition[0], work.draw(rng)[0])
            rows.setdefault(key, (*key, position))
    return list(rows.values())


def _loans(rng: Random, scale: float, works: list[Cells], borrowers: list[Cells]) -> list[Cells]:
    work, borrower = popular(rng, works, idle=0.5), popular(rng, borrowers, idle=0.2)
    loans: list[Cells] = []
    for number in range(1, some(rng, scale, 260, 310) + 1):
        shipped = day(rng, "2015-01-01", "2024-11-30")
        back = unless(rng, 0.12, days_after(shipped, 60 + rng.randrange(200)))
        fee = 250.0 * int(rng.random() * rng.random() * 40)
        loans.append((number, work.draw(rng)[0], borrower.draw(rng)[0], shipped, back, fee))
    return loans


def _treatments(rng: Random, scale: float, works: list[Cells], restorers: list[Cells]) -> list[Cells]:
    work, restorer, damages = popular(rng, works, idle=0.5), popular(rng, restorers, idle=0.1), Zipf(DAMAGES)
    return [
        (
            number,
            work.draw(rng)[0],
            unless(rng, 0.1, restorer.draw(rng)[0]),
            day(rng, "2016-01-01", "2024-12-10"),
            0.5 * (2 + int(rng.random() * rng.random() * 160)),
            damages.draw(rng),
        )
        for number in range(1, some(rng, scale, 380, 430) + 1)
    ]


def _visits(rng: Random, scale: float, exhibitions: list[Cells]) -> list[Cells]:
    exhibition, tickets = popular(rng, exhibitions, idle=0.1), Zipf(TICKETS)
    visits: list[Cells] = []
    for number in range(1, some(rng, scale, 1_100, 1_250) + 1):
        ticket = tickets.draw(rng)
        size = 8 + rng.randrange(18) if "group" in ticket else 1 + int(rng.random() * rng.random() * 4)
        moment = f"{day(rng, '2022-07-01', '2024-12-20')} {10 + rng.randrange(8):02}:{rng.randrange(60):02}"
        shown = unless(rng, 0.4, exhibition.draw(rng)[0])
        visits.append((number, moment, ticket, PRICES[ticket] * size, size, shown))
    return visits


_COLLECTION = (
    TableWords(
        "artist",
        "artist",
        "artists",
        (
            ColumnWords("known as", Role.NAME, "name"),
            ColumnWords(
                "movement", Role.CATEGORY, "style", having="of the style {}", missing="of no known style"
            ),
            ColumnWords("year of birth", Role.LEVEL, "birth year", missing="with an unknown birth year"),
        ),
        label=("known as",),
        person=True,
    ),
    TableWords(
        "room",
        "gallery",
        "galleries",
        (
            ColumnWords("room no", Role.NAME, "number"),
            ColumnWords("wing", Role.CATEGORY, "wing", having="in the {} wing"),
            ColumnWords(
                "lux", Role.LEVEL, "light level", missing="without a measured light level", unit="lux"
            ),
        ),
        label=("room no",),
    ),
    TableWords(
        "work",
        "work",
        "works",
        (
            ColumnWords("inventory no", Role.NAME, "inventory number"),
            ColumnWords("caption", Role.NAME, "title"),
            ColumnWords("technique", Role.CATEGORY, "technique", having="made as {}"),
            ColumnWords(
                "created in", Role.LEVEL, "year of origin", missing="of unknown age", plural="years of origin"
            ),
            ColumnWords(
                "acquired on", Role.DATE, "date of purchase", event="acquired", plural="dates of purchase"
            ),
            ColumnWords("insured for", Role.AMOUNT, "insured value", unit="thousand francs"),
            ColumnWords("height cm", Role.LEVEL, "height", missing="of unknown height", unit="centimetres"),
        ),
        label=("inventory no",),
    ),
    TableWords(
        "attribution",
        "attribution",
        "attributions",
        (ColumnWords("certainty", Role.CATEGORY, "basis", having="on the basis {}", plural="bases"),),
    ),
    TableWords(
        "restorer",
        "restorer",
        "restorers",
        (
            ColumnWords("name", Role.NAME, "full name"),
            ColumnWords(
                "material",
                Role.CATEGORY,
                "field",
                having="in the field of {}",
                missing="without a field of their own",
            ),
            ColumnWords("hourly rate", Role.LEVEL, "price per hour", unit="francs", plural="prices per hour"),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "treatment",
        "restoration",
        "restorations",
        (
            ColumnWords("begun", Role.DATE, "starting date", event="started"),
            ColumnWords("hours", Role.AMOUNT, "working time", unit="hours"),
            ColumnWords("damage", Role.CATEGORY, "cause", having="because of {}"),
        ),
    ),
)
_PUBLIC = (
    TableWords(
        "exhibition",
        "exhibition",
        "exhibitions",
        (
            ColumnWords("theme", Role.NAME, "title"),
            ColumnWords("from", Role.DATE, "opening day", event="opening"),
            ColumnWords("to", Role.DATE, "closing day", event="closing"),
            ColumnWords(
                "budget", Role.AMOUNT, "planned cost", missing="without a planned cost", unit="francs"
            ),
        ),
        label=("theme",),
    ),
    TableWords("exhibit", "exhibit", "exhibits", (ColumnWords("position", Role.LEVEL, "place"),)),
    TableWords(
        "borrower",
        "borrowing house",
        "borrowing houses",
        (
            ColumnWords("institution", Role.NAME, "name"),
            ColumnWords("country", Role.CATEGORY, "land", having="in {}", plural="lands"),
        ),
        label=("institution",),
    ),
    TableWords(
        "outgoing loan",
        "loan",
        "loans",
        (
            ColumnWords("shipped", Role.DATE, "day of dispatch", event="sent off", plural="days of dispatch"),
            ColumnWords(
                "back",
                Role.DATE,
                "day of return",
                missing="that are still away",
                event="ended",
                plural="days of return",
            ),
            ColumnWords("fee", Role.AMOUNT, "charge", unit="francs"),
        ),
    ),
    TableWords(
        "visit",
        "visit",
        "visits",
        (
            ColumnWords("entered at", Role.MOMENT, "time of entry", event="begun", plural="times of entry"),
            ColumnWords(
                "ticket",
                Role.CATEGORY,
                "kind of admission",
                having="with the admission {}",
                plural="kinds of admission",
            ),
            ColumnWords("paid", Role.AMOUNT, "takings", unit="francs", plural="takings"),
            ColumnWords("group size", Role.AMOUNT, "number of visitors", plural="numbers of visitors"),
        ),
    ),
)
_LINKS = (
    Link(
        "artist",
        ("taught by",),
        "artist",
        ("artist no",),
        of="taught by {}",
        having="who taught {}",
        without="who taught no {}",
        role="teacher",
        role_plural="teachers",
    ),
    Link(
        "work",
        ("room no",),
        "room",
        ("room no",),
        of="shown in {}",
        having="showing {}",
        without="not showing any {}",
    ),
    Link(
        "work",
        ("copy of",),
        "work",
        ("inventory no",),
        of="copied from {}",
        having="copied in {}",
        without="not copied in any {}",
        role="original",
        role_plural="originals",
    ),
    Link("attribution", ("inventory no",), "work", ("inventory no",), of="of {}"),
    Link("attribution", ("artist no",), "artist", ("artist no",), of="to {}"),
    Link("exhibit", ("exhibition no",), "exhibition", ("exhibition no",), of="in {}"),
    Link(
        "exhibit",
        ("inventory no",),
        "work",
        ("inventory no",),
        of="made of {}",
        having="that became {}",
        without="that never became {}",
    ),
    Link("outgoing loan", ("inventory no",), "work", ("inventory no",), of="of {}"),
    Link("outgoing loan", ("borrower no",), "borrower", ("borrower no",), of="to {}"),
    Link("treatment", ("inventory no",), "work", ("inventory no",), of="of {}"),
    Link(
        "treatment",
        ("restorer no",),
        "restorer",
        ("restorer no",),
        of="carried out by {}",
        having="who carried out {}",
        without="who carried out no {}",
    ),
    Link("visit", ("exhibition no",), "exhibition", ("exhibition no",), of="to {}"),
)
LEXICON = Lexicon(
    tables=(*_COLLECTION, *_PUBLIC),
    links=_LINKS,
    rules=(
        Exclusion(
            "deaccessioned",
            "work",
            '{t}."deaccessioned" = 0',
            "Works that were given away are never counted.",
        ),
        Exclusion(
            "free", "visit", '{t}."paid" > 0', "Visits that were free of charge are left out of all figures."
        ),
        FiscalYear("visit", "entered at", 7),
        Conversion(
            "work",
            "insured for",
            '{t}."insured for" / 1000.0',
            "insured value in millions of francs",
            "Insured values are kept in thousands of francs; report millions.",
        ),
        Conversion(
            "treatment",
            "hours",
            '{t}."hours" / 8.0',
            "working time in days",
            "Working times are kept in hours; report days of eight hours.",
        ),
    ),
    screens=(
        Screen(
            "public work",
            "work",
            "Insured values are secret, so the table of works is closed; the view is open.",
        ),
        Screen(
            "restorer list",
            "restorer",
            "What restorers cost is private, so their table is closed; the list is open.",
        ),
    ),
)

DOMAIN = Domain(
    "museum", "A museum of art with its works and exhibitions", Split.TEST, DDL, populate, LEXICON
)
