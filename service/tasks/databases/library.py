"""A public library: branches, books with their authors and copies, members, loans, reservations and fines."""

from __future__ import annotations

from random import Random

import apsw

from ...core.task import Split
from .domain import Domain
from .draw import (
    Cells,
    Zipf,
    chance,
    day,
    days_after,
    insert,
    near_copies,
    people,
    pick,
    popular,
    some,
    unless,
)
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords
from .words import ADJECTIVES, STORY_NOUNS

DDL = """
CREATE TABLE branch (
    branch_id INTEGER PRIMARY KEY,
    label TEXT NOT NULL UNIQUE,
    district TEXT NOT NULL,
    opened TEXT NOT NULL,
    seats INTEGER                                 -- NULL: no reading room
);
CREATE TABLE subject (
    subject_no INTEGER PRIMARY KEY,
    heading TEXT NOT NULL UNIQUE,
    broader_no INTEGER REFERENCES subject (subject_no)
);
CREATE INDEX subject_broader ON subject (broader_no);
CREATE TABLE author (
    author_id INTEGER PRIMARY KEY,
    full_name TEXT NOT NULL,
    born INTEGER,
    nation TEXT
);
CREATE TABLE book (
    isbn TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    subject_no INTEGER REFERENCES subject (subject_no),
    lang TEXT NOT NULL,
    published INTEGER NOT NULL,
    pages INTEGER,
    series_of TEXT REFERENCES book (isbn)         -- the volume before; NULL: none
);
CREATE INDEX book_subject ON book (subject_no);
CREATE INDEX book_series ON book (series_of);
CREATE TABLE authorship (
    isbn TEXT NOT NULL REFERENCES book (isbn),
    author_id INTEGER NOT NULL REFERENCES author (author_id),
    position INTEGER NOT NULL,
    PRIMARY KEY (isbn, author_id)
);
CREATE INDEX authorship_author ON authorship (author_id);
CREATE TABLE copy (
    isbn TEXT NOT NULL REFERENCES book (isbn),
    copy_no INTEGER NOT NULL,
    branch_id INTEGER NOT NULL REFERENCES branch (branch_id),
    bought TEXT NOT NULL,
    price_cents INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (isbn, copy_no)
);
CREATE INDEX copy_branch ON copy (branch_id);
CREATE TABLE member (
    card_no INTEGER PRIMARY KEY,
    full_name TEXT NOT NULL,
    email TEXT,
    born TEXT NOT NULL,
    category TEXT NOT NULL,
    home_branch INTEGER REFERENCES branch (branch_id),
    joined TEXT NOT NULL,
    guarantor_no INTEGER REFERENCES member (card_no),
    deleted_on TEXT                               -- NULL: still a member
);
CREATE INDEX member_branch ON member (home_branch);
CREATE INDEX member_guarantor ON member (guarantor_no);
CREATE TABLE loan (
    loan_id INTEGER PRIMARY KEY,
    isbn TEXT NOT NULL,
    copy_no INTEGER NOT NULL,
    card_no INTEGER NOT NULL REFERENCES member (card_no),
    lent_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    returned_on TEXT,                             -- NULL: still out
    renewals INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (isbn, copy_no) REFERENCES copy (isbn, copy_no)
);
CREATE INDEX loan_copy ON loan (isbn, copy_no);
CREATE INDEX loan_member ON loan (card_no);
CREATE TABLE reservation (
    reservation_id INTEGER PRIMARY KEY,
    isbn TEXT NOT NULL REFERENCES book (isbn),
    card_no INTEGER NOT NULL REFERENCES member (card_no),
    placed_at TEXT NOT NULL,                      -- 'YYYY-MM-DD HH:MM'
    status TEXT NOT NULL
);
CREATE INDEX reservation_book ON reservation (isbn);
CREATE INDEX reservation_member ON reservation (card_no);
CREATE TABLE fine (
    fine_id INTEGER PRIMARY KEY,
    loan_id INTEGER NOT NULL REFERENCES loan (loan_id),
    reason TEXT NOT NULL,
    amount REAL NOT NULL,
    settled_on TEXT                               -- NULL: not paid yet
);
CREATE INDEX fine_loan ON fine (loan_id);
CREATE TABLE interlibrary_request (
    request_id INTEGER PRIMARY KEY,
    card_no INTEGER NOT NULL REFERENCES member (card_no),
    wish TEXT NOT NULL,
    answered_on TEXT
);
CREATE INDEX interlibrary_request_member ON interlibrary_request (card_no);
CREATE VIEW member_list AS
    SELECT card_no, category, home_branch, joined, deleted_on FROM member;
"""

# Label, district and seats; ids from 1 in this order, the same in every instance. The last has no copies.
BRANCHES = (
    ("Central Library", "Old Town", 240),
    ("Riverside", "Quays", 60),
    ("St. Anne's", "Hillside", 35),
    ("Fabrik", "West End", 80),
    ("Bücherbus", "on wheels", None),
    ("Children's House", "Old Town", 45),
    ("Archive Store", "Harbour", None),
)
# Heading and the broader one; the same in every instance. Nothing is on the last.
SUBJECTS = (
    ("Fiction", None),
    ("Crime novels", "Fiction"),
    ("Fantasy", "Fiction"),
    ("Poetry", "Fiction"),
    ("Science", None),
    ("Astronomy", "Science"),
    ("Biology", "Science"),
    ("Computing", "Science"),
    ("History", None),
    ("Local history", "History"),
    ("Cookery", None),
    ("Travel", None),
    ("Children's books", None),
    ("Picture books", "Children's books"),
    ("Heraldry", "History"),
)
LANGUAGES = ("English", "German", "French", "Italian", "Polish", "Japanese")
NATIONS = ("British", "Swiss", "French", "American", "Polish", "Japanese", "Nigerian", "Brazilian")
STATES = ("good", "worn", "damaged", "lost")
CATEGORIES = ("adult", "child", "student", "senior", "school class")
RESERVATION_STATUSES = ("collected", "waiting", "cancelled", "ready")
FINE_REASONS = ("late return", "damage", "loss")


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `interlibrary_request` stays empty."""
    branches = [
        (number, label, district, f"{1950 + 9 * number}-04-01", seats)
        for number, (label, district, seats) in enumerate(BRANCHES, 1)
    ]
    headings = [heading for heading, _ in SUBJECTS]
    authors = _authors(rng, scale)
    books = _books(rng, scale)
    copies = _copies(rng, books)
    members = _members(rng, scale)
    loans = _loans(rng, scale, copies, members)
    insert(connection, "branch", branches)
    insert(
        connection,
        "subject",
        [
            (number, heading, headings.index(broader) + 1 if broader else None)
            for number, (heading, broader) in enumerate(SUBJECTS, 1)
        ],
    )
    insert(connection, "author", authors)
    insert(connection, "book", books)
    insert(connection, "authorship", _authorships(rng, books, authors))
    insert(connection, "copy", copies)
    insert(connection, "member", members)
    insert(connection, "loan", loans)
    insert(connection, "reservation", _reservations(rng, scale, books, members))
    insert(connection, "fine", _fines(rng, loans))


def _authors(rng: Random, scale: float) -> list[Cells]:
    nations = Zipf(NATIONS)
    return [
        (number, name, unless(rng, 0.2, 1880 + rng.randrange(115)), unless(rng, 0.12, nations.draw(rng)))
        for number, name in enumerate(people(rng, some(rng, scale, 150, 180)), 1)
    ]


def _books(rng: Random, scale: float) -> list[Cells]:
    subjects, languages = Zipf(range(1, len(SUBJECTS))), Zipf(LANGUAGES)
    drawn = [
        f"{pick(rng, ('The', 'A', 'My', 'Under the'))} {pick(rng, ADJECTIVES)} {pick(rng, STORY_NOUNS)}"
        for _ in range(some(rng, scale, 330, 380))
    ]
    books: list[Cells] = []
    for number, title in enumerate(near_copies(rng, drawn, first=3), 1):
        volume_before = books[rng.randrange(len(books))][0] if books and chance(rng, 0.1) else None
        books.append(
            (
                f"978-{rng.randrange(10)}-{rng.randrange(1000):03}-{number:05}-{rng.randrange(10)}",
                title,
                unless(rng, 0.08, subjects.draw(rng)),
                languages.draw(rng),
                1960 + rng.randrange(65),
                unless(rng, 0.1, 24 + int(rng.random() * rng.random() * 900)),
                volume_before,
            )
        )
    return books


def _authorships(rng: Random, books: list[Cells], authors: list[Cells]) -> list[Cells]:
    author = popular(rng, authors, idle=0.15)
    rows: dict[Cells, Cells] = {}
    for book in books[:-2]:  # of the last two nobody is the author
        for position in range(1, 2 + int(rng.random() * rng.random() * 3)):
            key = (book[0], author.draw(rng)[0])
            rows.setdefault(key, (*key, position))
    return list(rows.values())


def _copies(rng: Random, books: list[Cells]) -> list[Cells]:
    branches, states = Zipf(range(1, len(BRANCHES))), Zipf(STATES)
    return [
        (
            book[0],
            copy_no,
            branches.draw(rng),
            day(rng, "2005-01-01", "2024-06-30"),
            800 + 5 * int(rng.random() * rng.random() * 1200),
            states.draw(rng),
        )
        for book in books
        for copy_no in range(1, 1 + int(rng.random() * rng.random() * 6))
    ]


def _members(rng: Random, scale: float) -> list[Cells]:
    categories, branches = Zipf(CATEGORIES), Zipf(range(1, len(BRANCHES)))
    members: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 330, 380)), 1):
        joined = day(rng, "2012-01-01", "2024-09-30")
        members.append(
            (
                1000 + number,
                name,
                unless(rng, 0.25, f"reader{number}@post.example"),
                day(rng, "1935-01-01", "2018-12-31"),
                categories.draw(rng),
                unless(rng, 0.1, branches.draw(rng)),
                joined,
                1000 + 1 + rng.randrange(number - 1) if number > 1 and chance(rng, 0.2) else None,
                days_after(joined, 200 + rng.randrange(900)) if chance(rng, 0.1) else None,
            )
        )
    return members


def _loans(rng: Random, scale: float, copies: list[Cells], members: list[Cells]) -> list[Cells]:
    copy, member = popular(rng, copies, idle=0.2), popular(rng, members, idle=0.15)
    loans: list[Cells] = []
    for number in range(1, some(rng, scale, 1_200, 1_400) + 1):
        lent_on = day(rng, "2022-01-01", "2024-12-15")
        lent, renewals = copy.draw(rng), int(rng.random() * rng.random() * 4)
        due_on = days_after(lent_on, 28 * (1 + renewals))
        returned_on = unless(rng, 0.12, days_after(due_on, rng.randrange(40) - 25))
        loans.append((number, lent[0], lent[1], member.draw(rng)[0], lent_on, due_on, returned_on, renewals))
    return loans


def _reservations(rng: Random, scale: float, books: list[Cells], members: list[Cells]) -> list[Cells]:
    book, member = popular(rng, books, idle=0.4), popular(rng, members, idle=0.4)
    statuses = Zipf(RESERVATION_STATUSES)
    return [
        (
            number,
            book.draw(rng)[0],
            member.draw(rng)[0],
            f"{day(rng, '2023-01-01', '2024-12-20')} {7 + rng.randrange(15):02}:{rng.randrange(60):02}",
            statuses.draw(rng),
        )
        for number in range(1, some(rng, scale, 300, 350) + 1)
    ]


def _fines(rng: Random, loans: list[Cells]) -> list[Cells]:
    fined = popular(rng, loans, idle=0.6)
    reasons = Zipf(FINE_REASONS)
    fines: list[Cells] = []
    for number in range(1, len(loans) // 6 + 1):
        loan, reason = fined.draw(rng), reasons.draw(rng)
        amount = (1 + rng.randrange(20)) * (0.5 if reason == "late return" else 4.5)
        settled_on = unless(rng, 0.3, days_after(loan[5], rng.randrange(90)))
        fines.append((number, loan[0], reason, amount, settled_on))
    return fines


_STOCK = (
    TableWords(
        "branch",
        "branch",
        "branches",
        (
            ColumnWords("label", Role.NAME, "name"),
            ColumnWords("district", Role.CATEGORY, "district", having="in the district {}"),
            ColumnWords("opened", Role.DATE, "opening date", event="opened"),
            ColumnWords(
                "seats",
                Role.AMOUNT,
                "number of seats",
                missing="without a reading room",
                plural="numbers of seats",
            ),
        ),
        label=("label",),
    ),
    TableWords(
        "subject", "subject", "subjects", (ColumnWords("heading", Role.NAME, "heading"),), label=("heading",)
    ),
    TableWords(
        "author",
        "author",
        "authors",
        (
            ColumnWords("full_name", Role.NAME, "name"),
            ColumnWords(
                "born", Role.LEVEL, "year of birth", missing="of unknown age", plural="years of birth"
            ),
            ColumnWords(
                "nation",
                Role.CATEGORY,
                "nationality",
                having="of {} nationality",
                missing="of unknown nationality",
                plural="nationalities",
            ),
        ),
        label=("full_name",),
        person=True,
    ),
    TableWords(
        "book",
        "book",
        "books",
        (
            ColumnWords("isbn", Role.NAME, "ISBN"),
            ColumnWords("title", Role.NAME, "title"),
            ColumnWords("lang", Role.CATEGORY, "language", having="in {}"),
            ColumnWords("published", Role.LEVEL, "year of publication", plural="years of publication"),
            ColumnWords(
                "pages",
                Role.AMOUNT,
                "number of pages",
                missing="of unknown length",
                plural="numbers of pages",
            ),
        ),
        label=("isbn",),
    ),
    TableWords(
        "copy",
        "copy",
        "copies",
        (
            ColumnWords("bought", Role.DATE, "purchase date", event="bought"),
            ColumnWords("price_cents", Role.AMOUNT, "price", unit="cents"),
            ColumnWords("state", Role.CATEGORY, "condition", having="marked {}"),
        ),
    ),
)
_LENDING = (
    TableWords(
        "member",
        "member",
        "members",
        (
            ColumnWords("full_name", Role.NAME, "name"),
            ColumnWords(
                "email",
                Role.TEXT,
                "e-mail address",
                missing="without an e-mail address",
                plural="e-mail addresses",
            ),
            ColumnWords("born", Role.DATE, "date of birth", event="born", plural="dates of birth"),
            ColumnWords(
                "category", Role.CATEGORY, "membership type", having="with a membership of the type {}"
            ),
            ColumnWords(
                "joined", Role.DATE, "date of joining", event="registered", plural="dates of joining"
            ),
        ),
        label=("full_name",),
        person=True,
    ),
    TableWords(
        "loan",
        "loan",
        "loans",
        (
            ColumnWords("lent_on", Role.DATE, "lending date", event="begun"),
            ColumnWords("due_on", Role.DATE, "due date", event="due"),
            ColumnWords(
                "returned_on", Role.DATE, "return date", missing="that are still out", event="returned"
            ),
            ColumnWords("renewals", Role.AMOUNT, "number of renewals", plural="numbers of renewals"),
        ),
    ),
    TableWords(
        "reservation",
        "reservation",
        "reservations",
        (
            ColumnWords("placed_at", Role.MOMENT, "date and time", event="placed", plural="dates and times"),
            ColumnWords("status", Role.CATEGORY, "status", having="with the status {}", plural="statuses"),
        ),
    ),
    TableWords(
        "fine",
        "fine",
        "fines",
        (
            ColumnWords("reason", Role.CATEGORY, "reason", having="for {}"),
            ColumnWords("amount", Role.AMOUNT, "amount", unit="francs"),
            ColumnWords(
                "settled_on", Role.DATE, "payment date", missing="that are not paid yet", event="paid"
            ),
        ),
    ),
    TableWords("authorship", "author's credit", "authors' credits", ()),
)
_LINKS = (
    Link(
        "subject",
        ("broader_no",),
        "subject",
        ("subject_no",),
        of="belonging to {}",
        having="divided into {}",
        without="not divided into any {}",
        role="broader subject",
        role_plural="broader subjects",
    ),
    Link("book", ("subject_no",), "subject", ("subject_no",), of="on {}"),
    Link(
        "book",
        ("series_of",),
        "book",
        ("isbn",),
        of="continuing {}",
        having="continued by {}",
        without="not continued by any {}",
        role="earlier volume",
        role_plural="earlier volumes",
    ),
    Link("authorship", ("isbn",), "book", ("isbn",), of="for {}"),
    Link("authorship", ("author_id",), "author", ("author_id",), of="of {}"),
    Link("copy", ("isbn",), "book", ("isbn",), of="of {}"),
    Link(
        "copy",
        ("branch_id",),
        "branch",
        ("branch_id",),
        of="kept at {}",
        having="holding {}",
        without="not holding any {}",
    ),
    Link("member", ("home_branch",), "branch", ("branch_id",), of="registered at {}"),
    Link(
        "member",
        ("guarantor_no",),
        "member",
        ("card_no",),
        of="vouched for by {}",
        having="vouching for {}",
        without="not vouching for any {}",
        role="guarantor",
        role_plural="guarantors",
    ),
    Link("loan", ("isbn", "copy_no"), "copy", ("isbn", "copy_no"), of="of {}"),
    Link("loan", ("card_no",), "member", ("card_no",), of="to {}"),
    Link("reservation", ("isbn",), "book", ("isbn",), of="of {}"),
    Link("reservation", ("card_no",), "member", ("card_no",), of="made by {}"),
    Link("fine", ("loan_id",), "loan", ("loan_id",), of="imposed for {}"),
)
LEXICON = Lexicon(
    tables=(*_STOCK, *_LENDING),
    links=_LINKS,
    rules=(
        Exclusion("deleted", "member", "{t}.deleted_on IS NULL", "Members who have left are never counted."),
        Exclusion("lost", "copy", "{t}.state <> 'lost'", "Copies that were lost never count as stock."),
        Exclusion(
            "cancelled",
            "reservation",
            "{t}.status <> 'cancelled'",
            "Cancelled reservations are never counted.",
        ),
        FiscalYear("loan", "lent_on", 7),
        Conversion(
            "copy",
            "price_cents",
            "{t}.price_cents / 100.0",
            "price in francs",
            "Prices of copies are kept in cents; report francs.",
        ),
    ),
    screens=(
        Screen(
            "member_list",
            "member",
            "For data protection the members' table is closed to us; the list without names is open.",
        ),
    ),
)

DOMAIN = Domain(
    "library", "A public library with its books, members and loans", Split.TRAIN, DDL, populate, LEXICON
)
