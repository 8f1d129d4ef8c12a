"""Questions about the university."""

from __future__ import annotations

from functools import partial

from ....core.task import AnswerKind, Difficulty, Task
from ...databases.university import DOMAIN
from .question import question

EASY, MEDIUM, HARD = Difficulty
INTEGER, FLOAT, STRING, LIST, TABLE, NULL = AnswerKind

_ask = partial(question, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ask(
        "undecided-students",
        "single_table",
        EASY,
        INTEGER,
        "How many students have not decided on a faculty yet?",
        """
        SELECT count(*)
        FROM student
        WHERE faculty_id IS NULL
        """,
    ),
    _ask(
        "roomless-sections",
        "single_table",
        EASY,
        INTEGER,
        "How many sections held in a spring term from 2022 on have no room assigned?",
        """
        SELECT count(*)
        FROM section
        WHERE year >= 2022 AND term = 'spring' AND room IS NULL
        """,
    ),
    _ask(
        "average-lecturer-salary",
        "float_answer",
        EASY,
        FLOAT,
        "What do lecturers (the rank of that name only) earn on average?",
        """
        SELECT avg(salary)
        FROM instructor
        WHERE rank = 'lecturer'
        """,
    ),
    _ask(
        "faculty-in-the-old-mill",
        "text_quoting",
        EASY,
        STRING,
        """
        Which faculty is housed in the building written as The "Old Mill"? Answer NULL if there is none.
        """,
        """
        SELECT name
        FROM faculty
        WHERE building = 'The "Old Mill"'
        """,
    ),
    _ask(
        "what-compilers-needs",
        "list_answer",
        EASY,
        LIST,
        "Which courses are direct prerequisites of CS310? Give the course codes.",
        """
        SELECT required_code
        FROM prerequisite
        WHERE course_code = 'CS310'
        """,
    ),
    _ask(
        "crowded-home-cities",
        "table_answer",
        EASY,
        TABLE,
        """
        From which three cities do the most students come? Give city and number of students, the largest
        number first; equal numbers in alphabetical order of the city.
        """,
        """
        SELECT home_city, count(*) AS students
        FROM student
        GROUP BY home_city
        ORDER BY students DESC, home_city
        LIMIT 3
        """,
        ordered=True,
    ),
    _ask(
        "students-with-scholarship",
        "duplicates",
        EASY,
        INTEGER,
        "How many different students have ever received a scholarship?",
        """
        SELECT count(DISTINCT student_id)
        FROM scholarship
        """,
    ),
    _ask(
        "enrolments-of-september",
        "date_filter",
        EASY,
        INTEGER,
        "How many enrolments were made in September 2022?",
        """
        SELECT count(*)
        FROM enrolment
        WHERE enrolled_on BETWEEN '2022-09-01' AND '2022-09-30'
        """,
    ),
    _ask(
        "latest-appeal",
        "null_answer",
        EASY,
        NULL,
        "On what date was the latest appeal against a grade filed? Answer NULL if there has been none.",
        """
        SELECT max(filed_on)
        FROM appeal
        """,
    ),
    _ask(
        "last-doctoral-colloquium",
        "null_answer",
        MEDIUM,
        NULL,
        "In which year was the course Doctoral Colloquium last held (NULL if it never was)?",
        """
        SELECT max(s.year)
        FROM course AS c
        JOIN section AS s ON s.course_code = c.course_code
        WHERE c.title = 'Doctoral Colloquium'
        """,
    ),
    _ask(
        "students-of-theology",
        "empty_result",
        MEDIUM,
        LIST,
        "Give the names of all students of the faculty of Theology.",
        """
        SELECT s.name
        FROM student AS s
        JOIN faculty AS f ON f.faculty_id = s.faculty_id
        WHERE f.name = 'Theology'
        """,
    ),
    _ask(
        "advisors-from-elsewhere",
        "join",
        MEDIUM,
        INTEGER,
        "How many students are advised by an instructor of another faculty than their own?",
        """
        SELECT count(*)
        FROM student AS s
        JOIN instructor AS i ON i.instructor_id = s.advisor_id
        WHERE i.faculty_id <> s.faculty_id
        """,
    ),
    _ask(
        "credits-by-faculty",
        "join",
        MEDIUM,
        TABLE,
        """
        How many credits do the courses of each faculty add up to? Name of the faculty and sum of credits;
        leave out faculties without courses.
        """,
        """
        SELECT f.name, sum(c.credits)
        FROM faculty AS f
        JOIN course AS c ON c.faculty_id = f.faculty_id
        GROUP BY f.faculty_id
        """,
    ),
    _ask(
        "courses-that-nothing-builds-on",
        "set_operation",
        MEDIUM,
        INTEGER,
        "How many courses are not a prerequisite of any other course?",
        """
        SELECT count(*)
        FROM course
        WHERE course_code NOT IN (SELECT required_code FROM prerequisite)
        """,
    ),
    _ask(
        "best-paid-of-their-rank",
        "correlated_subquery",
        MEDIUM,
        LIST,
        """
        Which instructors earn the highest salary of their rank? Give their instructor_ids, all of them on a
        tie.
        """,
        """
        SELECT i.instructor_id
        FROM instructor AS i
        WHERE i.salary = (SELECT max(o.salary) FROM instructor AS o WHERE o.rank = i.rank)
        """,
    ),
    _ask(
        "big-scholarships",
        "comparison_subquery",
        MEDIUM,
        FLOAT,
        """
        Take the scholarships that are larger than the average scholarship. What is the sum of their
        amounts?
        """,
        """
        SELECT sum(amount)
        FROM scholarship
        WHERE amount > (SELECT avg(amount) FROM scholarship)
        """,
    ),
    _ask(
        "physicists-learning-to-program",
        "fk_chain",
        HARD,
        FLOAT,
        """
        What is the average grade that students of the faculty of Physics have got in Introduction to
        Programming, over all sections of the course? Enrolments that have not been graded don't count.
        """,
        """
        SELECT avg(e.grade)
        FROM enrolment AS e
        JOIN section AS s ON s.section_id = e.section_id
        JOIN course AS c ON c.course_code = s.course_code
        JOIN student AS t ON t.student_id = e.student_id
        JOIN faculty AS f ON f.faculty_id = t.faculty_id
        WHERE c.title = 'Introduction to Programming' AND f.name = 'Physics'
        """,
    ),
    _ask(
        "two-steps-below-stochastic-processes",
        "self_join",
        HARD,
        LIST,
        """
        Take the direct prerequisites of the course Stochastic Processes. Which courses are direct
        prerequisites of these? Give the titles, each once.
        """,
        """
        SELECT DISTINCT deep.title
        FROM course AS top
        JOIN prerequisite AS first ON first.course_code = top.course_code
        JOIN prerequisite AS second ON second.course_code = first.required_code
        JOIN course AS deep ON deep.course_code = second.required_code
        WHERE top.title = 'Stochastic Processes'
        """,
    ),
    _ask(
        "neither-advising-nor-teaching",
        "set_operation",
        HARD,
        INTEGER,
        "How many instructors neither advise a student nor have ever been assigned to a section?",
        """
        SELECT count(*)
        FROM instructor AS i
        WHERE NOT EXISTS (SELECT 1 FROM student AS t WHERE t.advisor_id = i.instructor_id)
            AND NOT EXISTS (SELECT 1 FROM section AS s WHERE s.instructor_id = i.instructor_id)
        """,
    ),
)
