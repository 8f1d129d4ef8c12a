"""A film streaming service: titles and their makers, accounts and profiles, viewings and ratings."""

from __future__ import annotations

from random import Random

import apsw

from ...core.task import Split
from .domain import Domain
from .draw import (
    Cells,
    Zipf,
    chance,
    clock,
    day,
    days_after,
    email,
    insert,
    money,
    near_copies,
    people,
    pick,
    popular,
    some,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords
from .words import ADJECTIVES, FIRST_NAMES, PEOPLE, REMARKS, STORY_NOUNS

DDL = """
CREATE TABLE person (
    person_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    birth_year INTEGER,
    country TEXT
);
CREATE TABLE title (
    title_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    release_year INTEGER NOT NULL,
    runtime_min INTEGER,                          -- NULL for a series
    language TEXT NOT NULL,
    sequel_of INTEGER REFERENCES title (title_id),
    licence_fee REAL NOT NULL
);
CREATE INDEX title_sequel_of ON title (sequel_of);
CREATE TABLE title_genre (
    title_id INTEGER NOT NULL REFERENCES title (title_id),
    genre TEXT NOT NULL,
    PRIMARY KEY (title_id, genre)
);
CREATE TABLE credit (
    title_id INTEGER NOT NULL REFERENCES title (title_id),
    person_id INTEGER NOT NULL REFERENCES person (person_id),
    job TEXT NOT NULL,
    "character" TEXT,                             -- NULL: not an acting job
    "order" INTEGER NOT NULL,
    PRIMARY KEY (title_id, person_id, job)
);
CREATE INDEX credit_person ON credit (person_id);
CREATE TABLE account (
    account_id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    country TEXT NOT NULL,
    plan TEXT NOT NULL,
    monthly_price REAL NOT NULL,
    opened_on TEXT NOT NULL,
    closed_on TEXT,
    invited_by INTEGER REFERENCES account (account_id)
);
CREATE INDEX account_invited_by ON account (invited_by);
CREATE TABLE profile (
    profile_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (account_id),
    name TEXT NOT NULL,
    "is child" INTEGER NOT NULL DEFAULT 0,
    language TEXT
);
CREATE INDEX profile_account ON profile (account_id);
CREATE TABLE viewing (
    viewing_id INTEGER PRIMARY KEY,
    profile_id INTEGER NOT NULL REFERENCES profile (profile_id),
    title_id INTEGER NOT NULL REFERENCES title (title_id),
    started_at TEXT NOT NULL,                     -- 'YYYY-MM-DD HH:MM'
    minutes INTEGER NOT NULL,
    device TEXT
);
CREATE INDEX viewing_profile ON viewing (profile_id);
CREATE INDEX viewing_title ON viewing (title_id);
CREATE TABLE rating (
    profile_id INTEGER NOT NULL REFERENCES profile (profile_id),
    title_id INTEGER NOT NULL REFERENCES title (title_id),
    stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    comment TEXT,
    rated_on TEXT NOT NULL,
    PRIMARY KEY (profile_id, title_id)
);
CREATE INDEX rating_title ON rating (title_id);
CREATE TABLE award (
    award_id INTEGER PRIMARY KEY,
    title_id INTEGER NOT NULL REFERENCES title (title_id),
    person_id INTEGER REFERENCES person (person_id),
    name TEXT NOT NULL,
    year INTEGER NOT NULL
);
CREATE INDEX award_title ON award (title_id);
CREATE INDEX award_person ON award (person_id);
CREATE VIEW title_rating AS
    SELECT t.title_id, t.name, count(r.stars) AS rating_count, round(avg(r.stars), 2) AS average_stars
    FROM title AS t LEFT JOIN rating AS r ON r.title_id = t.title_id
    GROUP BY t.title_id;
CREATE VIEW account_directory AS
    SELECT account_id, country, plan, opened_on, closed_on FROM account;
"""

TITLE_KINDS = ("film", "series", "documentary")
LANGUAGES = ("English", "French", "Japanese", "Polish", "Spanish", "Icelandic")
GENRES = (
    "drama",
    "comedy",
    "thriller",
    "science fiction",
    "children's",
    "romance",
    "western",
)  # no title is a western
JOBS = ("actor", "director", "writer", "composer")
PLANS = (("basic", 7.99), ("standard", 12.99), ("premium", 17.99), ("student", 4.99))  # name, monthly price
COUNTRIES = ("Switzerland", "Poland", "Japan", "France", "Brazil", "Iceland", "United States")
DEVICES = ("tv", "phone", "tablet", "browser")
# Titles in every instance, ids from 1 in this order; others follow.
# Name, kind, year, language, the id of the title that it is a sequel of.
TITLES = (
    ("The Clockmaker's Daughter", "film", 2011, "English", None),
    ("The Clockmaker's Daughter II", "film", 2014, "English", 1),
    ("The Clockmaker's Daughter III", "film", 2018, "English", 2),
    ("東京の雨", "film", 2016, "Japanese", None),
    ("Noc w Łodzi", "series", 2019, "Polish", None),
    ('Love & "Other" Errors', "film", 2020, "English", None),
    ("Été 1998", "documentary", 2008, "French", None),
    ("Ljósin", "series", 2021, "Icelandic", None),
)


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `award` gets two rows only."""
    persons = _persons(rng, scale)
    titles = _titles(rng, scale)
    accounts = _accounts(rng, scale)
    profiles = _profiles(rng, accounts)
    insert(connection, "person", persons)
    insert(connection, "title", titles)
    insert(connection, "title_genre", _title_genres(rng, titles))
    insert(connection, "credit", _credits(rng, titles, persons))
    insert(connection, "account", accounts)
    insert(connection, "profile", profiles)
    insert(connection, "viewing", _viewings(rng, scale, profiles, titles))
    insert(connection, "rating", _ratings(rng, scale, profiles, titles))
    insert(connection, "award", [(1, 4, 4, "Golden Reel", 2017), (2, 7, None, "Prix de l'Image", 2009)])


def _persons(rng: Random, scale: float) -> list[Cells]:
    countries = Zipf(COUNTRIES)
    return [
        (number, name, unless(rng, 0.15, 1935 + rng.randrange(70)), unless(rng, 0.1, countries.draw(rng)))
        for number, name in enumerate(people(rng, some(rng, scale, 260, 299)), 1)
    ]


def _titles(rng: Random, scale: float) -> list[Cells]:
    kinds, languages = Zipf(TITLE_KINDS), Zipf(LANGUAGES)
    drawn = [
        f"{pick(rng, ('The', 'My', 'Our'))} {pick(rng, ADJECTIVES)} {pick(rng, STORY_NOUNS)}"
        for _ in range(some(rng, scale, 200, 229))
    ]
    names = near_copies(rng, [name for name, *_ in TITLES] + drawn, first=len(TITLES))
    titles: list[Cells] = []
    for number, name in enumerate(names, 1):
        sequel_of = 1 + rng.randrange(number - 1) if number > 1 and chance(rng, 0.12) else None
        year = 1990 + rng.randrange(34)
        if sequel_of:
            year = max(year, titles[sequel_of - 1][3] + 1)
        described = (name, kinds.draw(rng), year, languages.draw(rng), sequel_of)
        name, kind, year, language, sequel_of = TITLES[number - 1] if number <= len(TITLES) else described
        runtime = None if kind == "series" else 48 + rng.randrange(130)
        titles.append((number, name, kind, year, runtime, language, sequel_of, money(rng, 500, 60_000)))
    return titles


def _title_genres(rng: Random, titles: list[Cells]) -> list[Cells]:
    genres = popular(rng, GENRES[:-1], idle=0)
    pairs = {(title[0], genres.draw(rng)): None for title in titles for _ in range(rng.randrange(5))}
    return list(pairs)


def _credits(rng: Random, titles: list[Cells], persons: list[Cells]) -> list[Cells]:
    actor, maker = popular(rng, persons, idle=0.3), popular(rng, persons, idle=0.7)
    roles = (*FIRST_NAMES, "Herself", "Narrator", "The Tailor's Boy", 'Jo "Red" Hart')
    rows: dict[Cells, Cells] = {}
    for title in titles[:-2]:  # of the last two nobody is credited
        jobs = (
            ["actor"] * rng.randrange(6)
            + ["director"]
            + ["writer"] * rng.randrange(3)
            + ["composer"] * rng.randrange(2)
        )
        for order, job in enumerate(jobs, 1):
            person = (actor if job == "actor" else maker).draw(rng)[0]
            character = unless(rng, 0.1, pick(rng, roles)) if job == "actor" else None
            rows.setdefault((title[0], person, job), (title[0], person, job, character, order))
    return list(rows.values())


def _accounts(rng: Random, scale: float) -> list[Cells]:
    plans, countries = Zipf(PLANS), Zipf(COUNTRIES)
    accounts: list[Cells] = []
    for number in range(1, some(rng, scale, 370, 419) + 1):
        plan, price = plans.draw(rng)
        opened_on = day(rng, "2019-01-01", "2024-06-30")
        closed_on = days_after(opened_on, 30 + rng.randrange(150)) if chance(rng, 0.2) else None
        inviter = 1 + int(rng.random() * rng.random() * (number - 1)) if number > 1 else None
        name = pick(rng, FIRST_NAMES)
        accounts.append(
            (
                number,
                email(name, number, "mail.example"),
                countries.draw(rng),
                plan,
                price,
                opened_on,
                closed_on,
                unless(rng, 0.7, inviter),
            )
        )
    return accounts


def _profiles(rng: Random, accounts: list[Cells]) -> list[Cells]:
    languages = Zipf(LANGUAGES)
    names = near_copies(rng, [pick(rng, FIRST_NAMES) for _ in range(560)], first=0)
    profiles: list[Cells] = []
    for account in accounts:
        count = 0 if chance(rng, 0.06) else 1 + int(rng.random() * rng.random() * 4)
        for position in range(count):
            number = len(profiles) + 1
            name = PEOPLE[number - 1] if number <= len(PEOPLE) else names[number % len(names)]
            is_child = int(position > 0 and chance(rng, 0.4))
            profiles.append((number, account[0], name, is_child, unless(rng, 0.2, languages.draw(rng))))
    return profiles


def _viewings(rng: Random, scale: float, profiles: list[Cells], titles: list[Cells]) -> list[Cells]:
    profile, title, devices = (
        popular(rng, profiles, idle=0.15),
        popular(rng, titles, idle=0.15),
        Zipf(DEVICES),
    )
    viewings: list[Cells] = []
    for number in range(1, some(rng, scale, 2000, 2299) + 1):
        watched = title.draw(rng)
        length = watched[4] or 50
        minutes = length if chance(rng, 0.45) else 1 + rng.randrange(length)
        started_at = f"{day(rng, '2024-07-01', '2024-12-31')} {clock(rng, 6, 24)}"
        row = (
            number,
            profile.draw(rng)[0],
            watched[0],
            started_at,
            minutes,
            unless(rng, 0.08, devices.draw(rng)),
        )
        viewings.append(row)
    return viewings


def _ratings(rng: Random, scale: float, profiles: list[Cells], titles: list[Cells]) -> list[Cells]:
    profile, title = popular(rng, profiles, idle=0.5), popular(rng, titles, idle=0.25)
    stars = Zipf((4, 5, 3, 1, 2))
    ratings: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 900, 1099)):
        key = (profile.draw(rng)[0], title.draw(rng)[0])
        comment = unless(rng, 0.6, pick(rng, REMARKS))
        ratings[key] = (*key, stars.draw(rng), comment, day(rng, "2024-07-01", "2025-01-31"))
    return list(ratings.values())


_CATALOGUE = (
    TableWords(
        "person",
        "person",
        "people",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords(
                "birth_year", Role.LEVEL, "year of birth", missing="of unknown age", plural="years of birth"
            ),
            ColumnWords(
                "country",
                Role.CATEGORY,
                "country",
                having="from {}",
                missing="of unknown origin",
                plural="countries",
            ),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "title",
        "title",
        "titles",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("kind", Role.CATEGORY, "type", having="of the type {}"),
            ColumnWords("release_year", Role.LEVEL, "year of release", plural="years of release"),
            ColumnWords(
                "runtime_min", Role.LEVEL, "length", missing="without a fixed length", unit="minutes"
            ),
            ColumnWords("language", Role.CATEGORY, "language", having="in {}"),
            ColumnWords("licence_fee", Role.AMOUNT, "licence fee", unit="francs"),
        ),
        label=("name",),
    ),
    TableWords(
        "title_genre",
        "genre entry",
        "genre entries",
        (ColumnWords("genre", Role.CATEGORY, "genre", having="for the genre {}"),),
    ),
    TableWords(
        "credit",
        "credit",
        "credits",
        (
            ColumnWords("job", Role.CATEGORY, "job", having="as {}"),
            ColumnWords("character", Role.TEXT, "character", missing="without a character"),
        ),
    ),
)
_VIEWERS = (
    TableWords(
        "account",
        "account",
        "accounts",
        (
            ColumnWords("country", Role.CATEGORY, "country", having="in {}", plural="countries"),
            ColumnWords("plan", Role.CATEGORY, "plan", having="on the {} plan"),
            ColumnWords("monthly_price", Role.AMOUNT, "monthly price", unit="francs"),
            ColumnWords("opened_on", Role.DATE, "opening date", event="opened"),
            ColumnWords(
                "closed_on", Role.DATE, "closing date", missing="that are still open", event="closed"
            ),
        ),
    ),
    TableWords(
        "profile",
        "viewer profile",
        "viewer profiles",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("is child", Role.FLAG, "age group", yes="made for a child", no="made for an adult"),
            ColumnWords(
                "language",
                Role.CATEGORY,
                "language",
                having="set to {}",
                missing="without a language setting",
            ),
        ),
    ),
    TableWords(
        "viewing",
        "viewing",
        "viewings",
        (
            ColumnWords("started_at", Role.MOMENT, "start", event="started"),
            ColumnWords("minutes", Role.AMOUNT, "watching time", unit="minutes"),
            ColumnWords(
                "device", Role.CATEGORY, "device", having="on the device {}", missing="on an unknown device"
            ),
        ),
    ),
    TableWords(
        "rating",
        "rating",
        "ratings",
        (
            ColumnWords("stars", Role.LEVEL, "number of stars", plural="numbers of stars"),
            ColumnWords("comment", Role.TEXT, "comment", missing="without a comment"),
            ColumnWords("rated_on", Role.DATE, "date", event="given"),
        ),
    ),
)
_LINKS = (
    Link(
        "title",
        ("sequel_of",),
        "title",
        ("title_id",),
        of="continuing {}",
        having="continued by {}",
        without="not continued by any {}",
        role="predecessor",
        role_plural="predecessors",
    ),
    Link("title_genre", ("title_id",), "title", ("title_id",), of="of {}"),
    Link("credit", ("title_id",), "title", ("title_id",), of="in {}"),
    Link("credit", ("person_id",), "person", ("person_id",), of="of {}"),
    Link(
        "account",
        ("invited_by",),
        "account",
        ("account_id",),
        of="invited by {}",
        having="that invited {}",
        without="that invited no {}",
        role="inviting account",
        role_plural="inviting accounts",
    ),
    Link("profile", ("account_id",), "account", ("account_id",), of="of {}"),
    Link("viewing", ("profile_id",), "profile", ("profile_id",), of="by {}"),
    Link("viewing", ("title_id",), "title", ("title_id",), of="of {}"),
    Link("rating", ("profile_id",), "profile", ("profile_id",), of="by {}"),
    Link("rating", ("title_id",), "title", ("title_id",), of="of {}"),
)
LEXICON = Lexicon(
    tables=(*_CATALOGUE, *_VIEWERS),
    links=_LINKS,
    rules=(
        Exclusion("closed", "account", "{t}.closed_on IS NULL", "Closed accounts are never counted."),
        Exclusion(
            "children", "profile", '{t}."is child" = 0', "Children's profiles are left out of all figures."
        ),
        FiscalYear("viewing", "started_at", 7),
        Conversion(
            "viewing",
            "minutes",
            "{t}.minutes / 60.0",
            "watching time in hours",
            "Watching times are kept in minutes; report hours.",
        ),
    ),
    screens=(
        Screen(
            "account_directory",
            "account",
            "For data protection the accounts' table is closed to us; the directory is open.",
        ),
    ),
)

DOMAIN = Domain(
    "film_streaming", "A film streaming service and its viewers", Split.TEST, DDL, populate, LEXICON
)
