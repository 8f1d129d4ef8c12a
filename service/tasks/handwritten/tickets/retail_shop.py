"""Tickets about the retail shop."""

from __future__ import annotations

from functools import partial

from ....core.task import Difficulty, Task
from ...databases.retail_shop import DOMAIN
from .ticket import ticket

EASY, MEDIUM, HARD = Difficulty

_ticket = partial(ticket, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ticket(
        "reorder-list",
        "wrong_column",
        EASY,
        """
        The reorder list should show SKU, name and the number of pieces in stock for each product that is
        not discontinued and has fewer than 20 pieces left; the lowest stock first, equal stock by SKU.
        Since yesterday's release it only says that there is no such column.
        """,
        broken="""
        SELECT sku, name, stock_level
        FROM product
        WHERE discontinued = 0 AND stock_level < 20
        ORDER BY stock_level, sku
        """,
        gold="""
        SELECT sku, name, "in stock"
        FROM product
        WHERE discontinued = 0 AND "in stock" < 20
        ORDER BY "in stock", sku
        """,
        ordered=True,
    ),
    _ticket(
        "units-sold-in-2023-24",
        "wrong_table",
        HARD,
        """
        We need SKU and units sold (sum of quantities) per product over all orders placed from July 2023 to
        June 2024, whatever their status. Products that did not sell in these months are not wanted. The
        report was moved here from the old shop system and has never run: the database does not know one of
        the tables.
        """,
        broken="""
        SELECT p.sku, sum(i.quantity)
        FROM order_item AS i
        JOIN orders AS o ON o.order_id = i.order_id
        JOIN product AS p ON p.product_id = i.product_id
        WHERE o.ordered_on >= '2023-07-01' AND o.ordered_on < '2024-07-01'
        GROUP BY p.product_id
        """,
        gold="""
        SELECT p.sku, sum(l.quantity)
        FROM order_line AS l
        JOIN orders AS o ON o.order_id = l.order_id
        JOIN product AS p ON p.product_id = l.product_id
        WHERE o.ordered_on >= '2023-07-01' AND o.ordered_on < '2024-07-01'
        GROUP BY p.product_id
        """,
    ),
    _ticket(
        "supplier-catalogue",
        "wrong_join_key",
        MEDIUM,
        """
        Purchasing wants, for every supplier that has products with us, its name, the number of its products
        and how many pieces of them are in stock in all. The query below runs, but claims that each supplier
        has exactly one product, which is nonsense.
        """,
        broken="""
        SELECT s.name, count(*), sum(p."in stock")
        FROM supplier AS s
        JOIN product AS p ON p.product_id = s.supplier_id
        GROUP BY s.supplier_id
        """,
        gold="""
        SELECT s.name, count(*), sum(p."in stock")
        FROM supplier AS s
        JOIN product AS p ON p.supplier_id = s.supplier_id
        GROUP BY s.supplier_id
        """,
    ),
    _ticket(
        "units-and-payments-by-status",
        "fan_out_join",
        HARD,
        """
        Finance compares, per order status, the units ordered with the money billed: three columns, status,
        sum of the lines' quantities, sum of the payments' amounts (made or still due). An order status
        without payments shows NULL in the last column. Both sums come out far too high: orders with several
        lines and several payments seem to be counted over and over.
        """,
        broken="""
        SELECT o.status, sum(l.quantity), sum(p.amount)
        FROM orders AS o
        LEFT JOIN order_line AS l ON l.order_id = o.order_id
        LEFT JOIN payment AS p ON p.order_id = o.order_id
        GROUP BY o.status
        """,
        gold="""
        SELECT o.status,
               sum((SELECT sum(l.quantity) FROM order_line AS l WHERE l.order_id = o.order_id)),
               sum((SELECT sum(p.amount) FROM payment AS p WHERE p.order_id = o.order_id))
        FROM orders AS o
        GROUP BY o.status
        """,
    ),
    _ticket(
        "customers-by-country",
        "missing_group_by",
        EASY,
        """
        Marketing's map needs country and number of customers, one row per country. What it gets is one
        single row with a random country and all customers in it.
        """,
        broken="""
        SELECT country, count(*)
        FROM customer
        """,
        gold="""
        SELECT country, count(*)
        FROM customer
        GROUP BY country
        """,
    ),
    _ticket(
        "last-order-of-polish-customers",
        "wrong_aggregate",
        MEDIUM,
        """
        For every customer in Poland who has ordered: customer_id and the date of the most recent order. The
        call centre complains that the dates are ancient, even for people who bought something last month.
        """,
        broken="""
        SELECT c.customer_id, min(o.ordered_on)
        FROM customer AS c
        JOIN orders AS o ON o.customer_id = c.customer_id
        WHERE c.country = 'Poland'
        GROUP BY c.customer_id
        """,
        gold="""
        SELECT c.customer_id, max(o.ordered_on)
        FROM customer AS c
        JOIN orders AS o ON o.customer_id = c.customer_id
        WHERE c.country = 'Poland'
        GROUP BY c.customer_id
        """,
    ),
    _ticket(
        "childrens-room",
        "quoting",
        MEDIUM,
        """
        The landing page for the category Children's Room lists SKU, name and price of its products. Every
        other category's page works; this one shows a database error.
        """,
        broken="""
        SELECT p.sku, p.name, p.price
        FROM product AS p
        JOIN category AS c ON c.category_id = p.category_id
        WHERE c.name = 'Children's Room'
        """,
        gold="""
        SELECT p.sku, p.name, p.price
        FROM product AS p
        JOIN category AS c ON c.category_id = p.category_id
        WHERE c.name = 'Children''s Room'
        """,
    ),
    _ticket(
        "orders-by-customer-group",
        "quoting",
        MEDIUM,
        """
        Should give each customer group with the number of orders that its customers placed. Stops with a
        syntax error near the name of the column, though the column is there: I can see it in the schema.
        """,
        broken="""
        SELECT c.group, count(*)
        FROM customer AS c
        JOIN orders AS o ON o.customer_id = c.customer_id
        GROUP BY c.group
        """,
        gold="""
        SELECT c."group", count(*)
        FROM customer AS c
        JOIN orders AS o ON o.customer_id = c.customer_id
        GROUP BY c."group"
        """,
    ),
    _ticket(
        "delivered-but-unpaid",
        "null_comparison",
        MEDIUM,
        """
        Dunning run: order_id, payment_id and amount of all payments that are still due although the order
        has been delivered. The list has been empty for months and nobody has been sent a reminder.
        """,
        broken="""
        SELECT o.order_id, p.payment_id, p.amount
        FROM orders AS o
        JOIN payment AS p ON p.order_id = o.order_id
        WHERE o.status = 'delivered' AND p.paid_on = NULL
        """,
        gold="""
        SELECT o.order_id, p.payment_id, p.amount
        FROM orders AS o
        JOIN payment AS p ON p.order_id = o.order_id
        WHERE o.status = 'delivered' AND p.paid_on IS NULL
        """,
    ),
    _ticket(
        "heavy-goods",
        "syntax",
        EASY,
        """
        Logistics wants sku and weight_kg of all products heavier than 20 kg, the heaviest first and by SKU
        where weights are equal. Somebody tidied the query up and now it does not parse.
        """,
        broken="""
        SELECT sku, weight_kg,
        FROM product
        WHERE weight_kg > 20
        ORDER BY weight_kg DESC sku
        """,
        gold="""
        SELECT sku, weight_kg
        FROM product
        WHERE weight_kg > 20
        ORDER BY weight_kg DESC, sku
        """,
        ordered=True,
    ),
    _ticket(
        "ten-largest-payments",
        "dialect",
        EASY,
        """
        Copied from our SQL Server: payment_id and amount of the ten largest payments, largest first, the
        lower payment_id first where amounts are equal. SQLite refuses it.
        """,
        broken="""
        SELECT TOP 10 payment_id, amount
        FROM payment
        ORDER BY amount DESC, payment_id
        """,
        gold="""
        SELECT payment_id, amount
        FROM payment
        ORDER BY amount DESC, payment_id
        LIMIT 10
        """,
        ordered=True,
    ),
    _ticket(
        "orders-by-month",
        "dialect",
        EASY,
        """
        The dashboard was on MySQL before. It expects two columns, month as YYYY-MM and number of orders
        placed in it, in chronological order. Now: no such function.
        """,
        broken="""
        SELECT DATE_FORMAT(ordered_on, '%Y-%m') AS month, COUNT(*)
        FROM orders
        GROUP BY DATE_FORMAT(ordered_on, '%Y-%m')
        ORDER BY month
        """,
        gold="""
        SELECT strftime('%Y-%m', ordered_on) AS month, count(*)
        FROM orders
        GROUP BY month
        ORDER BY month
        """,
        ordered=True,
    ),
    _ticket(
        "customers-joined-by-year",
        "missing_permission",
        EASY,
        """
        Number of customers by the year in which they joined, year as text. The analyst account may not see
        personal data any more, so reading customer is refused; what this report needs must be available in
        some other way.
        """,
        broken="""
        SELECT substr(joined_on, 1, 4), count(*)
        FROM customer
        GROUP BY substr(joined_on, 1, 4)
        """,
        gold="""
        SELECT substr(joined_on, 1, 4), count(*)
        FROM customer_directory
        GROUP BY substr(joined_on, 1, 4)
        """,
        denied=("customer",),
    ),
    _ticket(
        "discontinue-dead-stock",
        "wrong_write",
        MEDIUM,
        """
        Products that have no stock left and have never been on any order are to be marked as discontinued;
        nothing else may change. In the rehearsal the statement marked nearly a third of the catalogue,
        among it things that sell every week.
        """,
        broken="""
        UPDATE product
        SET discontinued = 1
        WHERE "in stock" = 0 OR product_id NOT IN (SELECT product_id FROM order_line)
        """,
        gold="""
        UPDATE product
        SET discontinued = 1
        WHERE "in stock" = 0 AND product_id NOT IN (SELECT product_id FROM order_line)
        """,
        check="""
        SELECT product_id, discontinued, price, "in stock"
        FROM product
        """,
        writable=("product",),
    ),
    _ticket(
        "double-reviews",
        "wrong_write",
        MEDIUM,
        """
        Some customers have reviewed the same product several times. Keep a customer's first review of a
        product (the one with the lowest review_id) and delete the later ones. Anonymous reviews, those
        without a customer, all stay. My attempt threw anonymous reviews away by the dozen.
        """,
        broken="""
        DELETE FROM review
        WHERE review_id NOT IN (SELECT min(review_id) FROM review GROUP BY product_id, customer_id)
        """,
        gold="""
        DELETE FROM review
        WHERE customer_id IS NOT NULL
            AND review_id NOT IN (SELECT min(review_id) FROM review GROUP BY product_id, customer_id)
        """,
        check="""
        SELECT review_id, product_id, customer_id, rating
        FROM review
        """,
        writable=("review",),
    ),
    _ticket(
        "regulars",
        "off_by_one",
        EASY,
        """
        A regular is a customer with five orders or more. Wanted: customer_id and number of orders of all
        regulars. Several people with exactly five orders have complained that they did not get the voucher.
        """,
        broken="""
        SELECT customer_id, count(*)
        FROM orders
        GROUP BY customer_id
        HAVING count(*) > 5
        """,
        gold="""
        SELECT customer_id, count(*)
        FROM orders
        GROUP BY customer_id
        HAVING count(*) >= 5
        """,
    ),
    _ticket(
        "buyers-of-cycling-gear",
        "missing_distinct",
        HARD,
        """
        The newsletter goes to everybody who ever ordered something filed under Cycling: customer_id and
        e-mail, each customer once, please. At the moment good customers get it five times.
        """,
        broken="""
        SELECT c.customer_id, c.email
        FROM customer AS c
        JOIN orders AS o ON o.customer_id = c.customer_id
        JOIN order_line AS l ON l.order_id = o.order_id
        JOIN product AS p ON p.product_id = l.product_id
        JOIN category AS k ON k.category_id = p.category_id
        WHERE k.name = 'Cycling'
        """,
        gold="""
        SELECT DISTINCT c.customer_id, c.email
        FROM customer AS c
        JOIN orders AS o ON o.customer_id = c.customer_id
        JOIN order_line AS l ON l.order_id = o.order_id
        JOIN product AS p ON p.product_id = l.product_id
        JOIN category AS k ON k.category_id = p.category_id
        WHERE k.name = 'Cycling'
        """,
    ),
    _ticket(
        "fifteen-biggest-orders",
        "wrong_order",
        EASY,
        """
        order_id and total (as in the view order_total) of the 15 orders with the highest totals, the
        highest first; among equal totals the lower order_id first. The numbers look as if they were sorted
        like words: 99.9 comes before 1200.
        """,
        broken="""
        SELECT order_id, total
        FROM order_total
        ORDER BY CAST(total AS TEXT) DESC, order_id
        LIMIT 15
        """,
        gold="""
        SELECT order_id, total
        FROM order_total
        ORDER BY total DESC, order_id
        LIMIT 15
        """,
        ordered=True,
    ),
    _ticket(
        "products-per-category",
        "lost_rows",
        MEDIUM,
        """
        All categories with the number of their current (not discontinued) products: name and number. A
        category without any must be there with 0, or the shop's menu breaks. They are missing.
        """,
        broken="""
        SELECT c.name, count(p.product_id)
        FROM category AS c
        LEFT JOIN product AS p ON p.category_id = c.category_id
        WHERE p.discontinued = 0
        GROUP BY c.category_id
        """,
        gold="""
        SELECT c.name, count(p.product_id)
        FROM category AS c
        LEFT JOIN product AS p ON p.category_id = c.category_id AND p.discontinued = 0
        GROUP BY c.category_id
        """,
    ),
    _ticket(
        "discounted-orders-in-work",
        "boolean_precedence",
        EASY,
        """
        We want to look through the orders that are open or shipped and carry a discount: order_id, status
        and discount. The list is full of open orders at full price.
        """,
        broken="""
        SELECT order_id, status, discount
        FROM orders
        WHERE status = 'open' OR status = 'shipped' AND discount > 0
        """,
        gold="""
        SELECT order_id, status, discount
        FROM orders
        WHERE status IN ('open', 'shipped') AND discount > 0
        """,
    ),
    _ticket(
        "vinyl-and-crime",
        "wrong_set_operation",
        HARD,
        """
        For the bundle we look for customers who have ordered something from Vinyl as well as something from
        Crime Fiction, not necessarily in the same order: customer_id only, each once. I expected a handful
        at least and get nobody.
        """,
        broken="""
        SELECT DISTINCT o.customer_id
        FROM orders AS o
        JOIN order_line AS l ON l.order_id = o.order_id
        JOIN product AS p ON p.product_id = l.product_id
        JOIN category AS c ON c.category_id = p.category_id
        WHERE c.name = 'Vinyl' AND c.name = 'Crime Fiction'
        """,
        gold="""
        SELECT o.customer_id
        FROM orders AS o
        JOIN order_line AS l ON l.order_id = o.order_id
        JOIN product AS p ON p.product_id = l.product_id
        JOIN category AS c ON c.category_id = p.category_id
        WHERE c.name = 'Vinyl'
        INTERSECT
        SELECT o.customer_id
        FROM orders AS o
        JOIN order_line AS l ON l.order_id = o.order_id
        JOIN product AS p ON p.product_id = l.product_id
        JOIN category AS c ON c.category_id = p.category_id
        WHERE c.name = 'Crime Fiction'
        """,
    ),
    _ticket(
        "units-returned-per-supplier",
        "lost_rows",
        HARD,
        """
        Quality control: supplier_id and the units of its products in returned orders, for all suppliers,
        with 0 where nothing came back. The spotless suppliers, whom we want to praise, do not appear.
        """,
        broken="""
        SELECT s.supplier_id, coalesce(sum(l.quantity), 0)
        FROM supplier AS s
        LEFT JOIN product AS p ON p.supplier_id = s.supplier_id
        LEFT JOIN order_line AS l ON l.product_id = p.product_id
        JOIN orders AS o ON o.order_id = l.order_id AND o.status = 'returned'
        GROUP BY s.supplier_id
        """,
        gold="""
        SELECT s.supplier_id, coalesce(sum(l.quantity), 0)
        FROM supplier AS s
        LEFT JOIN product AS p ON p.supplier_id = s.supplier_id
        LEFT JOIN order_line AS l ON l.product_id = p.product_id
            AND l.order_id IN (SELECT order_id FROM orders WHERE status = 'returned')
        GROUP BY s.supplier_id
        """,
    ),
)
