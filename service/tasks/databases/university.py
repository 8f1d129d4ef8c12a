"""A university: faculties, instructors, courses and their sections, students and their grades."""

from __future__ import annotations

from random import Random

import apsw

from ...core.task import Split
from .domain import Domain
from .draw import Cells, Zipf, chance, day, email, insert, people, pick, popular, some, unless
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords
from .words import CITIES

DDL = """
CREATE TABLE faculty (
    faculty_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    building TEXT,
    dean_id INTEGER REFERENCES instructor (instructor_id)
);
CREATE INDEX faculty_dean ON faculty (dean_id);
CREATE TABLE instructor (
    instructor_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    faculty_id INTEGER NOT NULL REFERENCES faculty (faculty_id),
    rank TEXT NOT NULL,
    salary REAL NOT NULL,
    office TEXT,
    hired_on TEXT NOT NULL
);
CREATE INDEX instructor_faculty ON instructor (faculty_id);
CREATE TABLE student (
    student_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT,
    birth_date TEXT NOT NULL,
    home_city TEXT NOT NULL,
    faculty_id INTEGER REFERENCES faculty (faculty_id),      -- NULL: not decided yet
    advisor_id INTEGER REFERENCES instructor (instructor_id),
    entry_year INTEGER NOT NULL,
    status TEXT NOT NULL
);
CREATE INDEX student_faculty ON student (faculty_id);
CREATE INDEX student_advisor ON student (advisor_id);
CREATE TABLE course (
    course_code TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    credits INTEGER NOT NULL,
    faculty_id INTEGER NOT NULL REFERENCES faculty (faculty_id),
    level TEXT NOT NULL
);
CREATE INDEX course_faculty ON course (faculty_id);
CREATE TABLE prerequisite (
    course_code TEXT NOT NULL REFERENCES course (course_code),
    required_code TEXT NOT NULL REFERENCES course (course_code),
    PRIMARY KEY (course_code, required_code)
);
CREATE INDEX prerequisite_required ON prerequisite (required_code);
CREATE TABLE section (
    section_id INTEGER PRIMARY KEY,
    course_code TEXT NOT NULL REFERENCES course (course_code),
    instructor_id INTEGER REFERENCES instructor (instructor_id),
    year INTEGER NOT NULL,
    term TEXT NOT NULL,
    "group" TEXT NOT NULL,
    room TEXT,
    capacity INTEGER NOT NULL
);
CREATE INDEX section_course ON section (course_code);
CREATE INDEX section_instructor ON section (instructor_id);
CREATE TABLE enrolment (
    section_id INTEGER NOT NULL REFERENCES section (section_id),
    student_id INTEGER NOT NULL REFERENCES student (student_id),
    enrolled_on TEXT NOT NULL,
    grade REAL,                                   -- 1.0 to 6.0, 4.0 passes; NULL: not graded
    PRIMARY KEY (section_id, student_id)
);
CREATE INDEX enrolment_student ON enrolment (student_id);
CREATE TABLE scholarship (
    scholarship_id INTEGER PRIMARY KEY,
    student_id INTEGER NOT NULL REFERENCES student (student_id),
    name TEXT NOT NULL,
    amount REAL NOT NULL,
    year INTEGER NOT NULL
);
CREATE INDEX scholarship_student ON scholarship (student_id);
CREATE TABLE appeal (
    appeal_id INTEGER PRIMARY KEY,
    section_id INTEGER NOT NULL,
    student_id INTEGER NOT NULL,
    filed_on TEXT NOT NULL,
    "new grade" REAL,
    FOREIGN KEY (section_id, student_id) REFERENCES enrolment (section_id, student_id)
);
CREATE INDEX appeal_enrolment ON appeal (section_id, student_id);
CREATE VIEW student_directory AS
    SELECT student_id, name, faculty_id, entry_year, status FROM student;
CREATE VIEW course_average AS
    SELECT c.course_code, c.title, count(e.grade) AS graded, round(avg(e.grade), 2) AS average_grade
    FROM course AS c
    LEFT JOIN section AS s ON s.course_code = c.course_code
    LEFT JOIN enrolment AS e ON e.section_id = s.section_id
    GROUP BY c.course_code;
"""

# Name and building; ids from 1 in this order, in every instance. The last has neither students nor courses.
FACULTIES = (
    ("Computer Science", "Turing Hall"),
    ("Mathematics", "Noether Building"),
    ("History", "St. Mary's"),
    ("Languages", 'The "Old Mill"'),
    ("Physics", "Curie Wing"),
    ("Theology", None),
)
RANKS = ("professor", "associate", "assistant", "lecturer")
STUDENT_STATUSES = ("active", "graduated", "on leave", "withdrawn")
LEVELS = ("bachelor", "master", "doctoral")
TERMS = ("spring", "autumn")
YEARS = (2020, 2021, 2022, 2023, 2024)
SCHOLARSHIPS = ("Zoë Marlowe Grant", "Łukasiewicz Prize", "Dean's List", "Travel Fund")
# Code, title, credits, faculty, level; the same in every instance.
COURSES = (
    ("CS101", "Introduction to Programming", 6, "Computer Science", "bachelor"),
    ("CS102", "Data Structures", 6, "Computer Science", "bachelor"),
    ("CS201", "Operating Systems", 5, "Computer Science", "bachelor"),
    ("CS240", "Databases", 5, "Computer Science", "bachelor"),
    ("CS310", "Compilers", 4, "Computer Science", "master"),
    ("CS340", "Query Optimisation", 4, "Computer Science", "master"),
    ("CS390", "Seminar: What's Next?", 2, "Computer Science", "doctoral"),
    ("MA101", "Linear Algebra", 6, "Mathematics", "bachelor"),
    ("MA102", "Analysis I", 6, "Mathematics", "bachelor"),
    ("MA201", "Analysis II", 6, "Mathematics", "bachelor"),
    ("MA220", "Probability", 5, "Mathematics", "bachelor"),
    ("MA301", "Galois' Theory", 4, "Mathematics", "master"),
    ("MA350", "Stochastic Processes", 4, "Mathematics", "master"),
    ("HI101", "Antiquity", 4, "History", "bachelor"),
    ("HI150", "The Hanseatic League", 3, "History", "bachelor"),
    ("HI230", "The People's Century", 4, "History", "bachelor"),
    ("HI310", "Archives and Sources", 4, "History", "master"),
    ("LA101", "Japanese I (日本語)", 5, "Languages", "bachelor"),
    ("LA102", "Japanese II (日本語)", 5, "Languages", "bachelor"),
    ("LA120", "Polish for Beginners", 5, "Languages", "bachelor"),
    ("LA210", "Translation: 'Faithful' and 'Free'", 3, "Languages", "master"),
    ("PH101", "Mechanics", 6, "Physics", "bachelor"),
    ("PH102", "Electrodynamics", 6, "Physics", "bachelor"),
    ("PH210", "Quantum Mechanics", 6, "Physics", "bachelor"),
    ("PH330", "Schrödinger Operators", 4, "Physics", "master"),
    ("PH399", "Doctoral Colloquium", 1, "Physics", "doctoral"),  # never has a section
)
PREREQUISITES = (
    ("CS102", "CS101"),
    ("CS201", "CS102"),
    ("CS240", "CS101"),
    ("CS310", "CS201"),
    ("CS310", "CS102"),
    ("CS340", "CS240"),
    ("CS340", "MA220"),
    ("MA201", "MA102"),
    ("MA220", "MA102"),
    ("MA301", "MA101"),
    ("MA350", "MA220"),
    ("MA350", "MA201"),
    ("HI310", "HI101"),
    ("LA102", "LA101"),
    ("LA210", "LA102"),
    ("PH102", "PH101"),
    ("PH102", "MA102"),
    ("PH210", "PH102"),
    ("PH210", "MA101"),
    ("PH330", "PH210"),
)


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `appeal` stays empty."""
    numbers = {name: number for number, (name, _) in enumerate(FACULTIES, 1)}
    instructors = _instructors(rng, scale)
    deans: dict[int, int] = {}
    for instructor in instructors:
        if instructor[4] == "professor":
            deans.setdefault(instructor[3], instructor[0])
    faculties = [
        (number, name, building, deans.get(number)) for number, (name, building) in enumerate(FACULTIES, 1)
    ]
    students = _students(rng, scale, instructors)
    sections = _sections(rng, instructors)
    insert(connection, "faculty", faculties)
    insert(connection, "instructor", instructors)
    insert(connection, "student", students)
    courses = [(*course[:3], numbers[course[3]], course[4]) for course in COURSES]
    insert(connection, "course", courses)
    insert(connection, "prerequisite", PREREQUISITES)
    insert(connection, "section", sections)
    insert(connection, "enrolment", _enrolments(rng, scale, sections, students))
    insert(connection, "scholarship", _scholarships(rng, scale, students))


def _instructors(rng: Random, scale: float) -> list[Cells]:
    faculties = Zipf(range(1, len(FACULTIES)))  # all but the last
    pay = {"professor": 140_000, "associate": 115_000, "assistant": 92_000, "lecturer": 78_000}
    instructors: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 60, 73)), 1):
        rank = RANKS[(number - 1) % len(RANKS)]
        instructors.append(
            (
                number,
                name,
                email(name, number, "uni.example"),
                faculties.draw(rng),
                rank,
                pay[rank] + 250.0 * rng.randrange(100),
                unless(rng, 0.2, f"{pick(rng, 'ABCD')}-{1 + rng.randrange(4)}{rng.randrange(30):02}"),
                day(rng, "1990-01-01", "2023-12-31"),
            )
        )
    return instructors


def _students(rng: Random, scale: float, instructors: list[Cells]) -> list[Cells]:
    places, statuses = Zipf(CITIES), Zipf(STUDENT_STATUSES)
    faculties = popular(rng, range(1, len(FACULTIES)), idle=0)  # all but the last
    advisor = popular(rng, instructors, idle=0.3)
    students: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 460, 539)), 1):
        entry_year = pick(rng, YEARS)
        students.append(
            (
                number,
                name,
                unless(rng, 0.15, email(name, number, "students.uni.example")),
                day(rng, f"{entry_year - 26}-01-01", f"{entry_year - 18}-08-31"),
                places.draw(rng)[0],
                unless(rng, 0.1, faculties.draw(rng)),
                unless(rng, 0.25, advisor.draw(rng)[0]),
                entry_year,
                statuses.draw(rng),
            )
        )
    return students


def _sections(rng: Random, instructors: list[Cells]) -> list[Cells]:
    """Every course but the last in most years; a popular one in two groups."""
    teacher = popular(rng, instructors, idle=0.2)
    sections: list[Cells] = []
    for code, _, _, _, level in COURSES[:-1]:
        for year in YEARS:
            if chance(rng, 0.12):
                continue
            term = pick(rng, TERMS)
            for group in "AB" if level == "bachelor" and chance(rng, 0.5) else "A":
                capacity = 10 * (2 + rng.randrange(9))
                instructor = unless(rng, 0.06, teacher.draw(rng)[0])
                room = unless(rng, 0.12, f"{pick(rng, 'EFGH')} {1 + rng.randrange(3)}.{rng.randrange(20):02}")
                sections.append((len(sections) + 1, code, instructor, year, term, group, room, capacity))
    return sections


def _enrolments(rng: Random, scale: float, sections: list[Cells], students: list[Cells]) -> list[Cells]:
    student, section = popular(rng, students), popular(rng, sections, idle=0.05)
    enrolments: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 7000, 7799)):
        chosen, attendee = section.draw(rng), student.draw(rng)
        year = chosen[3]
        if year < attendee[7]:  # not a student yet
            continue
        date = (
            day(rng, f"{year}-01-15", f"{year}-02-20")
            if chosen[4] == "spring"
            else f"{year}-09-{1 + rng.randrange(30):02}"
        )
        grade = (20 + rng.randrange(9) + 5 * rng.randrange(7)) / 10 if chance(rng, 0.9) else 1.0
        missing = 0.9 if year == YEARS[-1] and chosen[4] == "autumn" else 0.08
        key = (chosen[0], attendee[0])
        enrolments[key] = (*key, date, unless(rng, missing, min(grade, 6.0)))
    return list(enrolments.values())


def _scholarships(rng: Random, scale: float, students: list[Cells]) -> list[Cells]:
    student, names = popular(rng, students, idle=0.5), Zipf(SCHOLARSHIPS)
    scholarships: list[Cells] = []
    for number in range(1, some(rng, scale, 110, 139) + 1):
        amount = 500.0 * (1 + int(rng.random() * rng.random() * 20))
        scholarships.append((number, student.draw(rng)[0], names.draw(rng), amount, pick(rng, YEARS)))
    return scholarships


_PEOPLE = (
    TableWords(
        "faculty",
        "faculty",
        "faculties",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("building", Role.NAME, "building", missing="without a building of its own"),
        ),
        label=("name",),
    ),
    TableWords(
        "instructor",
        "instructor",
        "instructors",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("rank", Role.CATEGORY, "rank", having="of the rank {}"),
            ColumnWords("salary", Role.LEVEL, "yearly pay", unit="francs"),
            ColumnWords("office", Role.TEXT, "office", missing="without an office"),
            ColumnWords("hired_on", Role.DATE, "date of hire", event="hired", plural="dates of hire"),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "student",
        "student",
        "students",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords(
                "email",
                Role.TEXT,
                "e-mail address",
                missing="without an e-mail address",
                plural="e-mail addresses",
            ),
            ColumnWords("birth_date", Role.DATE, "date of birth", event="born", plural="dates of birth"),
            ColumnWords("home_city", Role.CATEGORY, "home town", having="from {}"),
            ColumnWords("entry_year", Role.LEVEL, "year of entry", plural="years of entry"),
            ColumnWords("status", Role.CATEGORY, "status", having="with the status {}", plural="statuses"),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "scholarship",
        "scholarship",
        "scholarships",
        (
            ColumnWords("name", Role.CATEGORY, "programme", having="of the programme {}"),
            ColumnWords("amount", Role.AMOUNT, "amount", unit="francs"),
            ColumnWords("year", Role.LEVEL, "year"),
        ),
    ),
)
_TEACHING = (
    TableWords(
        "course",
        "course",
        "courses",
        (
            ColumnWords("course_code", Role.NAME, "code"),
            ColumnWords("title", Role.NAME, "title"),
            ColumnWords("credits", Role.AMOUNT, "number of credits", plural="numbers of credits"),
            ColumnWords("level", Role.CATEGORY, "level", having="at {} level"),
        ),
        label=("title",),
    ),
    TableWords(
        "section",
        "class",
        "classes",
        (
            ColumnWords("year", Role.LEVEL, "year"),
            ColumnWords("term", Role.CATEGORY, "term", having="in the {} term"),
            ColumnWords("room", Role.TEXT, "room", missing="without a room"),
            ColumnWords("capacity", Role.AMOUNT, "number of places", plural="numbers of places"),
        ),
    ),
    TableWords(
        "enrolment",
        "enrolment",
        "enrolments",
        (
            ColumnWords("enrolled_on", Role.DATE, "date", event="made"),
            ColumnWords("grade", Role.LEVEL, "grade", missing="not graded yet"),
        ),
    ),
    TableWords("prerequisite", "entry requirement", "entry requirements", ()),
)
_LINKS = (
    Link(
        "faculty",
        ("dean_id",),
        "instructor",
        ("instructor_id",),
        of="headed by {}",
        having="heading {}",
        without="not heading any {}",
        role="dean",
        role_plural="deans",
    ),
    Link(
        "instructor",
        ("faculty_id",),
        "faculty",
        ("faculty_id",),
        of="employed by {}",
        having="employing {}",
        without="not employing any {}",
    ),
    Link("student", ("faculty_id",), "faculty", ("faculty_id",), of="studying at {}"),
    Link(
        "student",
        ("advisor_id",),
        "instructor",
        ("instructor_id",),
        of="advised by {}",
        having="advising {}",
        without="not advising any {}",
        role="advisor",
        role_plural="advisors",
    ),
    Link(
        "course",
        ("faculty_id",),
        "faculty",
        ("faculty_id",),
        of="offered by {}",
        having="offering {}",
        without="not offering any {}",
    ),
    Link("prerequisite", ("course_code",), "course", ("course_code",), of="of {}"),
    Link(
        "prerequisite",
        ("required_code",),
        "course",
        ("course_code",),
        of="asking for {}",
        having="named in {}",
        without="not named in any {}",
        role="required course",
        role_plural="required courses",
    ),
    Link("section", ("course_code",), "course", ("course_code",), of="of {}"),
    Link(
        "section",
        ("instructor_id",),
        "instructor",
        ("instructor_id",),
        of="taught by {}",
        having="teaching {}",
        without="not teaching any {}",
    ),
    Link("enrolment", ("section_id",), "section", ("section_id",), of="in {}"),
    Link("enrolment", ("student_id",), "student", ("student_id",), of="of {}"),
    Link("scholarship", ("student_id",), "student", ("student_id",), of="awarded to {}"),
)
LEXICON = Lexicon(
    tables=(*_PEOPLE, *_TEACHING),
    links=_LINKS,
    rules=(
        Exclusion(
            "withdrawn",
            "student",
            "{t}.status <> 'withdrawn'",
            "Students who have withdrawn are never counted.",
        ),
        Exclusion(
            "ungraded", "enrolment", "{t}.grade IS NOT NULL", "Only enrolments that have been graded count."
        ),
        FiscalYear(
            "enrolment",
            "enrolled_on",
            8,
            "The academic year {year} runs from {first} to {last}, and is our fiscal year.",
        ),
        Conversion(
            "instructor",
            "salary",
            "{t}.salary / 12.0",
            "monthly pay in francs",
            "Pay is kept by the year; report it by the month.",
        ),
    ),
    screens=(
        Screen(
            "student_directory",
            "student",
            "For data protection the students' table is closed to us; the directory is open.",
        ),
    ),
)

DOMAIN = Domain(
    "university", "A university with its courses, students and grades", Split.DEV, DDL, populate, LEXICON
)
