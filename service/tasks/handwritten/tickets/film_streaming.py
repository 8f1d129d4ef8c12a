"""Tickets about the film streaming service."""

from __future__ import annotations

from functools import partial

from ....core.task import Difficulty, Task
from ...databases.film_streaming import DOMAIN
from .ticket import ticket

EASY, MEDIUM, HARD = Difficulty

_ticket = partial(ticket, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ticket(
        "titles-by-decade",
        "wrong_column",
        EASY,
        """
        Two columns: the decade in which titles came out (1990, 2000, 2010 …, as a whole number) and how
        many titles did. The dev who wrote it guessed at the column.
        """,
        broken="""
        SELECT year / 10 * 10 AS decade, count(*)
        FROM title
        GROUP BY decade
        """,
        gold="""
        SELECT release_year / 10 * 10 AS decade, count(*)
        FROM title
        GROUP BY decade
        """,
    ),
    _ticket(
        "directors-and-their-output",
        "wrong_table",
        MEDIUM,
        """
        person_id, name and number of titles directed, for everybody who has directed at least one. The
        query reads a table that existed in the first draft of the schema only; who did which job on a title
        is recorded elsewhere now.
        """,
        broken="""
        SELECT p.person_id, p.name, count(*)
        FROM person AS p
        JOIN director AS d ON d.person_id = p.person_id
        GROUP BY p.person_id
        """,
        gold="""
        SELECT p.person_id, p.name, count(*)
        FROM person AS p
        JOIN credit AS c ON c.person_id = p.person_id
        WHERE c.job = 'director'
        GROUP BY p.person_id
        """,
    ),
    _ticket(
        "minutes-by-plan",
        "wrong_join_key",
        HARD,
        """
        How many minutes do people watch on each plan? plan and sum of minutes, over all viewings. The
        numbers add up to less than what the viewing table holds, and support found accounts whose minutes
        were somebody else's.
        """,
        broken="""
        SELECT a.plan, sum(v.minutes)
        FROM viewing AS v
        JOIN profile AS p ON p.profile_id = v.profile_id
        JOIN account AS a ON a.account_id = p.profile_id
        GROUP BY a.plan
        """,
        gold="""
        SELECT a.plan, sum(v.minutes)
        FROM viewing AS v
        JOIN profile AS p ON p.profile_id = v.profile_id
        JOIN account AS a ON a.account_id = p.account_id
        GROUP BY a.plan
        """,
    ),
    _ticket(
        "minutes-of-rated-titles",
        "fan_out_join",
        MEDIUM,
        """
        By language: the sum of the running times of all titles in it that have at least one rating, and the
        number of those titles. Language, minutes, titles. The minutes come out at several times what the
        whole catalogue runs; popular titles seem to be counted again with every rating.
        """,
        broken="""
        SELECT t.language, sum(t.runtime_min), count(DISTINCT t.title_id)
        FROM title AS t
        JOIN rating AS r ON r.title_id = t.title_id
        GROUP BY t.language
        """,
        gold="""
        SELECT language, sum(runtime_min), count(*)
        FROM title
        WHERE title_id IN (SELECT title_id FROM rating)
        GROUP BY language
        """,
    ),
    _ticket(
        "viewings-per-device",
        "missing_group_by",
        EASY,
        """
        Device, number of viewings and average minutes per viewing. Viewings on an unknown device are one
        row with NULL. The query lumps all devices together.
        """,
        broken="""
        SELECT device, count(*), avg(minutes)
        FROM viewing
        """,
        gold="""
        SELECT device, count(*), avg(minutes)
        FROM viewing
        GROUP BY device
        """,
    ),
    _ticket(
        "audience-of-each-title",
        "wrong_aggregate",
        EASY,
        """
        For each title that was watched: title_id and audience, that is, the number of different profiles
        that watched it. A title that one child has watched sixty times should have an audience of one, not
        sixty.
        """,
        broken="""
        SELECT title_id, count(profile_id)
        FROM viewing
        GROUP BY title_id
        """,
        gold="""
        SELECT title_id, count(DISTINCT profile_id)
        FROM viewing
        GROUP BY title_id
        """,
    ),
    _ticket(
        "cast-in-order",
        "quoting",
        HARD,
        """
        The cast of The Clockmaker's Daughter II: name of the actor and position in the credits, by
        position. Every title that I try gives a syntax error, so it is not about the apostrophe alone.
        """,
        broken="""
        SELECT p.name, c.order
        FROM credit AS c
        JOIN person AS p ON p.person_id = c.person_id
        WHERE c.job = 'actor'
            AND c.title_id = (SELECT title_id FROM title WHERE name = 'The Clockmaker''s Daughter II')
        ORDER BY c.order
        """,
        gold="""
        SELECT p.name, c."order"
        FROM credit AS c
        JOIN person AS p ON p.person_id = c.person_id
        WHERE c.job = 'actor'
            AND c.title_id = (SELECT title_id FROM title WHERE name = 'The Clockmaker''s Daughter II')
        ORDER BY c."order"
        """,
        ordered=True,
    ),
    _ticket(
        "adult-profiles",
        "quoting",
        EASY,
        """
        Number of profiles per language, children's profiles left out; profiles without a language count
        under NULL. The flag of children's profiles has an awkward name, and the result is empty.
        """,
        broken="""
        SELECT language, count(*)
        FROM profile
        WHERE 'is child' = 0
        GROUP BY language
        """,
        gold="""
        SELECT language, count(*)
        FROM profile
        WHERE "is child" = 0
        GROUP BY language
        """,
    ),
    _ticket(
        "open-accounts-by-country",
        "null_comparison",
        EASY,
        """
        Country and number of accounts that are still open (no closing date). Reports not a single one, as
        if we were out of business.
        """,
        broken="""
        SELECT country, count(*)
        FROM account
        WHERE closed_on = ''
        GROUP BY country
        """,
        gold="""
        SELECT country, count(*)
        FROM account
        WHERE closed_on IS NULL
        GROUP BY country
        """,
    ),
    _ticket(
        "long-evenings",
        "syntax",
        MEDIUM,
        """
        profile_id, name and number of viewings, for the profiles with more than 30 viewings; the most
        first, the lower profile_id first where they are equal. The clauses may be in the wrong order,
        somebody said.
        """,
        broken="""
        SELECT p.profile_id, p.name, count(*) AS total
        FROM viewing AS v
        JOIN profile AS p ON p.profile_id = v.profile_id
        HAVING total > 30
        GROUP BY p.profile_id
        ORDER BY total DESC, p.profile_id
        """,
        gold="""
        SELECT p.profile_id, p.name, count(*) AS total
        FROM viewing AS v
        JOIN profile AS p ON p.profile_id = v.profile_id
        GROUP BY p.profile_id
        HAVING total > 30
        ORDER BY total DESC, p.profile_id
        """,
        ordered=True,
    ),
    _ticket(
        "search-for-storms",
        "dialect",
        EASY,
        """
        The search box, taken over from PostgreSQL: title_id and name of all titles with "storm" or "river"
        in their name, in capitals or not. Fails on SQLite.
        """,
        broken="""
        SELECT title_id, name
        FROM title
        WHERE name ILIKE '%storm%' OR name ILIKE '%river%'
        """,
        gold="""
        SELECT title_id, name
        FROM title
        WHERE lower(name) LIKE '%storm%' OR lower(name) LIKE '%river%'
        """,
    ),
    _ticket(
        "days-with-us",
        "dialect",
        EASY,
        """
        For each closed account, account_id and the days between opening and closing as a whole number. It
        ran on MySQL for years.
        """,
        broken="""
        SELECT account_id, DATEDIFF(closed_on, opened_on)
        FROM account
        WHERE closed_on IS NOT NULL
        """,
        gold="""
        SELECT account_id, CAST(julianday(closed_on) - julianday(opened_on) AS INTEGER)
        FROM account
        WHERE closed_on IS NOT NULL
        """,
    ),
    _ticket(
        "profiles-per-country",
        "missing_permission",
        MEDIUM,
        """
        Country and number of profiles on accounts from there. This ran until e-mail addresses were locked
        away; since then reading account is denied to us. Same result as before, please.
        """,
        broken="""
        SELECT a.country, count(*)
        FROM account AS a
        JOIN profile AS p ON p.account_id = a.account_id
        GROUP BY a.country
        """,
        gold="""
        SELECT a.country, count(*)
        FROM account_directory AS a
        JOIN profile AS p ON p.account_id = a.account_id
        GROUP BY a.country
        """,
        denied=("account",),
    ),
    _ticket(
        "price-rise",
        "wrong_write",
        EASY,
        """
        From next month the basic plan costs 8.99 for accounts opened before 2023. Closed accounts keep the
        price that they had, and so does everybody else. The statement reports success, yet no price has
        changed.
        """,
        broken="""
        UPDATE account
        SET monthly_price = 8.99
        WHERE plan = 'Basic' AND opened_on < '2023-01-01' AND closed_on = NULL
        """,
        gold="""
        UPDATE account
        SET monthly_price = 8.99
        WHERE plan = 'basic' AND opened_on < '2023-01-01' AND closed_on IS NULL
        """,
        check="""
        SELECT account_id, plan, monthly_price
        FROM account
        """,
        writable=("account",),
    ),
    _ticket(
        "ratings-of-closed-accounts",
        "wrong_write",
        HARD,
        """
        When an account is closed, the ratings given by its profiles have to go; those of open accounts must
        stay. My statement deleted ratings right across the board, I had to restore them from the backup.
        """,
        broken="""
        DELETE FROM rating
        WHERE profile_id IN (SELECT account_id FROM account WHERE closed_on IS NOT NULL)
        """,
        gold="""
        DELETE FROM rating
        WHERE profile_id IN (
            SELECT p.profile_id
            FROM profile AS p
            JOIN account AS a ON a.account_id = p.account_id
            WHERE a.closed_on IS NOT NULL
        )
        """,
        check="""
        SELECT profile_id, title_id, stars
        FROM rating
        """,
        writable=("rating",),
    ),
    _ticket(
        "newest-titles",
        "off_by_one",
        EASY,
        """
        Page 2 of the list of newest titles: title_id, name and release_year of the titles ranked 11 to 20
        by release year, newest first, the higher title_id first within a year. Number 11 is on neither
        page, and the page ends with number 21.
        """,
        broken="""
        SELECT title_id, name, release_year
        FROM title
        ORDER BY release_year DESC, title_id DESC
        LIMIT 10 OFFSET 11
        """,
        gold="""
        SELECT title_id, name, release_year
        FROM title
        ORDER BY release_year DESC, title_id DESC
        LIMIT 10 OFFSET 10
        """,
        ordered=True,
    ),
    _ticket(
        "thriller-fans",
        "missing_distinct",
        HARD,
        """
        Which accounts have given five stars to a thriller, on any of their profiles? account_id only, each
        account once. The voucher mail went out more than once to some of the keenest raters.
        """,
        broken="""
        SELECT p.account_id
        FROM rating AS r
        JOIN profile AS p ON p.profile_id = r.profile_id
        JOIN title_genre AS g ON g.title_id = r.title_id
        WHERE r.stars = 5 AND g.genre = 'thriller'
        """,
        gold="""
        SELECT DISTINCT p.account_id
        FROM rating AS r
        JOIN profile AS p ON p.profile_id = r.profile_id
        JOIN title_genre AS g ON g.title_id = r.title_id
        WHERE r.stars = 5 AND g.genre = 'thriller'
        """,
    ),
    _ticket(
        "best-rated",
        "wrong_order",
        EASY,
        """
        The ten titles with the best average in title_rating, best first; those with equal averages by more
        ratings first, then by lower title_id. Columns: name, average_stars, rating_count. Only titles with
        at least five ratings. What we see is the worst of the catalogue on top.
        """,
        broken="""
        SELECT name, average_stars, rating_count
        FROM title_rating
        WHERE rating_count >= 5
        ORDER BY average_stars, rating_count DESC, title_id
        LIMIT 10
        """,
        gold="""
        SELECT name, average_stars, rating_count
        FROM title_rating
        WHERE rating_count >= 5
        ORDER BY average_stars DESC, rating_count DESC, title_id
        LIMIT 10
        """,
        ordered=True,
    ),
    _ticket(
        "invitations",
        "lost_rows",
        MEDIUM,
        """
        account_id and the number of accounts that it invited, for every account on the premium plan, 0 for
        those that invited nobody. Only the inviters are listed.
        """,
        broken="""
        SELECT a.account_id, count(*)
        FROM account AS a
        JOIN account AS i ON i.invited_by = a.account_id
        WHERE a.plan = 'premium'
        GROUP BY a.account_id
        """,
        gold="""
        SELECT a.account_id, count(i.account_id)
        FROM account AS a
        LEFT JOIN account AS i ON i.invited_by = a.account_id
        WHERE a.plan = 'premium'
        GROUP BY a.account_id
        """,
    ),
    _ticket(
        "longer-than-usual",
        "aggregate_in_where",
        MEDIUM,
        """
        title_id and runtime_min of the documentaries that run longer than the average documentary. The
        database says something about a misuse of an aggregate.
        """,
        broken="""
        SELECT title_id, runtime_min
        FROM title
        WHERE kind = 'documentary' AND runtime_min > avg(runtime_min)
        """,
        gold="""
        SELECT title_id, runtime_min
        FROM title
        WHERE kind = 'documentary'
            AND runtime_min > (SELECT avg(runtime_min) FROM title WHERE kind = 'documentary')
        """,
    ),
    _ticket(
        "writer-directors",
        "wrong_join_key",
        HARD,
        """
        Who has directed a title that he or she also wrote? person_id, name and title_id. People who wrote
        one film and directed quite another are in the list, some of them many times over.
        """,
        broken="""
        SELECT p.person_id, p.name, d.title_id
        FROM credit AS d
        JOIN credit AS w ON w.person_id = d.person_id
        JOIN person AS p ON p.person_id = d.person_id
        WHERE d.job = 'director' AND w.job = 'writer'
        """,
        gold="""
        SELECT p.person_id, p.name, d.title_id
        FROM credit AS d
        JOIN credit AS w ON w.person_id = d.person_id AND w.title_id = d.title_id
        JOIN person AS p ON p.person_id = d.person_id
        WHERE d.job = 'director' AND w.job = 'writer'
        """,
    ),
    _ticket(
        "untouched-titles",
        "wrong_set_operation",
        HARD,
        """
        title_id of the titles that nobody has watched and nobody has rated; they will be dropped from the
        catalogue. Fortunately somebody looked before pressing the button: some of them have been rated a
        dozen times.
        """,
        broken="""
        SELECT title_id FROM title
        EXCEPT
        SELECT title_id FROM viewing
        UNION
        SELECT title_id FROM rating
        """,
        gold="""
        SELECT title_id FROM title
        EXCEPT
        SELECT title_id FROM viewing
        EXCEPT
        SELECT title_id FROM rating
        """,
    ),
)
