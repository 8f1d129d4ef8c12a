"""Teams, people and their shifts: a schema with keys of all kinds, on which proofs are tried."""

STAFF = """
CREATE TABLE team (team_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, town TEXT NOT NULL);
CREATE TABLE person (
    person_id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL REFERENCES team,
    mentor_id INTEGER REFERENCES person, badge INTEGER UNIQUE, pay INTEGER, grade INTEGER NOT NULL
);
CREATE TABLE shift (
    person_id INTEGER NOT NULL REFERENCES person, day INTEGER NOT NULL, hours INTEGER,
    PRIMARY KEY (person_id, day)
);
CREATE VIEW senior AS SELECT person_id, team_id, grade FROM person WHERE grade > 1;
"""
