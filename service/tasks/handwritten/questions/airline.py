"""Questions about the airline."""

from __future__ import annotations

from functools import partial

from ....core.task import AnswerKind, Difficulty, Task
from ...databases.airline import DOMAIN
from .question import question

EASY, MEDIUM, HARD = Difficulty
INTEGER, FLOAT, STRING, LIST, TABLE, NULL = AnswerKind

_ask = partial(question, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ask(
        "cancelled-flights",
        "single_table",
        EASY,
        INTEGER,
        "How many flights have been cancelled?",
        """
        SELECT count(*)
        FROM Flight
        WHERE Status = 'cancelled'
        """,
    ),
    _ask(
        "highest-outside-bolivia",
        "single_table",
        EASY,
        STRING,
        """
        Which airport outside Bolivia lies highest above sea level? Give its IATA code; airports of
        unknown elevation don't take part.
        """,
        """
        SELECT IataCode
        FROM Airport
        WHERE Country <> 'Bolivia'
        ORDER BY ElevationM DESC
        LIMIT 1
        """,
    ),
    _ask(
        "mean-delay",
        "float_answer",
        EASY,
        FLOAT,
        """
        By how many minutes are landed flights delayed on average? Flights whose delay is not known don't
        count.
        """,
        """
        SELECT avg("Delay (min)")
        FROM Flight
        WHERE Status = 'landed'
        """,
    ),
    _ask(
        "flight-numbers",
        "duplicates",
        EASY,
        INTEGER,
        "The same flight number is used day after day. How many different flight numbers are there?",
        """
        SELECT count(DISTINCT FlightNo)
        FROM Flight
        """,
    ),
    _ask(
        "departures-of-july",
        "date_filter",
        EASY,
        INTEGER,
        "How many flights, of whatever status, were due to depart in July 2024?",
        """
        SELECT count(*)
        FROM Flight
        WHERE strftime('%Y-%m', DepartsAt) = '2024-07'
        """,
    ),
    _ask(
        "code-of-ohare",
        "text_quoting",
        EASY,
        STRING,
        """
        What is the IATA code of the airport named O'Hare International? NULL if no such airport is on file.
        """,
        """
        SELECT IataCode
        FROM Airport
        WHERE Name = 'O''Hare International'
        """,
    ),
    _ask(
        "airports-without-elevation",
        "list_answer",
        EASY,
        LIST,
        "For which airports is the elevation missing? Give the cities.",
        """
        SELECT City
        FROM Airport
        WHERE ElevationM IS NULL
        """,
    ),
    _ask(
        "fares-by-cabin",
        "table_answer",
        EASY,
        TABLE,
        """
        For each cabin class, what were the lowest and the highest price ever booked? Three columns: class,
        lowest price, highest price.
        """,
        """
        SELECT CabinClass, min(Price), max(Price)
        FROM Booking
        GROUP BY CabinClass
        """,
    ),
    _ask(
        "return-of-the-teddy-bear",
        "null_answer",
        EASY,
        NULL,
        """
        A child's teddy bear was found on board. On what date was it given back? NULL if it still waits for
        its owner.
        """,
        """
        SELECT ReturnedOn
        FROM LostItem
        WHERE Description LIKE 'child''s teddy bear%'
        """,
    ),
    _ask(
        "latest-atr-flight",
        "null_answer",
        MEDIUM,
        NULL,
        "When did an ATR 72 last depart on a flight? Answer NULL if none ever did.",
        """
        SELECT max(f.DepartsAt)
        FROM Flight AS f
        JOIN Aircraft AS a ON a.AircraftId = f.AircraftId
        WHERE a.Model = 'ATR 72'
        """,
    ),
    _ask(
        "routes-to-la-paz",
        "empty_result",
        MEDIUM,
        LIST,
        "Which routes lead to the airport of La Paz? Give the route ids.",
        """
        SELECT r.RouteId
        FROM Route AS r
        JOIN Airport AS a ON a.IataCode = r.DestinationCode
        WHERE a.City = 'La Paz'
        """,
    ),
    _ask(
        "dearest-gold-booking",
        "join",
        MEDIUM,
        FLOAT,
        "What is the most that a passenger of the Gold tier has paid for a business class booking?",
        """
        SELECT max(b.Price)
        FROM Booking AS b
        JOIN Passenger AS p ON p.PassengerId = b.PassengerId
        WHERE p.Tier = 'Gold' AND b.CabinClass = 'business'
        """,
    ),
    _ask(
        "never-flown-with-us",
        "set_operation",
        MEDIUM,
        INTEGER,
        "How many passengers on file don't have a single booking?",
        """
        SELECT count(*)
        FROM Passenger
        WHERE PassengerId NOT IN (SELECT PassengerId FROM Booking)
        """,
    ),
    _ask(
        "aircraft-above-average",
        "comparison_subquery",
        MEDIUM,
        INTEGER,
        "How many aircraft have more seats than the average aircraft?",
        """
        SELECT count(*)
        FROM Aircraft
        WHERE Seats > (SELECT avg(Seats) FROM Aircraft)
        """,
    ),
    _ask(
        "senior-of-each-role",
        "correlated_subquery",
        MEDIUM,
        TABLE,
        """
        Who has served longest in each role? Give role and full name of the crew member hired first; if
        several were hired on the same day, the one with the lowest CrewId.
        """,
        """
        SELECT c.Role, c.FullName
        FROM CrewMember AS c
        WHERE c.CrewId = (
            SELECT o.CrewId FROM CrewMember AS o WHERE o.Role = c.Role ORDER BY o.HiredOn, o.CrewId LIMIT 1
        )
        """,
    ),
    _ask(
        "bookings-by-country-of-departure",
        "fk_chain",
        HARD,
        TABLE,
        """
        From which three countries did the flights depart that had the most bookings? Give country and
        number of bookings, the highest first. Leave cancelled flights out.
        """,
        """
        SELECT a.Country, count(*) AS Bookings
        FROM Booking AS b
        JOIN Flight AS f ON f.FlightId = b.FlightId
        JOIN Route AS r ON r.RouteId = f.RouteId
        JOIN Airport AS a ON a.IataCode = r.OriginCode
        WHERE f.Status <> 'cancelled'
        GROUP BY a.Country
        ORDER BY Bookings DESC, a.Country
        LIMIT 3
        """,
        ordered=True,
    ),
    _ask(
        "one-way-pairs",
        "set_operation",
        HARD,
        INTEGER,
        """
        How many routes have no counterpart in the other direction, that is, no route from their destination
        back to their origin?
        """,
        """
        SELECT count(*)
        FROM (
            SELECT OriginCode, DestinationCode FROM Route
            EXCEPT
            SELECT DestinationCode, OriginCode FROM Route
        )
        """,
    ),
    _ask(
        "gold-homes-without-an-airport",
        "set_operation",
        HARD,
        LIST,
        """
        In which countries that have no airport on file do passengers of the Gold tier live who have booked
        a flight? Each country once.
        """,
        """
        SELECT p.Country
        FROM Passenger AS p
        JOIN Booking AS b ON b.PassengerId = p.PassengerId
        WHERE p.Tier = 'Gold'
        EXCEPT
        SELECT Country FROM Airport
        """,
    ),
    _ask(
        "from-paris-and-from-delhi",
        "set_operation",
        HARD,
        INTEGER,
        """
        How many passengers have booked both a flight that leaves Paris and a flight that leaves Delhi,
        whatever the status of the flights?
        """,
        """
        SELECT count(*)
        FROM (
            SELECT b.PassengerId
            FROM Booking AS b
            JOIN Flight AS f ON f.FlightId = b.FlightId
            JOIN Route AS r ON r.RouteId = f.RouteId
            WHERE r.OriginCode = 'CDG'
            INTERSECT
            SELECT b.PassengerId
            FROM Booking AS b
            JOIN Flight AS f ON f.FlightId = b.FlightId
            JOIN Route AS r ON r.RouteId = f.RouteId
            WHERE r.OriginCode = 'DEL'
        )
        """,
    ),
)
