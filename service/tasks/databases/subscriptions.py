"""A seller of subscriptions to software: accounts and their users, plans, invoices, payments and tickets.

Tables are plurals in snake_case, each with an `id`, as web frameworks make them.
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
    email,
    insert,
    near_copies,
    people,
    pick,
    popular,
    some,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, Lexicon, Link, Role, Screen, TableWords

DDL = """
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    parent_id INTEGER REFERENCES accounts (id),
    country TEXT NOT NULL,
    industry TEXT,
    created_on TEXT NOT NULL,
    deleted_on TEXT,                              -- NULL: not deleted
    internal INTEGER NOT NULL DEFAULT 0 CHECK (internal IN (0, 1))
);
CREATE INDEX index_accounts_on_parent_id ON accounts (parent_id);
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    full_name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    language TEXT NOT NULL,
    last_seen_at TEXT,                            -- 'YYYY-MM-DD HH:MM'; NULL: never signed in
    two_factor INTEGER NOT NULL CHECK (two_factor IN (0, 1))
);
CREATE INDEX index_users_on_account_id ON users (account_id);
CREATE TABLE plans (
    code TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    family TEXT NOT NULL,
    price_cents INTEGER NOT NULL,                 -- a month
    seats INTEGER,                                -- NULL: as many as wanted
    successor_code TEXT REFERENCES plans (code)
);
CREATE INDEX index_plans_on_successor_code ON plans (successor_code);
CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    plan_code TEXT NOT NULL REFERENCES plans (code),
    started_on TEXT NOT NULL,
    cancelled_on TEXT,                            -- NULL: goes on
    cancel_reason TEXT,
    seats INTEGER NOT NULL CHECK (seats > 0),
    auto_renew INTEGER NOT NULL CHECK (auto_renew IN (0, 1))
);
CREATE INDEX index_subscriptions_on_account_id ON subscriptions (account_id);
CREATE INDEX index_subscriptions_on_plan_code ON subscriptions (plan_code);
CREATE TABLE addons (
    code TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    price_cents INTEGER NOT NULL                  -- a month
);
CREATE TABLE subscription_addons (
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    addon_code TEXT NOT NULL REFERENCES addons (code),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    added_on TEXT NOT NULL,
    PRIMARY KEY (subscription_id, addon_code)
);
CREATE INDEX index_subscription_addons_on_addon_code ON subscription_addons (addon_code);
CREATE TABLE usage_reports (
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    "month" TEXT NOT NULL,                        -- its first day
    metric TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    PRIMARY KEY (subscription_id, "month", metric)
);
CREATE TABLE invoices (
    id INTEGER PRIMARY KEY,
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    number TEXT NOT NULL UNIQUE,
    issued_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    state TEXT NOT NULL,
    notes TEXT
);
CREATE INDEX index_invoices_on_subscription_id ON invoices (subscription_id);
CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    method TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    made_at TEXT NOT NULL,                        -- 'YYYY-MM-DD HH:MM'
    failed INTEGER NOT NULL CHECK (failed IN (0, 1))
);
CREATE INDEX index_payments_on_invoice_id ON payments (invoice_id);
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    merged_into_id INTEGER REFERENCES tickets (id),
    priority TEXT NOT NULL,
    topic TEXT NOT NULL,
    opened_at TEXT NOT NULL,                      -- 'YYYY-MM-DD HH:MM'
    closed_at TEXT,                               -- NULL: open
    rating INTEGER CHECK (rating BETWEEN 1 AND 5)
);
CREATE INDEX index_tickets_on_user_id ON tickets (user_id);
CREATE INDEX index_tickets_on_merged_into_id ON tickets (merged_into_id);
CREATE TABLE refunds (
    id INTEGER PRIMARY KEY,
    payment_id INTEGER NOT NULL REFERENCES payments (id),
    amount_cents INTEGER NOT NULL,
    refunded_on TEXT NOT NULL
);
CREATE INDEX index_refunds_on_payment_id ON refunds (payment_id);
CREATE VIEW user_profiles AS
    SELECT id, account_id, full_name, role, language, two_factor FROM users;
CREATE VIEW current_accounts AS
    SELECT id, name, parent_id, country, industry, created_on, deleted_on, internal
    FROM accounts WHERE deleted_on IS NULL;
"""

COUNTRIES = (
    "Germany", "France", "Netherlands", "Sweden", "Türkiye", "Canada", "Côte d'Ivoire", "日本", "Mexico",
)  # fmt: skip
INDUSTRIES = ("software", "retail", "health", "education", "finance", "public sector", "media")
USER_ROLES = ("member", "admin", "billing admin", "owner", "guest")
LANGUAGES = ("English", "Deutsch", "Français", "Türkçe", "日本語", "Español")
# Code, title, family, monthly price, seats and successor; the same in every instance. Nobody has the last.
PLANS = (
    ("free", "Free", "individual", 0, 1, None),
    ("solo", "Solo", "individual", 900, 1, None),
    ("solo-2019", "Solo (2019)", "individual", 700, 1, "solo"),
    ("team", "Team", "group", 2900, 10, None),
    ("team-plus", "Team Plus", "group", 5900, 25, None),
    ("team-2019", "Team (2019)", "group", 2500, 10, "team"),
    ("starter", "Starter", "group", 1900, 5, "team"),
    ("business", "Business", "company", 14_900, 100, None),
    ("business-2019", "Business (2019)", "company", 11_900, None, "business"),
    ("enterprise", "Enterprise", "company", 49_900, None, None),
    ("campus", "Campus", "company", 19_900, None, None),
)
CANCEL_REASONS = ("too expensive", "missing feature", "no longer needed", "moved to a rival", "unknown")
# Code, title and monthly price; the same in every instance. The last has never been bought.
ADDONS = (
    ("storage", "Extra Storage", 500),
    ("sso", "Single Sign-On", 1900),
    ("audit", "Audit Log", 1200),
    ("api", "API Access", 900),
    ("api-plus", "API Access Plus", 2400),
    ("backup", "Nightly Backup", 700),
    ("phone", "Phone Support", 3900),
    ("fax", "Fax Gateway", 1500),
)
METRICS = ("API calls", "files stored", "reports built", "messages sent")
INVOICE_STATES = ("paid", "open", "past due", "void", "paid in part")
INVOICE_NOTES = (
    "PO number needed", "po number needed", "client's VAT exempt", 'send to "Buchhaltung"',
    "première facture", "thanks! 🎈", "",
)  # fmt: skip
PAYMENT_METHODS = ("card", "bank transfer", "direct debit", "cheque")
TICKET_PRIORITIES = ("normal", "low", "high", "very high")
TICKET_TOPICS = ("billing", "login", "performance", "data export", "feature request", "data import")


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `refunds` stays empty."""
    accounts = _accounts(rng, scale)
    users = _users(rng, scale, accounts)
    subscriptions = _subscriptions(rng, scale, accounts)
    invoices = _invoices(rng, subscriptions)
    insert(connection, "accounts", accounts)
    insert(connection, "users", users)
    insert(connection, "plans", PLANS)
    insert(connection, "subscriptions", subscriptions)
    insert(connection, "addons", ADDONS)
    insert(connection, "subscription_addons", _subscription_addons(rng, scale, subscriptions))
    insert(connection, "usage_reports", _usage_reports(rng, scale, subscriptions))
    insert(connection, "invoices", invoices)
    insert(connection, "payments", _payments(rng, invoices))
    insert(connection, "tickets", _tickets(rng, scale, users))


def _accounts(rng: Random, scale: float) -> list[Cells]:
    countries, industries = Zipf(COUNTRIES), Zipf(INDUSTRIES)
    names = near_copies(rng, companies(rng, some(rng, scale, 210, 245)), first=8)
    accounts: list[Cells] = []
    for number, name in enumerate(names, 1):
        created = day(rng, "2019-01-01", "2024-03-31")
        deleted = days_after(created, 20 + rng.randrange(250)) if chance(rng, 0.1) else None
        parent = 1 + int(rng.random() * rng.random() * (number - 1)) if number > 1 else None
        accounts.append(
            (
                number,
                name,
                unless(rng, 0.75, parent),
                countries.draw(rng),
                unless(rng, 0.18, industries.draw(rng)),
                created,
                deleted,
                int(number == 6 or chance(rng, 0.04)),
            )
        )
    return accounts


def _users(rng: Random, scale: float, accounts: list[Cells]) -> list[Cells]:
    account = popular(rng, accounts, idle=0.12)
    roles, languages = Zipf(USER_ROLES), Zipf(LANGUAGES)
    return [
        (
            number,
            account.draw(rng)[0],
            name,
            email(name, number, "example.net"),
            roles.draw(rng),
            languages.draw(rng),
            unless(rng, 0.14, f"{day(rng, '2024-01-01', '2024-12-31')} {clock(rng, 0, 24)}"),
            int(chance(rng, 0.35)),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 360, 420)), 1)
    ]


def _subscriptions(rng: Random, scale: float, accounts: list[Cells]) -> list[Cells]:
    active = accounts[5:] or accounts
    account = popular(rng, active, idle=0.15)
    plans, reasons = popular(rng, PLANS[:-1], idle=0), Zipf(CANCEL_REASONS)
    subscriptions: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 320, 360)):
        subscriber = pick(rng, active) if chance(rng, 0.3) else account.draw(rng)
        plan = plans.draw(rng)
        started = days_after(subscriber[5], int(rng.random() * rng.random() * 500))
        cancelled = days_after(started, 30 + rng.randrange(900)) if chance(rng, 0.5) else None
        cancelled = cancelled if cancelled and cancelled <= "2024-12-31" else None
        subscriptions.append(
            (
                number,
                subscriber[0],
                plan[0],
                started,
                cancelled,
                unless(rng, 0.2, reasons.draw(rng)) if cancelled else None,
                1 + int(rng.random() * rng.random() * min(plan[4] or 240, 240)),
                int(chance(rng, 0.7)),
            )
        )
    return subscriptions


def _subscription_addons(rng: Random, scale: float, subscriptions: list[Cells]) -> list[Cells]:
    subscription = popular(rng, subscriptions, idle=0.3)
    addons = popular(rng, (code for code, *_ in ADDONS[:-1]), idle=0)
    added: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 360, 430)):
        buyer = subscription.draw(rng)
        key = (buyer[0], addons.draw(rng))
        quantity = 1 + int(rng.random() * rng.random() * 9)
        added[key] = (*key, quantity, days_after(buyer[3], rng.randrange(300)))
    return list(added.values())


def _usage_reports(rng: Random, scale: float, subscriptions: list[Cells]) -> list[Cells]:
    subscription, metrics = popular(rng, subscriptions, idle=0.35), Zipf(METRICS)
    reports: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 620, 700)):
        month = f"{2023 + rng.randrange(2)}-{1 + rng.randrange(12):02}-01"
        key = (subscription.draw(rng)[0], month, metrics.draw(rng))
        reports[key] = (*key, int(rng.random() * rng.random() * rng.random() * 9000))
    return list(reports.values())


def _invoices(rng: Random, subscriptions: list[Cells]) -> list[Cells]:
    prices, states = {plan[0]: plan[3] for plan in PLANS}, Zipf(INVOICE_STATES)
    invoices: list[Cells] = []
    for subscription in subscriptions:
        for _ in range(int(rng.random() * rng.random() * 9)):
            issued = days_after(subscription[3], 30 * rng.randrange(24))
            if issued > "2024-12-31" or not prices[subscription[2]]:
                continue
            number = len(invoices) + 1
            invoices.append(
                (
                    number,
                    subscription[0],
                    f"{issued[:4]}/{number:04}",
                    issued,
                    days_after(issued, pick(rng, (10, 14, 30))),
                    prices[subscription[2]] * pick(rng, (1, 1, 3, 12)) + 50 * rng.randrange(20),
                    states.draw(rng),
                    unless(rng, 0.7, pick(rng, INVOICE_NOTES)),
                )
            )
    return invoices


def _payments(rng: Random, invoices: list[Cells]) -> list[Cells]:
    methods = Zipf(PAYMENT_METHODS)
    payments: list[Cells] = []
    for invoice in invoices:
        attempts = {"paid": 1, "paid in part": 1, "past due": int(chance(rng, 0.5))}.get(invoice[6], 0)
        attempts += int(rng.random() * rng.random() * 4) if attempts else 0
        for attempt in range(attempts):
            succeeds = attempt == attempts - 1 and invoice[6] != "past due"
            amount = invoice[5] // 2 if invoice[6] == "paid in part" else invoice[5]
            made_at = f"{days_after(invoice[3], rng.randrange(28))} {clock(rng, 0, 24)}"
            payments.append(
                (len(payments) + 1, invoice[0], methods.draw(rng), amount, made_at, int(not succeeds))
            )
    return payments


def _tickets(rng: Random, scale: float, users: list[Cells]) -> list[Cells]:
    user, priorities, topics = popular(rng, users, idle=0.5), Zipf(TICKET_PRIORITIES), Zipf(TICKET_TOPICS)
    tickets: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 330, 390)):
        opened = day(rng, "2023-01-01", "2024-12-10")
        closed = unless(rng, 0.2, days_after(opened, 1 + int(rng.random() * rng.random() * 40)))
        tickets.append(
            (
                number,
                user.draw(rng)[0],
                1 + int(rng.random() * rng.random() * (number - 1))
                if number > 1 and chance(rng, 0.1)
                else None,
                priorities.draw(rng),
                topics.draw(rng),
                f"{opened} {clock(rng, 6, 22)}",
                closed and f"{closed} {clock(rng, 6, 22)}",
                unless(rng, 0.4, 1 + rng.randrange(5)) if closed else None,
            )
        )
    return tickets


LEXICON = Lexicon(
    tables=(
        TableWords(
            "accounts",
            "client company",
            "client companies",
            (
                ColumnWords("name", Role.NAME, "name", having="named {}"),
                ColumnWords("country", Role.CATEGORY, "country", having="based in {}", plural="countries"),
                ColumnWords(
                    "industry",
                    Role.CATEGORY,
                    "line of business",
                    having="in the line of business {}",
                    missing="without a known line of business",
                    plural="lines of business",
                ),
                ColumnWords("created_on", Role.DATE, "registration date", event="registered"),
            ),
            label=("name",),
        ),
        TableWords(
            "users",
            "user",
            "users",
            (
                ColumnWords("full_name", Role.NAME, "name", having="named {}"),
                ColumnWords("role", Role.CATEGORY, "role"),
                ColumnWords("language", Role.CATEGORY, "preferred language"),
                ColumnWords(
                    "last_seen_at",
                    Role.MOMENT,
                    "sign-in time",
                    missing="never signed in",
                    event="last signed in",
                ),
                ColumnWords(
                    "two_factor",
                    Role.FLAG,
                    "two-step login",
                    yes="with two-step login",
                    no="without two-step login",
                ),
            ),
            label=("full_name",),
            person=True,
        ),
        TableWords(
            "plans",
            "plan",
            "plans",
            (
                ColumnWords("title", Role.NAME, "name"),
                ColumnWords("family", Role.CATEGORY, "target group", having="aimed at the target group {}"),
                ColumnWords("price_cents", Role.LEVEL, "monthly price", unit="cents"),
                ColumnWords(
                    "seats",
                    Role.LEVEL,
                    "seat allowance",
                    missing="without a limit on seats",
                ),
            ),
            label=("title",),
        ),
        TableWords(
            "subscriptions",
            "subscription",
            "subscriptions",
            (
                ColumnWords("started_on", Role.DATE, "start date", event="started"),
                ColumnWords(
                    "cancelled_on",
                    Role.DATE,
                    "cancellation date",
                    missing="not cancelled so far",
                    event="cancelled",
                ),
                ColumnWords(
                    "cancel_reason",
                    Role.CATEGORY,
                    "reason for cancelling",
                    having="cancelled for the reason {}",
                    missing="without a stated reason for cancelling",
                    plural="reasons for cancelling",
                ),
                ColumnWords("seats", Role.AMOUNT, "seat count"),
                ColumnWords(
                    "auto_renew",
                    Role.FLAG,
                    "automatic renewal",
                    yes="with automatic renewal",
                    no="without automatic renewal",
                ),
            ),
        ),
        TableWords(
            "addons",
            "add-on",
            "add-ons",
            (
                ColumnWords("title", Role.NAME, "name"),
                ColumnWords("price_cents", Role.LEVEL, "monthly price", unit="cents"),
            ),
            label=("title",),
        ),
        TableWords(
            "subscription_addons",
            "add-on order",
            "add-on orders",
            (
                ColumnWords("quantity", Role.AMOUNT, "quantity", plural="quantities"),
                ColumnWords("added_on", Role.DATE, "order date", event="placed"),
            ),
        ),
        TableWords(
            "usage_reports",
            "usage report",
            "usage reports",
            (
                ColumnWords("month", Role.DATE, "first day", event="starting"),
                ColumnWords("metric", Role.CATEGORY, "measure", having="on {}"),
                ColumnWords("count", Role.AMOUNT, "reported figure"),
            ),
        ),
        TableWords(
            "invoices",
            "invoice",
            "invoices",
            (
                ColumnWords("number", Role.NAME, "invoice number"),
                ColumnWords("issued_on", Role.DATE, "issue date", event="issued"),
                ColumnWords("due_on", Role.DATE, "due date", event="due"),
                ColumnWords("amount_cents", Role.AMOUNT, "amount", unit="cents"),
                ColumnWords("state", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
                ColumnWords("notes", Role.TEXT, "remark", missing="without a remark"),
            ),
            label=("number",),
        ),
        TableWords(
            "payments",
            "payment attempt",
            "payment attempts",
            (
                ColumnWords(
                    "method", Role.CATEGORY, "means of payment", having="by {}", plural="means of payment"
                ),
                ColumnWords("amount_cents", Role.AMOUNT, "amount", unit="cents"),
                ColumnWords("made_at", Role.MOMENT, "payment time", event="made"),
                ColumnWords("failed", Role.FLAG, "outcome", yes="without success", no="with success"),
            ),
        ),
        TableWords(
            "tickets",
            "support ticket",
            "support tickets",
            (
                ColumnWords(
                    "priority", Role.CATEGORY, "urgency", having="of {} urgency", plural="urgency levels"
                ),
                ColumnWords("topic", Role.CATEGORY, "subject", having="about {}"),
                ColumnWords("opened_at", Role.MOMENT, "opening time", event="opened"),
                ColumnWords(
                    "closed_at", Role.MOMENT, "closing time", missing="still unresolved", event="closed"
                ),
                ColumnWords(
                    "rating", Role.LEVEL, "satisfaction score", missing="without a satisfaction score"
                ),
            ),
        ),
    ),
    links=(
        Link(
            "accounts",
            ("parent_id",),
            "accounts",
            ("id",),
            of="owned by {}",
            having="owning {}",
            without="not owning any {}",
            role="parent company",
            role_plural="parent companies",
        ),
        Link("users", ("account_id",), "accounts", ("id",), of="belonging to {}"),
        Link(
            "plans",
            ("successor_code",),
            "plans",
            ("code",),
            of="succeeded by {}",
            having="introduced to succeed {}",
            without="not introduced to succeed any {}",
            role="successor",
            role_plural="successors",
        ),
        Link("subscriptions", ("account_id",), "accounts", ("id",), of="taken out by {}"),
        Link(
            "subscriptions",
            ("plan_code",),
            "plans",
            ("code",),
            of="on {}",
            having="chosen for {}",
            without="not chosen for any {}",
        ),
        Link("subscription_addons", ("subscription_id",), "subscriptions", ("id",), of="added to {}"),
        Link("subscription_addons", ("addon_code",), "addons", ("code",), of="for {}"),
        Link("usage_reports", ("subscription_id",), "subscriptions", ("id",), of="made for {}"),
        Link("invoices", ("subscription_id",), "subscriptions", ("id",), of="issued for {}"),
        Link("payments", ("invoice_id",), "invoices", ("id",), of="made for {}"),
        Link("tickets", ("user_id",), "users", ("id",), of="opened by {}"),
        Link(
            "tickets",
            ("merged_into_id",),
            "tickets",
            ("id",),
            of="merged into {}",
            having="absorbing {}",
            without="not absorbing any {}",
            role="main ticket",
            role_plural="main tickets",
        ),
    ),
    rules=(
        Exclusion(
            "soft_delete",
            "accounts",
            "{t}.deleted_on IS NULL",
            "Client companies that were deleted are still on file, but never count.",
        ),
        Exclusion(
            "test_account",
            "accounts",
            "{t}.internal = 0",
            "Internal companies, kept for our own tests, are never counted.",
        ),
        Exclusion("void", "invoices", "{t}.state <> 'void'", "Void invoices never count."),
        Conversion(
            "invoices",
            "amount_cents",
            "{t}.amount_cents / 100.0",
            "amount in dollars",
            "Invoice amounts are kept in cents; report them in dollars.",
        ),
        Conversion(
            "payments",
            "amount_cents",
            "{t}.amount_cents / 100.0",
            "amount in dollars",
            "Payments are kept in cents; report them in dollars.",
        ),
    ),
    screens=(
        Screen(
            "user_profiles",
            "users",
            "Addresses and sign-ins are private, so the users' table is closed to us; the profiles are open.",
        ),
        Screen(
            "current_accounts",
            "accounts",
            "The full list of client companies is closed to us; the view that is open leaves out those that "
            "were deleted, and only the others are meant.",
        ),
    ),
)

DOMAIN = Domain(
    "subscriptions",
    "A seller of software subscriptions with its clients",
    Split.TRAIN,
    DDL,
    populate,
    LEXICON,
)
