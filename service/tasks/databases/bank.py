"""A retail bank: customers and their accounts, cards, transactions and loans.

Names are those of an old core system: short and without vowels.
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
CREATE TABLE brch (
    br_cd TEXT PRIMARY KEY,
    br_nm TEXT NOT NULL,
    rgn TEXT NOT NULL,
    dt_opn TEXT NOT NULL,
    dt_cls TEXT                                   -- NULL: open
);
CREATE TABLE stf (
    stf_no INTEGER PRIMARY KEY,
    nm TEXT NOT NULL,
    br_cd TEXT NOT NULL REFERENCES brch (br_cd),
    sup_no INTEGER REFERENCES stf (stf_no),
    fn TEXT NOT NULL,
    dt_hrd TEXT NOT NULL
);
CREATE INDEX stf_br ON stf (br_cd);
CREATE INDEX stf_sup ON stf (sup_no);
CREATE TABLE cust (
    cust_no INTEGER PRIMARY KEY,
    nm TEXT NOT NULL,
    dob TEXT,                                     -- NULL: not on file
    seg TEXT NOT NULL,
    occ TEXT,                                     -- NULL: not told
    adv_no INTEGER REFERENCES stf (stf_no),
    ref_no INTEGER REFERENCES cust (cust_no),
    dt_jnd TEXT NOT NULL,
    scr INTEGER,                                  -- NULL: not scored
    tst INTEGER NOT NULL DEFAULT 0 CHECK (tst IN (0, 1))
);
CREATE INDEX cust_adv ON cust (adv_no);
CREATE INDEX cust_ref ON cust (ref_no);
CREATE TABLE ccy (
    ccy_cd TEXT PRIMARY KEY,
    ccy_nm TEXT NOT NULL,
    fx_rt REAL NOT NULL CHECK (fx_rt > 0)         -- francs for one unit
);
CREATE TABLE prd (
    prd_cd TEXT PRIMARY KEY,
    prd_nm TEXT NOT NULL,
    int_rt REAL,                                  -- per cent a year; NULL: no interest
    mth_fee REAL NOT NULL
);
CREATE TABLE acct (
    acct_no TEXT PRIMARY KEY,
    prd_cd TEXT NOT NULL REFERENCES prd (prd_cd),
    br_cd TEXT REFERENCES brch (br_cd),           -- NULL: opened online
    ccy_cd TEXT NOT NULL REFERENCES ccy (ccy_cd),
    bal REAL NOT NULL,                            -- in the account's currency
    dt_opn TEXT NOT NULL,
    dt_cls TEXT                                   -- NULL: open
);
CREATE INDEX acct_prd ON acct (prd_cd);
CREATE INDEX acct_br ON acct (br_cd);
CREATE INDEX acct_ccy ON acct (ccy_cd);
CREATE TABLE acct_hldr (
    acct_no TEXT NOT NULL REFERENCES acct (acct_no),
    cust_no INTEGER NOT NULL REFERENCES cust (cust_no),
    rl TEXT NOT NULL,
    dt_add TEXT NOT NULL,
    PRIMARY KEY (acct_no, cust_no)
);
CREATE INDEX acct_hldr_cust ON acct_hldr (cust_no);
CREATE TABLE crd (
    crd_no TEXT PRIMARY KEY,
    acct_no TEXT NOT NULL,
    cust_no INTEGER NOT NULL,
    ntw TEXT NOT NULL,
    lmt REAL,                                     -- NULL: no limit of its own
    dt_exp TEXT NOT NULL,
    blk INTEGER NOT NULL CHECK (blk IN (0, 1)),
    nxt_crd TEXT REFERENCES crd (crd_no),         -- the card that replaced it
    FOREIGN KEY (acct_no, cust_no) REFERENCES acct_hldr (acct_no, cust_no)
);
CREATE INDEX crd_hldr ON crd (acct_no, cust_no);
CREATE INDEX crd_nxt ON crd (nxt_crd);
CREATE TABLE txn (
    txn_id INTEGER PRIMARY KEY,
    acct_no TEXT NOT NULL REFERENCES acct (acct_no),
    ts TEXT NOT NULL,                             -- 'YYYY-MM-DD HH:MM'
    typ TEXT NOT NULL,
    chn TEXT NOT NULL,
    amt REAL NOT NULL CHECK (amt > 0),
    ccy_cd TEXT NOT NULL REFERENCES ccy (ccy_cd),
    memo TEXT,
    rvsd INTEGER NOT NULL DEFAULT 0 CHECK (rvsd IN (0, 1))
);
CREATE INDEX txn_acct ON txn (acct_no);
CREATE INDEX txn_ccy ON txn (ccy_cd);
CREATE TABLE ln (
    ln_no INTEGER PRIMARY KEY,
    cust_no INTEGER NOT NULL REFERENCES cust (cust_no),
    purp TEXT NOT NULL,
    prin REAL NOT NULL CHECK (prin > 0),
    rt REAL NOT NULL,                             -- per cent a year
    mths INTEGER NOT NULL,
    dt_str TEXT NOT NULL,
    st TEXT NOT NULL
);
CREATE INDEX ln_cust ON ln (cust_no);
CREATE TABLE ln_inst (
    ln_no INTEGER NOT NULL REFERENCES ln (ln_no),
    inst_no INTEGER NOT NULL,
    amt REAL NOT NULL,
    dt_due TEXT NOT NULL,
    dt_pd TEXT,                                   -- NULL: not paid
    PRIMARY KEY (ln_no, inst_no)
);
CREATE TABLE dspt (
    dspt_id INTEGER PRIMARY KEY,
    txn_id INTEGER NOT NULL REFERENCES txn (txn_id),
    rsn TEXT NOT NULL,
    dt_cls TEXT
);
CREATE INDEX dspt_txn ON dspt (txn_id);
CREATE VIEW v_cust AS
    SELECT cust_no, nm, seg, adv_no, ref_no, dt_jnd, tst FROM cust;
CREATE VIEW v_acct_opn AS
    SELECT acct_no, prd_cd, br_cd, ccy_cd, bal, dt_opn FROM acct WHERE dt_cls IS NULL;
"""

# Code, name, region, opening and closing date; the same in every instance.
BRANCHES = (
    ("B01", "Bahnhofstrasse", "Zürich", "1954-05-03", None),
    ("B02", "Oerlikon", "Zürich", "1978-09-01", None),
    ("B03", "Winterthur Altstadt", "Zürich", "1969-02-17", None),
    ("B04", "Place Saint-François", "Vaud", "1961-10-09", None),
    ("B05", "Montreux", "Vaud", "1988-04-05", "2022-06-30"),
    ("B06", "Rue du Rhône", "Genève", "1957-01-14", None),
    ("B07", "Carouge", "Genève", "1995-11-20", None),
    ("B08", "Piazza Riforma", "Ticino", "1972-03-13", None),
    ("B09", "Bellinzona", "Ticino", "2001-08-27", "2023-12-31"),
    ("B10", "Marktplatz", "Basel", "1966-07-04", None),
    ("B11", "St. Alban", "Basel", "2008-05-19", None),
    ("B12", "Chur", "Graubünden", "1983-06-06", None),
)
REGIONS = ("Zürich", "Vaud", "Genève", "Ticino", "Basel", "Graubünden")
FUNCTIONS = ("adviser", "senior adviser", "teller", "branch manager", "back office")
SEGMENTS = ("retail", "premium", "private", "private plus", "student", "staff")
OCCUPATIONS = (
    "teacher", "nurse", "engineer", "retired", "self-employed", "student", "farmer", "civil servant",
)  # fmt: skip
# Code, name and francs for one unit; the same in every instance. No account is held in the last.
CURRENCIES = (
    ("CHF", "Swiss franc", 1.0),
    ("EUR", "euro", 0.95),
    ("USD", "US dollar", 0.88),
    ("GBP", "pound sterling", 1.12),
    ("JPY", "yen", 0.006),
    ("PLN", "złoty", 0.22),
    ("ISK", "Icelandic króna", 0.0064),
)
# Code, name, interest and monthly fee; the same in every instance. The last is no longer sold.
PRODUCTS = (
    ("CUR", "Everyday Account", None, 5.0),
    ("CUP", "Everyday Account Plus", None, 12.0),
    ("SAV", "Savings Account", 0.75, 0.0),
    ("SVY", "Children's Savings", 1.1, 0.0),
    ("YTH", "Campus Account", 0.25, 0.0),
    ("FXA", "Foreign Currency Account", None, 8.0),
    ("PEN", "Pillar 3a Pension", 1.25, 0.0),
    ("RNT", "Rent Deposit", 0.05, 0.0),
    ("ESC", "Escrow Account", 0.1, 20.0),
    ("XMS", "Christmas Club", 0.5, 1.0),
)
HOLDER_ROLES = ("owner", "joint owner", "authorised signatory", "beneficiary")
NETWORKS = ("Visa", "Visa Debit", "Mastercard", "Maestro")
TRANSACTION_TYPES = (
    "card payment", "transfer out", "transfer in", "cash withdrawal", "cash deposit", "direct debit", "fee",
)  # fmt: skip
CHANNELS = ("mobile", "online", "branch", "cash machine", "phone")
MEMOS = (
    "rent", "Rent", "Rent ", "salary", "groceries", "Müller's bakery", "Muller's bakery",
    'Bar "Zum Löwen"', "gift 🎁", "tax", "電車", "insurance", "school fees", "",
)  # fmt: skip
LOAN_PURPOSES = ("home purchase", "home renovation", "car", "studies", "business", "other")
LOAN_STATUSES = ("running", "repaid", "in arrears", "refinanced", "written off")


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `dspt` stays empty."""
    staff = _staff(rng, scale)
    customers = _customers(rng, scale, staff)
    accounts = _accounts(rng, scale)
    holders = _holders(rng, accounts, customers)
    loans = _loans(rng, scale, customers)
    insert(connection, "brch", BRANCHES)
    insert(connection, "stf", staff)
    insert(connection, "cust", customers)
    insert(connection, "ccy", CURRENCIES)
    insert(connection, "prd", PRODUCTS)
    insert(connection, "acct", accounts)
    insert(connection, "acct_hldr", holders)
    insert(connection, "crd", _cards(rng, scale, holders))
    insert(connection, "txn", _transactions(rng, scale, accounts))
    insert(connection, "ln", loans)
    insert(connection, "ln_inst", _instalments(rng, loans))


def _staff(rng: Random, scale: float) -> list[Cells]:
    branches = popular(rng, (code for code, *_ in BRANCHES), idle=0.1)
    functions = Zipf(FUNCTIONS)
    return [
        (
            number,
            name,
            branches.draw(rng),
            unless(rng, 0.1, 1 + int(rng.random() * rng.random() * (number - 1))) if number > 1 else None,
            functions.draw(rng),
            day(rng, "1998-01-01", "2024-06-30"),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 48, 60)), 1)
    ]


def _customers(rng: Random, scale: float, staff: list[Cells]) -> list[Cells]:
    advisers = [row for row in staff if row[4] in ("adviser", "senior adviser")] or staff
    adviser = popular(rng, advisers, idle=0.1)
    segments, occupations = Zipf(SEGMENTS), Zipf(OCCUPATIONS)
    customers: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 310, 350)), 1):
        referrer = 1 + int(rng.random() * rng.random() * (number - 1)) if number > 1 else None
        customers.append(
            (
                number,
                name,
                unless(rng, 0.06, day(rng, "1936-01-01", "2008-12-31")),
                segments.draw(rng),
                unless(rng, 0.2, occupations.draw(rng)),
                unless(rng, 0.3, adviser.draw(rng)[0]),
                unless(rng, 0.65, referrer),
                day(rng, "2005-01-01", "2024-03-31"),
                unless(rng, 0.15, 300 + rng.randrange(551)),
                int(number == 11 or chance(rng, 0.03)),
            )
        )
    return customers


def _accounts(rng: Random, scale: float) -> list[Cells]:
    products = popular(rng, (code for code, *_ in PRODUCTS[:-1]), idle=0)
    branches = popular(rng, (code for code, *_ in BRANCHES), idle=0)
    currencies = Zipf(code for code, *_ in CURRENCIES[:-1])
    accounts: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 350, 390)):
        opened = day(rng, "2008-01-01", "2024-06-30")
        closed = days_after(opened, 60 + rng.randrange(2500)) if chance(rng, 0.25) else None
        overdrawn = chance(rng, 0.06)
        accounts.append(
            (
                f"{4100 + rng.randrange(40)}-{number:05}-{rng.randrange(10)}",
                products.draw(rng),
                unless(rng, 0.25, branches.draw(rng)),
                currencies.draw(rng),
                -money(rng, 1, 900) if overdrawn else money(rng, 0, 48_000),
                opened,
                closed if closed and closed <= "2024-12-31" else None,
            )
        )
    return accounts


def _holders(rng: Random, accounts: list[Cells], customers: list[Cells]) -> list[Cells]:
    clients = customers[len(customers) // 6 :]  # the first have no account
    customer, others = popular(rng, clients), Zipf(HOLDER_ROLES[1:])
    holders: list[Cells] = []
    for account in accounts:
        owner = pick(rng, clients) if chance(rng, 0.6) else customer.draw(rng)
        co_holders = (customer.draw(rng)[0] for _ in range(int(rng.random() * rng.random() * 4)))
        held_by = dict.fromkeys((owner[0], *co_holders))
        for position, cust_no in enumerate(held_by):
            added = account[5] if position == 0 else days_after(account[5], rng.randrange(900))
            role = others.draw(rng) if position else HOLDER_ROLES[0]
            holders.append((account[0], cust_no, role, min(added, "2024-12-31")))
    return holders


def _cards(rng: Random, scale: float, holders: list[Cells]) -> list[Cells]:
    holder, networks = popular(rng, holders, idle=0.3), Zipf(NETWORKS)
    cards: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 240, 290)):
        acct_no, cust_no, *_ = holder.draw(rng)
        cards.append(
            (
                f"**** {rng.randrange(10_000):04} {number:04}",
                acct_no,
                cust_no,
                networks.draw(rng),
                unless(rng, 0.25, 500.0 * (1 + int(rng.random() * rng.random() * 40))),
                day(rng, "2023-01-31", "2028-12-31"),
                int(number == 2 or chance(rng, 0.1)),
                cards[rng.randrange(len(cards))][0] if cards and chance(rng, 0.12) else None,
            )
        )
    return cards


def _transactions(rng: Random, scale: float, accounts: list[Cells]) -> list[Cells]:
    account = popular(rng, accounts, idle=0.2)
    types, channels = Zipf(TRANSACTION_TYPES), Zipf(CHANNELS)
    currencies = Zipf(code for code, *_ in CURRENCIES[:-1])
    transactions: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 1040, 1180)):
        acct_no, _, _, currency, *_ = account.draw(rng)
        transactions.append(
            (
                number,
                acct_no,
                f"{day(rng, '2023-01-01', '2024-12-31')} {clock(rng, 6, 23)}",
                types.draw(rng),
                channels.draw(rng),
                money(rng, 2, 3200),
                currency if chance(rng, 0.9) else currencies.draw(rng),
                unless(rng, 0.35, pick(rng, MEMOS)),
                int(chance(rng, 0.04)),
            )
        )
    return transactions


def _loans(rng: Random, scale: float, customers: list[Cells]) -> list[Cells]:
    customer = popular(rng, customers, idle=0.5)
    purposes, statuses = Zipf(LOAN_PURPOSES), Zipf(LOAN_STATUSES)
    return [
        (
            number,
            customer.draw(rng)[0],
            purposes.draw(rng),
            1000.0 * (2 + int(rng.random() * rng.random() * 280)),
            (90 + rng.randrange(760)) / 100,
            pick(rng, (12, 24, 36, 60, 120)),
            day(rng, "2020-01-01", "2024-10-31"),
            statuses.draw(rng),
        )
        for number in range(1, 1 + some(rng, scale, 130, 160))
    ]


def _instalments(rng: Random, loans: list[Cells]) -> list[Cells]:
    instalments: list[Cells] = []
    for ln_no, _, _, principal, _, months, started, status in loans:
        if status == "refinanced":
            continue
        amount = round(principal / months, 2)
        for inst_no in range(1, 2 + int(rng.random() * rng.random() * 14)):
            due = days_after(started, 30 * inst_no)
            missed = chance(rng, 0.4 if status in ("in arrears", "written off") else 0.04)
            paid = None if missed else days_after(due, rng.randrange(9) - 4)
            instalments.append((ln_no, inst_no, amount, due, paid))
    return instalments


LEXICON = Lexicon(
    tables=(
        TableWords(
            "brch",
            "branch",
            "branches",
            (
                ColumnWords("br_nm", Role.NAME, "name"),
                ColumnWords("rgn", Role.CATEGORY, "region", having="in the region {}"),
                ColumnWords("dt_opn", Role.DATE, "opening date", event="opened"),
                ColumnWords("dt_cls", Role.DATE, "closing date", missing="still in business", event="closed"),
            ),
            label=("br_nm",),
        ),
        TableWords(
            "stf",
            "bank employee",
            "bank employees",
            (
                ColumnWords("nm", Role.NAME, "name", having="named {}"),
                ColumnWords("fn", Role.CATEGORY, "job title", having="working as {}"),
                ColumnWords("dt_hrd", Role.DATE, "date of hire", event="hired", plural="dates of hire"),
            ),
            label=("nm",),
            person=True,
        ),
        TableWords(
            "cust",
            "customer",
            "customers",
            (
                ColumnWords("nm", Role.NAME, "name", having="named {}"),
                ColumnWords(
                    "dob",
                    Role.DATE,
                    "date of birth",
                    missing="without a date of birth on file",
                    event="born",
                    plural="dates of birth",
                ),
                ColumnWords("seg", Role.CATEGORY, "segment", having="in the segment {}"),
                ColumnWords(
                    "occ",
                    Role.CATEGORY,
                    "occupation",
                    having="with the occupation {}",
                    missing="without a known occupation",
                ),
                ColumnWords("dt_jnd", Role.DATE, "joining date", event="joining the bank"),
                ColumnWords("scr", Role.LEVEL, "credit score", missing="without a credit score"),
            ),
            label=("nm",),
            person=True,
        ),
        TableWords(
            "ccy",
            "currency",
            "currencies",
            (
                ColumnWords("ccy_nm", Role.NAME, "name"),
                ColumnWords("fx_rt", Role.LEVEL, "exchange rate", unit="francs"),
            ),
            label=("ccy_nm",),
        ),
        TableWords(
            "prd",
            "account product",
            "account products",
            (
                ColumnWords("prd_nm", Role.NAME, "name"),
                ColumnWords(
                    "int_rt", Role.LEVEL, "interest rate", missing="without interest", unit="percent"
                ),
                ColumnWords("mth_fee", Role.LEVEL, "monthly fee", unit="francs"),
            ),
            label=("prd_nm",),
        ),
        TableWords(
            "acct",
            "account",
            "accounts",
            (
                ColumnWords("acct_no", Role.NAME, "account number"),
                ColumnWords("bal", Role.AMOUNT, "balance"),
                ColumnWords("dt_opn", Role.DATE, "opening date", event="opened"),
                ColumnWords("dt_cls", Role.DATE, "closing date", missing="not closed", event="closed"),
            ),
            label=("acct_no",),
        ),
        TableWords(
            "acct_hldr",
            "account entitlement",
            "account entitlements",
            (
                ColumnWords("rl", Role.CATEGORY, "role"),
                ColumnWords("dt_add", Role.DATE, "start date", event="granted"),
            ),
        ),
        TableWords(
            "crd",
            "card",
            "cards",
            (
                ColumnWords("crd_no", Role.NAME, "card number"),
                ColumnWords("ntw", Role.CATEGORY, "card network", having="on the {} network"),
                ColumnWords(
                    "lmt",
                    Role.LEVEL,
                    "spending limit",
                    missing="without a spending limit",
                    unit="francs",
                ),
                ColumnWords("dt_exp", Role.DATE, "expiry date", event="expiring"),
                ColumnWords("blk", Role.FLAG, "block", yes="blocked at present", no="not blocked"),
            ),
            label=("crd_no",),
        ),
        TableWords(
            "txn",
            "transaction",
            "transactions",
            (
                ColumnWords("ts", Role.MOMENT, "booking time", event="booked"),
                ColumnWords("typ", Role.CATEGORY, "type", having="of the type {}"),
                ColumnWords("chn", Role.CATEGORY, "channel", having="made through the channel {}"),
                ColumnWords("amt", Role.AMOUNT, "amount"),
                ColumnWords("memo", Role.TEXT, "message", missing="without a message"),
            ),
        ),
        TableWords(
            "ln",
            "loan",
            "loans",
            (
                ColumnWords("purp", Role.CATEGORY, "purpose", having="for the purpose {}"),
                ColumnWords("prin", Role.AMOUNT, "principal", unit="francs"),
                ColumnWords("rt", Role.LEVEL, "interest rate", unit="percent"),
                ColumnWords("mths", Role.LEVEL, "term", unit="months"),
                ColumnWords("dt_str", Role.DATE, "start date", event="starting"),
                ColumnWords("st", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
            ),
        ),
        TableWords(
            "ln_inst",
            "loan instalment",
            "loan instalments",
            (
                ColumnWords("amt", Role.AMOUNT, "amount", unit="francs"),
                ColumnWords("dt_due", Role.DATE, "due date", event="due"),
                ColumnWords("dt_pd", Role.DATE, "payment date", missing="not paid yet", event="paid"),
            ),
        ),
    ),
    links=(
        Link("stf", ("br_cd",), "brch", ("br_cd",), of="working at {}", having="with {}"),
        Link(
            "stf",
            ("sup_no",),
            "stf",
            ("stf_no",),
            of="reporting to {}",
            having="supervising {}",
            without="not supervising any {}",
            role="superior",
            role_plural="superiors",
        ),
        Link(
            "cust",
            ("adv_no",),
            "stf",
            ("stf_no",),
            of="advised by {}",
            having="advising {}",
            without="not advising any {}",
            role="adviser",
            role_plural="advisers",
        ),
        Link(
            "cust",
            ("ref_no",),
            "cust",
            ("cust_no",),
            of="referred by {}",
            having="credited with referring {}",
            without="not credited with referring any {}",
            role="referrer",
            role_plural="referrers",
        ),
        Link(
            "acct",
            ("prd_cd",),
            "prd",
            ("prd_cd",),
            of="opened under {}",
            having="used for {}",
            without="not used for any {}",
        ),
        Link("acct", ("br_cd",), "brch", ("br_cd",), of="kept at {}"),
        Link(
            "acct",
            ("ccy_cd",),
            "ccy",
            ("ccy_cd",),
            of="kept in {}",
            having="used for {}",
            without="not used for any {}",
        ),
        Link("acct_hldr", ("acct_no",), "acct", ("acct_no",), of="on {}"),
        Link("acct_hldr", ("cust_no",), "cust", ("cust_no",), of="held by {}"),
        Link("crd", ("acct_no", "cust_no"), "acct_hldr", ("acct_no", "cust_no"), of="issued under {}"),
        Link(
            "crd",
            ("nxt_crd",),
            "crd",
            ("crd_no",),
            of="replaced by {}",
            having="issued to replace {}",
            without="not issued to replace any {}",
            role="replacement card",
            role_plural="replacement cards",
        ),
        Link("txn", ("acct_no",), "acct", ("acct_no",), of="posted to {}"),
        Link(
            "txn",
            ("ccy_cd",),
            "ccy",
            ("ccy_cd",),
            of="made in {}",
            having="used in {}",
            without="not used in any {}",
        ),
        Link("ln", ("cust_no",), "cust", ("cust_no",), of="granted to {}"),
        Link("ln_inst", ("ln_no",), "ln", ("ln_no",), of="belonging to {}"),
    ),
    rules=(
        Exclusion("test_account", "cust", "{t}.tst = 0", "Test customers are never counted."),
        Exclusion("reversed", "txn", "{t}.rvsd = 0", "Transactions that were reversed later never count."),
        Conversion(
            "acct",
            "bal",
            "{t}.bal * (SELECT fx_rt FROM ccy WHERE ccy_cd = {t}.ccy_cd)",
            "balance in francs",
            "Balances are kept in each account's own currency; report them in francs, at the exchange rates "
            "on file.",
        ),
        Conversion(
            "txn",
            "amt",
            "{t}.amt * (SELECT fx_rt FROM ccy WHERE ccy_cd = {t}.ccy_cd)",
            "amount in francs",
            "Transactions are booked in various currencies; report francs, at the exchange rates on file.",
        ),
        FiscalYear("ln", "dt_str", 7),
    ),
    screens=(
        Screen(
            "v_cust",
            "cust",
            "Birth dates, occupations and credit scores are confidential, so the customers' table is closed "
            "to us; the view without them is open.",
        ),
        Screen(
            "v_acct_opn",
            "acct",
            "The accounts' table is closed to us; the view that is open shows only the accounts that are "
            "not closed, and those alone are meant.",
        ),
    ),
)

DOMAIN = Domain(
    "retail_bank", "A retail bank with accounts, cards and loans", Split.TRAIN, DDL, populate, LEXICON
)
