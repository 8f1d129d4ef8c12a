"""Tickets about the airline."""

from __future__ import annotations

from functools import partial

from ....core.task import Difficulty, Task
from ...databases.airline import DOMAIN
from .ticket import ticket

EASY, MEDIUM, HARD = Difficulty

_ticket = partial(ticket, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ticket(
        "fleet-list",
        "wrong_column",
        EASY,
        """
        Registration, model and year built of all aircraft of the models A320neo and 787-9; where the year is
        not known the list shows NULL. "No such column", it says; this schema spells everything in its own
        way.
        """,
        broken="""
        SELECT Registration, Model, YearBuilt
        FROM Aircraft
        WHERE ModelName IN ('A320neo', '787-9')
        """,
        gold="""
        SELECT Registration, Model, BuiltYear
        FROM Aircraft
        WHERE Model IN ('A320neo', '787-9')
        """,
    ),
    _ticket(
        "spend-per-passenger",
        "wrong_table",
        EASY,
        """
        PassengerId, number of bookings and money spent, one row per passenger who has booked. We speak of
        tickets, but the database has another word for them.
        """,
        broken="""
        SELECT PassengerId, count(*), sum(Price)
        FROM Ticket
        GROUP BY PassengerId
        """,
        gold="""
        SELECT PassengerId, count(*), sum(Price)
        FROM Booking
        GROUP BY PassengerId
        """,
    ),
    _ticket(
        "landings-per-airport",
        "wrong_join_key",
        HARD,
        """
        City and number of flights that landed there (status landed), per airport with landings. The total
        is right, the cities are not: Chicago, for one, is shown with the number of flights that left it.
        """,
        broken="""
        SELECT a.City, count(*)
        FROM Flight AS f
        JOIN Route AS r ON r.RouteId = f.RouteId
        JOIN Airport AS a ON a.IataCode = r.OriginCode
        WHERE f.Status = 'landed'
        GROUP BY a.IataCode
        """,
        gold="""
        SELECT a.City, count(*)
        FROM Flight AS f
        JOIN Route AS r ON r.RouteId = f.RouteId
        JOIN Airport AS a ON a.IataCode = r.DestinationCode
        WHERE f.Status = 'landed'
        GROUP BY a.IataCode
        """,
    ),
    _ticket(
        "bookings-and-crew",
        "fan_out_join",
        MEDIUM,
        """
        Controlling wants FlightId, number of bookings and number of crew members for each flight that has
        bookings and a crew. The bookings come out at several times the truth, and one
        flight is said to have a crew of more than two hundred.
        """,
        broken="""
        SELECT b.FlightId, count(b.PassengerId), count(c.CrewId)
        FROM Booking AS b
        JOIN FlightCrew AS c ON c.FlightId = b.FlightId
        GROUP BY b.FlightId
        """,
        gold="""
        SELECT b.FlightId, count(*), c.Members
        FROM Booking AS b
        JOIN (SELECT FlightId, count(*) AS Members FROM FlightCrew GROUP BY FlightId) AS c
            ON c.FlightId = b.FlightId
        GROUP BY b.FlightId
        """,
    ),
    _ticket(
        "flights-per-model",
        "missing_group_by",
        MEDIUM,
        """
        How many flights has each aircraft model made (any status, aircraft assigned)? Model and number. It
        answers with one row, whichever model comes to SQLite's mind.
        """,
        broken="""
        SELECT a.Model, count(*)
        FROM Flight AS f
        JOIN Aircraft AS a ON a.AircraftId = f.AircraftId
        """,
        gold="""
        SELECT a.Model, count(*)
        FROM Flight AS f
        JOIN Aircraft AS a ON a.AircraftId = f.AircraftId
        GROUP BY a.Model
        """,
    ),
    _ticket(
        "average-delay-by-number",
        "wrong_aggregate",
        EASY,
        """
        FlightNo and average delay in minutes over the landed flights of that number, flights of unknown
        delay not counted; numbers for which no delay is known are left out. The averages are pulled down,
        since flights of unknown delay are treated as if they had been on time.
        """,
        broken="""
        SELECT FlightNo, sum("Delay (min)") * 1.0 / count(*)
        FROM Flight
        WHERE Status = 'landed'
        GROUP BY FlightNo
        HAVING count("Delay (min)") > 0
        """,
        gold="""
        SELECT FlightNo, avg("Delay (min)")
        FROM Flight
        WHERE Status = 'landed'
        GROUP BY FlightNo
        HAVING count("Delay (min)") > 0
        """,
    ),
    _ticket(
        "very-late",
        "quoting",
        EASY,
        """
        FlightId, FlightNo and delay of all flights that were more than an hour late. The error is about a
        column that nobody asked for; the table has one whose name is more than one word, that may be it.
        """,
        broken="""
        SELECT FlightId, FlightNo, Delay (min)
        FROM Flight
        WHERE Delay (min) > 60
        """,
        gold="""
        SELECT FlightId, FlightNo, "Delay (min)"
        FROM Flight
        WHERE "Delay (min)" > 60
        """,
    ),
    _ticket(
        "arrivals-at-ohare",
        "quoting",
        HARD,
        """
        FlightNo and DepartsAt of all flights to O'Hare International. Whoever tests with another airport
        finds nothing wrong.
        """,
        broken="""
        SELECT f.FlightNo, f.DepartsAt
        FROM Flight AS f
        JOIN Route AS r ON r.RouteId = f.RouteId
        JOIN Airport AS a ON a.IataCode = r.DestinationCode
        WHERE a.Name = 'O'Hare International'
        """,
        gold="""
        SELECT f.FlightNo, f.DepartsAt
        FROM Flight AS f
        JOIN Route AS r ON r.RouteId = f.RouteId
        JOIN Airport AS a ON a.IataCode = r.DestinationCode
        WHERE a.Name = 'O''Hare International'
        """,
    ),
    _ticket(
        "tier-or-none",
        "null_comparison",
        EASY,
        """
        Tier and number of passengers, where those who are not in the programme are counted as 'none'. The
        row for none is missing; instead there is one without a name.
        """,
        broken="""
        SELECT CASE Tier WHEN NULL THEN 'none' ELSE Tier END AS Tier, count(*)
        FROM Passenger
        GROUP BY 1
        """,
        gold="""
        SELECT coalesce(Tier, 'none') AS Tier, count(*)
        FROM Passenger
        GROUP BY 1
        """,
    ),
    _ticket(
        "dearest-first-class-seat",
        "syntax",
        EASY,
        """
        For each passenger who ever booked in first class: PassengerId and the highest price paid for it. A
        keyword seems to be misspelt, or misplaced.
        """,
        broken="""
        SELECT PassengerId, max(Price)
        FROM Booking
        GROUP BY PassengerId
        WHERE CabinClass = 'first'
        """,
        gold="""
        SELECT PassengerId, max(Price)
        FROM Booking
        WHERE CabinClass = 'first'
        GROUP BY PassengerId
        """,
    ),
    _ticket(
        "route-labels",
        "dialect",
        EASY,
        """
        RouteId and a label such as ZRH-JFK for every route from Nairobi (NBO). On SQL Server the label
        was fine, on SQLite it is always 0.
        """,
        broken="""
        SELECT RouteId, OriginCode + '-' + DestinationCode
        FROM Route
        WHERE OriginCode = 'NBO'
        """,
        gold="""
        SELECT RouteId, OriginCode || '-' || DestinationCode
        FROM Route
        WHERE OriginCode = 'NBO'
        """,
    ),
    _ticket(
        "busiest-days",
        "dialect",
        EASY,
        """
        The seven days with the most departures: the day as YYYY-MM-DD and the number of flights, busiest
        first, the earlier day first where numbers are equal. It is standard SQL, or so the consultant said.
        """,
        broken="""
        SELECT CAST(DepartsAt AS DATE) AS Day, count(*) AS Departures
        FROM Flight
        GROUP BY CAST(DepartsAt AS DATE)
        ORDER BY Departures DESC, Day
        FETCH FIRST 7 ROWS ONLY
        """,
        gold="""
        SELECT date(DepartsAt) AS Day, count(*) AS Departures
        FROM Flight
        GROUP BY Day
        ORDER BY Departures DESC, Day
        LIMIT 7
        """,
        ordered=True,
    ),
    _ticket(
        "duties-by-role",
        "missing_permission",
        MEDIUM,
        """
        Role and number of assignments to flights, per role. CrewMember has been denied to us because of the
        salaries in it. We never needed those, only the roles.
        """,
        broken="""
        SELECT c.Role, count(*)
        FROM FlightCrew AS f
        JOIN CrewMember AS c ON c.CrewId = f.CrewId
        GROUP BY c.Role
        """,
        gold="""
        SELECT c.Role, count(*)
        FROM FlightCrew AS f
        JOIN CrewDirectory AS c ON c.CrewId = f.CrewId
        GROUP BY c.Role
        """,
        denied=("CrewMember",),
    ),
    _ticket(
        "promotion-to-gold",
        "wrong_write",
        MEDIUM,
        """
        Passengers whose bookings add up to more than 5,000 become Gold, whatever tier they had or had not.
        Everybody else keeps theirs. The trial run made the big spenders Gold, but stripped all others of
        their tier.
        """,
        broken="""
        UPDATE Passenger
        SET Tier = (
            SELECT 'Gold'
            FROM Booking AS b
            WHERE b.PassengerId = Passenger.PassengerId
            GROUP BY b.PassengerId
            HAVING sum(b.Price) > 5000
        )
        """,
        gold="""
        UPDATE Passenger
        SET Tier = 'Gold'
        WHERE (SELECT sum(b.Price) FROM Booking AS b WHERE b.PassengerId = Passenger.PassengerId) > 5000
        """,
        check="""
        SELECT PassengerId, Tier
        FROM Passenger
        """,
        writable=("Passenger",),
    ),
    _ticket(
        "booked-a-month-ahead",
        "off_by_one",
        MEDIUM,
        """
        FlightId and PassengerId of the bookings made 30 days or more before the day of departure. Those
        made exactly 30 days ahead should be in, they are not. The hour of departure does not matter.
        """,
        broken="""
        SELECT b.FlightId, b.PassengerId
        FROM Booking AS b
        JOIN Flight AS f ON f.FlightId = b.FlightId
        WHERE julianday(date(f.DepartsAt)) - julianday(b.BookedOn) > 30
        """,
        gold="""
        SELECT b.FlightId, b.PassengerId
        FROM Booking AS b
        JOIN Flight AS f ON f.FlightId = b.FlightId
        WHERE julianday(date(f.DepartsAt)) - julianday(b.BookedOn) >= 30
        """,
    ),
    _ticket(
        "destinations-of-each-aircraft",
        "missing_distinct",
        MEDIUM,
        """
        AircraftId and the number of different airports that it has flown to, for every aircraft with
        flights of whatever status. One of them is said to have been to more than a hundred and fifty, and
        we serve thirteen.
        """,
        broken="""
        SELECT f.AircraftId, count(r.DestinationCode)
        FROM Flight AS f
        JOIN Route AS r ON r.RouteId = f.RouteId
        WHERE f.AircraftId IS NOT NULL
        GROUP BY f.AircraftId
        """,
        gold="""
        SELECT f.AircraftId, count(DISTINCT r.DestinationCode)
        FROM Flight AS f
        JOIN Route AS r ON r.RouteId = f.RouteId
        WHERE f.AircraftId IS NOT NULL
        GROUP BY f.AircraftId
        """,
    ),
    _ticket(
        "seniority-list",
        "wrong_order",
        EASY,
        """
        Captains by seniority, who was hired first stands first: FullName and HiredOn; people hired on the
        same day by CrewId. The list came out in alphabetical order.
        """,
        broken="""
        SELECT FullName, HiredOn
        FROM CrewMember
        WHERE Role = 'Captain'
        ORDER BY 1, 2
        """,
        gold="""
        SELECT FullName, HiredOn
        FROM CrewMember
        WHERE Role = 'Captain'
        ORDER BY HiredOn, CrewId
        """,
        ordered=True,
    ),
    _ticket(
        "diversions-per-aircraft",
        "lost_rows",
        MEDIUM,
        """
        Registration and number of diverted flights for the whole fleet, 0 where an aircraft was never
        diverted. Aircraft without diversions are left out, one has to compare with the fleet list to find
        them.
        """,
        broken="""
        SELECT a.Registration, count(f.FlightId)
        FROM Aircraft AS a
        LEFT JOIN Flight AS f ON f.AircraftId = a.AircraftId
        WHERE f.Status = 'diverted'
        GROUP BY a.AircraftId
        """,
        gold="""
        SELECT a.Registration, count(f.FlightId)
        FROM Aircraft AS a
        LEFT JOIN Flight AS f ON f.AircraftId = a.AircraftId AND f.Status = 'diverted'
        GROUP BY a.AircraftId
        """,
    ),
    _ticket(
        "crew-and-mentor",
        "ambiguous_column",
        MEDIUM,
        """
        Names of crew members beside the names of their mentors, for those who have one. SQLite complains
        about an ambiguous column.
        """,
        broken="""
        SELECT FullName, FullName
        FROM CrewMember AS c
        JOIN CrewMember AS m ON m.CrewId = c.MentorId
        """,
        gold="""
        SELECT c.FullName, m.FullName
        FROM CrewMember AS c
        JOIN CrewMember AS m ON m.CrewId = c.MentorId
        """,
    ),
    _ticket(
        "frequent-high-flyers",
        "aggregate_in_where",
        EASY,
        """
        PassengerId and number of bookings for every passenger with more than three bookings in business or
        first class. The attempt ends in "misuse of aggregate".
        """,
        broken="""
        SELECT PassengerId, count(*)
        FROM Booking
        WHERE CabinClass IN ('business', 'first') AND count(*) > 3
        GROUP BY PassengerId
        """,
        gold="""
        SELECT PassengerId, count(*)
        FROM Booking
        WHERE CabinClass IN ('business', 'first')
        GROUP BY PassengerId
        HAVING count(*) > 3
        """,
    ),
    _ticket(
        "climb-across-borders",
        "wrong_join_key",
        HARD,
        """
        For the fuel study: FlightId, FlightNo and the difference in metres of all flights to another country;
        the difference is the origin's elevation less the destination's, NULL where one of them is unknown.
        There should be hundreds of such flights, we get none.
        """,
        broken="""
        SELECT f.FlightId, f.FlightNo, o.ElevationM - d.ElevationM
        FROM Flight AS f
        JOIN Route AS r ON r.RouteId = f.RouteId
        JOIN Airport AS o ON o.IataCode = r.OriginCode
        JOIN Airport AS d ON d.IataCode = r.OriginCode
        WHERE o.Country <> d.Country
        """,
        gold="""
        SELECT f.FlightId, f.FlightNo, o.ElevationM - d.ElevationM
        FROM Flight AS f
        JOIN Route AS r ON r.RouteId = f.RouteId
        JOIN Airport AS o ON o.IataCode = r.OriginCode
        JOIN Airport AS d ON d.IataCode = r.DestinationCode
        WHERE o.Country <> d.Country
        """,
    ),
    _ticket(
        "captains-who-never-saw-tokyo",
        "wrong_negation",
        HARD,
        """
        CrewId and name of all captains who have not been on any flight to Tokyo, those who have not flown
        at all included. Instead we get everybody who has ever flown to some other place.
        """,
        broken="""
        SELECT DISTINCT c.CrewId, c.FullName
        FROM CrewMember AS c
        JOIN FlightCrew AS k ON k.CrewId = c.CrewId
        JOIN Flight AS f ON f.FlightId = k.FlightId
        JOIN Route AS r ON r.RouteId = f.RouteId
        JOIN Airport AS a ON a.IataCode = r.DestinationCode
        WHERE c.Role = 'Captain' AND a.City <> 'Tokyo'
        """,
        gold="""
        SELECT c.CrewId, c.FullName
        FROM CrewMember AS c
        WHERE c.Role = 'Captain'
            AND c.CrewId NOT IN (
                SELECT k.CrewId
                FROM FlightCrew AS k
                JOIN Flight AS f ON f.FlightId = k.FlightId
                JOIN Route AS r ON r.RouteId = f.RouteId
                JOIN Airport AS a ON a.IataCode = r.DestinationCode
                WHERE a.City = 'Tokyo'
            )
        """,
    ),
)
