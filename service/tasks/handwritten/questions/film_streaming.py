"""Questions about the film streaming service."""

from __future__ import annotations

from functools import partial

from ....core.task import AnswerKind, Difficulty, Task
from ...databases.film_streaming import DOMAIN
from .question import question

EASY, MEDIUM, HARD = Difficulty
INTEGER, FLOAT, STRING, LIST, TABLE, NULL = AnswerKind

_ask = partial(question, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ask(
        "series-in-the-catalogue",
        "single_table",
        EASY,
        INTEGER,
        "How many series does the catalogue hold?",
        """
        SELECT count(*)
        FROM title
        WHERE kind = 'series'
        """,
    ),
    _ask(
        "longest-documentary",
        "single_table",
        EASY,
        STRING,
        """
        What is the name of the documentary with the longest running time? Only titles of that kind are meant;
        if two run equally long, take the lower title_id.
        """,
        """
        SELECT name
        FROM title
        WHERE kind = 'documentary'
        ORDER BY runtime_min DESC, title_id
        LIMIT 1
        """,
    ),
    _ask(
        "minutes-of-japanese",
        "single_table",
        EASY,
        INTEGER,
        """
        How many minutes do all Japanese-language titles together run, as far as their running time is
        known?
        """,
        """
        SELECT sum(runtime_min)
        FROM title
        WHERE language = 'Japanese'
        """,
    ),
    _ask(
        "titles-with-a-rating",
        "duplicates",
        EASY,
        INTEGER,
        "How many different titles have been rated at least once?",
        """
        SELECT count(DISTINCT title_id)
        FROM rating
        """,
    ),
    _ask(
        "viewings-of-december",
        "date_filter",
        EASY,
        INTEGER,
        "How many viewings started in December 2024?",
        """
        SELECT count(*)
        FROM viewing
        WHERE strftime('%Y-%m', started_at) = '2024-12'
        """,
    ),
    _ask(
        "year-of-other-errors",
        "text_quoting",
        EASY,
        INTEGER,
        """In which year was Love & "Other" Errors released (NULL if it is not in the catalogue)?""",
        """
        SELECT release_year
        FROM title
        WHERE name = 'Love & "Other" Errors'
        """,
    ),
    _ask(
        "languages-of-recent-series",
        "list_answer",
        EASY,
        LIST,
        "In which languages were the series made that came out after 2021? Each language once.",
        """
        SELECT DISTINCT language
        FROM title
        WHERE kind = 'series' AND release_year > 2021
        """,
    ),
    _ask(
        "accounts-by-plan",
        "table_answer",
        EASY,
        TABLE,
        """
        For every plan: how many accounts are still open on it, that is, have not been closed? Two columns,
        plan and number of accounts.
        """,
        """
        SELECT plan, count(*)
        FROM account
        WHERE closed_on IS NULL
        GROUP BY plan
        """,
    ),
    _ask(
        "running-time-of-ljosin",
        "null_answer",
        EASY,
        NULL,
        "What running time, in minutes, is recorded for Ljósin (NULL if none is)?",
        """
        SELECT runtime_min
        FROM title
        WHERE name = 'Ljósin'
        """,
    ),
    _ask(
        "first-western",
        "null_answer",
        MEDIUM,
        NULL,
        "In which year was the earliest western in the catalogue released? NULL if there is no western.",
        """
        SELECT min(t.release_year)
        FROM title AS t
        JOIN title_genre AS g ON g.title_id = t.title_id
        WHERE g.genre = 'western'
        """,
    ),
    _ask(
        "sequels-of-the-clockmaker",
        "self_join",
        MEDIUM,
        LIST,
        """
        Which titles are direct sequels of a title called The Clockmaker's Daughter? Give the names.
        """,
        """
        SELECT s.name
        FROM title AS s
        JOIN title AS t ON t.title_id = s.sequel_of
        WHERE t.name = 'The Clockmaker''s Daughter'
        """,
    ),
    _ask(
        "minutes-on-childrens-profiles",
        "join",
        MEDIUM,
        INTEGER,
        "How many minutes have been watched on children's profiles in total?",
        """
        SELECT sum(v.minutes)
        FROM viewing AS v
        JOIN profile AS p ON p.profile_id = v.profile_id
        WHERE p."is child" = 1
        """,
    ),
    _ask(
        "unwatched-titles",
        "set_operation",
        MEDIUM,
        INTEGER,
        "How many titles has nobody ever watched?",
        """
        SELECT count(*)
        FROM title AS t
        WHERE NOT EXISTS (SELECT 1 FROM viewing AS v WHERE v.title_id = t.title_id)
        """,
    ),
    _ask(
        "longer-than-average",
        "comparison_subquery",
        MEDIUM,
        INTEGER,
        "How many titles run more than 1.2 times as long as the average title?",
        """
        SELECT count(*)
        FROM title
        WHERE runtime_min > 1.2 * (SELECT avg(runtime_min) FROM title)
        """,
    ),
    _ask(
        "longer-than-their-language",
        "correlated_subquery",
        MEDIUM,
        INTEGER,
        """
        How many titles run longer than the average of all titles in the same language? Titles without a
        running time don't take part, neither in the count nor in the averages.
        """,
        """
        SELECT count(*)
        FROM title AS t
        WHERE t.runtime_min > (SELECT avg(o.runtime_min) FROM title AS o WHERE o.language = t.language)
        """,
    ),
    _ask(
        "ratings-by-genre",
        "join",
        MEDIUM,
        TABLE,
        """
        How many ratings are there by genre, counting a rating for every genre that its title has? Give genre
        and number, the highest first (ties by name of the genre). Leave out genres without any.
        """,
        """
        SELECT g.genre, count(*) AS ratings
        FROM title_genre AS g
        JOIN rating AS r ON r.title_id = g.title_id
        GROUP BY g.genre
        ORDER BY ratings DESC, g.genre
        """,
        ordered=True,
    ),
    _ask(
        "accounts-watching-french-documentaries",
        "fk_chain",
        HARD,
        INTEGER,
        """
        Through how many different accounts has at least one French-language documentary been watched, on
        whichever of the account's profiles?
        """,
        """
        SELECT count(DISTINCT p.account_id)
        FROM viewing AS v
        JOIN profile AS p ON p.profile_id = v.profile_id
        JOIN title AS t ON t.title_id = v.title_id
        WHERE t.kind = 'documentary' AND t.language = 'French'
        """,
    ),
    _ask(
        "actors-who-also-write",
        "set_operation",
        HARD,
        INTEGER,
        "How many people are credited both as an actor and as a writer, be it on different titles?",
        """
        SELECT count(*)
        FROM (
            SELECT person_id FROM credit WHERE job = 'actor'
            INTERSECT
            SELECT person_id FROM credit WHERE job = 'writer'
        )
        """,
    ),
    _ask(
        "western-directors",
        "empty_result",
        HARD,
        LIST,
        "Who has directed a western? Give the names, each once.",
        """
        SELECT DISTINCT p.name
        FROM person AS p
        JOIN credit AS c ON c.person_id = p.person_id
        JOIN title_genre AS g ON g.title_id = c.title_id
        WHERE c.job = 'director' AND g.genre = 'western'
        """,
    ),
    _ask(
        "sequels-of-sequels",
        "self_join",
        HARD,
        INTEGER,
        """
        How many titles are the sequel of a title that is itself the sequel of another one?
        """,
        """
        SELECT count(*)
        FROM title AS third
        JOIN title AS second ON second.title_id = third.sequel_of
        JOIN title AS first ON first.title_id = second.sequel_of
        """,
    ),
)
