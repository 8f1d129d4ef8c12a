"""A city's services: districts and residents, their requests, the crews that see to them, and permits.

Tables and columns are named in plain words, with spaces, hyphens and reserved words.
"""

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
    people,
    pick,
    popular,
    some,
    streets,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords

DDL = """
CREATE TABLE district (
    "district no" INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    "group" TEXT NOT NULL,
    population INTEGER NOT NULL,
    "area km2" REAL NOT NULL
);
CREATE TABLE resident (
    "resident no" INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    "district no" INTEGER NOT NULL REFERENCES district ("district no"),
    street TEXT NOT NULL,
    "e-mail" TEXT,
    "registered on" TEXT NOT NULL
);
CREATE INDEX "resident by district" ON resident ("district no");
CREATE TABLE "request type" (
    code TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    office TEXT NOT NULL,
    "target days" INTEGER,                        -- NULL: no target set
    "part of" TEXT REFERENCES "request type" (code)
);
CREATE INDEX "request type by part of" ON "request type" ("part of");
CREATE TABLE "service request" (
    "request no" INTEGER PRIMARY KEY,
    "type code" TEXT NOT NULL REFERENCES "request type" (code),
    "district no" INTEGER NOT NULL REFERENCES district ("district no"),
    "resident no" INTEGER REFERENCES resident ("resident no"), -- NULL: anonymous
    "repeat of" INTEGER REFERENCES "service request" ("request no"),
    via TEXT NOT NULL,
    status TEXT NOT NULL,
    "opened at" TEXT NOT NULL,                    -- 'YYYY-MM-DD HH:MM'
    "closed at" TEXT,                             -- NULL: not closed yet
    stars INTEGER CHECK (stars BETWEEN 1 AND 5),
    note TEXT,
    "is test" INTEGER NOT NULL DEFAULT 0 CHECK ("is test" IN (0, 1))
);
CREATE INDEX "request by type" ON "service request" ("type code");
CREATE INDEX "request by district" ON "service request" ("district no");
CREATE INDEX "request by resident" ON "service request" ("resident no");
CREATE INDEX "request by repeat" ON "service request" ("repeat of");
CREATE TABLE crew (
    "crew no" INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    depot TEXT NOT NULL,
    vehicles INTEGER NOT NULL
);
CREATE TABLE worker (
    "worker no" INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    "crew no" INTEGER REFERENCES crew ("crew no"), -- NULL: stands in where needed
    trade TEXT NOT NULL,
    "hourly pay" REAL NOT NULL,
    "hired on" TEXT NOT NULL,
    "left on" TEXT CHECK ("left on" > "hired on")
);
CREATE INDEX "worker by crew" ON worker ("crew no");
CREATE TABLE assignment (
    "request no" INTEGER NOT NULL REFERENCES "service request" ("request no"),
    "crew no" INTEGER NOT NULL REFERENCES crew ("crew no"),
    "order" INTEGER NOT NULL,                     -- first crew, second crew, ...
    hours REAL,                                   -- NULL: not reported yet
    materials REAL NOT NULL,                      -- euros
    PRIMARY KEY ("request no", "crew no")
);
CREATE INDEX "assignment by crew" ON assignment ("crew no");
CREATE TABLE inspector (
    badge TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    deputy TEXT REFERENCES inspector (badge),
    "sworn in on" TEXT NOT NULL
);
CREATE INDEX "inspector by deputy" ON inspector (deputy);
CREATE TABLE permit (
    "permit no" TEXT PRIMARY KEY,
    "resident no" INTEGER NOT NULL REFERENCES resident ("resident no"),
    "district no" INTEGER NOT NULL REFERENCES district ("district no"),
    kind TEXT NOT NULL,
    "applied on" TEXT NOT NULL,
    "granted on" TEXT,                            -- NULL: not granted
    "expires on" TEXT,                            -- NULL: not granted, or without limit
    "fee cents" INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1))
);
CREATE INDEX "permit by resident" ON permit ("resident no");
CREATE INDEX "permit by district" ON permit ("district no");
CREATE TABLE inspection (
    "permit no" TEXT NOT NULL REFERENCES permit ("permit no"),
    visit INTEGER NOT NULL,
    badge TEXT NOT NULL REFERENCES inspector (badge),
    "inspected on" TEXT NOT NULL,
    result TEXT NOT NULL,
    score INTEGER,
    PRIMARY KEY ("permit no", visit)
);
CREATE INDEX "inspection by badge" ON inspection (badge);
CREATE TABLE "fee payment" (
    "payment no" INTEGER PRIMARY KEY,
    "permit no" TEXT NOT NULL REFERENCES permit ("permit no"),
    method TEXT NOT NULL,
    "amount cents" INTEGER NOT NULL,
    "paid on" TEXT NOT NULL
);
CREATE INDEX "payment by permit" ON "fee payment" ("permit no");
CREATE TABLE hearing (
    "permit no" TEXT NOT NULL REFERENCES permit ("permit no"),
    "held on" TEXT NOT NULL,
    outcome TEXT,
    PRIMARY KEY ("permit no", "held on")
);
CREATE VIEW "public request" AS
    SELECT "request no", "type code", "district no", "repeat of", via, status, "opened at", "closed at",
           stars, "is test"
    FROM "service request";
CREATE VIEW "current worker" AS
    SELECT "worker no", name, "crew no", trade, "hired on" FROM worker WHERE "left on" IS NULL;
"""

# Name, group, population and area; ids from 1 in this order, in every instance. Nothing happens in the last.
DISTRICTS = (
    ("Old Town", "centre", 8_400, 1.2),
    ("Old Town West", "centre", 6_900, 1.6),
    ("Saint-Étienne", "inner", 22_300, 4.8),
    ("Königsfeld", "inner", 31_200, 6.1),
    ("Carpenters' Row", "inner", 14_800, 2.9),
    ("Harbour", "harbour", 5_200, 7.4),
    ("North Harbour", "harbour", 2_700, 9.9),
    ("Ås", "outer", 17_600, 14.2),
    ("Millbrook", "outer", 26_100, 11.8),
    ("Upper Millbrook", "outer", 9_300, 13.5),
    ("Na Příkopě", "inner", 19_900, 3.3),
    ('The "Triangle"', "centre", 3_100, 0.4),
    ("Airfield", "outer", 40, 8.8),
)
# Code, label, office, target and the type that it is part of; the same in every instance. Nobody uses
# the last.
REQUEST_TYPES = (
    ("STR", "Street damage", "Roads", None, None),
    ("POT", "Pothole", "Roads", 10, "STR"),
    ("KRB", "Broken kerb", "Roads", 30, "STR"),
    ("SGN", "Missing sign", "Roads", 14, "STR"),
    ("LGT", "Street light out", "Lighting", 5, None),
    ("LGF", "Flickering street light", "Lighting", 8, "LGT"),
    ("WST", "Missed collection", "Waste", 2, None),
    ("WSB", "Missed bulky collection", "Waste", 7, "WST"),
    ("DMP", "Illegal dumping", "Waste", 4, None),
    ("GRF", "Graffiti", "Cleaning", 21, None),
    ("ICE", "Icy pavement", "Cleaning", 1, None),
    ("TRE", "Fallen tree", "Parks", 3, None),
    ("TRB", "Fallen branch", "Parks", 6, "TRE"),
    ("PLY", "Broken playground", "Parks", 12, None),
    ("NOI", "Noise at night", "Public Order", None, None),
    ("WSP", "Wasps' nest", "Public Order", 3, None),
    ("FTN", "Dry fountain", "Parks", None, None),
)
CHANNELS = ("phone", "app", "web form", "counter", "mobile web form")
STATUSES = ("done", "in progress", "new", "rejected", "done in part")
NOTES = (
    "Very slippery!",
    "It's been like this for weeks",
    'Neighbour calls it "modern art"',
    "trop dangereux",
    "see photo 📷",
    "See photo",
    "Near the children's playground",
    "",
)
# Name, depot and vehicles; ids from 1 in this order, the same in every instance. The last is never sent.
CREWS = (
    ("Roads A", "Quarry Lane", 4),
    ("Roads B", "Quarry Lane", 3),
    ("Lights", "Harbour Gate", 2),
    ("Sweepers East", "Harbour Gate", 6),
    ("Sweepers West", "Westpark", 5),
    ("Green Crew", "Westpark", 4),
    ("Green Crew II", "Quarry Lane", 2),
    ("Bulky Waste", "Harbour Gate", 7),
    ("Night Watch", "Town Hall", 1),
    ("Snow Reserve", "Town Hall", 8),
)
TRADES = ("driver", "gardener", "electrician", "paver", "crane driver", "sweeper")
PERMIT_KINDS = (
    "street stall",
    "building",
    "event",
    "scaffolding",
    "street music",
    "small building",
    "café terrace",
)
RESULTS = ("passed", "passed with conditions", "failed", "postponed")
METHODS = ("card", "bank transfer", "cash", "instalment")


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `hearing` stays empty."""
    residents = _residents(rng, scale)
    requests = _requests(rng, scale, residents)
    inspectors = _inspectors(rng, scale)
    permits = _permits(rng, scale, residents)
    insert(connection, "district", [(number, *district) for number, district in enumerate(DISTRICTS, 1)])
    insert(connection, "resident", residents)
    insert(connection, "request type", REQUEST_TYPES)
    insert(connection, "service request", requests)
    insert(connection, "crew", [(number, *crew) for number, crew in enumerate(CREWS, 1)])
    insert(connection, "worker", _workers(rng, scale))
    insert(connection, "assignment", _assignments(rng, requests))
    insert(connection, "inspector", inspectors)
    insert(connection, "permit", permits)
    insert(connection, "inspection", _inspections(rng, permits, inspectors))
    insert(connection, "fee payment", _payments(rng, permits))


def _residents(rng: Random, scale: float) -> list[Cells]:
    names = people(rng, some(rng, scale, 380, 430))
    district = popular(rng, range(1, len(DISTRICTS)), idle=0)  # all but the last
    return [
        (
            number,
            name,
            district.draw(rng),
            street,
            unless(rng, 0.3, email(name, number, "mail.example")),
            day(rng, "2008-01-01", "2023-12-31"),
        )
        for number, (name, street) in enumerate(zip(names, streets(rng, len(names)), strict=True), 1)
    ]


def _requests(rng: Random, scale: float, residents: list[Cells]) -> list[Cells]:
    resident, district = popular(rng, residents, idle=0.3), popular(rng, range(1, len(DISTRICTS)), idle=0)
    types = popular(rng, (code for code, *_ in REQUEST_TYPES[:-1]), idle=0)
    channels, statuses, stars = Zipf(CHANNELS), Zipf(STATUSES), Zipf((5, 1, 4, 2, 3))
    requests: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 1000, 1150)):
        reporter, status = resident.draw(rng), statuses.draw(rng)
        opened_on, over = day(rng, "2023-01-01", "2024-12-31"), status in ("done", "rejected")
        closed_on = days_after(opened_on, 1 + int(rng.random() * rng.random() * 45))
        repeated = chance(rng, 0.07) and number > 1
        requests.append(
            (
                number,
                types.draw(rng),
                reporter[2] if chance(rng, 0.7) else district.draw(rng),
                unless(rng, 0.2, reporter[0]),
                1 + int(rng.random() * rng.random() * (number - 1)) if repeated else None,
                channels.draw(rng),
                status,
                f"{opened_on} {clock(rng, 6, 23)}",
                f"{closed_on} {clock(rng, 7, 17)}" if over else None,
                unless(rng, 0.4, stars.draw(rng)) if over else None,
                unless(rng, 0.65, pick(rng, NOTES)),
                int(chance(rng, 0.04)),
            )
        )
    return requests


def _workers(rng: Random, scale: float) -> list[Cells]:
    crew, trades = popular(rng, range(1, len(CREWS) + 1)), Zipf(TRADES)
    workers: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 64, 76)), 1):
        hired_on = day(rng, "2005-01-01", "2023-06-30")
        workers.append(
            (
                number,
                name,
                unless(rng, 0.1, crew.draw(rng)),
                TRADES[number - 1] if number <= len(TRADES) else trades.draw(rng),
                18.5 + rng.randrange(60) / 4,
                hired_on,
                unless(rng, 0.8, days_after(hired_on, 60 + rng.randrange(500))),
            )
        )
    return workers


def _assignments(rng: Random, requests: list[Cells]) -> list[Cells]:
    crew = popular(rng, range(1, len(CREWS)), idle=0)  # all but the last
    assignments: list[Cells] = []
    for request in requests:
        if request[6] in ("new", "rejected") or chance(rng, 0.2):
            continue
        sent = dict.fromkeys(crew.draw(rng) for _ in range(1 + int(rng.random() * rng.random() * 3)))
        assignments += [
            (
                request[0],
                number,
                order,
                unless(rng, 0.12, (1 + int(rng.random() * rng.random() * 40)) / 2),
                0.0 if chance(rng, 0.4) else (5 + int(rng.random() * rng.random() * 900)) / 2,
            )
            for order, number in enumerate(sent, 1)
        ]
    return assignments


def _inspectors(rng: Random, scale: float) -> list[Cells]:
    return [
        (
            f"B{100 + 7 * number}",
            name,
            unless(rng, 0.25, f"B{107 + 7 * int(rng.random() * rng.random() * (number - 1))}")
            if number > 1
            else None,
            day(rng, "2001-01-01", "2022-12-31"),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 20, 26)), 1)
    ]


def _permits(rng: Random, scale: float, residents: list[Cells]) -> list[Cells]:
    resident, kinds = popular(rng, residents, idle=0.55), Zipf(PERMIT_KINDS)
    permits: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 300, 350)):
        holder, applied_on = resident.draw(rng), day(rng, "2021-07-01", "2024-11-30")
        withdrawn = chance(rng, 0.09)
        granted_on = days_after(applied_on, 3 + rng.randrange(80))
        granted = not withdrawn and not chance(rng, 0.2)
        permits.append(
            (
                f"P{applied_on[2:4]}-{number:04}",
                holder[0],
                holder[2] if chance(rng, 0.8) else 1 + rng.randrange(len(DISTRICTS) - 1),
                kinds.draw(rng),
                applied_on,
                granted_on if granted else None,
                unless(rng, 0.3, days_after(granted_on, 30 + rng.randrange(700))) if granted else None,
                500 * (4 + int(rng.random() * rng.random() * 180)),
                int(withdrawn),
            )
        )
    return permits


def _inspections(rng: Random, permits: list[Cells], inspectors: list[Cells]) -> list[Cells]:
    inspector, results = popular(rng, inspectors, idle=0.2), Zipf(RESULTS)
    inspections: list[Cells] = []
    for permit in permits:
        visits = 0 if chance(rng, 0.4) else 1 + int(rng.random() * rng.random() * 5)
        for visit in range(1, visits + 1):
            result = results.draw(rng)
            score = None if result == "postponed" else unless(rng, 0.1, 30 + rng.randrange(71))
            date = days_after(permit[4], 20 * visit + rng.randrange(20))
            inspections.append((permit[0], visit, inspector.draw(rng)[0], date, result, score))
    return inspections


def _payments(rng: Random, permits: list[Cells]) -> list[Cells]:
    methods = Zipf(METHODS)
    payments: list[Cells] = []
    for permit in permits:
        if chance(rng, 0.15):
            continue
        method, parts = methods.draw(rng), 1 + int(rng.random() * rng.random() * 4)
        for _ in range(parts):
            row = (permit[0], method, permit[7] // parts, days_after(permit[4], rng.randrange(60)))
            payments.append((len(payments) + 1, *row))
            if chance(rng, 0.03):  # charged twice
                payments.append((len(payments) + 1, *row))
    return payments


_REQUESTS = (
    TableWords(
        "district",
        "district",
        "districts",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords(
                "group",
                Role.CATEGORY,
                "part of the city",
                having="in the {} part of the city",
                plural="parts of the city",
            ),
            ColumnWords("population", Role.AMOUNT, "population", unit="inhabitants"),
            ColumnWords("area km2", Role.AMOUNT, "area", unit="square kilometres"),
        ),
        label=("name",),
    ),
    TableWords(
        "resident",
        "resident",
        "residents",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords(
                "e-mail",
                Role.TEXT,
                "e-mail address",
                missing="without an e-mail address",
                plural="e-mail addresses",
            ),
            ColumnWords("registered on", Role.DATE, "registration date", event="registered"),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "request type",
        "type of request",
        "types of request",
        (
            ColumnWords("label", Role.NAME, "name", having="named {}"),
            ColumnWords("office", Role.CATEGORY, "office", having="dealt with by the office {}"),
            ColumnWords(
                "target days", Role.LEVEL, "target time", missing="without a target time", unit="days"
            ),
        ),
        label=("label",),
    ),
    TableWords(
        "service request",
        "service request",
        "service requests",
        (
            ColumnWords("via", Role.CATEGORY, "channel", having="received by {}"),
            ColumnWords("status", Role.CATEGORY, "status", plural="statuses"),
            ColumnWords("opened at", Role.MOMENT, "opening time", event="opened"),
            ColumnWords("closed at", Role.MOMENT, "closing time", missing="not closed yet", event="closed"),
            ColumnWords(
                "stars",
                Role.LEVEL,
                "satisfaction rating",
                missing="without a satisfaction rating",
                unit="stars",
            ),
            ColumnWords("note", Role.TEXT, "note", missing="without a note"),
        ),
    ),
    TableWords(
        "crew",
        "crew",
        "crews",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords("depot", Role.CATEGORY, "depot", having="based at the depot {}"),
            ColumnWords("vehicles", Role.AMOUNT, "number of vehicles", plural="numbers of vehicles"),
        ),
        label=("name",),
    ),
    TableWords(
        "worker",
        "worker",
        "workers",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords("trade", Role.CATEGORY, "trade", having="employed as {}"),
            ColumnWords("hourly pay", Role.LEVEL, "hourly pay", unit="euros"),
            ColumnWords("hired on", Role.DATE, "date of hire", event="hired", plural="dates of hire"),
            ColumnWords("left on", Role.DATE, "leaving date", missing="still employed", event="leaving"),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "assignment",
        "assignment",
        "assignments",
        (
            ColumnWords("order", Role.LEVEL, "place in the sequence of crews"),
            ColumnWords(
                "hours", Role.AMOUNT, "working time", missing="without a reported working time", unit="hours"
            ),
            ColumnWords(
                "materials", Role.AMOUNT, "cost of materials", unit="euros", plural="costs of materials"
            ),
        ),
    ),
)

_PERMITS = (
    TableWords(
        "inspector",
        "inspector",
        "inspectors",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords(
                "sworn in on",
                Role.DATE,
                "date of swearing-in",
                event="sworn in",
                plural="dates of swearing-in",
            ),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "permit",
        "permit application",
        "permit applications",
        (
            ColumnWords("permit no", Role.NAME, "number", having="numbered {}"),
            ColumnWords(
                "kind", Role.CATEGORY, "type of permit", having="for a {} permit", plural="types of permit"
            ),
            ColumnWords("applied on", Role.DATE, "application date", event="filed"),
            ColumnWords(
                "granted on",
                Role.DATE,
                "date of approval",
                missing="not granted",
                event="granted",
                plural="dates of approval",
            ),
            ColumnWords(
                "expires on", Role.DATE, "expiry date", missing="without an expiry date", event="expiring"
            ),
            ColumnWords("fee cents", Role.AMOUNT, "fee", unit="cents"),
        ),
        label=("permit no",),
    ),
    TableWords(
        "inspection",
        "inspection",
        "inspections",
        (
            ColumnWords("inspected on", Role.DATE, "inspection date", event="held"),
            ColumnWords("result", Role.CATEGORY, "result", having="with the result {}"),
            ColumnWords("score", Role.LEVEL, "score", missing="without a score", unit="points"),
        ),
    ),
    TableWords(
        "fee payment",
        "fee payment",
        "fee payments",
        (
            ColumnWords("method", Role.CATEGORY, "payment method", having="made by {}"),
            ColumnWords("amount cents", Role.AMOUNT, "amount", unit="cents"),
            ColumnWords("paid on", Role.DATE, "payment date", event="made"),
        ),
    ),
)

LEXICON = Lexicon(
    tables=(*_REQUESTS, *_PERMITS),
    links=(
        Link("resident", ("district no",), "district", ("district no",), of="living in {}"),
        Link(
            "request type",
            ("part of",),
            "request type",
            ("code",),
            of="belonging under {}",
            having="divided into {}",
            without="not divided into any {}",
            role="broader type of request",
            role_plural="broader types of request",
        ),
        Link("service request", ("type code",), "request type", ("code",), of="of {}"),
        Link("service request", ("district no",), "district", ("district no",), of="from {}"),
        Link(
            "service request",
            ("resident no",),
            "resident",
            ("resident no",),
            of="made by {}",
            having="making {}",
            without="not making any {}",
        ),
        Link(
            "service request",
            ("repeat of",),
            "service request",
            ("request no",),
            of="repeating {}",
            having="repeated by {}",
            without="not repeated by any {}",
            role="original request",
            role_plural="original requests",
        ),
        Link("worker", ("crew no",), "crew", ("crew no",), of="belonging to {}"),
        Link("assignment", ("request no",), "service request", ("request no",), of="to {}"),
        Link("assignment", ("crew no",), "crew", ("crew no",), of="of {}"),
        Link(
            "inspector",
            ("deputy",),
            "inspector",
            ("badge",),
            of="represented by {}",
            having="standing in for {}",
            without="not standing in for any {}",
            role="deputy",
            role_plural="deputies",
        ),
        Link("permit", ("resident no",), "resident", ("resident no",), of="submitted by {}"),
        Link("permit", ("district no",), "district", ("district no",), of="concerning {}"),
        Link("inspection", ("permit no",), "permit", ("permit no",), of="for {}"),
        Link(
            "inspection",
            ("badge",),
            "inspector",
            ("badge",),
            of="carried out by {}",
            having="in charge of {}",
            without="not in charge of any {}",
        ),
        Link("fee payment", ("permit no",), "permit", ("permit no",), of="for {}"),
    ),
    rules=(
        Exclusion(
            "test_request",
            "service request",
            '{t}."is test" = 0',
            "Service requests that were made to test the system never count.",
        ),
        Exclusion(
            "repeat",
            "service request",
            '{t}."repeat of" IS NULL',
            "A service request that only repeats an earlier one is not counted.",
        ),
        Exclusion(
            "withdrawn", "permit", "{t}.withdrawn = 0", "Permit applications that were withdrawn never count."
        ),
        FiscalYear("permit", "applied on", 7),
        FiscalYear("fee payment", "paid on", 7),
        Conversion(
            "permit",
            "fee cents",
            '{t}."fee cents" / 100.0',
            "fee in euros",
            "Permit fees are kept in cents; report euros.",
        ),
        Conversion(
            "fee payment",
            "amount cents",
            '{t}."amount cents" / 100.0',
            "amount in euros",
            "Payments are kept in cents; report euros.",
        ),
    ),
    screens=(
        Screen(
            "public request",
            "service request",
            "Who made a request is confidential, so the requests' table is closed to us; "
            "a public view of them is open.",
        ),
        Screen(
            "current worker",
            "worker",
            "We may only see who works for the city now: the table of all workers is closed, a view is open.",
        ),
    ),
)

DOMAIN = Domain("city_services", "A city's service requests and permits", Split.TRAIN, DDL, populate, LEXICON)
