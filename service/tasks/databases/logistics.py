"""A forwarder: warehouses and their stock, clients, shipments with lines and legs, carriers and vehicles.

Names are in camelCase, and some are words of SQL.
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
    companies,
    day,
    days_after,
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

DDL = """
CREATE TABLE warehouse (
    code TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    city TEXT NOT NULL,
    hubCode TEXT REFERENCES warehouse (code),     -- NULL: a hub itself
    palletPlaces INTEGER NOT NULL,
    leasedUntil TEXT                              -- NULL: owned
);
CREATE INDEX warehouseHub ON warehouse (hubCode);
CREATE TABLE client (
    clientId INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    "group" TEXT,                                 -- NULL: not assigned
    billedTo INTEGER REFERENCES client (clientId),
    creditLimit REAL NOT NULL,
    isTest INTEGER NOT NULL DEFAULT 0 CHECK (isTest IN (0, 1))
);
CREATE INDEX clientBilledTo ON client (billedTo);
CREATE TABLE item (
    sku TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    weightG INTEGER NOT NULL CHECK (weightG > 0),
    "class" TEXT,                                 -- of danger; NULL: harmless
    replacedBy TEXT REFERENCES item (sku)
);
CREATE INDEX itemReplacedBy ON item (replacedBy);
CREATE TABLE stock (
    warehouseCode TEXT NOT NULL REFERENCES warehouse (code),
    sku TEXT NOT NULL REFERENCES item (sku),
    quantity INTEGER NOT NULL,
    "max" INTEGER,                                -- NULL: as many as there is room for
    countedOn TEXT,                               -- NULL: never counted
    PRIMARY KEY (warehouseCode, sku)
);
CREATE INDEX stockItem ON stock (sku);
CREATE TABLE carrier (
    carrierId INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    rating REAL                                   -- NULL: not rated yet
);
CREATE TABLE vehicle (
    plate TEXT PRIMARY KEY,
    carrierId INTEGER NOT NULL REFERENCES carrier (carrierId),
    kind TEXT NOT NULL,
    maxLoadKg INTEGER NOT NULL,
    builtIn INTEGER,                              -- a year
    retiredOn TEXT                                -- NULL: in use
);
CREATE INDEX vehicleCarrier ON vehicle (carrierId);
CREATE TABLE driver (
    driverId INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    carrierId INTEGER NOT NULL REFERENCES carrier (carrierId),
    licensedOn TEXT NOT NULL,
    phone TEXT
);
CREATE INDEX driverCarrier ON driver (carrierId);
CREATE TABLE shipment (
    shipmentNo TEXT PRIMARY KEY,
    clientId INTEGER NOT NULL REFERENCES client (clientId),
    "from" TEXT NOT NULL REFERENCES warehouse (code),
    "to" TEXT NOT NULL,                           -- a city
    service TEXT NOT NULL,
    orderedOn TEXT NOT NULL,
    deliveredOn TEXT,                             -- NULL: not delivered
    status TEXT NOT NULL,
    declaredValue REAL                            -- NULL: not insured
);
CREATE INDEX shipmentClient ON shipment (clientId);
CREATE INDEX shipmentFrom ON shipment ("from");
CREATE TABLE shipmentLine (
    shipmentNo TEXT NOT NULL REFERENCES shipment (shipmentNo),
    lineNo INTEGER NOT NULL,
    sku TEXT NOT NULL REFERENCES item (sku),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipmentNo, lineNo)
);
CREATE INDEX shipmentLineItem ON shipmentLine (sku);
CREATE TABLE leg (
    shipmentNo TEXT NOT NULL REFERENCES shipment (shipmentNo),
    legNo INTEGER NOT NULL,
    plate TEXT REFERENCES vehicle (plate),        -- NULL: not planned yet
    driverId INTEGER REFERENCES driver (driverId),
    "mode" TEXT NOT NULL,
    distanceKm INTEGER NOT NULL,
    cost REAL NOT NULL,
    departsAt TEXT NOT NULL,                      -- 'YYYY-MM-DD HH:MM'
    PRIMARY KEY (shipmentNo, legNo)
);
CREATE INDEX legVehicle ON leg (plate);
CREATE INDEX legDriver ON leg (driverId);
CREATE TABLE legEvent (
    eventId INTEGER PRIMARY KEY,
    shipmentNo TEXT NOT NULL,
    legNo INTEGER NOT NULL,
    kind TEXT NOT NULL,
    "at" TEXT NOT NULL,                           -- 'YYYY-MM-DD HH:MM'
    minutesLost INTEGER,                          -- NULL: not known
    remark TEXT,
    FOREIGN KEY (shipmentNo, legNo) REFERENCES leg (shipmentNo, legNo)
);
CREATE INDEX legEventLeg ON legEvent (shipmentNo, legNo);
CREATE TABLE "return" (
    returnNo INTEGER PRIMARY KEY,
    shipmentNo TEXT NOT NULL,
    lineNo INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    FOREIGN KEY (shipmentNo, lineNo) REFERENCES shipmentLine (shipmentNo, lineNo)
);
CREATE INDEX returnLine ON "return" (shipmentNo, lineNo);
CREATE VIEW shipmentBoard AS
    SELECT shipmentNo, clientId, "from", "to", service, orderedOn, deliveredOn, status FROM shipment;
CREATE VIEW activeVehicle AS
    SELECT plate, carrierId, kind, maxLoadKg, builtIn FROM vehicle WHERE retiredOn IS NULL;
"""

# Code, title, city, hub, pallet places and end of the lease; the same in every instance.
WAREHOUSES = (
    ("HAM1", "Hamburg Freeport", "Hamburg", None, 18_000, None),
    ("HAM2", "Hamburg Cold Store", "Hamburg", "HAM1", 2_400, "2026-03-31"),
    ("BRE1", "Bremerhaven Quay", "Bremerhaven", "HAM1", 5_200, "2027-12-31"),
    ("RTM1", "Maasvlakte Terminal", "Rotterdam", None, 24_500, None),
    ("ANR1", "Antwerp Left Bank", "Antwerp", "RTM1", 9_800, "2025-09-30"),
    ("LUX1", "Luxembourg Airport", "Luxembourg", "RTM1", 1_900, None),
    ("TRS1", "Porto Vecchio", "Trieste", None, 7_600, None),
    ("LJU1", "Ljubljana BTC", "Ljubljana", "TRS1", 3_100, "2028-06-30"),
    ("GDN1", "Gdańsk Deepwater", "Gdańsk", None, 11_200, None),
    ("POZ1", "Poznań Dry Port", "Poznań", "GDN1", 4_700, "2026-12-31"),
    ("AAR1", "Århus Havn", "Århus", "HAM1", 3_900, None),
    ("OLD1", "Emden Annex", "Emden", "BRE1", 800, "2025-01-31"),  # nothing is ever there
)
CITIES = (
    "Köln", "Milano", "Wrocław", "Lille", "Göteborg", "Brno", "Győr", "København", "Saint-Étienne", "Zagreb",
    "'s-Hertogenbosch",
)  # fmt: skip
CLIENT_GROUPS = ("wholesale", "industry", "online shop", "public sector", "online market")
DANGER_CLASSES = ("flammable liquid", "flammable solid", "corrosive", "toxic", "gas under pressure")
SERVICES = ("standard", "express", "express plus", "economy", "cooled")
SHIPMENT_STATUSES = ("delivered", "under way", "booked", "cancelled", "held at customs")
VEHICLE_KINDS = ("lorry", "van", "lorry with trailer", "barge", "goods train")
MODES = ("road", "rail", "inland waterway", "sea", "air")
EVENT_KINDS = ("delay", "customs check", "breakdown", "handover", "damage", "temperature alarm")
EVENT_REMARKS = (
    "traffic jam", "Traffic jam", "flat tyre", "driver's papers missing", 'seal "A-17" broken', "Sturm 🌪",
    "wysoka woda", "",
)  # fmt: skip
COUNTRIES = ("Germany", "Netherlands", "Poland", "Italy", "Denmark")
ADJECTIVES = ("Steel", "Rubber", "Glass", "Copper", "Nylon", "Ceramic", "Oak", "Zinc", "Carbon")
GOODS = (
    "Gasket", "Valve", "Hose 3/4\"", "Bracket", "Spool", "Plug", "Painter's Brush", "Canister", "Filter",
    "Roller", "Cable Drum", "Rädchen", "Hinge", "Sheet",
)  # fmt: skip


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `return` stays empty."""
    clients = _clients(rng, scale)
    items = _items(rng, scale)
    carriers = _carriers(rng)
    vehicles = _vehicles(rng, scale, carriers)
    drivers = _drivers(rng, scale, carriers)
    shipments = _shipments(rng, scale, clients)
    legs = _legs(rng, shipments, vehicles, drivers)
    insert(connection, "warehouse", WAREHOUSES)
    insert(connection, "client", clients)
    insert(connection, "item", items)
    insert(connection, "stock", _stock(rng, scale, items))
    insert(connection, "carrier", carriers)
    insert(connection, "vehicle", vehicles)
    insert(connection, "driver", drivers)
    insert(connection, "shipment", shipments)
    insert(connection, "shipmentLine", _lines(rng, shipments, items))
    insert(connection, "leg", legs)
    insert(connection, "legEvent", _events(rng, scale, legs))


def _clients(rng: Random, scale: float) -> list[Cells]:
    cities, groups = Zipf(CITIES), Zipf(CLIENT_GROUPS)
    names = near_copies(rng, companies(rng, some(rng, scale, 130, 155)), first=8)
    return [
        (
            number,
            name,
            CITIES[number - 1] if number <= len(CITIES) else cities.draw(rng),
            unless(rng, 0.15, groups.draw(rng)),
            unless(rng, 0.75, 1 + int(rng.random() * rng.random() * (number - 1))) if number > 1 else None,
            500.0 * (2 + int(rng.random() * rng.random() * 200)),
            int(number == 7 or chance(rng, 0.04)),
        )
        for number, name in enumerate(names, 1)
    ]


def _items(rng: Random, scale: float) -> list[Cells]:
    classes = Zipf(DANGER_CLASSES)
    titles = [f"{pick(rng, ADJECTIVES)} {pick(rng, GOODS)}" for _ in range(some(rng, scale, 170, 195))]
    items: list[Cells] = []
    for number, title in enumerate(near_copies(rng, titles, first=6), 1):
        items.append(
            (
                f"{title[:2].upper().strip()}-{2000 + 3 * number}",
                title,
                20 + int(rng.random() * rng.random() * 24_000),
                unless(rng, 0.6, classes.draw(rng)),
                items[rng.randrange(len(items))][0] if items and chance(rng, 0.1) else None,
            )
        )
    return items


def _stock(rng: Random, scale: float, items: list[Cells]) -> list[Cells]:
    places = popular(rng, (code for code, *_ in WAREHOUSES[:-1]), idle=0)
    item = popular(rng, items, idle=0.15)
    stock: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 520, 580)):
        key = (places.draw(rng), (pick(rng, items) if chance(rng, 0.4) else item.draw(rng))[0])
        quantity = 0 if chance(rng, 0.1) else int(rng.random() * rng.random() * 900)
        highest = 100 * (1 + rng.randrange(12))
        counted = unless(rng, 0.2, day(rng, "2023-10-01", "2024-12-31"))
        stock[key] = (*key, quantity, unless(rng, 0.3, highest), counted)
    return list(stock.values())


def _carriers(rng: Random) -> list[Cells]:
    return [
        (
            number,
            name,
            COUNTRIES[number % len(COUNTRIES)],
            None if number == 3 else unless(rng, 0.15, (10 + rng.randrange(41)) / 10),
        )
        for number, name in enumerate(companies(rng, 16 + rng.randrange(5)), 1)
    ]


def _vehicles(rng: Random, scale: float, carriers: list[Cells]) -> list[Cells]:
    carrier, kinds = popular(rng, carriers, idle=0.15), Zipf(VEHICLE_KINDS)
    loads = dict(zip(VEHICLE_KINDS, (12_000, 1_200, 24_000, 900_000, 1_400_000), strict=True))
    vehicles: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 75, 95)):
        kind = VEHICLE_KINDS[number - 1] if number <= len(VEHICLE_KINDS) else kinds.draw(rng)
        vehicles.append(
            (
                f"{pick(rng, ('HH', 'B', 'GD', 'TS', 'NL'))} {number:03}-{rng.randrange(100):02}",
                carrier.draw(rng)[0],
                kind,
                loads[kind] // 100 * (70 + rng.randrange(60)),
                unless(rng, 0.12, 1996 + rng.randrange(28)),
                day(rng, "2023-06-01", "2024-12-31") if number == 6 or chance(rng, 0.15) else None,
            )
        )
    return vehicles


def _drivers(rng: Random, scale: float, carriers: list[Cells]) -> list[Cells]:
    carrier = popular(rng, carriers, idle=0.2)
    return [
        (
            number,
            name,
            carrier.draw(rng)[0],
            day(rng, "1988-01-01", "2023-12-31"),
            unless(rng, 0.3, f"+49 170 {rng.randrange(10_000_000):07}"),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 60, 75)), 1)
    ]


def _shipments(rng: Random, scale: float, clients: list[Cells]) -> list[Cells]:
    client, cities = popular(rng, clients[4:] or clients, idle=0.12), Zipf(CITIES)
    origins = popular(rng, (code for code, *_ in WAREHOUSES[:-1]), idle=0)
    services, statuses = Zipf(SERVICES), Zipf(SHIPMENT_STATUSES)
    shipments: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 450, 500)):
        ordered = day(rng, "2023-01-02", "2024-12-15")
        status = statuses.draw(rng)
        shipments.append(
            (
                f"SH{ordered[2:4]}-{number:05}",
                client.draw(rng)[0],
                origins.draw(rng),
                cities.draw(rng),
                services.draw(rng),
                ordered,
                days_after(ordered, 1 + int(rng.random() * rng.random() * 30))
                if status == "delivered"
                else None,
                status,
                unless(rng, 0.3, money(rng, 100, 60_000)),
            )
        )
    return shipments


def _lines(rng: Random, shipments: list[Cells], items: list[Cells]) -> list[Cells]:
    item = popular(rng, items, idle=0.1)
    lines: list[Cells] = []
    for shipment in shipments:
        count = 0 if chance(rng, 0.04) else 1 + int(rng.random() * rng.random() * 7)
        lines += [
            (shipment[0], line_no, item.draw(rng)[0], 1 + int(rng.random() * rng.random() * 60))
            for line_no in range(1, count + 1)
        ]
    return lines


def _legs(rng: Random, shipments: list[Cells], vehicles: list[Cells], drivers: list[Cells]) -> list[Cells]:
    vehicle, driver, modes = popular(rng, vehicles, idle=0.15), popular(rng, drivers, idle=0.15), Zipf(MODES)
    legs: list[Cells] = []
    for shipment in shipments:
        count = (
            0 if shipment[7] == "booked" or chance(rng, 0.04) else 1 + int(rng.random() * rng.random() * 6)
        )
        for leg_no in range(1, count + 1):
            planned = chance(rng, 0.92)
            distance = 15 + int(rng.random() * rng.random() * 1600)
            legs.append(
                (
                    shipment[0],
                    leg_no,
                    vehicle.draw(rng)[0] if planned else None,
                    unless(rng, 0.08, driver.draw(rng)[0]) if planned else None,
                    modes.draw(rng),
                    distance,
                    round(20 + distance * (40 + rng.randrange(160)) / 100, 2),
                    f"{days_after(shipment[5], leg_no - 1 + rng.randrange(2))} {clock(rng, 0, 24)}",
                )
            )
    return legs


def _events(rng: Random, scale: float, legs: list[Cells]) -> list[Cells]:
    leg, kinds = popular(rng, legs, idle=0.4), Zipf(EVENT_KINDS)
    events: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 320, 370)):
        shipment_no, leg_no, *_, departs_at = leg.draw(rng)
        happened = f"{days_after(departs_at[:10], 1 + rng.randrange(3))} {clock(rng, 0, 24)}"
        kind = kinds.draw(rng)
        lost = 0 if kind == "handover" else 5 * int(rng.random() * rng.random() * 120)
        events.append(
            (
                number,
                shipment_no,
                leg_no,
                kind,
                happened,
                unless(rng, 0.15, lost),
                unless(rng, 0.5, pick(rng, EVENT_REMARKS)),
            )
        )
    return events


LEXICON = Lexicon(
    tables=(
        TableWords(
            "warehouse",
            "warehouse",
            "warehouses",
            (
                ColumnWords("title", Role.NAME, "name"),
                ColumnWords("city", Role.CATEGORY, "city", having="located in {}", plural="cities"),
                ColumnWords("palletPlaces", Role.AMOUNT, "capacity", unit="pallets", plural="capacities"),
                ColumnWords(
                    "leasedUntil",
                    Role.DATE,
                    "lease end date",
                    missing="without a lease",
                ),
            ),
            label=("title",),
        ),
        TableWords(
            "client",
            "client",
            "clients",
            (
                ColumnWords("name", Role.NAME, "name", having="named {}"),
                ColumnWords("city", Role.CATEGORY, "city", having="based in {}", plural="cities"),
                ColumnWords(
                    "group",
                    Role.CATEGORY,
                    "business sector",
                    having="in the business sector {}",
                    missing="without a business sector",
                ),
                ColumnWords("creditLimit", Role.LEVEL, "credit line", unit="euros"),
            ),
            label=("name",),
        ),
        TableWords(
            "item",
            "article",
            "articles",
            (
                ColumnWords("sku", Role.NAME, "article number"),
                ColumnWords("title", Role.NAME, "name"),
                ColumnWords("weightG", Role.LEVEL, "weight", unit="grams"),
                ColumnWords(
                    "class",
                    Role.CATEGORY,
                    "hazard class",
                    having="of the hazard class {}",
                    missing="without a hazard class",
                    plural="hazard classes",
                ),
            ),
            label=("sku",),
        ),
        TableWords(
            "stock",
            "stock record",
            "stock records",
            (
                ColumnWords("quantity", Role.AMOUNT, "piece count"),
                ColumnWords(
                    "max", Role.LEVEL, "upper limit", missing="without an upper limit", unit="pieces"
                ),
                ColumnWords(
                    "countedOn",
                    Role.DATE,
                    "count date",
                    missing="never counted",
                    event="last counted",
                ),
            ),
        ),
        TableWords(
            "carrier",
            "carrier",
            "carriers",
            (
                ColumnWords("name", Role.NAME, "name", having="named {}"),
                ColumnWords(
                    "country", Role.CATEGORY, "home country", having="from {}", plural="home countries"
                ),
                ColumnWords("rating", Role.LEVEL, "quality score", missing="without a quality score"),
            ),
            label=("name",),
        ),
        TableWords(
            "vehicle",
            "vehicle",
            "vehicles",
            (
                ColumnWords("plate", Role.NAME, "registration"),
                ColumnWords("kind", Role.CATEGORY, "type", having="of the type {}"),
                ColumnWords("maxLoadKg", Role.LEVEL, "permitted load", unit="kg"),
                ColumnWords(
                    "retiredOn",
                    Role.DATE,
                    "retirement date",
                    missing="still in use",
                    event="taken out of use",
                ),
            ),
            label=("plate",),
        ),
        TableWords(
            "driver",
            "driver",
            "drivers",
            (
                ColumnWords("name", Role.NAME, "name", having="named {}"),
                ColumnWords("licensedOn", Role.DATE, "licence date", event="licensed"),
                ColumnWords("phone", Role.TEXT, "mobile number", missing="without a mobile number"),
            ),
            label=("name",),
            person=True,
        ),
        TableWords(
            "shipment",
            "shipment",
            "shipments",
            (
                ColumnWords("shipmentNo", Role.NAME, "shipment number"),
                ColumnWords("to", Role.CATEGORY, "destination", having="bound for {}"),
                ColumnWords(
                    "service",
                    Role.CATEGORY,
                    "type of service",
                    having="sent by {} service",
                    plural="types of service",
                ),
                ColumnWords("orderedOn", Role.DATE, "order date", event="ordered"),
                ColumnWords(
                    "deliveredOn",
                    Role.DATE,
                    "delivery date",
                    missing="not delivered so far",
                    event="delivered",
                ),
                ColumnWords("status", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
                ColumnWords(
                    "declaredValue",
                    Role.AMOUNT,
                    "insured value",
                    missing="without an insured value",
                    unit="euros",
                ),
            ),
            label=("shipmentNo",),
        ),
        TableWords(
            "shipmentLine",
            "packing list entry",
            "packing list entries",
            (ColumnWords("quantity", Role.AMOUNT, "piece count"),),
        ),
        TableWords(
            "leg",
            "transport leg",
            "transport legs",
            (
                ColumnWords(
                    "mode", Role.CATEGORY, "mode of transport", having="by {}", plural="modes of transport"
                ),
                ColumnWords("distanceKm", Role.AMOUNT, "distance", unit="km"),
                ColumnWords("cost", Role.AMOUNT, "cost", unit="euros"),
                ColumnWords("departsAt", Role.MOMENT, "departure time", event="departing"),
            ),
        ),
        TableWords(
            "legEvent",
            "tracking event",
            "tracking events",
            (
                ColumnWords("kind", Role.CATEGORY, "type", having="of the type {}"),
                ColumnWords("at", Role.MOMENT, "time of report", event="reported", plural="times of report"),
                ColumnWords(
                    "minutesLost",
                    Role.AMOUNT,
                    "loss of time",
                    plural="losses of time",
                    missing="with an unknown loss of time",
                    unit="minutes",
                ),
                ColumnWords("remark", Role.TEXT, "comment", missing="without a comment"),
            ),
        ),
    ),
    links=(
        Link(
            "warehouse",
            ("hubCode",),
            "warehouse",
            ("code",),
            of="supplied by {}",
            having="supplying {}",
            without="not supplying any {}",
            role="hub",
            role_plural="hubs",
        ),
        Link(
            "client",
            ("billedTo",),
            "client",
            ("clientId",),
            of="billed through {}",
            having="paying for {}",
            without="not paying for any {}",
            role="paying client",
            role_plural="paying clients",
        ),
        Link(
            "item",
            ("replacedBy",),
            "item",
            ("sku",),
            of="replaced by {}",
            having="replacing {}",
            without="not replacing any {}",
            role="substitute",
            role_plural="substitutes",
        ),
        Link("stock", ("warehouseCode",), "warehouse", ("code",), of="kept for {}"),
        Link("stock", ("sku",), "item", ("sku",), of="for {}"),
        Link(
            "vehicle",
            ("carrierId",),
            "carrier",
            ("carrierId",),
            of="operated by {}",
            having="operating {}",
            without="not operating any {}",
        ),
        Link(
            "driver",
            ("carrierId",),
            "carrier",
            ("carrierId",),
            of="working for {}",
            having="employing {}",
            without="not employing any {}",
        ),
        Link("shipment", ("clientId",), "client", ("clientId",), of="ordered by {}"),
        Link(
            "shipment",
            ("from",),
            "warehouse",
            ("code",),
            of="sent from {}",
            having="sending out {}",
            without="not sending out any {}",
        ),
        Link("shipmentLine", ("shipmentNo",), "shipment", ("shipmentNo",), of="belonging to {}"),
        Link(
            "shipmentLine",
            ("sku",),
            "item",
            ("sku",),
            of="for {}",
            having="listed in {}",
            without="not listed in any {}",
        ),
        Link("leg", ("shipmentNo",), "shipment", ("shipmentNo",), of="belonging to {}"),
        Link(
            "leg",
            ("plate",),
            "vehicle",
            ("plate",),
            of="covered by {}",
            having="used on {}",
            without="not used on any {}",
        ),
        Link(
            "leg",
            ("driverId",),
            "driver",
            ("driverId",),
            of="assigned to {}",
            having="assigned to {}",
            without="not assigned to any {}",
        ),
        Link("legEvent", ("shipmentNo", "legNo"), "leg", ("shipmentNo", "legNo"), of="on {}"),
    ),
    rules=(
        Exclusion("test_account", "client", "{t}.isTest = 0", "Test clients are never counted."),
        Exclusion(
            "cancelled",
            "shipment",
            "{t}.status <> 'cancelled'",
            "Cancelled shipments are never counted.",
        ),
        Conversion(
            "item",
            "weightG",
            "{t}.weightG / 1000.0",
            "weight in kilograms",
            "Weights are kept in grams; report them in kilograms.",
        ),
        FiscalYear("shipment", "orderedOn", 4),
    ),
    screens=(
        Screen(
            "shipmentBoard",
            "shipment",
            "The values of shipments are confidential, so their table is closed to us; the board without "
            "them is open.",
        ),
        Screen(
            "activeVehicle",
            "vehicle",
            "The full table of vehicles is closed to us; the view that is open shows only those still in "
            "use, and those alone are meant.",
        ),
    ),
)

DOMAIN = Domain("logistics", "A forwarder with warehouses and shipments", Split.TRAIN, DDL, populate, LEXICON)
