"""A retail shop: products of suppliers, customers, their orders, payments and reviews."""

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
    email,
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
from .words import ADJECTIVES, CITIES, COMPANY_ENDINGS, GOODS, LAST_NAMES, REMARKS

DDL = """
CREATE TABLE supplier (
    supplier_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    country TEXT NOT NULL,
    rating REAL                                   -- NULL: not rated yet
);
CREATE TABLE category (
    category_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    parent_id INTEGER REFERENCES category (category_id)
);
CREATE INDEX category_parent ON category (parent_id);
CREATE TABLE product (
    product_id INTEGER PRIMARY KEY,
    sku TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    category_id INTEGER REFERENCES category (category_id),
    supplier_id INTEGER NOT NULL REFERENCES supplier (supplier_id),
    price REAL NOT NULL CHECK (price > 0),
    weight_kg REAL,
    "in stock" INTEGER NOT NULL DEFAULT 0,
    discontinued INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX product_category ON product (category_id);
CREATE INDEX product_supplier ON product (supplier_id);
CREATE TABLE customer (
    customer_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT,
    city TEXT NOT NULL,
    country TEXT NOT NULL,
    "group" TEXT NOT NULL,
    referred_by INTEGER REFERENCES customer (customer_id),
    joined_on TEXT NOT NULL
);
CREATE INDEX customer_referred_by ON customer (referred_by);
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (customer_id),
    ordered_on TEXT NOT NULL,
    status TEXT NOT NULL,
    ship_city TEXT,                               -- NULL: collected in the shop
    discount REAL NOT NULL DEFAULT 0              -- share of the total, 0 to 1
);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE TABLE order_line (
    order_id INTEGER NOT NULL REFERENCES orders (order_id),
    line_no INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES product (product_id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price REAL NOT NULL,
    PRIMARY KEY (order_id, line_no)
);
CREATE INDEX order_line_product ON order_line (product_id);
CREATE TABLE payment (
    payment_id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (order_id),
    method TEXT NOT NULL,
    amount REAL NOT NULL,
    paid_on TEXT                                  -- NULL: still due
);
CREATE INDEX payment_order ON payment (order_id);
CREATE TABLE review (
    review_id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES product (product_id),
    customer_id INTEGER REFERENCES customer (customer_id),
    rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
    body TEXT,
    written_on TEXT NOT NULL
);
CREATE INDEX review_product ON review (product_id);
CREATE INDEX review_customer ON review (customer_id);
CREATE TABLE gift_card (
    code TEXT PRIMARY KEY,
    customer_id INTEGER REFERENCES customer (customer_id),
    balance REAL NOT NULL,
    issued_on TEXT NOT NULL
);
CREATE INDEX gift_card_customer ON gift_card (customer_id);
CREATE VIEW order_total AS
    SELECT o.order_id, o.customer_id, o.ordered_on, o.status, count(l.line_no) AS line_count,
           round(coalesce(sum(l.quantity * l.unit_price), 0) * (1 - o.discount), 2) AS total
    FROM orders AS o LEFT JOIN order_line AS l ON l.order_id = o.order_id
    GROUP BY o.order_id;
CREATE VIEW customer_directory AS
    SELECT customer_id, name, city, country, joined_on FROM customer;
"""

CUSTOMER_GROUPS = ("retail", "trade", "staff")
ORDER_STATUSES = ("delivered", "shipped", "open", "cancelled", "returned")
PAYMENT_METHODS = ("card", "invoice", "transfer", "cash", "gift card")
# Name and parent; ids from 1 in this order, the same in every instance.
CATEGORIES = (
    ("Home", None),
    ("Garden", None),
    ("Sports", None),
    ("Books & Music", None),
    ("Kitchen", "Home"),
    ("Lighting", "Home"),
    ("Furniture", "Home"),
    ("Children's Room", "Furniture"),
    ("Tools", "Garden"),
    ("Plants", "Garden"),
    ("Cycling", "Sports"),
    ("Winter Sports", "Sports"),
    ("Vinyl", "Books & Music"),
    ("Crime Fiction", "Books & Music"),
    ("Collectors' Items", None),  # never has a product
)
# Suppliers in every instance, ids from 1 in this order; others follow. "Ghost Imports" never has a product.
SUPPLIERS = (
    "Nordlicht GmbH",
    "O'Brien & Sons",
    "Łódź Textiles",
    "東京デザイン",
    'The "Good" Chair Co.',
    "Ghost Imports",
)


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `gift_card` stays empty."""
    suppliers = _suppliers(rng, scale)
    products = _products(rng, scale, len(suppliers))
    customers = _customers(rng, scale)
    orders = _orders(rng, scale, customers)
    lines = _order_lines(rng, orders, products)
    categories = tuple(name for name, _ in CATEGORIES)
    insert(connection, "supplier", suppliers)
    insert(
        connection,
        "category",
        [
            (number, name, categories.index(parent) + 1 if parent else None)
            for number, (name, parent) in enumerate(CATEGORIES, 1)
        ],
    )
    insert(connection, "product", products)
    insert(connection, "customer", customers)
    insert(connection, "orders", orders)
    insert(connection, "order_line", lines)
    insert(connection, "payment", _payments(rng, orders, lines))
    insert(connection, "review", _reviews(rng, scale, len(products), len(customers)))


def _suppliers(rng: Random, scale: float) -> list[Cells]:
    places = Zipf(CITIES)
    others = [
        f"{pick(rng, LAST_NAMES)} {pick(rng, COMPANY_ENDINGS)}" for _ in range(some(rng, scale, 12, 17))
    ]
    return [
        (number, name, *places.draw(rng), unless(rng, 0.2, (10 + rng.randrange(41)) / 10))
        for number, name in enumerate((*SUPPLIERS, *others), 1)
    ]


def _products(rng: Random, scale: float, suppliers: int) -> list[Cells]:
    ghost = SUPPLIERS.index("Ghost Imports") + 1
    supplier = popular(rng, (number for number in range(1, suppliers + 1) if number != ghost))
    category = popular(rng, range(1, len(CATEGORIES)), idle=0)  # all but the last
    names = [f"{pick(rng, ADJECTIVES)} {pick(rng, GOODS)}" for _ in range(some(rng, scale, 220, 259))]
    return [
        (
            number,
            f"SKU-{10_000 + 7 * number}",
            name,
            unless(rng, 0.05, category.draw(rng)),
            supplier.draw(rng),
            money(rng, 2, 480),
            unless(rng, 0.15, (1 + rng.randrange(300)) / 10),
            0 if chance(rng, 0.15) else rng.randrange(250),
            int(chance(rng, 0.1)),
        )
        for number, name in enumerate(near_copies(rng, names, first=6), 1)
    ]


def _customers(rng: Random, scale: float) -> list[Cells]:
    places, groups = Zipf(CITIES), Zipf(CUSTOMER_GROUPS)
    customers: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 380, 439)), 1):
        city, country = places.draw(rng)
        referrer = 1 + int(rng.random() * rng.random() * (number - 1)) if number > 1 else None
        customers.append(
            (
                number,
                name,
                email(name, number, "example.org"),
                unless(
                    rng, 0.3, f"+41 44 {rng.randrange(1000):03} {rng.randrange(100):02} {number % 100:02}"
                ),
                city,
                country,
                groups.draw(rng),
                unless(rng, 0.6, referrer),
                day(rng, "2019-01-01", "2022-12-31"),
            )
        )
    return customers


def _orders(rng: Random, scale: float, customers: list[Cells]) -> list[Cells]:
    customer = popular(rng, customers, idle=0.12)
    statuses = Zipf(ORDER_STATUSES)
    orders: list[Cells] = []
    for number in range(1, some(rng, scale, 950, 1099) + 1):
        buyer = customer.draw(rng)
        city = buyer[4] if chance(rng, 0.8) else pick(rng, CITIES)[0]
        orders.append(
            (
                number,
                buyer[0],
                day(rng, "2023-01-01", "2024-12-31"),
                statuses.draw(rng),
                unless(rng, 0.15, city),
                pick(rng, (0.05, 0.1, 0.15, 0.5)) if chance(rng, 0.2) else 0.0,
            )
        )
    return orders


def _order_lines(rng: Random, orders: list[Cells], products: list[Cells]) -> list[Cells]:
    product = popular(rng, products)
    lines: list[Cells] = []
    for order in orders:
        count = 0 if chance(rng, 0.02) else 1 + int(rng.random() * rng.random() * 6)
        for line_no in range(1, count + 1):
            item = product.draw(rng)
            paid = item[5] if chance(rng, 0.85) else round(item[5] * 0.9, 2)  # sold at an older price
            lines.append((order[0], line_no, item[0], 1 + int(rng.random() * rng.random() * 9), paid))
    return lines


def _payments(rng: Random, orders: list[Cells], lines: list[Cells]) -> list[Cells]:
    totals: dict[int, float] = {}
    for order_id, _, _, quantity, unit_price in lines:
        totals[order_id] = totals.get(order_id, 0) + quantity * unit_price
    methods = Zipf(PAYMENT_METHODS)
    payments: list[Cells] = []
    for order_id, _, ordered_on, status, _, discount in orders:
        if status == "cancelled" or order_id not in totals:
            continue
        total = round(totals[order_id] * (1 - discount), 2)
        parts = (
            (total,) if chance(rng, 0.85) else (round(total / 2, 2), round(total - round(total / 2, 2), 2))
        )
        for part in parts:
            paid_on = days_after(ordered_on, rng.randrange(40))
            row = (len(payments) + 1, order_id, methods.draw(rng), part, unless(rng, 0.12, paid_on))
            payments.append(row)
    return payments


def _reviews(rng: Random, scale: float, products: int, customers: int) -> list[Cells]:
    product, customer = (
        popular(rng, range(1, products + 1), idle=0.2),
        popular(rng, range(1, customers + 1), idle=0.4),
    )
    stars = Zipf((5, 4, 1, 3, 2))
    return [
        (
            number,
            product.draw(rng),
            unless(rng, 0.08, customer.draw(rng)),
            stars.draw(rng),
            unless(rng, 0.25, pick(rng, REMARKS)),
            day(rng, "2023-01-10", "2024-12-31"),
        )
        for number in range(1, some(rng, scale, 500, 619) + 1)
    ]


_PEOPLE_AND_GOODS = (
    TableWords(
        "supplier",
        "supplier",
        "suppliers",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("city", Role.CATEGORY, "town", having="based in {}"),
            ColumnWords("country", Role.CATEGORY, "country", having="from {}", plural="countries"),
            ColumnWords("rating", Role.LEVEL, "rating", missing="that have not been rated yet"),
        ),
        label=("name",),
    ),
    TableWords(
        "category",
        "product category",
        "product categories",
        (ColumnWords("name", Role.NAME, "name"),),
        label=("name",),
    ),
    TableWords(
        "product",
        "product",
        "products",
        (
            ColumnWords("sku", Role.NAME, "stock number"),
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("price", Role.LEVEL, "price", unit="francs"),
            ColumnWords("weight_kg", Role.LEVEL, "weight", missing="of unknown weight", unit="kg"),
            ColumnWords(
                "in stock", Role.AMOUNT, "number of pieces in stock", plural="numbers of pieces in stock"
            ),
            ColumnWords(
                "discontinued", Role.FLAG, "discontinuation", yes="no longer on offer", no="still on offer"
            ),
        ),
        label=("sku",),
    ),
    TableWords(
        "customer",
        "customer",
        "customers",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("phone", Role.TEXT, "phone number", missing="without a phone number"),
            ColumnWords("city", Role.CATEGORY, "town", having="living in {}"),
            ColumnWords("country", Role.CATEGORY, "country", having="from {}", plural="countries"),
            ColumnWords("group", Role.CATEGORY, "customer group", having="in the customer group {}"),
            ColumnWords(
                "joined_on", Role.DATE, "date of joining", event="registered", plural="dates of joining"
            ),
        ),
        label=("name",),
        person=True,
    ),
)
_SALES = (
    TableWords(
        "orders",
        "order",
        "orders",
        (
            ColumnWords("ordered_on", Role.DATE, "order date", event="placed"),
            ColumnWords("status", Role.CATEGORY, "status", having="with the status {}", plural="statuses"),
            ColumnWords(
                "ship_city",
                Role.CATEGORY,
                "place of delivery",
                having="delivered to {}",
                missing="collected in the shop",
                plural="places of delivery",
            ),
            ColumnWords("discount", Role.LEVEL, "discount"),
        ),
    ),
    TableWords(
        "order_line",
        "order line",
        "order lines",
        (
            ColumnWords("quantity", Role.AMOUNT, "quantity", plural="quantities"),
            ColumnWords(
                "unit_price", Role.LEVEL, "price per piece", unit="francs", plural="prices per piece"
            ),
        ),
    ),
    TableWords(
        "payment",
        "payment",
        "payments",
        (
            ColumnWords(
                "method", Role.CATEGORY, "means of payment", having="made by {}", plural="means of payment"
            ),
            ColumnWords("amount", Role.AMOUNT, "amount", unit="francs"),
            ColumnWords("paid_on", Role.DATE, "payment date", missing="that are still due", event="received"),
        ),
    ),
    TableWords(
        "review",
        "review",
        "reviews",
        (
            ColumnWords("rating", Role.LEVEL, "number of stars", plural="numbers of stars"),
            ColumnWords("body", Role.TEXT, "text", missing="without a text"),
            ColumnWords("written_on", Role.DATE, "date", event="written"),
        ),
    ),
)
_LINKS = (
    Link(
        "category",
        ("parent_id",),
        "category",
        ("category_id",),
        of="under {}",
        having="divided into {}",
        without="not divided into any {}",
        role="parent category",
        role_plural="parent categories",
    ),
    Link(
        "product",
        ("category_id",),
        "category",
        ("category_id",),
        of="in {}",
        having="holding {}",
        without="not holding any {}",
    ),
    Link(
        "product",
        ("supplier_id",),
        "supplier",
        ("supplier_id",),
        of="supplied by {}",
        having="supplying {}",
        without="not supplying any {}",
    ),
    Link(
        "customer",
        ("referred_by",),
        "customer",
        ("customer_id",),
        of="referred by {}",
        having="who referred {}",
        without="who referred no {}",
        role="referring customer",
        role_plural="referring customers",
    ),
    Link("orders", ("customer_id",), "customer", ("customer_id",), of="placed by {}"),
    Link("order_line", ("order_id",), "orders", ("order_id",), of="of {}"),
    Link(
        "order_line",
        ("product_id",),
        "product",
        ("product_id",),
        of="for {}",
        having="appearing in {}",
        without="not appearing in any {}",
    ),
    Link("payment", ("order_id",), "orders", ("order_id",), of="for {}"),
    Link("review", ("product_id",), "product", ("product_id",), of="of {}"),
    Link("review", ("customer_id",), "customer", ("customer_id",), of="written by {}"),
)
LEXICON = Lexicon(
    tables=(*_PEOPLE_AND_GOODS, *_SALES),
    links=_LINKS,
    rules=(
        Exclusion("cancelled", "orders", "{t}.status <> 'cancelled'", "Cancelled orders are never counted."),
        Exclusion(
            "discontinued", "product", "{t}.discontinued = 0", "Discontinued products are never counted."
        ),
        Exclusion(
            "staff",
            "customer",
            "{t}.\"group\" <> 'staff'",
            "Members of our own staff do not count as customers.",
        ),
        FiscalYear("orders", "ordered_on", 2),
        Conversion(
            "orders",
            "discount",
            "{t}.discount * 100.0",
            "discount in percent",
            "Discounts are kept as shares of the total; report percent.",
        ),
    ),
    screens=(
        Screen(
            "customer_directory",
            "customer",
            "For data protection the customers' table is closed to us; the directory is open.",
        ),
    ),
)

DOMAIN = Domain(
    "retail_shop", "A shop for home, garden, sports and books", Split.TRAIN, DDL, populate, LEXICON
)
