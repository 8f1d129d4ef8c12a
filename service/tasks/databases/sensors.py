"""Sensors in buildings: sites, devices and their probes, readings, alarms, and visits by technicians.

Tables and columns have the short names of an old data logger; dates end in dt, moments in ts.
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
    insert,
    money,
    people,
    pick,
    popular,
    some,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, Lexicon, Link, Role, Screen, TableWords

DDL = """
CREATE TABLE sit (
    s_no INTEGER PRIMARY KEY,
    s_nm TEXT NOT NULL,
    s_twn TEXT NOT NULL,
    s_cat TEXT NOT NULL,
    alt INTEGER NOT NULL,                         -- metres above the sea
    opn_dt TEXT NOT NULL,
    cls_dt TEXT                                   -- NULL: in operation
);
CREATE TABLE mdl (
    m_cd TEXT PRIMARY KEY,
    m_nm TEXT NOT NULL,
    mfr TEXT NOT NULL,
    pwr TEXT NOT NULL,
    lst REAL                                      -- NULL: no longer sold
);
CREATE TABLE dev (
    d_no INTEGER PRIMARY KEY,
    ser TEXT NOT NULL UNIQUE,
    s_no INTEGER NOT NULL REFERENCES sit (s_no),
    m_cd TEXT NOT NULL REFERENCES mdl (m_cd),
    up_no INTEGER REFERENCES dev (d_no),          -- NULL: connected directly
    fw TEXT,
    bat INTEGER CHECK (bat BETWEEN 0 AND 100),    -- percent
    ins_dt TEXT NOT NULL,
    rem_dt TEXT CHECK (rem_dt > ins_dt),          -- NULL: in place
    tst INTEGER NOT NULL DEFAULT 0 CHECK (tst IN (0, 1))
);
CREATE INDEX dev_s ON dev (s_no);
CREATE INDEX dev_m ON dev (m_cd);
CREATE INDEX dev_up ON dev (up_no);
CREATE TABLE chn (
    d_no INTEGER NOT NULL REFERENCES dev (d_no),
    c_no INTEGER NOT NULL,
    pos TEXT NOT NULL,
    lo REAL NOT NULL,
    hi REAL,                                      -- NULL: no upper limit
    PRIMARY KEY (d_no, c_no)
);
CREATE TABLE rdg (
    d_no INTEGER NOT NULL,
    c_no INTEGER NOT NULL,
    ts TEXT NOT NULL,
    t10 INTEGER,                                  -- tenths of a degree Celsius
    hum REAL,                                     -- percent
    wh INTEGER NOT NULL,                          -- since the reading before
    q TEXT NOT NULL,
    PRIMARY KEY (d_no, c_no, ts),
    FOREIGN KEY (d_no, c_no) REFERENCES chn (d_no, c_no)
);
CREATE TABLE tec (
    t_no INTEGER PRIMARY KEY,
    nm TEXT NOT NULL,
    tm TEXT,
    chf INTEGER REFERENCES tec (t_no),
    hir_dt TEXT NOT NULL,
    wag REAL NOT NULL
);
CREATE INDEX tec_chf ON tec (chf);
CREATE TABLE alm (
    a_no INTEGER PRIMARY KEY,
    d_no INTEGER NOT NULL,
    c_no INTEGER NOT NULL,
    lvl TEXT NOT NULL,
    cau TEXT NOT NULL,
    up_ts TEXT NOT NULL,
    clr_ts TEXT,                                  -- NULL: not cleared yet
    dur INTEGER,                                  -- seconds
    t_no INTEGER REFERENCES tec (t_no),           -- NULL: nobody looked at it
    FOREIGN KEY (d_no, c_no) REFERENCES chn (d_no, c_no)
);
CREATE INDEX alm_c ON alm (d_no, c_no);
CREATE INDEX alm_t ON alm (t_no);
CREATE TABLE mnt (
    w_no INTEGER PRIMARY KEY,
    d_no INTEGER NOT NULL REFERENCES dev (d_no),
    t_no INTEGER REFERENCES tec (t_no),           -- NULL: not assigned yet
    typ TEXT NOT NULL,
    due_dt TEXT NOT NULL,
    fin_dt TEXT,                                  -- NULL: not completed
    cst REAL NOT NULL,
    can INTEGER NOT NULL DEFAULT 0 CHECK (can IN (0, 1))
);
CREATE INDEX mnt_d ON mnt (d_no);
CREATE INDEX mnt_t ON mnt (t_no);
CREATE TABLE prt (
    p_cd TEXT PRIMARY KEY,
    p_nm TEXT NOT NULL,
    kin TEXT NOT NULL,
    prc REAL NOT NULL
);
CREATE TABLE mnt_prt (
    w_no INTEGER NOT NULL REFERENCES mnt (w_no),
    p_cd TEXT NOT NULL REFERENCES prt (p_cd),
    qty INTEGER NOT NULL CHECK (qty > 0),
    PRIMARY KEY (w_no, p_cd)
);
CREATE INDEX mnt_prt_p ON mnt_prt (p_cd);
CREATE TABLE cal (
    d_no INTEGER NOT NULL REFERENCES dev (d_no),
    cal_dt TEXT NOT NULL,
    off REAL,
    PRIMARY KEY (d_no, cal_dt)
);
CREATE VIEW v_tec AS SELECT t_no, nm, tm, chf, hir_dt FROM tec;
CREATE VIEW v_dev_act AS
    SELECT d_no, ser, s_no, m_cd, up_no, fw, bat, ins_dt, rem_dt, tst FROM dev WHERE rem_dt IS NULL;
"""

# Name, town, building and altitude; ids from 1 in this order, in every instance. The last has no devices.
SITES = (
    ("Harbour Depot", "Göteborg", "warehouse", 4),
    ("Harbour Depot Annex", "Göteborg", "cold store", 6),
    ("St. Mary's Primary", "Galway", "school", 25),
    ("Old Mill", "Bern", "office", 540),
    ("Old mill", "Thun", "office", 563),
    ("Pfändler Brewery", "Thun", "brewery", 570),
    ("Dépôt de la Gare", "Bern", "warehouse", 548),
    ("Glacier Lab", "Zermatt", "research station", 3080),
    ("Île Verte Data Hall", "Genève", "data centre", 375),
    ("Peak Relay", "Zermatt", "relay station", 2940),
    ("Fish Auction", "Galway", "cold store", 3),
    ('The "Icebox"', "Göteborg", "cold store", 11),
    ("Bear's Den Kindergarten", "Bern", "school", 556),
    ("Unit 13", "Galway", "warehouse", 18),
)
# Code, name, manufacturer, power and list price; the same in every instance. Nobody has the last.
MODELS = (
    ("TX1", "ThermoTag", "Brillon", "battery", 89.0),
    ("TX2", "ThermoTag Plus", "Brillon", "battery", 129.0),
    ("GW1", "AirGate", "Brillon", "mains", 420.0),
    ("GW2", "AirGate S", "Brillon", "mains with battery", 560.0),
    ("N70", "Nordlogg 70", "Frostvik", "battery", 74.5),
    ("N75", "Nordlogg 75", "Frostvik", "solar", 139.0),
    ("N9", "Nordlogg 9", "Frostvik", "mains", None),
    ("HK4", "Häuserkopf 4", "K&L Messtechnik", "mains", 310.0),
    ("HK5", "Häuserkopf 5", "K&L Messtechnik", "mains with battery", 365.0),
    ("Z00", "Zeta Prototype", "K&L Messtechnik", "battery", None),
)
FIRMWARES = ("2.1.0", "2.1", "2.0.4", "1.9.12", "1.9.1", "2.2.0-rc1")
POSITIONS = (
    "room air",
    "supply pipe",
    "return pipe",
    "outside air",
    "freezer",
    "freezer door",
    "supply air",
    "server rack",
)
QUALITIES = ("good", "estimated", "suspect", "good, late")
LEVELS = ("notice", "warning", "critical", "critical, repeated")
CAUSES = (
    "high temperature",
    "low temperature",
    "lost signal",
    "weak signal",
    "low battery",
    "rapid rise of temperature",
    "open door",
)
TEAMS = ("North", "South", "Night", "South-West", "Standby")
PURPOSES = ("inspection", "repair", "battery change", "probe change", "firmware update", "urgent repair")
# Code, name, kind and price; the same in every instance. The last is never used.
PARTS = (
    ("B-AA", "AA cell", "battery", 1.2),
    ("B-AAL", "AA lithium cell", "battery", 3.4),
    ("B-CR", "Coin cell", "battery", 2.1),
    ("P-10", "Probe, 10 cm", "probe", 24.0),
    ("P-25", "Probe, 25 cm", "probe", 31.5),
    ("P-IM", "Immersion probe", "probe", 58.0),
    ("C-5", "Cable, 5 m", "cable", 8.9),
    ("C-20", "Cable, 20 m", "cable", 22.4),
    ("H-ST", "Housing, standard", "housing", 15.0),
    ("H-IP", "Housing, waterproof", "housing", 39.0),
    ("M-WL", "Wall mount", "mounting", 6.5),
    ("M-MG", "Magnet mount", "mounting", 11.0),
    ("A-9", "Antenna 9 dB", "antenna", 44.0),
    ("A-3", "Antenna 3 dB", "antenna", 27.0),
)


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `cal` stays empty."""
    sites = _sites(rng)
    devices = _devices(rng, scale)
    probes = _probes(rng, devices)
    technicians = _technicians(rng, scale)
    visits = _visits(rng, scale, devices, technicians)
    insert(connection, "sit", sites)
    insert(connection, "mdl", MODELS)
    insert(connection, "dev", devices)
    insert(connection, "chn", probes)
    insert(connection, "rdg", _readings(rng, scale, probes))
    insert(connection, "tec", technicians)
    insert(connection, "alm", _alarms(rng, scale, probes, technicians))
    insert(connection, "mnt", visits)
    insert(connection, "prt", PARTS)
    insert(connection, "mnt_prt", _parts_used(rng, scale, visits))


def _sites(rng: Random) -> list[Cells]:
    closed = 1 + rng.randrange(len(SITES) - 1)
    return [
        (
            number,
            *site,
            day(rng, "2012-01-01", "2020-12-31"),
            day(rng, "2024-01-01", "2024-12-31") if number == closed or chance(rng, 0.15) else None,
        )
        for number, site in enumerate(SITES, 1)
    ]


def _devices(rng: Random, scale: float) -> list[Cells]:
    site, models = popular(rng, range(1, len(SITES)), idle=0), popular(rng, MODELS[:-1], idle=0)
    firmwares = Zipf(FIRMWARES)
    serials = list(range(2000, 2000 + 7 * some(rng, scale, 85, 105), 7))
    rng.shuffle(serials)
    devices: list[Cells] = []
    for number, serial in enumerate(serials, 1):
        code, _, _, power, _ = models.draw(rng)
        installed = day(rng, "2019-03-01", "2023-12-31")
        removed = days_after(installed, 90 + rng.randrange(1500)) if chance(rng, 0.3) else None
        gateway = 1 + int(rng.random() * rng.random() * (number - 1)) if number > 1 else None
        devices.append(
            (
                number,
                f"{code}/{serial}",
                site.draw(rng),
                code,
                unless(rng, 0.3, gateway),
                unless(rng, 0.12, firmwares.draw(rng)),
                None if power == "mains" else 5 + rng.randrange(96),
                installed,
                removed if removed and removed <= "2024-12-31" else None,
                int(number == 5 or chance(rng, 0.06)),
            )
        )
    return devices


def _probes(rng: Random, devices: list[Cells]) -> list[Cells]:
    positions = Zipf(POSITIONS)
    return [
        (
            device[0],
            number,
            positions.draw(rng),
            pick(rng, (-30.0, -25.0, -5.0, 2.5, 5.0, 15.0)),
            unless(rng, 0.15, pick(rng, (-18.0, -15.5, 8.0, 26.0, 32.5, 60.0, 75.0))),
        )
        for device in devices
        for number in range(1, 2 + int(rng.random() * rng.random() * 5))
    ]


def _readings(rng: Random, scale: float, probes: list[Cells]) -> list[Cells]:
    probe, qualities = popular(rng, probes), Zipf(QUALITIES)
    readings: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 1450, 1650)):
        device, number, position, _, _ = probe.draw(rng)
        key = (device, number, f"{day(rng, '2024-01-01', '2024-12-31')} {clock(rng, 0, 24)}")
        middle = {"freezer": -190, "freezer door": -120, "supply pipe": 520, "return pipe": 380}
        tenths = middle.get(position, 190) + int((rng.random() + rng.random() - 1) * 160)
        readings[key] = (
            *key,
            unless(rng, 0.06, tenths),
            unless(rng, 0.35, (200 + rng.randrange(760)) / 10),
            0 if chance(rng, 0.2) else int(rng.random() * rng.random() * 900),
            qualities.draw(rng),
        )
    return list(readings.values())


def _technicians(rng: Random, scale: float) -> list[Cells]:
    teams = Zipf(TEAMS)
    return [
        (
            number,
            name,
            TEAMS[number - 1] if number <= len(TEAMS) else unless(rng, 0.15, teams.draw(rng)),
            unless(rng, 0.25, 1 + int(rng.random() * rng.random() * (number - 1))) if number > 1 else None,
            day(rng, "2010-01-01", "2024-06-30"),
            28.0 + rng.randrange(80) / 2,
        )
        for number, name in enumerate(people(rng, some(rng, scale, 34, 42)), 1)
    ]


def _alarms(rng: Random, scale: float, probes: list[Cells], technicians: list[Cells]) -> list[Cells]:
    probe, technician = popular(rng, probes, idle=0.3), popular(rng, technicians, idle=0.25)
    levels, causes = Zipf(LEVELS), Zipf(CAUSES)
    alarms: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 300, 360)):
        device, channel, *_ = probe.draw(rng)
        raised_on, hour = day(rng, "2024-01-01", "2024-12-30"), clock(rng, 0, 12)
        minutes = 1 + int(rng.random() * rng.random() * 700)
        start = int(hour[:2]) * 60 + int(hour[3:])
        end = f"{(start + minutes) // 60:02}:{(start + minutes) % 60:02}"
        cleared = not chance(rng, 0.18)
        alarms.append(
            (
                number,
                device,
                channel,
                levels.draw(rng),
                causes.draw(rng),
                f"{raised_on} {hour}",
                f"{raised_on} {end}" if cleared else None,
                60 * minutes if cleared else None,
                unless(rng, 0.25, technician.draw(rng)[0]),
            )
        )
    return alarms


def _visits(rng: Random, scale: float, devices: list[Cells], technicians: list[Cells]) -> list[Cells]:
    device, technician = popular(rng, devices, idle=0.15), popular(rng, technicians, idle=0.2)
    purposes = Zipf(PURPOSES)
    visits: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 250, 300)):
        due = day(rng, "2023-01-01", "2024-12-31")
        cancelled = chance(rng, 0.1)
        completed = not cancelled and not chance(rng, 0.15)
        row = (
            device.draw(rng)[0],
            unless(rng, 0.1, technician.draw(rng)[0]),
            purposes.draw(rng),
            due,
            days_after(due, rng.randrange(30)) if completed else None,
            money(rng, 60, 900),
            int(cancelled),
        )
        if visits and chance(rng, 0.03):
            row = visits[-1][1:]  # entered twice
        visits.append((number, *row))
    return visits


def _parts_used(rng: Random, scale: float, visits: list[Cells]) -> list[Cells]:
    visit, parts = popular(rng, visits, idle=0.35), popular(rng, (code for code, *_ in PARTS[:-1]), idle=0)
    used: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 300, 360)):
        key = (visit.draw(rng)[0], parts.draw(rng))
        used[key] = (*key, 1 + int(rng.random() * rng.random() * 8))
    return list(used.values())


_SITES = (
    TableWords(
        "sit",
        "site",
        "sites",
        (
            ColumnWords("s_nm", Role.NAME, "name", having="named {}"),
            ColumnWords("s_twn", Role.CATEGORY, "town", having="located in {}"),
            ColumnWords(
                "s_cat",
                Role.CATEGORY,
                "building type",
            ),
            ColumnWords("alt", Role.LEVEL, "altitude", unit="metres"),
            ColumnWords("opn_dt", Role.DATE, "opening date", event="opened"),
            ColumnWords("cls_dt", Role.DATE, "closing date", missing="still in operation", event="closed"),
        ),
        label=("s_nm",),
    ),
    TableWords(
        "mdl",
        "device model",
        "device models",
        (
            ColumnWords("m_nm", Role.NAME, "name", having="named {}"),
            ColumnWords("mfr", Role.CATEGORY, "manufacturer", having="made by {}"),
            ColumnWords("pwr", Role.CATEGORY, "power supply", plural="power supplies"),
            ColumnWords("lst", Role.LEVEL, "list price", missing="without a list price", unit="francs"),
        ),
        label=("m_nm",),
    ),
    TableWords(
        "dev",
        "device",
        "devices",
        (
            ColumnWords("ser", Role.NAME, "serial number"),
            ColumnWords(
                "fw",
                Role.CATEGORY,
                "firmware version",
                having="running firmware version {}",
                missing="with an unknown firmware version",
            ),
            ColumnWords(
                "bat",
                Role.LEVEL,
                "battery charge",
                missing="without a battery charge on record",
                unit="percent",
            ),
            ColumnWords("ins_dt", Role.DATE, "installation date", event="installed"),
            ColumnWords("rem_dt", Role.DATE, "removal date", missing="still in place", event="removed"),
        ),
        label=("ser",),
    ),
    TableWords(
        "chn",
        "probe",
        "probes",
        (
            ColumnWords("pos", Role.CATEGORY, "measuring point", having="with the measuring point {}"),
            ColumnWords("lo", Role.LEVEL, "lower alarm limit", unit="degrees"),
            ColumnWords(
                "hi",
                Role.LEVEL,
                "upper alarm limit",
                missing="without an upper alarm limit",
                unit="degrees",
            ),
        ),
    ),
)

_RECORDS = (
    TableWords(
        "rdg",
        "reading",
        "readings",
        (
            ColumnWords("ts", Role.MOMENT, "time of reading", event="taken", plural="times of reading"),
            ColumnWords(
                "t10",
                Role.LEVEL,
                "temperature",
                missing="without a temperature",
                unit="tenths of a degree",
            ),
            ColumnWords("hum", Role.LEVEL, "humidity", missing="without a humidity value", unit="percent"),
            ColumnWords("wh", Role.AMOUNT, "energy use", unit="watt-hours"),
            ColumnWords("q", Role.CATEGORY, "quality mark", having="marked {}"),
        ),
    ),
    TableWords(
        "alm",
        "alarm",
        "alarms",
        (
            ColumnWords("lvl", Role.CATEGORY, "severity", plural="severities"),
            ColumnWords("cau", Role.CATEGORY, "cause", having="caused by {}"),
            ColumnWords("up_ts", Role.MOMENT, "start time", event="raised"),
            ColumnWords("clr_ts", Role.MOMENT, "end time", missing="not cleared yet", event="cleared"),
            ColumnWords("dur", Role.AMOUNT, "duration", unit="seconds"),
        ),
    ),
    TableWords(
        "tec",
        "technician",
        "technicians",
        (
            ColumnWords("nm", Role.NAME, "name", having="named {}"),
            ColumnWords(
                "tm", Role.CATEGORY, "team", having="working in the team {}", missing="without a team"
            ),
            ColumnWords("hir_dt", Role.DATE, "date of hire", event="hired", plural="dates of hire"),
            ColumnWords("wag", Role.LEVEL, "hourly wage", unit="francs"),
        ),
        label=("nm",),
        person=True,
    ),
    TableWords(
        "mnt",
        "maintenance visit",
        "maintenance visits",
        (
            ColumnWords("typ", Role.CATEGORY, "purpose", having="booked for {}"),
            ColumnWords("due_dt", Role.DATE, "due date", event="due"),
            ColumnWords(
                "fin_dt",
                Role.DATE,
                "completion date",
                missing="not recorded as completed",
                event="completed",
            ),
            ColumnWords("cst", Role.AMOUNT, "cost", unit="francs"),
        ),
    ),
    TableWords(
        "prt",
        "spare part",
        "spare parts",
        (
            ColumnWords("p_nm", Role.NAME, "name", having="named {}"),
            ColumnWords("kin", Role.CATEGORY, "kind", having="of the kind {}"),
            ColumnWords("prc", Role.LEVEL, "unit price", unit="francs"),
        ),
        label=("p_nm",),
    ),
    TableWords(
        "mnt_prt",
        "line of material",
        "lines of material",
        (ColumnWords("qty", Role.AMOUNT, "quantity", unit="pieces", plural="quantities"),),
    ),
)

LEXICON = Lexicon(
    tables=(*_SITES, *_RECORDS),
    links=(
        Link("dev", ("s_no",), "sit", ("s_no",), of="installed at {}"),
        Link(
            "dev",
            ("m_cd",),
            "mdl",
            ("m_cd",),
            of="of {}",
            having="used for {}",
            without="not used for any {}",
        ),
        Link(
            "dev",
            ("up_no",),
            "dev",
            ("d_no",),
            of="connected through {}",
            having="passing on the data of {}",
            without="not passing on the data of any {}",
            role="gateway",
            role_plural="gateways",
        ),
        Link("chn", ("d_no",), "dev", ("d_no",), of="attached to {}"),
        Link("rdg", ("d_no", "c_no"), "chn", ("d_no", "c_no"), of="from {}"),
        Link("alm", ("d_no", "c_no"), "chn", ("d_no", "c_no"), of="from {}"),
        Link(
            "alm",
            ("t_no",),
            "tec",
            ("t_no",),
            of="handled by {}",
            having="handling {}",
            without="not handling any {}",
        ),
        Link(
            "tec",
            ("chf",),
            "tec",
            ("t_no",),
            of="reporting to {}",
            having="in charge of {}",
            without="not in charge of any {}",
            role="superior",
            role_plural="superiors",
        ),
        Link("mnt", ("d_no",), "dev", ("d_no",), of="to {}"),
        Link(
            "mnt",
            ("t_no",),
            "tec",
            ("t_no",),
            of="assigned to {}",
            having="assigned to {}",
            without="not assigned to any {}",
        ),
        Link("mnt_prt", ("w_no",), "mnt", ("w_no",), of="used on {}"),
        Link(
            "mnt_prt",
            ("p_cd",),
            "prt",
            ("p_cd",),
            of="for {}",
            having="listed in {}",
            without="not listed in any {}",
        ),
    ),
    rules=(
        Exclusion("test_device", "dev", "{t}.tst = 0", "Test devices are never counted."),
        Exclusion(
            "suspect", "rdg", "{t}.q <> 'suspect'", "Readings that are marked as suspect are always left out."
        ),
        Exclusion("cancelled", "mnt", "{t}.can = 0", "Maintenance visits that were cancelled never count."),
        Conversion(
            "rdg",
            "t10",
            "{t}.t10 / 10.0",
            "temperature in degrees Celsius",
            "Temperatures are kept in tenths of a degree; report whole degrees with their fraction.",
        ),
        Conversion(
            "alm",
            "dur",
            "{t}.dur / 60.0",
            "duration in minutes",
            "Durations of alarms are kept in seconds; report minutes.",
        ),
    ),
    screens=(
        Screen(
            "v_tec",
            "tec",
            "Wages are confidential, so the technicians' table is closed to us; a view without them is open.",
        ),
        Screen(
            "v_dev_act",
            "dev",
            "The table of all devices is closed to us; the view of the devices still in place is open.",
        ),
    ),
)

DOMAIN = Domain(
    "sensors", "Sensors in buildings, with their readings and alarms", Split.TRAIN, DDL, populate, LEXICON
)
