"""A supplier of electricity and gas: grid zones, premises, meters and readings, contracts, bills, outages.

Names are those of an old mainframe: capitals, shortened.
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
    near_copies,
    people,
    pick,
    popular,
    some,
    streets,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords

DDL = """
CREATE TABLE GRDZN (
    ZN_CD TEXT PRIMARY KEY,
    ZN_NM TEXT NOT NULL,
    SUP_ZN TEXT REFERENCES GRDZN (ZN_CD),         -- the zone that feeds it
    CAP_MW REAL NOT NULL
);
CREATE INDEX GRDZN_SUP ON GRDZN (SUP_ZN);
CREATE TABLE PRMS (
    PRMS_ID INTEGER PRIMARY KEY,
    STRT TEXT NOT NULL,
    TWN TEXT NOT NULL,
    ZN_CD TEXT NOT NULL REFERENCES GRDZN (ZN_CD),
    KND TEXT NOT NULL,
    FLR_M2 INTEGER                                -- NULL: not measured
);
CREATE INDEX PRMS_ZN ON PRMS (ZN_CD);
CREATE TABLE CSTMR (
    CST_NR INTEGER PRIMARY KEY,
    FL_NM TEXT NOT NULL,
    TEL TEXT,
    CLS TEXT NOT NULL,
    PAYR_NR INTEGER REFERENCES CSTMR (CST_NR),    -- who pays for them; NULL: they do
    REG_DT TEXT NOT NULL,
    RSK INTEGER                                   -- NULL: not rated
);
CREATE INDEX CSTMR_PAYR ON CSTMR (PAYR_NR);
CREATE TABLE TRF (
    TRF_CD TEXT PRIMARY KEY,
    TRF_NM TEXT NOT NULL,
    FL_TYP TEXT NOT NULL,
    UN_PRC REAL NOT NULL,                         -- cents a kilowatt-hour
    STD_CHG REAL,                                 -- euros a day; NULL: none
    GRN INTEGER NOT NULL CHECK (GRN IN (0, 1)),
    SUC_CD TEXT REFERENCES TRF (TRF_CD)
);
CREATE INDEX TRF_SUC ON TRF (SUC_CD);
CREATE TABLE MTR (
    MTR_SN TEXT PRIMARY KEY,
    PRMS_ID INTEGER NOT NULL REFERENCES PRMS (PRMS_ID),
    MKR TEXT NOT NULL,
    FL_TYP TEXT NOT NULL,
    SMRT INTEGER NOT NULL CHECK (SMRT IN (0, 1)),
    INST_DT TEXT NOT NULL,
    RMVD_DT TEXT                                  -- NULL: in service
);
CREATE INDEX MTR_PRMS ON MTR (PRMS_ID);
CREATE TABLE CNTR (
    CNTR_NR INTEGER PRIMARY KEY,
    CST_NR INTEGER NOT NULL REFERENCES CSTMR (CST_NR),
    PRMS_ID INTEGER NOT NULL REFERENCES PRMS (PRMS_ID),
    TRF_CD TEXT NOT NULL REFERENCES TRF (TRF_CD),
    BGN_DT TEXT NOT NULL,
    END_DT TEXT,                                  -- NULL: runs on
    PAY_MTD TEXT NOT NULL,
    DEP REAL NOT NULL
);
CREATE INDEX CNTR_CST ON CNTR (CST_NR);
CREATE INDEX CNTR_PRMS ON CNTR (PRMS_ID);
CREATE INDEX CNTR_TRF ON CNTR (TRF_CD);
CREATE TABLE RDG (
    MTR_SN TEXT NOT NULL REFERENCES MTR (MTR_SN),
    RD_DT TEXT NOT NULL,
    USE_WH INTEGER NOT NULL,                      -- since the last reading
    SRC TEXT NOT NULL,
    ERR INTEGER NOT NULL CHECK (ERR IN (0, 1)),
    PRIMARY KEY (MTR_SN, RD_DT)
);
CREATE TABLE BLL (
    BLL_NR INTEGER PRIMARY KEY,
    CNTR_NR INTEGER NOT NULL REFERENCES CNTR (CNTR_NR),
    ISS_DT TEXT NOT NULL,
    DUE_DT TEXT NOT NULL,
    AMT REAL NOT NULL,
    PD_DT TEXT,                                   -- NULL: not paid
    STS TEXT NOT NULL
);
CREATE INDEX BLL_CNTR ON BLL (CNTR_NR);
CREATE TABLE OUTG (
    OUTG_NR INTEGER PRIMARY KEY,
    ZN_CD TEXT NOT NULL REFERENCES GRDZN (ZN_CD),
    BGN_TS TEXT NOT NULL,                         -- 'YYYY-MM-DD HH:MM'
    END_TS TEXT,                                  -- NULL: not over
    CSE TEXT,                                     -- NULL: not known
    AFF_CNT INTEGER NOT NULL
);
CREATE INDEX OUTG_ZN ON OUTG (ZN_CD);
CREATE TABLE TECHN (
    TCH_NR INTEGER PRIMARY KEY,
    FL_NM TEXT NOT NULL,
    LVL TEXT NOT NULL,
    BASE_ZN TEXT REFERENCES GRDZN (ZN_CD)         -- NULL: sent anywhere
);
CREATE INDEX TECHN_BASE ON TECHN (BASE_ZN);
CREATE TABLE OUTG_TECHN (
    OUTG_NR INTEGER NOT NULL REFERENCES OUTG (OUTG_NR),
    TCH_NR INTEGER NOT NULL REFERENCES TECHN (TCH_NR),
    HRS REAL NOT NULL CHECK (HRS > 0),
    RMK TEXT,
    PRIMARY KEY (OUTG_NR, TCH_NR)
);
CREATE INDEX OUTG_TECHN_TCH ON OUTG_TECHN (TCH_NR);
CREATE TABLE FEEDIN (
    MTR_SN TEXT NOT NULL,
    RD_DT TEXT NOT NULL,
    EXP_WH INTEGER NOT NULL,
    PRIMARY KEY (MTR_SN, RD_DT),
    FOREIGN KEY (MTR_SN, RD_DT) REFERENCES RDG (MTR_SN, RD_DT)
);
CREATE VIEW V_CSTMR AS
    SELECT CST_NR, FL_NM, CLS, PAYR_NR, REG_DT FROM CSTMR;
CREATE VIEW V_MTR_SVC AS
    SELECT MTR_SN, PRMS_ID, MKR, FL_TYP, SMRT, INST_DT FROM MTR WHERE RMVD_DT IS NULL;
"""

# Code, name, the zone that feeds it and its capacity; the same in every instance. The last feeds nobody.
ZONES = (
    ("N0", "Northern Backbone", None, 900.0),
    ("N1", "Lough Ree", "N0", 220.0),
    ("N2", "Glenveagh", "N0", 140.0),
    ("N3", "Carrick Island", "N2", 35.5),
    ("S0", "Southern Backbone", None, 1100.0),
    ("S1", "Lee Valley", "S0", 310.0),
    ("S2", "Skellig Coast", "S0", 95.0),
    ("S3", "St. Finbarr's Quay", "S1", 60.0),
    ("E1", "Wicklow Gap", "S0", 180.0),
    ("W9", "Inishmaan", "N1", 4.5),
)
TOWNS = (
    "Athlone", "Dún Laoghaire", "Galway", "Kilkenny", "Letterkenny", "Portlaoise", "Cill Airne",
    "Tralee", "Carrick-on-Shannon",
)  # fmt: skip
PREMISES_KINDS = ("flat", "terraced house", "detached house", "semi-detached house", "workshop", "farm")
CUSTOMER_CLASSES = ("household", "small business", "large business", "charity", "municipality")
# Code, name, fuel, unit price, daily charge, whether green, and successor; the same in every instance. Nobody
# has the last.
TARIFFS = (
    ("E-STD", "Standard Electricity", "electricity", 27.4, 0.55, 0, None),
    ("E-NGT", "Night Saver", "electricity", 19.9, 0.72, 0, None),
    ("E-GRN", "Green Wind", "electricity", 29.1, 0.55, 1, None),
    ("E-G21", "Green Wind 2021", "electricity", 24.6, 0.49, 1, "E-GRN"),
    ("E-FLX", "Flexi Hours", "electricity", 22.3, None, 0, None),
    ("E-PRO", "Business Power", "electricity", 21.7, 1.9, 0, None),
    ("E-P19", "Business Power 2019", "electricity", 18.8, 1.75, 0, "E-PRO"),
    ("G-STD", "Standard Gas", "gas", 11.2, 0.38, 0, None),
    ("G-BIO", "Farmer's Biogas", "gas", 14.8, 0.38, 1, None),
    ("G-PRO", "Business Gas", "gas", 9.6, 1.4, 0, None),
    ("G-P19", "Business Gas 2019", "gas", 8.9, 1.25, 0, "G-PRO"),
    ("G-TST", "Pilot Hydrogen Blend", "gas", 12.5, None, 1, None),
)
MAKERS = ("Kamstrup", "Landis+Gyr", "Itron", "Elster", "Sagemcom")
PAYMENT_METHODS = ("standing order", "giro", "app", "post office", "prepaid")
READING_SOURCES = ("radio", "meter reader", "customer's photo", "phone call", "estimate")
BILL_STATUSES = ("normal", "final", "corrected", "withdrawn", "disputed")
CAUSES = (
    "storm damage",
    "storm flooding",
    "digger",
    "overload",
    "ageing cable",
    "swan on the line",
    "sabotage",
)
TECHNICIAN_LEVELS = ("apprentice", "fitter", "senior fitter", "crew leader")
REMARKS = (
    "fuse replaced", "Fuse replaced", "waited for a ladder", 'cable marked "dead" was live', "owner's dog ⚡",
    "bóthar dúnta", "bothar dunta", "",
)  # fmt: skip


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `FEEDIN` stays empty."""
    premises = _premises(rng, scale)
    customers = _customers(rng, scale)
    meters = _meters(rng, scale, premises)
    contracts = _contracts(rng, scale, customers, premises)
    outages = _outages(rng, scale)
    technicians = _technicians(rng, scale)
    insert(connection, "GRDZN", ZONES)
    insert(connection, "PRMS", premises)
    insert(connection, "CSTMR", customers)
    insert(connection, "TRF", TARIFFS)
    insert(connection, "MTR", meters)
    insert(connection, "CNTR", contracts)
    insert(connection, "RDG", _readings(rng, scale, meters))
    insert(connection, "BLL", _bills(rng, contracts))
    insert(connection, "OUTG", outages)
    insert(connection, "TECHN", technicians)
    insert(connection, "OUTG_TECHN", _assignments(rng, scale, outages, technicians))


def _premises(rng: Random, scale: float) -> list[Cells]:
    zones = popular(rng, (code for code, *_ in ZONES[:-1]), idle=0)
    towns, kinds = Zipf(TOWNS), Zipf(PREMISES_KINDS)
    addresses = near_copies(rng, streets(rng, some(rng, scale, 230, 260)), first=5)
    return [
        (
            number,
            street,
            towns.draw(rng),
            zones.draw(rng),
            kinds.draw(rng),
            unless(rng, 0.15, 28 + int(rng.random() * rng.random() * 420)),
        )
        for number, street in enumerate(addresses, 1)
    ]


def _customers(rng: Random, scale: float) -> list[Cells]:
    classes = Zipf(CUSTOMER_CLASSES)
    return [
        (
            number,
            name,
            unless(rng, 0.3, f"+353 {rng.randrange(100):02} {rng.randrange(10_000_000):07}"),
            classes.draw(rng),
            unless(rng, 0.75, 1 + int(rng.random() * rng.random() * (number - 1))) if number > 1 else None,
            day(rng, "2012-01-01", "2024-04-30"),
            unless(rng, 0.2, 1 + rng.randrange(100)),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 240, 270)), 1)
    ]


def _meters(rng: Random, scale: float, premises: list[Cells]) -> list[Cells]:
    crowded, makers = popular(rng, premises, idle=0.2), Zipf(MAKERS)
    sites = premises[4:] or premises  # the first have no meter
    meters: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 300, 340)):
        site = pick(rng, sites) if chance(rng, 0.6) else crowded.draw(rng)
        installed = day(rng, "2009-01-01", "2023-12-31")
        removed = days_after(installed, 200 + rng.randrange(4000)) if chance(rng, 0.3) else None
        meters.append(
            (
                f"{pick(rng, 'KLIES')}{rng.randrange(1000):03}-{number:05}",
                site[0],
                makers.draw(rng),
                "gas" if chance(rng, 0.35) else "electricity",
                int(chance(rng, 0.45)),
                installed,
                removed if removed and removed <= "2024-12-31" else None,
            )
        )
    return meters


def _contracts(rng: Random, scale: float, customers: list[Cells], premises: list[Cells]) -> list[Cells]:
    customer, site = popular(rng, customers, idle=0.15), popular(rng, premises, idle=0.1)
    tariffs = popular(rng, (code for code, *_ in TARIFFS[:-1]), idle=0)
    methods = Zipf(PAYMENT_METHODS)
    contracts: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 320, 360)):
        begins = day(rng, "2019-01-01", "2024-06-30")
        ends = days_after(begins, 90 + rng.randrange(1500)) if chance(rng, 0.45) else None
        holder = pick(rng, customers[5:] or customers) if chance(rng, 0.4) else customer.draw(rng)
        contracts.append(
            (
                number,
                holder[0],
                pick(rng, premises)[0] if chance(rng, 0.5) else site.draw(rng)[0],
                tariffs.draw(rng),
                begins,
                ends if ends and ends <= "2024-12-31" else None,
                methods.draw(rng),
                25.0 * int(rng.random() * rng.random() * 16),
            )
        )
    return contracts


def _readings(rng: Random, scale: float, meters: list[Cells]) -> list[Cells]:
    meter, sources = popular(rng, meters, idle=0.2), Zipf(READING_SOURCES)
    readings: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 1020, 1160)):
        month = rng.randrange(24)
        key = (meter.draw(rng)[0], f"{2023 + month // 12}-{1 + month % 12:02}-{1 + rng.randrange(28):02}")
        used = int(rng.random() * rng.random() * 900_000)
        readings[key] = (*key, used, sources.draw(rng), int(chance(rng, 0.04)))
    return list(readings.values())


def _bills(rng: Random, contracts: list[Cells]) -> list[Cells]:
    statuses = Zipf(BILL_STATUSES)
    bills: list[Cells] = []
    for contract in contracts:
        for count in range(int(rng.random() * rng.random() * 8)):
            issued = days_after(contract[4], 61 * (count + 1) + rng.randrange(5))
            if issued > (contract[5] or "2024-12-31"):
                break
            due = days_after(issued, pick(rng, (14, 21, 30)))
            paid = unless(rng, 0.13, days_after(issued, rng.randrange(50)))
            bills.append(
                (len(bills) + 1, contract[0], issued, due, money(rng, 12, 900), paid, statuses.draw(rng))
            )
    return bills


def _outages(rng: Random, scale: float) -> list[Cells]:
    zones, causes = popular(rng, (code for code, *_ in ZONES), idle=0.1), Zipf(CAUSES)
    outages: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 110, 130)):
        begins = day(rng, "2023-01-01", "2024-12-20")
        ends = days_after(begins, 1 + int(rng.random() * rng.random() * 4))
        outages.append(
            (
                number,
                zones.draw(rng),
                f"{begins} {clock(rng, 0, 24)}",
                unless(rng, 0.06, f"{ends} {clock(rng, 0, 24)}"),
                unless(rng, 0.12, causes.draw(rng)),
                1 + int(rng.random() * rng.random() * rng.random() * 9000),
            )
        )
    return outages


def _technicians(rng: Random, scale: float) -> list[Cells]:
    levels, zones = Zipf(TECHNICIAN_LEVELS), popular(rng, (code for code, *_ in ZONES))
    return [
        (
            number,
            name,
            TECHNICIAN_LEVELS[number - 1] if number <= len(TECHNICIAN_LEVELS) else levels.draw(rng),
            unless(rng, 0.25, zones.draw(rng)),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 28, 36)), 1)
    ]


def _assignments(rng: Random, scale: float, outages: list[Cells], technicians: list[Cells]) -> list[Cells]:
    outage, technician = popular(rng, outages, idle=0.15), popular(rng, technicians, idle=0.1)
    assigned: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 260, 300)):
        key = (outage.draw(rng)[0], technician.draw(rng)[0])
        hours = (1 + int(rng.random() * rng.random() * 28)) / 2
        assigned[key] = (*key, hours, unless(rng, 0.4, pick(rng, REMARKS)))
    return list(assigned.values())


LEXICON = Lexicon(
    tables=(
        TableWords(
            "GRDZN",
            "grid zone",
            "grid zones",
            (
                ColumnWords("ZN_NM", Role.NAME, "name"),
                ColumnWords("CAP_MW", Role.LEVEL, "capacity", unit="megawatts", plural="capacities"),
            ),
            label=("ZN_NM",),
        ),
        TableWords(
            "PRMS",
            "property",
            "properties",
            (
                ColumnWords(
                    "STRT",
                    Role.NAME,
                    "street address",
                    having="at the street address {}",
                    plural="street addresses",
                ),
                ColumnWords("TWN", Role.CATEGORY, "town", having="located in {}"),
                ColumnWords("KND", Role.CATEGORY, "building type", having="of the building type {}"),
                ColumnWords(
                    "FLR_M2",
                    Role.LEVEL,
                    "floor space",
                    missing="without a measured floor space",
                    unit="square metres",
                ),
            ),
            label=("STRT",),
        ),
        TableWords(
            "CSTMR",
            "customer",
            "customers",
            (
                ColumnWords("FL_NM", Role.NAME, "name", having="named {}"),
                ColumnWords("TEL", Role.TEXT, "phone number", missing="without a phone number"),
                ColumnWords(
                    "CLS",
                    Role.CATEGORY,
                    "customer class",
                    having="in the customer class {}",
                    plural="customer classes",
                ),
                ColumnWords("REG_DT", Role.DATE, "registration date", event="registered"),
                ColumnWords("RSK", Role.LEVEL, "risk score", missing="without a risk score"),
            ),
            label=("FL_NM",),
            person=True,
        ),
        TableWords(
            "TRF",
            "tariff",
            "tariffs",
            (
                ColumnWords("TRF_NM", Role.NAME, "name"),
                ColumnWords("FL_TYP", Role.CATEGORY, "energy source", having="for {}"),
                ColumnWords(
                    "UN_PRC",
                    Role.LEVEL,
                    "price per kilowatt-hour",
                    unit="cents",
                    plural="prices per kilowatt-hour",
                ),
                ColumnWords(
                    "STD_CHG",
                    Role.LEVEL,
                    "daily base charge",
                    missing="without a daily base charge",
                    unit="euros",
                ),
                ColumnWords(
                    "GRN", Role.FLAG, "origin", yes="from renewable sources", no="not from renewable sources"
                ),
            ),
            label=("TRF_NM",),
        ),
        TableWords(
            "MTR",
            "meter",
            "meters",
            (
                ColumnWords("MTR_SN", Role.NAME, "serial number"),
                ColumnWords("MKR", Role.CATEGORY, "manufacturer", having="made by {}"),
                ColumnWords("FL_TYP", Role.CATEGORY, "energy source", having="measuring {}"),
                ColumnWords(
                    "SMRT", Role.FLAG, "remote access", yes="with remote access", no="without remote access"
                ),
                ColumnWords("INST_DT", Role.DATE, "installation date", event="installed"),
                ColumnWords(
                    "RMVD_DT",
                    Role.DATE,
                    "removal date",
                    missing="still in service",
                    event="removed from service",
                ),
            ),
            label=("MTR_SN",),
        ),
        TableWords(
            "CNTR",
            "supply contract",
            "supply contracts",
            (
                ColumnWords("BGN_DT", Role.DATE, "start date", event="starting"),
                ColumnWords("END_DT", Role.DATE, "end date", missing="without an end date", event="ending"),
                ColumnWords("PAY_MTD", Role.CATEGORY, "payment method"),
                ColumnWords("DEP", Role.AMOUNT, "security deposit", unit="euros"),
            ),
        ),
        TableWords(
            "RDG",
            "meter reading",
            "meter readings",
            (
                ColumnWords("RD_DT", Role.DATE, "reading date", event="taken"),
                ColumnWords("USE_WH", Role.AMOUNT, "consumption", unit="watt-hours"),
                ColumnWords("SRC", Role.CATEGORY, "source"),
            ),
        ),
        TableWords(
            "BLL",
            "energy bill",
            "energy bills",
            (
                ColumnWords("ISS_DT", Role.DATE, "issue date", event="issued"),
                ColumnWords("DUE_DT", Role.DATE, "due date", event="due"),
                ColumnWords("AMT", Role.AMOUNT, "amount", unit="euros"),
                ColumnWords("PD_DT", Role.DATE, "payment date", missing="not paid yet", event="paid"),
                ColumnWords("STS", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
            ),
        ),
        TableWords(
            "OUTG",
            "power cut",
            "power cuts",
            (
                ColumnWords("BGN_TS", Role.MOMENT, "start time", event="starting"),
                ColumnWords("END_TS", Role.MOMENT, "end time", missing="not over yet", event="ending"),
                ColumnWords("CSE", Role.CATEGORY, "cause", having="due to {}", missing="of unknown cause"),
                ColumnWords(
                    "AFF_CNT",
                    Role.AMOUNT,
                    "number of affected homes",
                    plural="numbers of affected homes",
                ),
            ),
        ),
        TableWords(
            "TECHN",
            "technician",
            "technicians",
            (
                ColumnWords("FL_NM", Role.NAME, "name", having="named {}"),
                ColumnWords("LVL", Role.CATEGORY, "rank", having="with the rank of {}"),
            ),
            label=("FL_NM",),
            person=True,
        ),
        TableWords(
            "OUTG_TECHN",
            "repair assignment",
            "repair assignments",
            (
                ColumnWords("HRS", Role.AMOUNT, "working time", unit="hours"),
                ColumnWords("RMK", Role.TEXT, "remark", missing="without a remark"),
            ),
        ),
    ),
    links=(
        Link(
            "GRDZN",
            ("SUP_ZN",),
            "GRDZN",
            ("ZN_CD",),
            of="fed by {}",
            having="feeding {}",
            without="not feeding any {}",
            role="supplying zone",
            role_plural="supplying zones",
        ),
        Link(
            "PRMS",
            ("ZN_CD",),
            "GRDZN",
            ("ZN_CD",),
            of="connected to {}",
            having="serving {}",
            without="not serving any {}",
        ),
        Link(
            "CSTMR",
            ("PAYR_NR",),
            "CSTMR",
            ("CST_NR",),
            of="paid for by {}",
            having="paying for {}",
            without="not paying for any {}",
            role="payer",
            role_plural="payers",
        ),
        Link(
            "TRF",
            ("SUC_CD",),
            "TRF",
            ("TRF_CD",),
            of="superseded by {}",
            having="superseding {}",
            without="not superseding any {}",
            role="newer tariff",
            role_plural="newer tariffs",
        ),
        Link("MTR", ("PRMS_ID",), "PRMS", ("PRMS_ID",), of="installed at {}"),
        Link("CNTR", ("CST_NR",), "CSTMR", ("CST_NR",), of="signed by {}"),
        Link(
            "CNTR",
            ("PRMS_ID",),
            "PRMS",
            ("PRMS_ID",),
            of="made for {}",
            having="supplied under {}",
            without="not supplied under any {}",
        ),
        Link(
            "CNTR",
            ("TRF_CD",),
            "TRF",
            ("TRF_CD",),
            of="on {}",
            having="used in {}",
            without="not used in any {}",
        ),
        Link("RDG", ("MTR_SN",), "MTR", ("MTR_SN",), of="taken from {}"),
        Link("BLL", ("CNTR_NR",), "CNTR", ("CNTR_NR",), of="issued under {}"),
        Link(
            "OUTG",
            ("ZN_CD",),
            "GRDZN",
            ("ZN_CD",),
            of="in {}",
            having="hit by {}",
            without="not hit by any {}",
        ),
        Link(
            "TECHN",
            ("BASE_ZN",),
            "GRDZN",
            ("ZN_CD",),
            of="stationed in {}",
            having="with {}",
        ),
        Link("OUTG_TECHN", ("OUTG_NR",), "OUTG", ("OUTG_NR",), of="made for {}"),
        Link("OUTG_TECHN", ("TCH_NR",), "TECHN", ("TCH_NR",), of="given to {}"),
    ),
    rules=(
        Exclusion(
            "faulty",
            "RDG",
            "{t}.ERR = 0",
            "Meter readings that were found to be faulty never count.",
        ),
        Exclusion(
            "withdrawn", "BLL", "{t}.STS <> 'withdrawn'", "Energy bills that were withdrawn never count."
        ),
        Conversion(
            "RDG",
            "USE_WH",
            "{t}.USE_WH / 1000.0",
            "consumption in kilowatt-hours",
            "Consumption is kept in watt-hours; report it in kilowatt-hours.",
        ),
        FiscalYear("BLL", "ISS_DT", 10),
        FiscalYear("RDG", "RD_DT", 10),
    ),
    screens=(
        Screen(
            "V_CSTMR",
            "CSTMR",
            "Phone numbers and risk scores are confidential, so the customers' table is closed to us; the "
            "view without them is open.",
        ),
        Screen(
            "V_MTR_SVC",
            "MTR",
            "The full table of meters is closed to us; the view that is open shows only the meters still in "
            "service, and those alone are meant.",
        ),
    ),
)

DOMAIN = Domain("energy", "A supplier of electricity and gas", Split.DEV, DDL, populate, LEXICON)
