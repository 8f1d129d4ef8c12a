"""An insurer: brokers and policy holders, policies and what they cover, premiums, claims and adjusters.

Names have capitals and blanks, and some are words of SQL.
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
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords

DDL = """
CREATE TABLE "Broker" (
    "Broker ID" INTEGER PRIMARY KEY,
    "Full Name" TEXT NOT NULL,
    "Town" TEXT NOT NULL,
    "Commission %" REAL,                          -- NULL: on a fixed salary
    "Mentor ID" INTEGER REFERENCES "Broker" ("Broker ID"),
    "Licensed On" TEXT NOT NULL
);
CREATE INDEX "Broker Mentor" ON "Broker" ("Mentor ID");
CREATE TABLE "Holder" (
    "Holder ID" INTEGER PRIMARY KEY,
    "Full Name" TEXT NOT NULL,
    "Born On" TEXT NOT NULL,
    "Town" TEXT NOT NULL,
    "Occupation" TEXT,
    "Group" TEXT NOT NULL,
    "Referred By" INTEGER REFERENCES "Holder" ("Holder ID")
);
CREATE INDEX "Holder Referrer" ON "Holder" ("Referred By");
CREATE TABLE "Product" (
    "Code" TEXT PRIMARY KEY,
    "Title" TEXT NOT NULL,
    "Line" TEXT NOT NULL
);
CREATE TABLE "Policy" (
    "Policy No" TEXT PRIMARY KEY,
    "Holder ID" INTEGER NOT NULL REFERENCES "Holder" ("Holder ID"),
    "Product Code" TEXT NOT NULL REFERENCES "Product" ("Code"),
    "Broker ID" INTEGER REFERENCES "Broker" ("Broker ID"),  -- NULL: sold directly
    "From" TEXT NOT NULL,
    "To" TEXT,                                    -- NULL: until notice is given
    "Monthly Premium" REAL NOT NULL CHECK ("Monthly Premium" > 0),
    "Deductible" REAL NOT NULL,
    "Status" TEXT NOT NULL,
    "Replaces" TEXT REFERENCES "Policy" ("Policy No")
);
CREATE INDEX "Policy Holder" ON "Policy" ("Holder ID");
CREATE INDEX "Policy Product" ON "Policy" ("Product Code");
CREATE INDEX "Policy Broker" ON "Policy" ("Broker ID");
CREATE INDEX "Policy Replaced" ON "Policy" ("Replaces");
CREATE TABLE "Peril" (
    "Peril Code" TEXT PRIMARY KEY,
    "Title" TEXT NOT NULL,
    "Natural" INTEGER NOT NULL CHECK ("Natural" IN (0, 1))
);
CREATE TABLE "Policy Cover" (
    "Policy No" TEXT NOT NULL REFERENCES "Policy" ("Policy No"),
    "Peril Code" TEXT NOT NULL REFERENCES "Peril" ("Peril Code"),
    "Limit" REAL,                                 -- NULL: without limit
    "Waiting Days" INTEGER NOT NULL,
    PRIMARY KEY ("Policy No", "Peril Code")
);
CREATE INDEX "Policy Cover Peril" ON "Policy Cover" ("Peril Code");
CREATE TABLE "Premium Invoice" (
    "Policy No" TEXT NOT NULL REFERENCES "Policy" ("Policy No"),
    "Instalment" INTEGER NOT NULL,
    "Due On" TEXT NOT NULL,
    "Paid On" TEXT,                               -- NULL: outstanding
    "Amount" REAL NOT NULL,
    "Reminders" INTEGER NOT NULL,
    PRIMARY KEY ("Policy No", "Instalment")
);
CREATE TABLE "Claim" (
    "Claim No" INTEGER PRIMARY KEY,
    "Policy No" TEXT NOT NULL,
    "Peril Code" TEXT NOT NULL,
    "Happened On" TEXT NOT NULL,
    "Reported On" TEXT NOT NULL,
    "Claimed" REAL NOT NULL,
    "Settled" REAL,                               -- NULL: not settled
    "Status" TEXT NOT NULL,
    "Is Duplicate" INTEGER NOT NULL CHECK ("Is Duplicate" IN (0, 1)),
    FOREIGN KEY ("Policy No", "Peril Code") REFERENCES "Policy Cover" ("Policy No", "Peril Code")
);
CREATE INDEX "Claim Cover" ON "Claim" ("Policy No", "Peril Code");
CREATE TABLE "Adjuster" (
    "Adjuster ID" INTEGER PRIMARY KEY,
    "Full Name" TEXT NOT NULL,
    "Speciality" TEXT,                            -- NULL: takes everything
    "Hourly Rate" REAL NOT NULL
);
CREATE TABLE "Inspection" (
    "Claim No" INTEGER NOT NULL REFERENCES "Claim" ("Claim No"),
    "Adjuster ID" INTEGER NOT NULL REFERENCES "Adjuster" ("Adjuster ID"),
    "Starts At" TEXT NOT NULL,                    -- 'YYYY-MM-DD HH:MM'
    "Hours" REAL NOT NULL,
    "Finding" TEXT,
    PRIMARY KEY ("Claim No", "Adjuster ID", "Starts At")
);
CREATE INDEX "Inspection Adjuster" ON "Inspection" ("Adjuster ID");
CREATE TABLE "Payout" (
    "Payout ID" INTEGER PRIMARY KEY,
    "Claim No" INTEGER NOT NULL REFERENCES "Claim" ("Claim No"),
    "To" TEXT NOT NULL,
    "Amount" REAL NOT NULL,
    "Paid On" TEXT                                -- NULL: ordered, not paid yet
);
CREATE INDEX "Payout Claim" ON "Payout" ("Claim No");
CREATE TABLE "Reinsurance Treaty" (
    "Treaty No" INTEGER PRIMARY KEY,
    "Product Code" TEXT NOT NULL REFERENCES "Product" ("Code"),
    "Reinsurer" TEXT NOT NULL,
    "Share %" REAL NOT NULL
);
CREATE INDEX "Reinsurance Treaty Product" ON "Reinsurance Treaty" ("Product Code");
CREATE VIEW "Holder Directory" AS
    SELECT "Holder ID", "Full Name", "Town", "Group", "Referred By" FROM "Holder";
CREATE VIEW "Claim Register" AS
    SELECT "Claim No", "Policy No", "Peril Code", "Happened On", "Reported On", "Status", "Is Duplicate"
    FROM "Claim";
"""

TOWNS = (
    "Bern", "Lausanne", "Fribourg", "Zug", "Biel/Bienne", "Aarau", "La Chaux-de-Fonds", "Thun", "Delémont",
    "St. Moritz",
)  # fmt: skip
HOLDER_GROUPS = ("private", "family", "trade", "association", "public body")
OCCUPATIONS = (
    "carpenter", "teacher", "driver", "physician", "pensioner", "student", "hairdresser", "chef", "lawyer",
)  # fmt: skip
# Code, title and line; the same in every instance. Nobody has the last.
PRODUCTS = (
    ("HOME-B", "Home Basic", "household"),
    ("HOME-P", "Home Plus", "household"),
    ("BLDG", "Building", "property"),
    ("MOT-L", "Motor Liability", "motor"),
    ("MOT-C", "Motor Comprehensive", "motor"),
    ("BIKE", "E-Bike & Bicycle", "motor"),
    ("TRAV", "Traveller's Shield", "travel"),
    ("LEGAL", "Legal Protection", "liability"),
    ("SHOP", "Shop & Workshop", "property"),
    ("PET", "Cats & Dogs", "household"),
    ("ART", "Fine Art", "property"),
)
# Code, title, and whether nature is its cause; the same in every instance. Nobody is insured against the
# last.
PERILS = (
    ("FIRE", "Fire", 0),
    ("THEFT", "Theft", 0),
    ("BURG", "Burglary", 0),
    ("WATER", "Water Damage", 0),
    ("HAIL", "Hail", 1),
    ("STORM", "Storm", 1),
    ("FLOOD", "Flood", 1),
    ("COLL", "Collision", 0),
    ("GLASS", "Glass Breakage", 0),
    ("LIAB", "Third-Party Liability", 0),
    ("ILL", "Illness Abroad", 0),
    ("QUAKE", "Earthquake", 1),
    ("METEO", "Meteorite", 1),
)
POLICY_STATUSES = ("active", "expired", "lapsed", "cancelled", "suspended")
CLAIM_STATUSES = ("settled", "open", "settled in part", "rejected", "reopened")
SPECIALITIES = ("motor", "fire", "water", "theft", "storm")
RECIPIENTS = ("policy holder", "garage", "craftsman", "hospital", "other insurer")
FINDINGS = (
    "as reported", "As reported", "damage older than claimed", "owner's negligence", "total loss",
    'the "stolen" bicycle was there', "nothing found", "dégâts mineurs", "",
)  # fmt: skip


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `Reinsurance Treaty` stays empty."""
    brokers = _brokers(rng, scale)
    holders = _holders(rng, scale)
    policies = _policies(rng, scale, holders, brokers)
    covers = _covers(rng, policies)
    claims = _claims(rng, scale, policies, covers)
    adjusters = _adjusters(rng, scale)
    insert(connection, "Broker", brokers)
    insert(connection, "Holder", holders)
    insert(connection, "Product", PRODUCTS)
    insert(connection, "Policy", policies)
    insert(connection, "Peril", PERILS)
    insert(connection, "Policy Cover", covers)
    insert(connection, "Premium Invoice", _premium_invoices(rng, policies))
    insert(connection, "Claim", claims)
    insert(connection, "Adjuster", adjusters)
    insert(connection, "Inspection", _inspections(rng, scale, claims, adjusters))
    insert(connection, "Payout", _payouts(rng, claims))


def _brokers(rng: Random, scale: float) -> list[Cells]:
    towns = Zipf(TOWNS[:8])
    return [
        (
            number,
            name,
            TOWNS[number - 1] if number <= 8 else towns.draw(rng),
            unless(rng, 0.2, (4 + rng.randrange(29)) / 2),
            unless(rng, 0.3, 1 + int(rng.random() * rng.random() * (number - 1))) if number > 1 else None,
            day(rng, "2001-01-01", "2023-12-31"),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 36, 46)), 1)
    ]


def _holders(rng: Random, scale: float) -> list[Cells]:
    towns, occupations, groups = Zipf(TOWNS), Zipf(OCCUPATIONS), Zipf(HOLDER_GROUPS)
    return [
        (
            number,
            name,
            day(rng, "1934-01-01", "2005-12-31"),
            towns.draw(rng),
            unless(rng, 0.25, occupations.draw(rng)),
            groups.draw(rng),
            unless(rng, 0.7, 1 + int(rng.random() * rng.random() * (number - 1))) if number > 1 else None,
        )
        for number, name in enumerate(people(rng, some(rng, scale, 270, 310)), 1)
    ]


def _policies(rng: Random, scale: float, holders: list[Cells], brokers: list[Cells]) -> list[Cells]:
    holder, broker = popular(rng, holders[5:] or holders, idle=0.1), popular(rng, brokers, idle=0.15)
    products = popular(rng, (code for code, *_ in PRODUCTS[:-1]), idle=0)
    statuses = Zipf(POLICY_STATUSES)
    policies: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 400, 450)):
        start = day(rng, "2018-01-01", "2024-06-30")
        status = statuses.draw(rng)
        ends = (
            None
            if status == "active" and chance(rng, 0.7)
            else days_after(start, 365 * (1 + rng.randrange(4)))
        )
        client = pick(rng, holders[5:] or holders) if chance(rng, 0.4) else holder.draw(rng)
        policies.append(
            (
                f"P{2018 + rng.randrange(7)}-{number:05}",
                client[0],
                products.draw(rng),
                unless(rng, 0.3, broker.draw(rng)[0]),
                start,
                ends,
                money(rng, 5, 320),
                pick(rng, (0.0, 200.0, 300.0, 500.0, 1000.0, 2500.0)),
                status,
                policies[rng.randrange(len(policies))][0] if policies and chance(rng, 0.15) else None,
            )
        )
    return policies


def _covers(rng: Random, policies: list[Cells]) -> list[Cells]:
    perils = popular(rng, (code for code, *_ in PERILS[:-1]), idle=0)
    covers: list[Cells] = []
    for policy in policies:
        codes = dict.fromkeys(perils.draw(rng) for _ in range(1 + int(rng.random() * rng.random() * 7)))
        for code in codes:
            limit = 1000.0 * (1 + int(rng.random() * rng.random() * 500))
            covers.append((policy[0], code, unless(rng, 0.15, limit), pick(rng, (0, 0, 0, 30, 90))))
    return covers


def _premium_invoices(rng: Random, policies: list[Cells]) -> list[Cells]:
    invoices: list[Cells] = []
    for policy in policies:
        for instalment in range(1, 1 + int(rng.random() * rng.random() * 8)):
            due = days_after(policy[4], 91 * (instalment - 1))
            paid = unless(rng, 0.12, days_after(due, rng.randrange(45) - 10))
            late = paid is None or paid > days_after(due, 20)
            amount = round(policy[6] * 3, 2)
            invoices.append((policy[0], instalment, due, paid, amount, 1 + rng.randrange(3) if late else 0))
    return invoices


def _claims(rng: Random, scale: float, policies: list[Cells], covers: list[Cells]) -> list[Cells]:
    starts = {policy[0]: policy[4] for policy in policies}
    cover, statuses = popular(rng, covers, idle=0.4), Zipf(CLAIM_STATUSES)
    claims: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 390, 450)):
        policy_no, code, *_ = cover.draw(rng)
        happened = day(rng, max(starts[policy_no], "2021-01-01"), "2024-12-10")
        status = statuses.draw(rng)
        claimed = money(rng, 80, 24_000)
        paid = {"settled": 1.0, "settled in part": 0.5 + rng.randrange(40) / 100, "rejected": 0.0}.get(status)
        claims.append(
            (
                number,
                policy_no,
                code,
                happened,
                days_after(happened, int(rng.random() * rng.random() * 21)),
                claimed,
                None if paid is None else round(claimed * paid, 2),
                status,
                int(number == 4 or chance(rng, 0.05)),
            )
        )
    return claims


def _adjusters(rng: Random, scale: float) -> list[Cells]:
    return [
        (
            number,
            name,
            SPECIALITIES[number - 1]
            if number <= len(SPECIALITIES)
            else unless(rng, 0.35, pick(rng, SPECIALITIES)),
            60.0 + 2.5 * rng.randrange(40),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 22, 28)), 1)
    ]


def _inspections(rng: Random, scale: float, claims: list[Cells], adjusters: list[Cells]) -> list[Cells]:
    claim, adjuster = popular(rng, claims, idle=0.35), popular(rng, adjusters, idle=0.1)
    inspections: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 290, 340)):
        inspected = claim.draw(rng)
        starts_at = f"{days_after(inspected[4], 1 + rng.randrange(40))} {clock(rng, 8, 18)}"
        key = (inspected[0], adjuster.draw(rng)[0], starts_at)
        hours = (1 + int(rng.random() * rng.random() * 20)) / 2
        inspections[key] = (*key, hours, unless(rng, 0.3, pick(rng, FINDINGS)))
    return list(inspections.values())


def _payouts(rng: Random, claims: list[Cells]) -> list[Cells]:
    recipients = Zipf(RECIPIENTS)
    payouts: list[Cells] = []
    for claim in claims:
        if not claim[6]:
            continue
        first = round(claim[6] * pick(rng, (0.25, 0.5, 0.8)), 2)
        parts = (claim[6],) if chance(rng, 0.6) else (first, round(claim[6] - first, 2))
        for part in parts:
            paid = unless(rng, 0.1, days_after(claim[4], 5 + rng.randrange(120)))
            payouts.append((len(payouts) + 1, claim[0], recipients.draw(rng), part, paid))
    return payouts


LEXICON = Lexicon(
    tables=(
        TableWords(
            "Broker",
            "broker",
            "brokers",
            (
                ColumnWords("Full Name", Role.NAME, "name", having="named {}"),
                ColumnWords("Town", Role.CATEGORY, "town", having="based in {}"),
                ColumnWords(
                    "Commission %",
                    Role.LEVEL,
                    "commission rate",
                    missing="on a fixed salary",
                    unit="percent",
                ),
                ColumnWords("Licensed On", Role.DATE, "licence date", event="licensed"),
            ),
            label=("Full Name",),
            person=True,
        ),
        TableWords(
            "Holder",
            "policy holder",
            "policy holders",
            (
                ColumnWords("Full Name", Role.NAME, "name", having="named {}"),
                ColumnWords("Born On", Role.DATE, "date of birth", event="born", plural="dates of birth"),
                ColumnWords("Town", Role.CATEGORY, "town", having="living in {}"),
                ColumnWords("Occupation", Role.CATEGORY, "occupation", missing="without a stated occupation"),
                ColumnWords("Group", Role.CATEGORY, "customer group", having="in the customer group {}"),
            ),
            label=("Full Name",),
            person=True,
        ),
        TableWords(
            "Product",
            "insurance product",
            "insurance products",
            (
                ColumnWords("Title", Role.NAME, "name"),
                ColumnWords(
                    "Line",
                    Role.CATEGORY,
                    "line of business",
                    having="in the line of business {}",
                    plural="lines of business",
                ),
            ),
            label=("Title",),
        ),
        TableWords(
            "Policy",
            "policy",
            "policies",
            (
                ColumnWords("Policy No", Role.NAME, "policy number"),
                ColumnWords("From", Role.DATE, "start date", event="starting"),
                ColumnWords("To", Role.DATE, "end date", missing="without an end date", event="ending"),
                ColumnWords("Monthly Premium", Role.AMOUNT, "monthly premium", unit="francs"),
                ColumnWords("Deductible", Role.LEVEL, "deductible", unit="francs"),
                ColumnWords("Status", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
            ),
            label=("Policy No",),
        ),
        TableWords(
            "Peril",
            "peril",
            "perils",
            (
                ColumnWords("Title", Role.NAME, "name"),
                ColumnWords("Natural", Role.FLAG, "cause", yes="due to nature", no="not due to nature"),
            ),
            label=("Title",),
        ),
        TableWords(
            "Policy Cover",
            "coverage item",
            "coverage items",
            (
                ColumnWords(
                    "Limit",
                    Role.LEVEL,
                    "limit of cover",
                    missing="without a limit of cover",
                    unit="francs",
                    plural="limits of cover",
                ),
                ColumnWords("Waiting Days", Role.LEVEL, "waiting period", unit="days"),
            ),
        ),
        TableWords(
            "Premium Invoice",
            "premium invoice",
            "premium invoices",
            (
                ColumnWords("Due On", Role.DATE, "due date", event="due"),
                ColumnWords("Paid On", Role.DATE, "payment date", missing="still outstanding", event="paid"),
                ColumnWords("Amount", Role.AMOUNT, "amount", unit="francs"),
                ColumnWords("Reminders", Role.AMOUNT, "reminder count"),
            ),
        ),
        TableWords(
            "Claim",
            "claim",
            "claims",
            (
                ColumnWords("Happened On", Role.DATE, "date of loss", plural="dates of loss"),
                ColumnWords("Reported On", Role.DATE, "report date", event="reported"),
                ColumnWords("Claimed", Role.AMOUNT, "claimed amount", unit="francs"),
                ColumnWords(
                    "Settled", Role.AMOUNT, "settlement", missing="without a settlement", unit="francs"
                ),
                ColumnWords("Status", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
            ),
        ),
        TableWords(
            "Adjuster",
            "claims adjuster",
            "claims adjusters",
            (
                ColumnWords("Full Name", Role.NAME, "name", having="named {}"),
                ColumnWords(
                    "Speciality",
                    Role.CATEGORY,
                    "speciality",
                    having="specialised in {} damage",
                    missing="without a speciality",
                    plural="specialities",
                ),
                ColumnWords(
                    "Hourly Rate", Role.LEVEL, "rate per hour", unit="francs", plural="rates per hour"
                ),
            ),
            label=("Full Name",),
            person=True,
        ),
        TableWords(
            "Inspection",
            "inspection",
            "inspections",
            (
                ColumnWords("Starts At", Role.MOMENT, "start time", event="starting"),
                ColumnWords("Hours", Role.AMOUNT, "working time", unit="hours"),
                ColumnWords("Finding", Role.TEXT, "finding", missing="without a finding"),
            ),
        ),
        TableWords(
            "Payout",
            "payout",
            "payouts",
            (
                ColumnWords(
                    "To",
                    Role.CATEGORY,
                    "type of recipient",
                    having="to the recipient {}",
                    plural="types of recipient",
                ),
                ColumnWords("Amount", Role.AMOUNT, "amount", unit="francs"),
                ColumnWords("Paid On", Role.DATE, "payment date", missing="not paid yet", event="made"),
            ),
        ),
    ),
    links=(
        Link(
            "Broker",
            ("Mentor ID",),
            "Broker",
            ("Broker ID",),
            of="mentored by {}",
            having="mentoring {}",
            without="not mentoring any {}",
            role="mentor",
            role_plural="mentors",
        ),
        Link(
            "Holder",
            ("Referred By",),
            "Holder",
            ("Holder ID",),
            of="recommended by {}",
            having="credited with recommending {}",
            without="not credited with recommending any {}",
            role="recommender",
            role_plural="recommenders",
        ),
        Link(
            "Policy",
            ("Holder ID",),
            "Holder",
            ("Holder ID",),
            of="held by {}",
            having="holding {}",
            without="not holding any {}",
        ),
        Link(
            "Policy",
            ("Product Code",),
            "Product",
            ("Code",),
            of="based on {}",
            having="chosen for {}",
            without="not chosen for any {}",
        ),
        Link(
            "Policy",
            ("Broker ID",),
            "Broker",
            ("Broker ID",),
            of="sold by {}",
            having="credited with selling {}",
            without="not credited with selling any {}",
        ),
        Link(
            "Policy",
            ("Replaces",),
            "Policy",
            ("Policy No",),
            of="issued to replace {}",
            having="replaced by {}",
            without="not replaced by any {}",
            role="earlier policy",
            role_plural="earlier policies",
        ),
        Link("Policy Cover", ("Policy No",), "Policy", ("Policy No",), of="included in {}"),
        Link(
            "Policy Cover",
            ("Peril Code",),
            "Peril",
            ("Peril Code",),
            of="against {}",
            having="insured by {}",
            without="not insured by any {}",
        ),
        Link("Premium Invoice", ("Policy No",), "Policy", ("Policy No",), of="issued for {}"),
        Link(
            "Claim",
            ("Policy No", "Peril Code"),
            "Policy Cover",
            ("Policy No", "Peril Code"),
            of="made under {}",
        ),
        Link("Inspection", ("Claim No",), "Claim", ("Claim No",), of="carried out for {}"),
        Link(
            "Inspection",
            ("Adjuster ID",),
            "Adjuster",
            ("Adjuster ID",),
            of="carried out by {}",
            having="responsible for {}",
            without="not responsible for any {}",
        ),
        Link("Payout", ("Claim No",), "Claim", ("Claim No",), of="resulting from {}"),
    ),
    rules=(
        Exclusion(
            "cancelled", "Policy", "{t}.\"Status\" <> 'cancelled'", "Cancelled policies are never counted."
        ),
        Exclusion(
            "duplicate",
            "Claim",
            '{t}."Is Duplicate" = 0',
            "Claims flagged as duplicates of another claim are never counted.",
        ),
        Conversion(
            "Policy",
            "Monthly Premium",
            '{t}."Monthly Premium" * 12',
            "yearly premium",
            "Premiums are kept per month; report them per year, as twelve months.",
        ),
        FiscalYear("Claim", "Reported On", 7),
        FiscalYear("Premium Invoice", "Due On", 7),
    ),
    screens=(
        Screen(
            "Holder Directory",
            "Holder",
            "Birth dates and occupations are private, so the table of policy holders is closed to us; the "
            "directory is open.",
        ),
        Screen(
            "Claim Register",
            "Claim",
            "The sums of claims are confidential, so their table is closed to us; the register without "
            "them is open.",
        ),
    ),
)

DOMAIN = Domain("insurance", "An insurer with its policies and claims", Split.TRAIN, DDL, populate, LEXICON)
