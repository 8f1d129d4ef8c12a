"""A group of hotels: houses, rooms, guests, stays with their charges, and what rooms cost when."""

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
    money,
    people,
    pick,
    popular,
    some,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords

DDL = """
CREATE TABLE Htl (
    HtlCd TEXT PRIMARY KEY,
    Nm TEXT NOT NULL,
    Twn TEXT NOT NULL,
    Strs INTEGER,                                 -- NULL: not classified
    Opnd TEXT NOT NULL,
    SisterOf TEXT REFERENCES Htl (HtlCd)
);
CREATE INDEX HtlSister ON Htl (SisterOf);
CREATE TABLE RmTp (
    TpCd TEXT PRIMARY KEY,
    Dsc TEXT NOT NULL,
    Bds INTEGER NOT NULL
);
CREATE TABLE Rm (
    HtlCd TEXT NOT NULL REFERENCES Htl (HtlCd),
    RmNo INTEGER NOT NULL,
    TpCd TEXT NOT NULL REFERENCES RmTp (TpCd),
    Flr INTEGER NOT NULL,
    Sqm REAL,
    Vw TEXT,
    PRIMARY KEY (HtlCd, RmNo)
);
CREATE INDEX RmType ON Rm (TpCd);
CREATE TABLE Agnt (
    AgntId INTEGER PRIMARY KEY,
    Cmpny TEXT NOT NULL,
    CmsnPct REAL NOT NULL
);
CREATE TABLE Gst (
    GstId INTEGER PRIMARY KEY,
    FullNm TEXT NOT NULL,
    Ctry TEXT NOT NULL,
    Born TEXT,
    Tr TEXT,                                      -- NULL: not in the loyalty programme
    Eml TEXT,
    IsTst INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE Sty (
    StyId INTEGER PRIMARY KEY,
    GstId INTEGER NOT NULL REFERENCES Gst (GstId),
    HtlCd TEXT NOT NULL,
    RmNo INTEGER NOT NULL,
    AgntId INTEGER REFERENCES Agnt (AgntId),      -- NULL: booked directly
    Arr TEXT NOT NULL,
    Dep TEXT NOT NULL,
    Prsns INTEGER NOT NULL,
    St TEXT NOT NULL,
    RtPrNght REAL NOT NULL,
    FOREIGN KEY (HtlCd, RmNo) REFERENCES Rm (HtlCd, RmNo)
);
CREATE INDEX StyGuest ON Sty (GstId);
CREATE INDEX StyRoom ON Sty (HtlCd, RmNo);
CREATE INDEX StyAgent ON Sty (AgntId);
CREATE TABLE Chrg (
    ChrgId INTEGER PRIMARY KEY,
    StyId INTEGER NOT NULL REFERENCES Sty (StyId),
    Ct TEXT NOT NULL,
    Amt INTEGER NOT NULL,                         -- in cents
    ChrgdAt TEXT NOT NULL                         -- 'YYYY-MM-DD HH:MM'
);
CREATE INDEX ChrgStay ON Chrg (StyId);
CREATE TABLE Rvw (
    RvwId INTEGER PRIMARY KEY,
    StyId INTEGER NOT NULL REFERENCES Sty (StyId),
    Pts INTEGER NOT NULL,
    Txt TEXT,
    WrttnOn TEXT NOT NULL
);
CREATE INDEX RvwStay ON Rvw (StyId);
CREATE TABLE StfMbr (
    StfNo INTEGER PRIMARY KEY,
    FullNm TEXT NOT NULL,
    HtlCd TEXT NOT NULL REFERENCES Htl (HtlCd),
    Jb TEXT NOT NULL,
    Wg REAL NOT NULL,
    BssNo INTEGER REFERENCES StfMbr (StfNo),
    Strtd TEXT NOT NULL
);
CREATE INDEX StfHotel ON StfMbr (HtlCd);
CREATE INDEX StfBoss ON StfMbr (BssNo);
CREATE TABLE GrpBkg (
    GrpId INTEGER PRIMARY KEY,
    HtlCd TEXT NOT NULL REFERENCES Htl (HtlCd),
    Nm TEXT NOT NULL,
    Rms INTEGER NOT NULL
);
CREATE INDEX GrpHotel ON GrpBkg (HtlCd);
CREATE VIEW StfList AS SELECT StfNo, FullNm, HtlCd, Jb, Strtd FROM StfMbr;
CREATE VIEW GstStats AS SELECT GstId, Ctry, Tr, IsTst FROM Gst;
"""

# Code, name, town and stars; the same in every instance. Nobody stays at the last.
HOTELS = (
    ("EDW", "Edelweiss", "Zermatt", 4),
    ("SEE", "Seehof", "Luzern", 3),
    ("BEL", "Bellevue & Spa", "Montreux", 5),
    ("KRN", "Krone 1812", "Appenzell", 3),
    ("ETL", "L'Étoile", "Genève", 4),
    ("SUN", "Sonnenhof", "Davos", None),
    ("CAS", 'Casa "Ticino"', "Lugano", 4),
    ("OLD", "Old Post", "Andermatt", 2),
)
ROOM_TYPES = (
    ("SGL", "single room", 1),
    ("DBL", "double room", 2),
    ("TWN", "twin room", 2),
    ("FAM", "family room", 4),
    ("STE", "suite", 2),
)
VIEWS = ("mountain", "lake", "courtyard", "street")
COUNTRIES = (
    "Switzerland",
    "Germany",
    "United Kingdom",
    "Japan",
    "United States",
    "Brazil",
    "Poland",
    "India",
)
TIERS = ("bronze", "silver", "gold")
STATUSES = ("checked out", "booked", "cancelled", "no-show")
CATEGORIES = ("restaurant", "minibar", "spa", "parking", "laundry", "spa treatment")
JOBS = ("reception", "housekeeping", "kitchen", "night porter", "manager")
WAGES = {"reception": 4_300, "housekeeping": 3_900, "kitchen": 4_100, "night porter": 4_000, "manager": 7_200}


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `GrpBkg` stays empty."""
    rooms = _rooms(rng)
    guests = _guests(rng, scale)
    stays = _stays(rng, scale, rooms, guests)
    insert(
        connection,
        "Htl",
        [
            (code, name, town, stars, f"{1905 + 13 * place}-05-01", HOTELS[0][0] if place in (2, 4) else None)
            for place, (code, name, town, stars) in enumerate(HOTELS)
        ],
    )
    insert(connection, "RmTp", ROOM_TYPES)
    insert(connection, "Rm", rooms)
    agents = companies(rng, 12)
    insert(connection, "Agnt", [(n, name, 6 + rng.randrange(21) / 2) for n, name in enumerate(agents, 1)])
    insert(connection, "Gst", guests)
    insert(connection, "Sty", stays)
    insert(connection, "Chrg", _charges(rng, scale, stays))
    insert(connection, "Rvw", _reviews(rng, stays))
    insert(connection, "StfMbr", _staff(rng, scale))


def _rooms(rng: Random) -> list[Cells]:
    types = Zipf([code for code, _, _ in ROOM_TYPES])
    return [
        (
            code,
            100 * floor + number,
            types.draw(rng),
            floor,
            unless(rng, 0.15, 14 + rng.randrange(60) / 2),
            unless(rng, 0.2, pick(rng, VIEWS)),
        )
        for code, *_ in HOTELS
        for floor in range(1, 4)
        for number in range(1, 7 + rng.randrange(4))
    ]


def _guests(rng: Random, scale: float) -> list[Cells]:
    countries, tiers = Zipf(COUNTRIES), Zipf(TIERS)
    return [
        (
            number,
            name,
            countries.draw(rng),
            unless(rng, 0.25, day(rng, "1940-01-01", "2004-12-31")),
            unless(rng, 0.55, tiers.draw(rng)),
            unless(rng, 0.2, f"guest{number}@mail.example"),
            int(chance(rng, 0.04)),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 420, 480)), 1)
    ]


def _stays(rng: Random, scale: float, rooms: list[Cells], guests: list[Cells]) -> list[Cells]:
    used = [room for room in rooms if room[0] != HOTELS[-1][0]]
    room, guest, statuses = popular(rng, used, idle=0.1), popular(rng, guests, idle=0.12), Zipf(STATUSES)
    agent = popular(rng, range(1, 13), idle=0.2)
    stays: list[Cells] = []
    for number in range(1, some(rng, scale, 900, 1_000) + 1):
        status = statuses.draw(rng)
        arrival = (
            day(rng, "2025-01-01", "2025-05-31")
            if status == "booked"
            else day(rng, "2022-06-01", "2024-12-20")
        )
        where = room.draw(rng)
        stays.append(
            (
                number,
                guest.draw(rng)[0],
                where[0],
                where[1],
                unless(rng, 0.5, agent.draw(rng)),
                arrival,
                days_after(arrival, 1 + int(rng.random() * rng.random() * 14)),
                1 + rng.randrange(4),
                status,
                float(90 + 5 * int(rng.random() * rng.random() * 90)),
            )
        )
    return stays


def _charges(rng: Random, scale: float, stays: list[Cells]) -> list[Cells]:
    stay = popular(rng, [stay for stay in stays if stay[8] == "checked out"], idle=0.25)
    categories = Zipf(CATEGORIES)
    charges: list[Cells] = []
    for number in range(1, some(rng, scale, 950, 1_100) + 1):
        charged = stay.draw(rng)
        moment = f"{charged[5]} {7 + rng.randrange(16):02}:{rng.randrange(60):02}"
        charges.append((number, charged[0], categories.draw(rng), int(100 * money(rng, 3, 320)), moment))
    return charges


def _reviews(rng: Random, stays: list[Cells]) -> list[Cells]:
    stay = popular(rng, [stay for stay in stays if stay[8] == "checked out"], idle=0.3)
    texts = ("Lovely view", "Too loud at night", "The staff's kindness!", "très bien", "Would come again")
    reviews: list[Cells] = []
    for number in range(1, len(stays) // 4):
        reviewed = stay.draw(rng)
        reviews.append(
            (
                number,
                reviewed[0],
                2 + int(rng.random() * 9),
                unless(rng, 0.4, pick(rng, texts)),
                days_after(reviewed[6], rng.randrange(30)),
            )
        )
    return reviews


def _staff(rng: Random, scale: float) -> list[Cells]:
    hotels, jobs = Zipf([code for code, *_ in HOTELS]), Zipf(JOBS)
    staff: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 90, 110)), 1):
        job = jobs.draw(rng) if number > 4 else "manager"
        boss = 1 + rng.randrange(min(number - 1, 12)) if number > 1 and chance(rng, 0.9) else None
        wage = float(WAGES[job] + 50 * rng.randrange(40))
        staff.append((number, name, hotels.draw(rng), job, wage, boss, day(rng, "1998-01-01", "2024-06-30")))
    return staff


_HOUSES = (
    TableWords(
        "Htl",
        "hotel",
        "hotels",
        (
            ColumnWords("Nm", Role.NAME, "name"),
            ColumnWords("Twn", Role.NAME, "town"),
            ColumnWords("Strs", Role.LEVEL, "star rating", missing="without a star rating", unit="stars"),
            ColumnWords("Opnd", Role.DATE, "opening date", event="opened"),
        ),
        label=("Nm",),
    ),
    TableWords(
        "RmTp",
        "room type",
        "room types",
        (
            ColumnWords("Dsc", Role.NAME, "description"),
            ColumnWords("Bds", Role.LEVEL, "number of beds", plural="numbers of beds"),
        ),
        label=("Dsc",),
    ),
    TableWords(
        "Rm",
        "room",
        "rooms",
        (
            ColumnWords("Flr", Role.LEVEL, "floor"),
            ColumnWords("Sqm", Role.LEVEL, "area", missing="of unknown size", unit="square metres"),
            ColumnWords("Vw", Role.CATEGORY, "view", having="with a {} view", missing="without a view"),
        ),
    ),
    TableWords(
        "StfMbr",
        "member of staff",
        "members of staff",
        (
            ColumnWords("FullNm", Role.NAME, "name"),
            ColumnWords("Jb", Role.CATEGORY, "job", having="with the job {}"),
            ColumnWords("Wg", Role.LEVEL, "monthly pay", unit="francs"),
            ColumnWords("Strtd", Role.DATE, "starting date", event="employed"),
        ),
        label=("FullNm",),
        person=True,
    ),
)
_VISITS = (
    TableWords(
        "Agnt",
        "travel agency",
        "travel agencies",
        (
            ColumnWords("Cmpny", Role.NAME, "name"),
            ColumnWords("CmsnPct", Role.LEVEL, "commission", unit="percent"),
        ),
        label=("Cmpny",),
    ),
    TableWords(
        "Gst",
        "guest",
        "guests",
        (
            ColumnWords("FullNm", Role.NAME, "name"),
            ColumnWords("Ctry", Role.CATEGORY, "home country", having="from {}", plural="home countries"),
            ColumnWords(
                "Born",
                Role.DATE,
                "date of birth",
                missing="of unknown age",
                event="born",
                plural="dates of birth",
            ),
            ColumnWords(
                "Tr",
                Role.CATEGORY,
                "loyalty level",
                having="with the loyalty level {}",
                missing="outside the loyalty programme",
            ),
            ColumnWords(
                "Eml",
                Role.TEXT,
                "e-mail address",
                missing="without an e-mail address",
                plural="e-mail addresses",
            ),
        ),
        label=("FullNm",),
        person=True,
    ),
    TableWords(
        "Sty",
        "stay",
        "stays",
        (
            ColumnWords("Arr", Role.DATE, "arrival date", event="beginning"),
            ColumnWords("Dep", Role.DATE, "departure date", event="ending"),
            ColumnWords("Prsns", Role.AMOUNT, "number of persons", plural="numbers of persons"),
            ColumnWords("St", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
            ColumnWords("RtPrNght", Role.LEVEL, "rate per night", unit="francs", plural="rates per night"),
        ),
    ),
    TableWords(
        "Chrg",
        "extra charge",
        "extra charges",
        (
            ColumnWords("Ct", Role.CATEGORY, "category", having="in the category {}", plural="categories"),
            ColumnWords("Amt", Role.AMOUNT, "amount", unit="cents"),
            ColumnWords("ChrgdAt", Role.MOMENT, "date and time", event="made", plural="dates and times"),
        ),
    ),
    TableWords(
        "Rvw",
        "guest review",
        "guest reviews",
        (
            ColumnWords("Pts", Role.LEVEL, "score", unit="points"),
            ColumnWords("Txt", Role.TEXT, "text", missing="without a text"),
            ColumnWords("WrttnOn", Role.DATE, "date", event="written"),
        ),
    ),
)
_LINKS = (
    Link(
        "Htl",
        ("SisterOf",),
        "Htl",
        ("HtlCd",),
        of="run by {}",
        having="running {}",
        without="not running any {}",
        role="parent hotel",
        role_plural="parent hotels",
    ),
    Link("Rm", ("HtlCd",), "Htl", ("HtlCd",), of="at {}"),
    Link("Rm", ("TpCd",), "RmTp", ("TpCd",), of="of {}"),
    Link(
        "StfMbr",
        ("HtlCd",),
        "Htl",
        ("HtlCd",),
        of="working at {}",
        having="employing {}",
        without="not employing any {}",
    ),
    Link(
        "StfMbr",
        ("BssNo",),
        "StfMbr",
        ("StfNo",),
        of="reporting to {}",
        having="leading {}",
        without="not leading any {}",
        role="superior",
        role_plural="superiors",
    ),
    Link("Sty", ("GstId",), "Gst", ("GstId",), of="of {}"),
    Link("Sty", ("HtlCd", "RmNo"), "Rm", ("HtlCd", "RmNo"), of="in {}"),
    Link("Sty", ("AgntId",), "Agnt", ("AgntId",), of="booked through {}"),
    Link("Chrg", ("StyId",), "Sty", ("StyId",), of="made during {}"),
    Link("Rvw", ("StyId",), "Sty", ("StyId",), of="of {}"),
)
LEXICON = Lexicon(
    tables=(*_HOUSES, *_VISITS),
    links=_LINKS,
    rules=(
        Exclusion(
            "test_account", "Gst", "{t}.IsTst = 0", "Guests that were made up for tests are never counted."
        ),
        Exclusion("cancelled", "Sty", "{t}.St <> 'cancelled'", "Cancelled stays are never counted."),
        FiscalYear("Sty", "Arr", 11),
        Conversion(
            "Chrg",
            "Amt",
            "{t}.Amt / 100.0",
            "amount in francs",
            "Extra charges are kept in cents; report francs.",
        ),
    ),
    screens=(
        Screen(
            "StfList", "StfMbr", "Pay is confidential, so the staff table is closed to us; the list is open."
        ),
        Screen(
            "GstStats",
            "Gst",
            "Names of guests are private, so their table is closed; the view without them is open.",
        ),
    ),
)

DOMAIN = Domain("hotel", "A group of hotels with their guests and stays", Split.TEST, DDL, populate, LEXICON)
