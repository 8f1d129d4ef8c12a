"""Questions about the retail shop."""

from __future__ import annotations

from functools import partial

from ....core.task import AnswerKind, Difficulty, Task
from ...databases.retail_shop import DOMAIN
from .question import question

EASY, MEDIUM, HARD = Difficulty
INTEGER, FLOAT, STRING, LIST, TABLE, NULL = AnswerKind

_ask = partial(question, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ask(
        "unrated-suppliers",
        "single_table",
        EASY,
        INTEGER,
        "How many suppliers have not been rated yet?",
        """
        SELECT count(*)
        FROM supplier
        WHERE rating IS NULL
        """,
    ),
    _ask(
        "dearest-current-product",
        "single_table",
        EASY,
        STRING,
        """
        Of the products that are not discontinued, which has the highest price? Give its SKU; if several
        share that price, the one with the lowest product_id counts.
        """,
        """
        SELECT sku
        FROM product
        WHERE discontinued = 0
        ORDER BY price DESC, product_id
        LIMIT 1
        """,
    ),
    _ask(
        "average-cash-payment",
        "float_answer",
        EASY,
        FLOAT,
        """
        What is the average amount of the payments in cash that have actually been made, so not of
        those still due?
        """,
        """
        SELECT avg(amount)
        FROM payment
        WHERE method = 'cash' AND paid_on IS NOT NULL
        """,
    ),
    _ask(
        "customers-behind-returns",
        "duplicates",
        EASY,
        INTEGER,
        "How many different customers have had at least one order returned?",
        """
        SELECT count(DISTINCT customer_id)
        FROM orders
        WHERE status = 'returned'
        """,
    ),
    _ask(
        "home-of-the-good-chair",
        "text_quoting",
        EASY,
        STRING,
        """
        In which city does the supplier called The "Good" Chair Co. sit? Answer NULL if that is not known.
        """,
        """
        SELECT city
        FROM supplier
        WHERE name = 'The "Good" Chair Co.'
        """,
    ),
    _ask(
        "root-categories",
        "list_answer",
        EASY,
        LIST,
        "Name all categories that stand at the top of the category tree, that is, have no parent.",
        """
        SELECT name
        FROM category
        WHERE parent_id IS NULL
        """,
    ),
    _ask(
        "orders-by-status",
        "table_answer",
        EASY,
        TABLE,
        "For each order status, how many orders have it? Two columns: the status and the number of orders.",
        """
        SELECT status, count(*)
        FROM orders
        GROUP BY status
        """,
    ),
    _ask(
        "populous-cities",
        "list_answer",
        EASY,
        LIST,
        "Which cities are home to at least 17 customers?",
        """
        SELECT city
        FROM customer
        GROUP BY city
        HAVING count(*) >= 17
        """,
    ),
    _ask(
        "largest-gift-card",
        "null_answer",
        EASY,
        NULL,
        "What is the highest balance on a gift card? Answer NULL if no gift card has been issued.",
        """
        SELECT max(balance)
        FROM gift_card
        """,
    ),
    _ask(
        "ghost-imports-price",
        "null_answer",
        MEDIUM,
        NULL,
        "What does the average product of the supplier Ghost Imports cost (NULL if it has none with us)?",
        """
        SELECT avg(p.price)
        FROM product AS p
        JOIN supplier AS s ON s.supplier_id = p.supplier_id
        WHERE s.name = 'Ghost Imports'
        """,
    ),
    _ask(
        "collectors-items",
        "empty_result",
        MEDIUM,
        LIST,
        "List the names of the products filed under the category Collectors' Items.",
        """
        SELECT p.name
        FROM product AS p
        JOIN category AS c ON c.category_id = p.category_id
        WHERE c.name = 'Collectors'' Items'
        """,
    ),
    _ask(
        "narrowest-range",
        "join",
        MEDIUM,
        STRING,
        """
        Of the suppliers that have products in the shop, which has the fewest? Give the name. Should two have
        equally few, take the one with the lower supplier_id.
        """,
        """
        SELECT s.name
        FROM supplier AS s
        JOIN product AS p ON p.supplier_id = s.supplier_id
        GROUP BY s.supplier_id
        ORDER BY count(*), s.supplier_id
        LIMIT 1
        """,
    ),
    _ask(
        "referrals-across-borders",
        "self_join",
        MEDIUM,
        INTEGER,
        "How many customers were referred by a customer who lives in another country than they do?",
        """
        SELECT count(*)
        FROM customer AS c
        JOIN customer AS r ON r.customer_id = c.referred_by
        WHERE r.country <> c.country
        """,
    ),
    _ask(
        "never-ordered",
        "set_operation",
        MEDIUM,
        INTEGER,
        "How many of the registered customers have never placed an order?",
        """
        SELECT count(*)
        FROM customer AS c
        WHERE NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.customer_id = c.customer_id)
        """,
    ),
    _ask(
        "dearer-than-their-kind",
        "correlated_subquery",
        MEDIUM,
        INTEGER,
        """
        How many products cost more than twice the average price of their own category? A product without a
        category is not counted.
        """,
        """
        SELECT count(*)
        FROM product AS p
        WHERE p.price > 2 * (SELECT avg(q.price) FROM product AS q WHERE q.category_id = p.category_id)
        """,
    ),
    _ask(
        "rating-of-discontinued-products",
        "join",
        MEDIUM,
        FLOAT,
        """
        What is the average rating in the reviews of discontinued products (NULL if there are no such
        reviews)?
        """,
        """
        SELECT avg(r.rating)
        FROM review AS r
        JOIN product AS p ON p.product_id = r.product_id
        WHERE p.discontinued = 1
        """,
    ),
    _ask(
        "delivered-revenue-of-the-good-chair",
        "fk_chain",
        HARD,
        FLOAT,
        """
        What have products of The "Good" Chair Co. brought in through delivered orders? Sum quantity times
        unit price over the order lines; leave discounts out of account.
        """,
        """
        SELECT sum(l.quantity * l.unit_price)
        FROM order_line AS l
        JOIN orders AS o ON o.order_id = l.order_id
        JOIN product AS p ON p.product_id = l.product_id
        JOIN supplier AS s ON s.supplier_id = p.supplier_id
        WHERE o.status = 'delivered' AND s.name = 'The "Good" Chair Co.'
        """,
    ),
    _ask(
        "seven-best-selling-categories",
        "fk_chain",
        HARD,
        TABLE,
        """
        Which seven categories have sold the most units, orders of every status counted? Give the category's
        name and its units, the most first; equal numbers are put in alphabetical order of the name. Only
        the category that a product is filed under directly counts.
        """,
        """
        SELECT c.name, sum(l.quantity) AS units
        FROM order_line AS l
        JOIN product AS p ON p.product_id = l.product_id
        JOIN category AS c ON c.category_id = p.category_id
        GROUP BY c.category_id
        ORDER BY units DESC, c.name
        LIMIT 7
        """,
        ordered=True,
    ),
    _ask(
        "loved-and-hated",
        "set_operation",
        HARD,
        INTEGER,
        "How many products have received both a one-star review and a five-star review?",
        """
        SELECT count(*)
        FROM (
            SELECT product_id FROM review WHERE rating = 1
            INTERSECT
            SELECT product_id FROM review WHERE rating = 5
        )
        """,
    ),
    _ask(
        "only-from-nordlicht",
        "set_operation",
        HARD,
        LIST,
        """
        In which categories are there products of Nordlicht GmbH but none of Łódź Textiles? Give the
        category names.
        """,
        """
        SELECT c.name
        FROM category AS c
        JOIN product AS p ON p.category_id = c.category_id
        JOIN supplier AS s ON s.supplier_id = p.supplier_id
        WHERE s.name = 'Nordlicht GmbH'
        EXCEPT
        SELECT c.name
        FROM category AS c
        JOIN product AS p ON p.category_id = c.category_id
        JOIN supplier AS s ON s.supplier_id = p.supplier_id
        WHERE s.name = 'Łódź Textiles'
        """,
    ),
    _ask(
        "keener-than-average",
        "comparison_subquery",
        HARD,
        INTEGER,
        """
        Take the customers who have ordered at all and the average number of orders per such customer. How
        many of them have placed more orders than that?
        """,
        """
        SELECT count(*)
        FROM (SELECT count(*) AS orders_placed FROM orders GROUP BY customer_id)
        WHERE orders_placed > (
            SELECT avg(orders_placed)
            FROM (SELECT count(*) AS orders_placed FROM orders GROUP BY customer_id)
        )
        """,
    ),
)
