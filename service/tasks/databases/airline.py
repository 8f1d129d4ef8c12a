"""An airline: airports, routes, flights, their aircraft, crews and passengers. Names are in CamelCase."""

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
    people,
    pick,
    popular,
    some,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords
from .words import CITIES

DDL = """
CREATE TABLE Airport (
    IataCode TEXT PRIMARY KEY,
    Name TEXT NOT NULL,
    City TEXT NOT NULL,
    Country TEXT NOT NULL,
    ElevationM INTEGER
);
CREATE TABLE Aircraft (
    AircraftId INTEGER PRIMARY KEY,
    Registration TEXT NOT NULL UNIQUE,
    Model TEXT NOT NULL,
    Seats INTEGER NOT NULL,
    BuiltYear INTEGER
);
CREATE TABLE Route (
    RouteId INTEGER PRIMARY KEY,
    OriginCode TEXT NOT NULL REFERENCES Airport (IataCode),
    DestinationCode TEXT NOT NULL REFERENCES Airport (IataCode),
    DistanceKm INTEGER NOT NULL,
    UNIQUE (OriginCode, DestinationCode)
);
CREATE INDEX RouteDestination ON Route (DestinationCode);
CREATE TABLE Flight (
    FlightId INTEGER PRIMARY KEY,
    FlightNo TEXT NOT NULL,
    RouteId INTEGER NOT NULL REFERENCES Route (RouteId),
    AircraftId INTEGER REFERENCES Aircraft (AircraftId),
    DepartsAt TEXT NOT NULL,                      -- 'YYYY-MM-DD HH:MM'
    Status TEXT NOT NULL,
    "Delay (min)" INTEGER                         -- NULL: not known (not flown)
);
CREATE INDEX FlightRoute ON Flight (RouteId);
CREATE INDEX FlightAircraft ON Flight (AircraftId);
CREATE TABLE Passenger (
    PassengerId INTEGER PRIMARY KEY,
    FullName TEXT NOT NULL,
    Email TEXT,
    Country TEXT NOT NULL,
    BirthDate TEXT NOT NULL,
    Tier TEXT                                     -- NULL: not in the frequent flyer programme
);
CREATE TABLE Booking (
    FlightId INTEGER NOT NULL REFERENCES Flight (FlightId),
    PassengerId INTEGER NOT NULL REFERENCES Passenger (PassengerId),
    SeatNo TEXT,
    CabinClass TEXT NOT NULL,
    Price REAL NOT NULL,
    BookedOn TEXT NOT NULL,
    PRIMARY KEY (FlightId, PassengerId)
);
CREATE INDEX BookingPassenger ON Booking (PassengerId);
CREATE TABLE CrewMember (
    CrewId INTEGER PRIMARY KEY,
    FullName TEXT NOT NULL,
    Role TEXT NOT NULL,
    BaseCode TEXT REFERENCES Airport (IataCode),
    MentorId INTEGER REFERENCES CrewMember (CrewId),
    HiredOn TEXT NOT NULL,
    Salary REAL NOT NULL
);
CREATE INDEX CrewMemberBase ON CrewMember (BaseCode);
CREATE INDEX CrewMemberMentor ON CrewMember (MentorId);
CREATE TABLE FlightCrew (
    FlightId INTEGER NOT NULL REFERENCES Flight (FlightId),
    CrewId INTEGER NOT NULL REFERENCES CrewMember (CrewId),
    "On Duty" TEXT,                               -- NULL: as by role
    PRIMARY KEY (FlightId, CrewId)
);
CREATE INDEX FlightCrewMember ON FlightCrew (CrewId);
CREATE TABLE LostItem (
    ItemId INTEGER PRIMARY KEY,
    FlightId INTEGER NOT NULL REFERENCES Flight (FlightId),
    Description TEXT NOT NULL,
    ReturnedOn TEXT
);
CREATE INDEX LostItemFlight ON LostItem (FlightId);
CREATE VIEW FlightBoard AS
    SELECT f.FlightId, f.FlightNo, o.City AS OriginCity, d.City AS DestinationCity, f.DepartsAt, f.Status
    FROM Flight AS f
    JOIN Route AS r ON r.RouteId = f.RouteId
    JOIN Airport AS o ON o.IataCode = r.OriginCode
    JOIN Airport AS d ON d.IataCode = r.DestinationCode;
CREATE VIEW CrewDirectory AS
    SELECT CrewId, FullName, Role, BaseCode FROM CrewMember;
"""

# Code, name, city, country, elevation in metres; the same in every instance. No route touches the last.
AIRPORTS = (
    ("ZRH", "Zürich Airport", "Zürich", "Switzerland", 432),
    ("LCJ", "Władysław Reymont Airport", "Łódź", "Poland", 184),
    ("HND", "Haneda (羽田空港)", "Tokyo", "Japan", 6),
    ("KIX", "Kansai International", "Osaka", "Japan", None),
    ("ORD", "O'Hare International", "Chicago", "United States", 204),
    ("JFK", "John F. Kennedy International", "New York", "United States", 4),
    ("CDG", "Charles de Gaulle", "Paris", "France", 119),
    ("GRU", "Guarulhos", "São Paulo", "Brazil", 750),
    ("KEF", "Keflavík", "Reykjavík", "Iceland", None),
    ("LHR", "Heathrow", "London", "United Kingdom", 25),
    ("EDI", "Edinburgh Airport", "Edinburgh", "United Kingdom", 41),
    ("NBO", "Jomo Kenyatta International", "Nairobi", "Kenya", 1624),
    ("DEL", "Indira Gandhi International", "Delhi", "India", 237),
    ("LPB", "El Alto International", "La Paz", "Bolivia", 4061),
)
MODELS = (
    "A220-300",
    "A320neo",
    "A350-900",
    "737 MAX 8",
    "787-9",
    "E195-E2",
    "ATR 72",
)  # no ATR 72 ever flies
FLIGHT_STATUSES = ("landed", "scheduled", "cancelled", "diverted")
CABIN_CLASSES = ("economy", "premium", "business", "first")
TIERS = ("Blue", "Silver", "Gold")
CREW_ROLES = ("Captain", "First Officer", "Purser", "Flight Attendant")


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `LostItem` gets two rows only."""
    aircraft = _aircraft(rng, scale)
    routes = _routes(rng)
    flights = _flights(rng, scale, routes, aircraft)
    passengers = _passengers(rng, scale)
    crew = _crew(rng, scale)
    insert(connection, "Airport", AIRPORTS)
    insert(connection, "Aircraft", aircraft)
    insert(connection, "Route", routes)
    insert(connection, "Flight", flights)
    insert(connection, "Passenger", passengers)
    insert(connection, "Booking", _bookings(rng, scale, flights, passengers))
    insert(connection, "CrewMember", crew)
    insert(connection, "FlightCrew", _flight_crews(rng, flights, crew))
    flown = [row[0] for row in flights if row[5] == "landed"]
    lost = [
        (1, pick(rng, flown), "child's teddy bear 🧸", None),
        (2, pick(rng, flown), 'laptop 13"', "2024-11-30"),
    ]
    insert(connection, "LostItem", lost)


def _aircraft(rng: Random, scale: float) -> list[Cells]:
    models = Zipf(MODELS[:-1])
    seats = {"A220-300": 145, "A320neo": 180, "A350-900": 325, "737 MAX 8": 178, "787-9": 290, "E195-E2": 132}
    fleet: list[Cells] = []
    for number in range(1, some(rng, scale, 26, 31) + 1):
        model = models.draw(rng)
        registration = f"HB-{chr(65 + number // 26)}{chr(65 + number % 26)}{chr(65 + rng.randrange(26))}"
        fleet.append((number, registration, model, seats[model], unless(rng, 0.15, 2008 + rng.randrange(16))))
    fleet.append((len(fleet) + 1, "HB-OLD", "ATR 72", 70, 1999))
    return fleet


def _routes(rng: Random) -> list[Cells]:
    served = [airport[0] for airport in AIRPORTS[:-1]]
    hub = served[0]
    pairs = [pair for code in served[1:] for pair in ((hub, code), (code, hub))]
    others = [(a, b) for a in served[1:] for b in served[1:] if a != b]
    rng.shuffle(others)
    pairs += others[: 40 + rng.randrange(15)]
    lengths: dict[frozenset[str], int] = {}  # there and back are equally long
    for pair in pairs:
        lengths.setdefault(frozenset(pair), 220 + rng.randrange(9_800))
    return [(number, *pair, lengths[frozenset(pair)]) for number, pair in enumerate(pairs, 1)]


def _flights(rng: Random, scale: float, routes: list[Cells], aircraft: list[Cells]) -> list[Cells]:
    route, plane = popular(rng, routes), popular(rng, aircraft[:-1], idle=0.05)
    statuses = Zipf(FLIGHT_STATUSES)
    flights: list[Cells] = []
    for number in range(1, some(rng, scale, 600, 719) + 1):
        status = statuses.draw(rng)
        date = (
            day(rng, "2025-01-01", "2025-03-31")
            if status == "scheduled"
            else day(rng, "2024-01-01", "2024-12-31")
        )
        on_time, late = rng.randrange(16) - 10, int(rng.random() * rng.random() * 240)
        flights.append(
            (
                number,
                f"LX{100 + rng.randrange(300)}",
                route.draw(rng)[0],
                unless(rng, 0.08, plane.draw(rng)[0]),
                f"{date} {clock(rng, 5, 23)}",
                status,
                unless(rng, 0.03, on_time if chance(rng, 0.6) else late)
                if status in ("landed", "diverted")
                else None,
            )
        )
    return flights


def _passengers(rng: Random, scale: float) -> list[Cells]:
    places, tiers = Zipf(CITIES), Zipf(TIERS)
    return [
        (
            number,
            name,
            unless(rng, 0.2, email(name, number, "example.net")),
            places.draw(rng)[1],
            day(rng, "1940-01-01", "2015-12-31"),
            unless(rng, 0.5, tiers.draw(rng)),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 540, 619)), 1)
    ]


def _bookings(rng: Random, scale: float, flights: list[Cells], passengers: list[Cells]) -> list[Cells]:
    flight, passenger = popular(rng, flights), popular(rng, passengers, idle=0.12)
    classes = Zipf(CABIN_CLASSES)
    factor = {"economy": 1, "premium": 2, "business": 4, "first": 7}
    bookings: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 2300, 2799)):
        chosen, cabin = flight.draw(rng), classes.draw(rng)
        key = (chosen[0], passenger.draw(rng)[0])
        seat = f"{1 + rng.randrange(38)}{pick(rng, 'ABCDEF')}"
        price = round(money(rng, 60, 700) * factor[cabin], 2)
        booked_on = days_after(chosen[4][:10], -1 - int(rng.random() * rng.random() * 200))
        bookings[key] = (*key, unless(rng, 0.2, seat), cabin, price, booked_on)
    return list(bookings.values())


def _crew(rng: Random, scale: float) -> list[Cells]:
    bases = Zipf(airport[0] for airport in AIRPORTS[:4])
    pay = {"Captain": 160_000, "First Officer": 95_000, "Purser": 68_000, "Flight Attendant": 49_000}
    crew: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 110, 129)), 1):
        role = CREW_ROLES[(number - 1) % len(CREW_ROLES)]
        mentor = 1 + rng.randrange(number - 1) if number > 1 else None
        hired_on = day(rng, "1998-01-01", "2023-12-31")
        salary = pay[role] + 250.0 * rng.randrange(80)
        crew.append(
            (
                number,
                name,
                role,
                unless(rng, 0.1, bases.draw(rng)),
                unless(rng, 0.4, mentor),
                hired_on,
                salary,
            )
        )
    return crew


def _flight_crews(rng: Random, flights: list[Cells], crew: list[Cells]) -> list[Cells]:
    by_role = [popular(rng, (row[0] for row in crew if row[2] == role)) for role in CREW_ROLES]
    rows: list[Cells] = []
    for flight in flights:
        if flight[5] == "cancelled":
            continue
        for members in by_role if chance(rng, 0.8) else by_role[:2]:
            duty = unless(rng, 0.85, pick(rng, ("standby", "training")))
            rows.append((flight[0], members.draw(rng), duty))
    return rows


_FLEET_AND_NETWORK = (
    TableWords(
        "Airport",
        "airport",
        "airports",
        (
            ColumnWords("IataCode", Role.NAME, "IATA code"),
            ColumnWords("Name", Role.NAME, "name"),
            ColumnWords("City", Role.NAME, "city", plural="cities"),
            ColumnWords("Country", Role.CATEGORY, "country", having="in {}", plural="countries"),
            ColumnWords("ElevationM", Role.LEVEL, "elevation", missing="of unknown elevation", unit="metres"),
        ),
        label=("IataCode",),
    ),
    TableWords(
        "Aircraft",
        "aircraft",
        "aircraft",
        (
            ColumnWords("Registration", Role.NAME, "registration"),
            ColumnWords("Model", Role.CATEGORY, "model", having="of the model {}"),
            ColumnWords("Seats", Role.LEVEL, "number of seats", plural="numbers of seats"),
            ColumnWords(
                "BuiltYear",
                Role.LEVEL,
                "year of construction",
                missing="of unknown age",
                plural="years of construction",
            ),
        ),
        label=("Registration",),
    ),
    TableWords(
        "Route",
        "route",
        "routes",
        (ColumnWords("DistanceKm", Role.AMOUNT, "length", unit="km"),),
    ),
    TableWords(
        "Flight",
        "flight",
        "flights",
        (
            ColumnWords("DepartsAt", Role.MOMENT, "departure", event="leaving"),
            ColumnWords("Status", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
            ColumnWords("Delay (min)", Role.LEVEL, "delay", missing="without a known delay", unit="minutes"),
        ),
    ),
)
_PEOPLE = (
    TableWords(
        "Passenger",
        "passenger",
        "passengers",
        (
            ColumnWords("FullName", Role.NAME, "name"),
            ColumnWords(
                "Email",
                Role.TEXT,
                "e-mail address",
                missing="without an e-mail address",
                plural="e-mail addresses",
            ),
            ColumnWords("Country", Role.CATEGORY, "home country", having="from {}", plural="home countries"),
            ColumnWords("BirthDate", Role.DATE, "date of birth", event="born", plural="dates of birth"),
            ColumnWords(
                "Tier",
                Role.CATEGORY,
                "frequent flyer tier",
                having="of the frequent flyer tier {}",
                missing="outside the frequent flyer programme",
            ),
        ),
        label=("FullName",),
        person=True,
    ),
    TableWords(
        "Booking",
        "booking",
        "bookings",
        (
            ColumnWords("SeatNo", Role.TEXT, "seat", missing="without a seat"),
            ColumnWords(
                "CabinClass", Role.CATEGORY, "cabin class", having="in {} class", plural="cabin classes"
            ),
            ColumnWords("Price", Role.AMOUNT, "price", unit="francs"),
            ColumnWords("BookedOn", Role.DATE, "booking date", event="made"),
        ),
    ),
    TableWords(
        "CrewMember",
        "crew member",
        "crew members",
        (
            ColumnWords("FullName", Role.NAME, "name"),
            ColumnWords("Role", Role.CATEGORY, "position", having="working as {}"),
            ColumnWords("HiredOn", Role.DATE, "date of hire", event="hired", plural="dates of hire"),
            ColumnWords("Salary", Role.LEVEL, "pay", unit="francs"),
        ),
        label=("FullName",),
        person=True,
    ),
    TableWords(
        "FlightCrew",
        "duty",
        "duties",
        (
            ColumnWords(
                "On Duty",
                Role.TEXT,
                "special duty",
                missing="as usual for the position",
                plural="special duties",
            ),
        ),
    ),
)
_LINKS = (
    Link(
        "Route",
        ("OriginCode",),
        "Airport",
        ("IataCode",),
        of="starting at {}",
        having="where {} start",
        without="where no {} start",
        role="airport of departure",
        role_plural="airports of departure",
    ),
    Link(
        "Route",
        ("DestinationCode",),
        "Airport",
        ("IataCode",),
        of="ending at {}",
        having="where {} end",
        without="where no {} end",
        role="airport of arrival",
        role_plural="airports of arrival",
    ),
    Link("Flight", ("RouteId",), "Route", ("RouteId",), of="on {}"),
    Link(
        "Flight",
        ("AircraftId",),
        "Aircraft",
        ("AircraftId",),
        of="flown with {}",
        having="used on {}",
        without="not used on any {}",
    ),
    Link("Booking", ("FlightId",), "Flight", ("FlightId",), of="for {}"),
    Link("Booking", ("PassengerId",), "Passenger", ("PassengerId",), of="by {}"),
    Link(
        "CrewMember",
        ("BaseCode",),
        "Airport",
        ("IataCode",),
        of="based at {}",
        having="serving as base for {}",
        without="not serving as base for any {}",
        role="base",
        role_plural="bases",
    ),
    Link(
        "CrewMember",
        ("MentorId",),
        "CrewMember",
        ("CrewId",),
        of="mentored by {}",
        having="mentoring {}",
        without="not mentoring any {}",
        role="mentor",
        role_plural="mentors",
    ),
    Link("FlightCrew", ("FlightId",), "Flight", ("FlightId",), of="on {}"),
    Link("FlightCrew", ("CrewId",), "CrewMember", ("CrewId",), of="of {}"),
)
LEXICON = Lexicon(
    tables=(*_FLEET_AND_NETWORK, *_PEOPLE),
    links=_LINKS,
    rules=(
        Exclusion("cancelled", "Flight", "{t}.Status <> 'cancelled'", "Cancelled flights are never counted."),
        FiscalYear("Flight", "DepartsAt", 4),
        Conversion(
            "Route",
            "DistanceKm",
            "{t}.DistanceKm / 1.852",
            "length in nautical miles",
            "Lengths are kept in kilometres; report nautical miles, of which each is 1.852 km.",
        ),
        Conversion(
            "Flight",
            "Delay (min)",
            '{t}."Delay (min)" / 60.0',
            "delay in hours",
            "Delays are kept in minutes; report hours.",
        ),
    ),
    screens=(
        Screen(
            "CrewDirectory",
            "CrewMember",
            "Pay is confidential, so the table of crew members is closed to us; the directory is open.",
        ),
    ),
)

DOMAIN = Domain(
    "airline", "An airline with its flights, bookings and crews", Split.TRAIN, DDL, populate, LEXICON
)
