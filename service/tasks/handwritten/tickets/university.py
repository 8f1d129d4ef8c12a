"""Tickets about the university."""

from __future__ import annotations

from functools import partial

from ....core.task import Difficulty, Task
from ...databases.university import DOMAIN
from .ticket import ticket

EASY, MEDIUM, HARD = Difficulty

_ticket = partial(ticket, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ticket(
        "graded-share",
        "wrong_column",
        EASY,
        """
        section_id, number of enrolments and number of those that have a grade, for each section with
        enrolments. The database rejects the name of the column with the grades.
        """,
        broken="""
        SELECT section_id, count(*), count(final_grade)
        FROM enrolment
        GROUP BY section_id
        """,
        gold="""
        SELECT section_id, count(*), count(grade)
        FROM enrolment
        GROUP BY section_id
        """,
    ),
    _ticket(
        "advisors-and-advisees",
        "wrong_table",
        MEDIUM,
        """
        instructor_id, name and number of advisees for every instructor who advises at least one student.
        The query was lent to us by another university, whose tables have other names than ours.
        """,
        broken="""
        SELECT t.instructor_id, t.name, count(*)
        FROM teacher AS t
        JOIN student AS s ON s.advisor_id = t.instructor_id
        GROUP BY t.instructor_id
        """,
        gold="""
        SELECT i.instructor_id, i.name, count(*)
        FROM instructor AS i
        JOIN student AS s ON s.advisor_id = i.instructor_id
        GROUP BY i.instructor_id
        """,
    ),
    _ticket(
        "teaching-load",
        "wrong_join_key",
        MEDIUM,
        """
        How many places (capacity) does each instructor's teaching add up to? instructor_id, name and sum of
        the sections' capacities, for those who have taught. The result shows one section per person, and
        for some people who never taught.
        """,
        broken="""
        SELECT i.instructor_id, i.name, sum(s.capacity)
        FROM instructor AS i
        JOIN section AS s ON s.section_id = i.instructor_id
        GROUP BY i.instructor_id
        """,
        gold="""
        SELECT i.instructor_id, i.name, sum(s.capacity)
        FROM instructor AS i
        JOIN section AS s ON s.instructor_id = i.instructor_id
        GROUP BY i.instructor_id
        """,
    ),
    _ticket(
        "money-and-grades",
        "fan_out_join",
        MEDIUM,
        """
        For each student who holds a scholarship: student_id, sum of all scholarships in money, and average
        grade (NULL if there is no graded enrolment). The foundation says that many sums are ten times what
        it paid, or more.
        """,
        broken="""
        SELECT s.student_id, sum(s.amount), avg(e.grade)
        FROM scholarship AS s
        LEFT JOIN enrolment AS e ON e.student_id = s.student_id
        GROUP BY s.student_id
        """,
        gold="""
        SELECT s.student_id, sum(s.amount), marks.average
        FROM scholarship AS s
        LEFT JOIN (SELECT student_id, avg(grade) AS average FROM enrolment GROUP BY student_id) AS marks
            ON marks.student_id = s.student_id
        GROUP BY s.student_id
        """,
    ),
    _ticket(
        "students-by-faculty-and-year",
        "missing_group_by",
        MEDIUM,
        """
        The dean's office asks for the number of active students by faculty and entry year: faculty's name,
        year, number, one row for each combination that occurs. The years are all lumped together at
        present.
        """,
        broken="""
        SELECT f.name, s.entry_year, count(*)
        FROM student AS s
        JOIN faculty AS f ON f.faculty_id = s.faculty_id
        WHERE s.status = 'active'
        GROUP BY f.faculty_id
        """,
        gold="""
        SELECT f.name, s.entry_year, count(*)
        FROM student AS s
        JOIN faculty AS f ON f.faculty_id = s.faculty_id
        WHERE s.status = 'active'
        GROUP BY f.faculty_id, s.entry_year
        """,
    ),
    _ticket(
        "passes-by-faculty",
        "wrong_aggregate",
        HARD,
        """
        Name of the faculty and number of passes in its courses, a pass being an enrolment with a grade of
        4.0 or better (higher is better); faculties without courses are left out. The numbers look splendid,
        too splendid: they don't change when I raise the bar to 5.9.
        """,
        broken="""
        SELECT f.name, count(e.grade >= 4.0)
        FROM enrolment AS e
        JOIN section AS s ON s.section_id = e.section_id
        JOIN course AS c ON c.course_code = s.course_code
        JOIN faculty AS f ON f.faculty_id = c.faculty_id
        GROUP BY f.faculty_id
        """,
        gold="""
        SELECT f.name, sum(e.grade >= 4.0)
        FROM enrolment AS e
        JOIN section AS s ON s.section_id = e.section_id
        JOIN course AS c ON c.course_code = s.course_code
        JOIN faculty AS f ON f.faculty_id = c.faculty_id
        GROUP BY f.faculty_id
        """,
    ),
    _ticket(
        "peoples-century",
        "quoting",
        MEDIUM,
        """
        section_id, year and term of all sections of The People's Century. The form works for all other
        history courses.
        """,
        broken="""
        SELECT s.section_id, s.year, s.term
        FROM section AS s
        JOIN course AS c ON c.course_code = s.course_code
        WHERE c.title = 'The People's Century'
        """,
        gold="""
        SELECT s.section_id, s.year, s.term
        FROM section AS s
        JOIN course AS c ON c.course_code = s.course_code
        WHERE c.title = 'The People''s Century'
        """,
    ),
    _ticket(
        "second-groups",
        "quoting",
        EASY,
        """
        Which courses needed a second group (group B)? course_code, year and capacity of these sections. It
        should be the simplest query in the world, but SQLite calls it a syntax error.
        """,
        broken="""
        SELECT course_code, year, capacity
        FROM section
        WHERE group = 'B'
        """,
        gold="""
        SELECT course_code, year, capacity
        FROM section
        WHERE "group" = 'B'
        """,
    ),
    _ticket(
        "idle-instructors",
        "null_comparison",
        MEDIUM,
        """
        Instructors who have never been assigned to a section: instructor_id and name. There are some, I
        know them in person, but the list comes back empty since sections without an instructor are allowed.
        """,
        broken="""
        SELECT instructor_id, name
        FROM instructor
        WHERE instructor_id NOT IN (SELECT instructor_id FROM section)
        """,
        gold="""
        SELECT instructor_id, name
        FROM instructor
        WHERE instructor_id NOT IN (SELECT instructor_id FROM section WHERE instructor_id IS NOT NULL)
        """,
    ),
    _ticket(
        "pay-bands",
        "syntax",
        EASY,
        """
        rank, lowest and highest salary, one row per rank. A parenthesis or a comma got lost when I changed
        the query in the terminal.
        """,
        broken="""
        SELECT rank, min(salary) max(salary
        FROM instructor
        GROUP BY rank
        """,
        gold="""
        SELECT rank, min(salary), max(salary)
        FROM instructor
        GROUP BY rank
        """,
    ),
    _ticket(
        "scholars-without-enrolment",
        "dialect",
        HARD,
        """
        Straight from our Oracle days: the student_ids of all students with a scholarship but without any
        enrolment, each once. SQLite does not understand the operator in the middle.
        """,
        broken="""
        SELECT student_id FROM scholarship
        MINUS
        SELECT student_id FROM enrolment
        """,
        gold="""
        SELECT student_id FROM scholarship
        EXCEPT
        SELECT student_id FROM enrolment
        """,
    ),
    _ticket(
        "latest-scholarship",
        "dialect",
        MEDIUM,
        """
        Each scholar's latest scholarship, one row per student: student_id, name of the scholarship and
        amount. Latest is the highest year, and within a year the highest scholarship_id. PostgreSQL did
        this in three lines, which do not run here.
        """,
        broken="""
        SELECT DISTINCT ON (student_id) student_id, name, amount
        FROM scholarship
        ORDER BY student_id, year DESC, scholarship_id DESC
        """,
        gold="""
        SELECT s.student_id, s.name, s.amount
        FROM scholarship AS s
        WHERE s.scholarship_id = (
            SELECT l.scholarship_id
            FROM scholarship AS l
            WHERE l.student_id = s.student_id
            ORDER BY l.year DESC, l.scholarship_id DESC
            LIMIT 1
        )
        """,
    ),
    _ticket(
        "enrolments-by-status",
        "missing_permission",
        MEDIUM,
        """
        Number of enrolments by status of the student: status and number. The student table has birthdays
        and addresses in it and the evaluation unit is no longer allowed to read it. Students' status is no
        secret, so there ought to be a way.
        """,
        broken="""
        SELECT s.status, count(*)
        FROM enrolment AS e
        JOIN student AS s ON s.student_id = e.student_id
        GROUP BY s.status
        """,
        gold="""
        SELECT s.status, count(*)
        FROM enrolment AS e
        JOIN student_directory AS s ON s.student_id = e.student_id
        GROUP BY s.status
        """,
        denied=("student",),
    ),
    _ticket(
        "deans-list",
        "wrong_write",
        MEDIUM,
        """
        Put this year's winners of the Dean's List into scholarship: year 2024, amount 1000, one entry for
        each student whose average over all graded enrolments is 4.5 or better and who has at least three of
        them. The statement adds an entry for every single good grade instead.
        """,
        broken="""
        INSERT INTO scholarship (student_id, name, amount, year)
        SELECT student_id, 'Dean''s List', 1000, 2024
        FROM enrolment
        WHERE grade >= 4.5
        """,
        gold="""
        INSERT INTO scholarship (student_id, name, amount, year)
        SELECT student_id, 'Dean''s List', 1000, 2024
        FROM enrolment
        GROUP BY student_id
        HAVING avg(grade) >= 4.5 AND count(grade) >= 3
        """,
        check="""
        SELECT student_id, name, amount, year
        FROM scholarship
        """,
        writable=("scholarship",),
    ),
    _ticket(
        "larger-lecture-rooms",
        "wrong_write",
        MEDIUM,
        """
        Sections from 2022 on that have more enrolments than places get 20 places more; all other sections
        stay as they are. After a trial run even sections with three people in them had grown.
        """,
        broken="""
        UPDATE section
        SET capacity = capacity + 20
        WHERE year >= 2022
            AND (SELECT count(*) FROM enrolment AS e WHERE e.section_id = section_id) > capacity
        """,
        gold="""
        UPDATE section
        SET capacity = capacity + 20
        WHERE year >= 2022
            AND (SELECT count(*) FROM enrolment AS e WHERE e.section_id = section.section_id) > capacity
        """,
        check="""
        SELECT section_id, capacity
        FROM section
        """,
        writable=("section",),
    ),
    _ticket(
        "passed",
        "off_by_one",
        EASY,
        """
        A grade of 4.0 is a pass. student_id and number of passed enrolments for everybody who has passed at
        least one. Several students with a plain 4.0 have come to complain that it does not show.
        """,
        broken="""
        SELECT student_id, count(*)
        FROM enrolment
        WHERE grade > 4.0
        GROUP BY student_id
        """,
        gold="""
        SELECT student_id, count(*)
        FROM enrolment
        WHERE grade >= 4.0
        GROUP BY student_id
        """,
    ),
    _ticket(
        "students-at-physics",
        "missing_distinct",
        HARD,
        """
        Which students have enrolled in a physics course, one offered by the faculty of Physics, at some
        time? student_id and name, each student once. The list has each of them as often as they enrolled.
        """,
        broken="""
        SELECT t.student_id, t.name
        FROM student AS t
        JOIN enrolment AS e ON e.student_id = t.student_id
        JOIN section AS s ON s.section_id = e.section_id
        JOIN course AS c ON c.course_code = s.course_code
        JOIN faculty AS f ON f.faculty_id = c.faculty_id
        WHERE f.name = 'Physics'
        """,
        gold="""
        SELECT DISTINCT t.student_id, t.name
        FROM student AS t
        JOIN enrolment AS e ON e.student_id = t.student_id
        JOIN section AS s ON s.section_id = e.section_id
        JOIN course AS c ON c.course_code = s.course_code
        JOIN faculty AS f ON f.faculty_id = c.faculty_id
        WHERE f.name = 'Physics'
        """,
    ),
    _ticket(
        "timetable",
        "wrong_order",
        EASY,
        """
        All sections of 2023 in the order in which they are held: first those of spring, then those of
        autumn, within a term by course_code and then by group. Columns: term, course_code, group. The
        printed timetable starts with autumn.
        """,
        broken="""
        SELECT term, course_code, "group"
        FROM section
        WHERE year = 2023
        ORDER BY term, course_code, "group"
        """,
        gold="""
        SELECT term, course_code, "group"
        FROM section
        WHERE year = 2023
        ORDER BY CASE term WHEN 'spring' THEN 1 ELSE 2 END, course_code, "group"
        """,
        ordered=True,
    ),
    _ticket(
        "students-and-advisors",
        "lost_rows",
        MEDIUM,
        """
        All students who entered in 2024 with their advisor: student_id and the instructor's name, or NULL
        while no advisor has been chosen. The tutors' office wants the list because of those without one,
        and just they are missing.
        """,
        broken="""
        SELECT s.student_id, i.name
        FROM student AS s
        JOIN instructor AS i ON i.instructor_id = s.advisor_id
        WHERE s.entry_year = 2024
        """,
        gold="""
        SELECT s.student_id, i.name
        FROM student AS s
        LEFT JOIN instructor AS i ON i.instructor_id = s.advisor_id
        WHERE s.entry_year = 2024
        """,
    ),
    _ticket(
        "seats-taken",
        "integer_division",
        MEDIUM,
        """
        section_id and occupancy (enrolments divided by capacity; 0.5 means half full) of each section with
        at least one enrolment. Most sections come out as 0, the overcrowded ones as a whole number.
        """,
        broken="""
        SELECT s.section_id, count(*) / s.capacity
        FROM section AS s
        JOIN enrolment AS e ON e.section_id = s.section_id
        GROUP BY s.section_id
        """,
        gold="""
        SELECT s.section_id, count(*) * 1.0 / s.capacity
        FROM section AS s
        JOIN enrolment AS e ON e.section_id = s.section_id
        GROUP BY s.section_id
        """,
    ),
    _ticket(
        "stopped-after-the-first-course",
        "wrong_negation",
        HARD,
        """
        The student_ids of those who have been enrolled in CS101 but never in CS102, each once. All who took
        CS101 are in it, including people who finished CS102 with top marks.
        """,
        broken="""
        SELECT DISTINCT e.student_id
        FROM enrolment AS e
        JOIN section AS s ON s.section_id = e.section_id
        WHERE s.course_code = 'CS101' AND s.course_code <> 'CS102'
        """,
        gold="""
        SELECT e.student_id
        FROM enrolment AS e
        JOIN section AS s ON s.section_id = e.section_id
        WHERE s.course_code = 'CS101'
        EXCEPT
        SELECT e.student_id
        FROM enrolment AS e
        JOIN section AS s ON s.section_id = e.section_id
        WHERE s.course_code = 'CS102'
        """,
    ),
    _ticket(
        "grades-by-faculty",
        "wrong_aggregate",
        HARD,
        """
        Faculty and the average of all grades given in its courses; every grade weighs the same. A seminar
        of three people counts as much as a lecture of a hundred in what I wrote, so the averages are off,
        by a tenth here and there.
        """,
        broken="""
        SELECT f.name, avg(g.average)
        FROM faculty AS f
        JOIN course AS c ON c.faculty_id = f.faculty_id
        JOIN section AS s ON s.course_code = c.course_code
        JOIN (SELECT section_id, avg(grade) AS average FROM enrolment GROUP BY section_id) AS g
            ON g.section_id = s.section_id
        GROUP BY f.faculty_id
        """,
        gold="""
        SELECT f.name, avg(e.grade)
        FROM enrolment AS e
        JOIN section AS s ON s.section_id = e.section_id
        JOIN course AS c ON c.course_code = s.course_code
        JOIN faculty AS f ON f.faculty_id = c.faculty_id
        GROUP BY f.faculty_id
        """,
    ),
)
