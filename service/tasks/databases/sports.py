"""Football: leagues and clubs, their players, matches with appearances and goals, transfers and sponsors.

Tables have plural names, columns camelCase ones.
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
CREATE TABLE leagues (
    leagueId TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    tier INTEGER NOT NULL,
    higherLeague TEXT REFERENCES leagues (leagueId)
);
CREATE INDEX leaguesHigher ON leagues (higherLeague);
CREATE TABLE venues (
    venueId INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    capacity INTEGER NOT NULL,
    roof INTEGER NOT NULL CHECK (roof IN (0, 1))
);
CREATE TABLE clubs (
    clubId INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    leagueId TEXT NOT NULL REFERENCES leagues (leagueId),
    venueId INTEGER NOT NULL REFERENCES venues (venueId),
    rivalId INTEGER REFERENCES clubs (clubId),
    shirt TEXT NOT NULL,
    foundedOn TEXT NOT NULL,
    budget REAL                                   -- millions of euros; NULL: not published
);
CREATE INDEX clubsLeague ON clubs (leagueId);
CREATE INDEX clubsVenue ON clubs (venueId);
CREATE INDEX clubsRival ON clubs (rivalId);
CREATE TABLE players (
    playerId INTEGER PRIMARY KEY,
    fullName TEXT NOT NULL,
    clubId INTEGER REFERENCES clubs (clubId),     -- NULL: without a contract
    position TEXT NOT NULL,
    nationality TEXT NOT NULL,
    bornOn TEXT NOT NULL,
    heightCm INTEGER,
    weeklyWage REAL NOT NULL,
    retiredOn TEXT                                -- NULL: still playing
);
CREATE INDEX playersClub ON players (clubId);
CREATE TABLE matches (
    matchId INTEGER PRIMARY KEY,
    leagueId TEXT REFERENCES leagues (leagueId),  -- NULL: no league match
    homeClubId INTEGER NOT NULL REFERENCES clubs (clubId),
    awayClubId INTEGER NOT NULL REFERENCES clubs (clubId),
    kind TEXT NOT NULL,
    kickOff TEXT NOT NULL,                        -- 'YYYY-MM-DD HH:MM'
    status TEXT NOT NULL,
    homeGoals INTEGER,                            -- NULL: no result
    awayGoals INTEGER,
    attendance INTEGER,
    CHECK (homeClubId <> awayClubId)
);
CREATE INDEX matchesLeague ON matches (leagueId);
CREATE INDEX matchesHome ON matches (homeClubId);
CREATE INDEX matchesAway ON matches (awayClubId);
CREATE TABLE appearances (
    matchId INTEGER NOT NULL REFERENCES matches (matchId),
    playerId INTEGER NOT NULL REFERENCES players (playerId),
    started INTEGER NOT NULL CHECK (started IN (0, 1)),
    minutes INTEGER NOT NULL CHECK (minutes BETWEEN 1 AND 90),
    rating REAL,
    PRIMARY KEY (matchId, playerId)
);
CREATE INDEX appearancesPlayer ON appearances (playerId);
CREATE TABLE goals (
    goalId INTEGER PRIMARY KEY,
    matchId INTEGER NOT NULL,
    scorerId INTEGER NOT NULL REFERENCES players (playerId),
    assistId INTEGER REFERENCES players (playerId),
    minute INTEGER NOT NULL CHECK (minute BETWEEN 1 AND 90),
    kind TEXT NOT NULL,
    FOREIGN KEY (matchId, scorerId) REFERENCES appearances (matchId, playerId)
);
CREATE INDEX goalsAppearance ON goals (matchId, scorerId);
CREATE INDEX goalsScorer ON goals (scorerId);
CREATE INDEX goalsAssist ON goals (assistId);
CREATE TABLE transfers (
    transferId INTEGER PRIMARY KEY,
    playerId INTEGER NOT NULL REFERENCES players (playerId),
    fromClubId INTEGER REFERENCES clubs (clubId), -- NULL: from the youth or without a contract
    toClubId INTEGER NOT NULL REFERENCES clubs (clubId),
    kind TEXT NOT NULL,
    movedOn TEXT NOT NULL,
    fee INTEGER                                   -- thousands of euros; NULL: undisclosed
);
CREATE INDEX transfersPlayer ON transfers (playerId);
CREATE INDEX transfersFrom ON transfers (fromClubId);
CREATE INDEX transfersTo ON transfers (toClubId);
CREATE TABLE sponsors (
    sponsorId INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sector TEXT NOT NULL
);
CREATE TABLE sponsorships (
    clubId INTEGER NOT NULL REFERENCES clubs (clubId),
    sponsorId INTEGER NOT NULL REFERENCES sponsors (sponsorId),
    startsOn TEXT NOT NULL,
    endsOn TEXT CHECK (endsOn > startsOn),        -- NULL: open-ended
    yearlyAmount REAL NOT NULL,
    PRIMARY KEY (clubId, sponsorId, startsOn)
);
CREATE INDEX sponsorshipsSponsor ON sponsorships (sponsorId);
CREATE TABLE trophies (
    clubId INTEGER NOT NULL REFERENCES clubs (clubId),
    title TEXT NOT NULL,
    wonOn TEXT NOT NULL,
    PRIMARY KEY (clubId, title, wonOn)
);
CREATE VIEW squadList AS
    SELECT playerId, fullName, clubId, position, nationality, bornOn, heightCm, retiredOn FROM players;
CREATE VIEW leagueMatches AS
    SELECT matchId, leagueId, homeClubId, awayClubId, kind, kickOff, status, homeGoals, awayGoals, attendance
    FROM matches WHERE leagueId IS NOT NULL;
"""

# Code, name, country, tier and the league above it; the same in every instance. No club plays in the last.
LEAGUES = (
    ("ENG1", "Premier Division", "England", 1, None),
    ("ENG2", "Second Division", "England", 2, "ENG1"),
    ("FRA1", "Ligue Supérieure", "France", 1, None),
    ("FRA2", "Ligue Nationale", "France", 2, "FRA1"),
    ("POL1", "Liga Główna", "Poland", 1, None),
    ("IRL1", "Premier Division", "Ireland", 1, None),
    ("IRL2", "First Division", "Ireland", 2, "IRL1"),
    ("POL2", "Liga Wschodnia", "Poland", 2, "POL1"),
    ("ENG3", "Third Division", "England", 3, "ENG2"),
)
# Name, city, capacity and whether it has a roof; ids from 1 in this order. Nobody plays in the last two.
VENUES = (
    ("King's Meadow", "Leeds", 32_500, 0),
    ("Dockside Arena", "Liverpool", 48_200, 1),
    ("Dockside Park", "Liverpool", 11_400, 0),
    ("Stade de l'Étang", "Nantes", 27_300, 0),
    ("Stade des Forges", "Lille", 41_800, 1),
    ("Stadion Miejski", "Gdańsk", 38_900, 0),
    ("Stadion Leśny", "Poznań", 24_100, 0),
    ("O'Connell Park", "Cork", 7_500, 0),
    ("The Quays", "Dublin", 15_200, 0),
    ("Ironworks Ground", "Sheffield", 29_700, 0),
    ("Hôtel-Dieu Stadium", "Nantes", 9_800, 0),
    ("Olympic Dome", "Dublin", 52_000, 1),
    ("Old King's Meadow", "Leeds", 6_100, 0),
)
# Name, league, venue, rival and shirt; ids from 1 in this order, the same in every instance.
CLUBS = (
    ("Leeds Rovers", "ENG1", 1, 14, "white"),
    ("Liverpool Docks", "ENG1", 2, 3, "red"),
    ("Liverpool Dockers' Union", "ENG2", 3, 2, "red and white"),
    ("Sheffield Iron", "ENG1", 10, 1, "blue and white"),
    ("FC Nantes-Étang", "FRA1", 4, 11, "yellow"),
    ("Olympique des Forges", "FRA1", 5, None, "red"),
    ("Lechia Miejska", "POL1", 6, 8, "green and white"),
    ("Warta Leśna", "POL1", 7, 7, "green"),
    ("Cork O'Connell", "IRL1", 8, 10, "red and white"),
    ("Dublin Quays", "IRL1", 9, None, "blue"),
    ("Nantes Hôtel-Dieu", "FRA2", 11, 5, "blue"),
    ("Real Łódź", "POL1", 6, None, "black and white"),
    ("Dublin Gaels", "IRL2", 9, 10, "green"),
    ("Leeds Wanderers", "ENG2", 1, 1, "yellow"),
    ("Cork Harbour", "IRL2", 8, 9, "blue and white"),
    ("Real Lodz", "POL2", 7, 12, "black and white"),
    ("Lille Métropole", "FRA2", 5, 6, "white"),
    ("Sheffield Steel Nº 9", "ENG2", 10, 4, "red"),
)
POSITIONS = ("midfielder", "defender", "forward", "goalkeeper", "defensive midfielder", "winger")
NATIONALITIES = (
    "English", "French", "Irish", "Polish", "Northern Irish", "Nigerian", "Danish", "Ivorian", "Japanese",
)  # fmt: skip
MATCH_KINDS = ("league", "cup", "friendly", "league cup")
MATCH_STATUSES = ("played", "postponed", "played behind closed doors", "abandoned")
GOAL_KINDS = ("open play", "header", "penalty", "free kick", "own goal", "indirect free kick")
TRANSFER_KINDS = ("permanent", "loan", "free", "loan with option to buy")
# Name and sector; ids from 1 in this order, the same in every instance. The last sponsors nobody.
SPONSORS = (
    ("Hopfen & Co.", "brewing"),
    ("Bet-o-Rama", "betting"),
    ("Aer Ciarraí", "airline"),
    ("Banque de l'Ouest", "banking"),
    ("Banque de l'ouest", "insurance"),
    ("Żabka Dom", "retail"),
    ("Sparks' Electric", "online retail"),
    ("Północ Ubezpieczenia", "insurance"),
    ("Mersey Motors", "cars"),
    ('"Go!" Mobile', "telephony"),
    ("Dairy of Kerry", "food"),
    ("Ghost Energy", "energy"),
)


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `trophies` stays empty."""
    clubs = _clubs(rng)
    players = _players(rng, scale)
    matches, appearances, goals = _matches(rng, scale, players)
    insert(connection, "leagues", LEAGUES)
    insert(connection, "venues", [(number, *venue) for number, venue in enumerate(VENUES, 1)])
    insert(connection, "clubs", clubs)
    insert(connection, "players", players)
    insert(connection, "matches", matches)
    insert(connection, "appearances", appearances)
    insert(connection, "goals", goals)
    insert(connection, "transfers", _transfers(rng, scale, players))
    insert(connection, "sponsors", [(number, *sponsor) for number, sponsor in enumerate(SPONSORS, 1)])
    insert(connection, "sponsorships", _sponsorships(rng, scale))


def _clubs(rng: Random) -> list[Cells]:
    undisclosed = rng.randrange(len(CLUBS))
    return [
        (
            number,
            *club,
            day(rng, "1878-01-01", "1965-12-31"),
            None if number - 1 == undisclosed else unless(rng, 0.15, money(rng, 3, 180)),
        )
        for number, club in enumerate(CLUBS, 1)
    ]


def _players(rng: Random, scale: float) -> list[Cells]:
    club = popular(rng, range(1, len(CLUBS) + 1), idle=0.12)
    positions, nationalities = Zipf(POSITIONS), Zipf(NATIONALITIES)
    players: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 270, 310)), 1):
        retired = chance(rng, 0.12)
        players.append(
            (
                number,
                name,
                None if retired else unless(rng, 0.08, club.draw(rng)),
                positions.draw(rng),
                nationalities.draw(rng),
                day(rng, "1986-01-01", "2006-12-31"),
                unless(rng, 0.12, 165 + rng.randrange(17) + rng.randrange(17)),
                500.0 + int(rng.random() * rng.random() * 900) * 50,
                day(rng, "2023-06-01", "2024-12-31") if retired else None,
            )
        )
    return players


def _matches(rng: Random, scale: float, players: list[Cells]) -> tuple[list[Cells], list[Cells], list[Cells]]:
    """Gives the matches, the appearances in them, and the goals, which the results agree with."""
    club, squads = popular(rng, range(1, len(CLUBS) + 1)), _squads(rng, players)
    kinds, statuses = Zipf(MATCH_KINDS), Zipf(MATCH_STATUSES)
    matches: list[Cells] = []
    appearances: list[Cells] = []
    goals: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 200, 230)):
        kind, home = kinds.draw(rng), club.draw(rng)
        league = CLUBS[home - 1][1]
        others = [
            other
            for other, (_, its_league, *_) in enumerate(CLUBS, 1)
            if other != home and (kind != "league" or its_league == league)
        ]
        if not others:  # alone in its league
            kind, others = "cup", [home % len(CLUBS) + 1]
        away = pick(rng, others)
        status = "played" if chance(rng, 0.7) else statuses.draw(rng)
        fixture = (
            number,
            league if kind == "league" else None,
            home,
            away,
            kind,
            f"{day(rng, '2022-08-01', '2024-12-20')} {clock(rng, 12, 22)}",
            status,
        )
        if status == "postponed" or (status == "abandoned" and chance(rng, 0.5)):
            matches.append((*fixture, None, None, None))
            continue
        sides = {squads[side].draw(rng): side for side in (home, away) for _ in range(7)}
        appearances += [_appearance(rng, number, player) for player in sides]
        scored = [_goal(rng, number, list(sides)) for _ in range(int((rng.random() + rng.random()) * 3))]
        goals += [(len(goals) + offset, *goal) for offset, goal in enumerate(scored, 1)]
        at_home = sum((sides[goal[1]] == home) != (goal[4] == "own goal") for goal in scored)
        seats = VENUES[CLUBS[home - 1][2] - 1][2]
        crowd = unless(rng, 0.08, int(seats * (0.2 + 0.8 * rng.random())))
        empty = status == "played behind closed doors"
        matches.append((*fixture, at_home, len(scored) - at_home, None if empty else crowd))
    return matches, appearances, goals


def _squads(rng: Random, players: list[Cells]) -> dict[int, Zipf[int]]:
    """Gives for each club those who play for it; players without one are some club's former ones."""
    squads: dict[int, list[int]] = {club: [] for club in range(1, len(CLUBS) + 1)}
    for player in players:
        squads[player[2] or 1 + player[0] % len(CLUBS)].append(player[0])
    return {club: popular(rng, squad or [1], idle=0.15) for club, squad in squads.items()}


def _appearance(rng: Random, match: int, player: int) -> Cells:
    started = chance(rng, 0.78)
    full = started and chance(rng, 0.6)
    minutes = 90 if full else 1 + rng.randrange(89 if started else 45)
    return (match, player, int(started), minutes, unless(rng, 0.15, (40 + rng.randrange(56)) / 10))


def _goal(rng: Random, match: int, fielded: list[int]) -> Cells:
    """Gives a goal without its number."""
    scorer, kind = pick(rng, fielded), Zipf(GOAL_KINDS).draw(rng)
    helper = pick(rng, fielded)
    assisted = helper != scorer and kind in ("open play", "header", "indirect free kick")
    assist = unless(rng, 0.2, helper) if assisted else None
    return (match, scorer, assist, 1 + rng.randrange(90), kind)


def _transfers(rng: Random, scale: float, players: list[Cells]) -> list[Cells]:
    player, kinds = popular(rng, players, idle=0.3), Zipf(TRANSFER_KINDS)
    seller, buyer = (popular(rng, range(1, len(CLUBS) + 1), idle=0.12) for _ in range(2))
    transfers: list[Cells] = []
    for _ in range(some(rng, scale, 300, 350)):
        kind, old, new = kinds.draw(rng), seller.draw(rng), buyer.draw(rng)
        fee = 0 if kind == "free" else 50 + 25 * int(rng.random() * rng.random() * 1600)
        row = (
            player.draw(rng)[0],
            None if old == new else unless(rng, 0.12, old),
            new,
            kind,
            day(rng, "2019-01-01", "2024-09-02"),
            fee if kind == "free" else unless(rng, 0.2, fee),
        )
        if transfers and chance(rng, 0.02):
            row = transfers[-1][1:]  # entered twice
        transfers.append((len(transfers) + 1, *row))
    return transfers


def _sponsorships(rng: Random, scale: float) -> list[Cells]:
    club = popular(rng, range(1, len(CLUBS) + 1))
    sponsor = popular(rng, range(1, len(SPONSORS)), idle=0)  # all but the last
    sponsorships: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 70, 95)):
        starts_on = day(rng, "2017-01-01", "2024-07-01")
        key = (club.draw(rng), sponsor.draw(rng), starts_on)
        ends_on = unless(rng, 0.25, days_after(starts_on, 365 * (1 + rng.randrange(5))))
        sponsorships[key] = (*key, ends_on, 5_000.0 + 2_500 * int(rng.random() * rng.random() * 800))
    return list(sponsorships.values())


_CLUBS = (
    TableWords(
        "leagues",
        "league",
        "leagues",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords("country", Role.CATEGORY, "country", having="based in {}", plural="countries"),
            ColumnWords("tier", Role.CATEGORY, "tier", having="of tier {}"),
        ),
        label=("name",),
    ),
    TableWords(
        "venues",
        "stadium",
        "stadiums",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords("city", Role.CATEGORY, "city", having="located in {}", plural="cities"),
            ColumnWords("capacity", Role.LEVEL, "capacity", unit="seats", plural="capacities"),
            ColumnWords("roof", Role.FLAG, "roof", yes="covered by a roof", no="without a roof"),
        ),
        label=("name",),
    ),
    TableWords(
        "clubs",
        "club",
        "clubs",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords("shirt", Role.CATEGORY, "shirt colour", having="playing in {}"),
            ColumnWords("foundedOn", Role.DATE, "founding date", event="founded"),
            ColumnWords(
                "budget",
                Role.AMOUNT,
                "yearly budget",
                missing="without a published budget",
                unit="million euros",
            ),
        ),
        label=("name",),
    ),
    TableWords(
        "players",
        "player",
        "players",
        (
            ColumnWords("fullName", Role.NAME, "name", having="named {}"),
            ColumnWords("position", Role.CATEGORY, "position", having="playing in the position of {}"),
            ColumnWords(
                "nationality",
                Role.CATEGORY,
                "nationality",
                having="of {} nationality",
                plural="nationalities",
            ),
            ColumnWords("bornOn", Role.DATE, "date of birth", event="born", plural="dates of birth"),
            ColumnWords("heightCm", Role.LEVEL, "height", missing="of unknown height", unit="centimetres"),
            ColumnWords("weeklyWage", Role.LEVEL, "weekly wage", unit="euros"),
            ColumnWords(
                "retiredOn",
                Role.DATE,
                "date of retirement",
                missing="not retired yet",
                event="retired",
                plural="dates of retirement",
            ),
        ),
        label=("fullName",),
        person=True,
    ),
)

_SEASON = (
    TableWords(
        "matches",
        "match",
        "matches",
        (
            ColumnWords(
                "kind", Role.CATEGORY, "type of match", having="of the type {}", plural="types of match"
            ),
            ColumnWords("kickOff", Role.MOMENT, "kick-off time", event="kicking off"),
            ColumnWords("status", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
            ColumnWords(
                "homeGoals",
                Role.AMOUNT,
                "number of home goals",
                missing="without a result",
                plural="numbers of home goals",
            ),
            ColumnWords(
                "awayGoals",
                Role.AMOUNT,
                "number of away goals",
                missing="without a result",
                plural="numbers of away goals",
            ),
            ColumnWords(
                "attendance",
                Role.AMOUNT,
                "attendance",
                missing="without an attendance figure",
                unit="spectators",
            ),
        ),
    ),
    TableWords(
        "appearances",
        "appearance",
        "appearances",
        (
            ColumnWords("started", Role.FLAG, "start", yes="from the start", no="from the bench"),
            ColumnWords("minutes", Role.AMOUNT, "playing time", unit="minutes"),
            ColumnWords("rating", Role.LEVEL, "rating", missing="without a rating", unit="points"),
        ),
    ),
    TableWords(
        "goals",
        "goal",
        "goals",
        (
            ColumnWords("minute", Role.LEVEL, "scoring minute"),
            ColumnWords(
                "kind", Role.CATEGORY, "type of goal", having="of the type {}", plural="types of goal"
            ),
        ),
    ),
    TableWords(
        "transfers",
        "transfer",
        "transfers",
        (
            ColumnWords(
                "kind",
                Role.CATEGORY,
                "type of transfer",
                having="of the type {}",
                plural="types of transfer",
            ),
            ColumnWords("movedOn", Role.DATE, "transfer date", event="completed"),
            ColumnWords("fee", Role.AMOUNT, "fee", missing="with an undisclosed fee", unit="thousand euros"),
        ),
    ),
    TableWords(
        "sponsors",
        "sponsor",
        "sponsors",
        (
            ColumnWords("name", Role.NAME, "name", having="named {}"),
            ColumnWords(
                "sector",
                Role.CATEGORY,
                "line of business",
                having="in the business of {}",
                plural="lines of business",
            ),
        ),
        label=("name",),
    ),
    TableWords(
        "sponsorships",
        "sponsorship deal",
        "sponsorship deals",
        (
            ColumnWords("startsOn", Role.DATE, "start date", event="starting"),
            ColumnWords("endsOn", Role.DATE, "end date", missing="without an end date", event="ending"),
            ColumnWords("yearlyAmount", Role.AMOUNT, "yearly amount", unit="euros"),
        ),
    ),
)

_LINKS = (
    Link(
        "leagues",
        ("higherLeague",),
        "leagues",
        ("leagueId",),
        of="directly below {}",
        having="directly above {}",
        without="not directly above any {}",
        role="higher league",
        role_plural="higher leagues",
    ),
    Link("clubs", ("leagueId",), "leagues", ("leagueId",), of="belonging to {}"),
    Link(
        "clubs",
        ("venueId",),
        "venues",
        ("venueId",),
        of="based at {}",
        having="home to {}",
        without="not home to any {}",
    ),
    Link(
        "clubs",
        ("rivalId",),
        "clubs",
        ("clubId",),
        of="naming {} as main rival",
        having="named as main rival by {}",
        without="not named as main rival by any {}",
        role="main rival",
        role_plural="main rivals",
    ),
    Link(
        "players",
        ("clubId",),
        "clubs",
        ("clubId",),
        of="under contract with {}",
        having="with {} under contract",
        without="without any {} under contract",
    ),
    Link("matches", ("leagueId",), "leagues", ("leagueId",), of="in {}"),
    Link(
        "matches",
        ("homeClubId",),
        "clubs",
        ("clubId",),
        of="hosted by {}",
        having="hosting {}",
        without="not hosting any {}",
        role="home club",
        role_plural="home clubs",
    ),
    Link(
        "matches",
        ("awayClubId",),
        "clubs",
        ("clubId",),
        of="played away from home by {}",
        having="playing away from home in {}",
        without="not playing away from home in any {}",
        role="away club",
        role_plural="away clubs",
    ),
    Link("appearances", ("matchId",), "matches", ("matchId",), of="in {}"),
    Link("appearances", ("playerId",), "players", ("playerId",), of="by {}"),
    Link("goals", ("matchId", "scorerId"), "appearances", ("matchId", "playerId"), of="scored during {}"),
    Link(
        "goals",
        ("scorerId",),
        "players",
        ("playerId",),
        of="scored by {}",
        having="credited with {}",
        without="not credited with any {}",
        role="scorer",
        role_plural="scorers",
    ),
    Link(
        "goals",
        ("assistId",),
        "players",
        ("playerId",),
        of="set up by {}",
        having="setting up {}",
        without="not setting up any {}",
        role="assisting player",
        role_plural="assisting players",
    ),
    Link("transfers", ("playerId",), "players", ("playerId",), of="of {}"),
    Link(
        "transfers",
        ("fromClubId",),
        "clubs",
        ("clubId",),
        of="away from {}",
        having="on the selling side of {}",
        without="not on the selling side of any {}",
        role="selling club",
        role_plural="selling clubs",
    ),
    Link(
        "transfers",
        ("toClubId",),
        "clubs",
        ("clubId",),
        of="to {}",
        having="on the buying side of {}",
        without="not on the buying side of any {}",
        role="buying club",
        role_plural="buying clubs",
    ),
    Link("sponsorships", ("clubId",), "clubs", ("clubId",), of="signed by {}"),
    Link(
        "sponsorships",
        ("sponsorId",),
        "sponsors",
        ("sponsorId",),
        of="paid for by {}",
        having="paying for {}",
        without="not paying for any {}",
    ),
)

LEXICON = Lexicon(
    tables=(*_CLUBS, *_SEASON),
    links=_LINKS,
    rules=(
        Exclusion("friendly", "matches", "{t}.kind <> 'friendly'", "Friendly matches are never counted."),
        Exclusion("own_goal", "goals", "{t}.kind <> 'own goal'", "Own goals are never counted."),
        FiscalYear("matches", "kickOff", 7, "Our fiscal year {year} is the season from {first} to {last}."),
        FiscalYear("transfers", "movedOn", 7, "Our fiscal year {year} is the season from {first} to {last}."),
        Conversion(
            "transfers",
            "fee",
            "{t}.fee / 1000.0",
            "fee in millions of euros",
            "Transfer fees are kept in thousands of euros; report millions of euros.",
        ),
    ),
    screens=(
        Screen(
            "squadList",
            "players",
            "Wages are confidential, so the players' table is closed to us; the squad list is open.",
        ),
        Screen(
            "leagueMatches",
            "matches",
            "Only league matches are released to us: the table of all matches is closed, the view is open.",
        ),
    ),
)

DOMAIN = Domain(
    "sports", "Football clubs with their players and matches", Split.TRAIN, DDL, populate, LEXICON
)
