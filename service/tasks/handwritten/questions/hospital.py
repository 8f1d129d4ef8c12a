"""Questions about the hospital."""

from __future__ import annotations

from functools import partial

from ....core.task import AnswerKind, Difficulty, Task
from ...databases.hospital import DOMAIN
from .question import question

EASY, MEDIUM, HARD = Difficulty
INTEGER, FLOAT, STRING, LIST, TABLE, NULL = AnswerKind

_ask = partial(question, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ask(
        "patients-without-insurer",
        "single_table",
        EASY,
        INTEGER,
        "How many patients pay in person because no insurer is on record for them?",
        """
        SELECT count(*)
        FROM patient
        WHERE insurer IS NULL
        """,
    ),
    _ask(
        "longest-serving-physician",
        "single_table",
        EASY,
        STRING,
        """
        Who was hired first among the physicians? Give the name; if several started on that day, the one
        with the lowest physician_id.
        """,
        """
        SELECT name
        FROM physician
        ORDER BY hired_on, physician_id
        LIMIT 1
        """,
    ),
    _ask(
        "fee-of-treating-a-fever",
        "float_answer",
        EASY,
        FLOAT,
        "What is the highest fee of any of the completed appointments whose reason was a fever?",
        """
        SELECT max(fee)
        FROM appointment
        WHERE status = 'completed' AND reason = 'fever'
        """,
    ),
    _ask(
        "blood-groups",
        "table_answer",
        EASY,
        TABLE,
        """
        How are the blood groups spread over the patients? Give each blood group with its number of
        patients, and leave out those whose group is unknown.
        """,
        """
        SELECT blood_group, count(*)
        FROM patient
        WHERE blood_group IS NOT NULL
        GROUP BY blood_group
        """,
    ),
    _ask(
        "children-of-the-nineties",
        "date_filter",
        EASY,
        INTEGER,
        "Count the patients who were born in the 1990s, from 1990 to 1999.",
        """
        SELECT count(*)
        FROM patient
        WHERE strftime('%Y', birth_date) BETWEEN '1990' AND '1999'
        """,
    ),
    _ask(
        "patients-with-a-diagnosis",
        "duplicates",
        EASY,
        INTEGER,
        """
        The same illness may be diagnosed in a patient several times, on different days. How many different
        patients have been diagnosed with something at all?
        """,
        """
        SELECT count(DISTINCT patient_id)
        FROM patient_diagnosis
        """,
    ),
    _ask(
        "code-of-menieres",
        "text_quoting",
        EASY,
        STRING,
        "Under which code does the hospital file Ménière's disease? If it is not on file, say NULL.",
        """
        SELECT code
        FROM diagnosis
        WHERE title = 'Ménière''s disease'
        """,
    ),
    _ask(
        "respiratory-diagnoses",
        "list_answer",
        EASY,
        LIST,
        "Which diagnoses belong to the chapter Respiratory? Give their titles.",
        """
        SELECT title
        FROM diagnosis
        WHERE chapter = 'Respiratory'
        """,
    ),
    _ask(
        "latest-ward-incident",
        "null_answer",
        EASY,
        NULL,
        "When did the most recent ward incident happen? NULL if there never was one.",
        """
        SELECT max(happened_at)
        FROM ward_incident
        """,
    ),
    _ask(
        "pay-in-nuclear-medicine",
        "null_answer",
        MEDIUM,
        NULL,
        "How much does the best paid physician of Nuclear Medicine earn? If nobody works there, say NULL.",
        """
        SELECT max(p.salary)
        FROM physician AS p
        JOIN department AS d ON d.department_id = p.department_id
        WHERE d.name = 'Nuclear Medicine'
        """,
    ),
    _ask(
        "rabies-cases",
        "empty_result",
        MEDIUM,
        LIST,
        "Give the ids of all patients who were ever diagnosed with rabies, each once.",
        """
        SELECT DISTINCT pd.patient_id
        FROM patient_diagnosis AS pd
        JOIN diagnosis AS d ON d.code = pd.code
        WHERE d.title = 'Rabies'
        """,
    ),
    _ask(
        "physicians-by-department",
        "join",
        MEDIUM,
        TABLE,
        """
        How many physicians work in each department? Show the department's name and the number; a department
        without any physician is shown with 0.
        """,
        """
        SELECT d.name, count(p.physician_id)
        FROM department AS d
        LEFT JOIN physician AS p ON p.department_id = d.department_id
        GROUP BY d.department_id
        """,
    ),
    _ask(
        "patients-never-seen",
        "set_operation",
        MEDIUM,
        INTEGER,
        "How many patients do not have a single appointment on record, of whatever status?",
        """
        SELECT count(*)
        FROM patient
        WHERE patient_id NOT IN (SELECT patient_id FROM appointment)
        """,
    ),
    _ask(
        "above-average-salaries",
        "comparison_subquery",
        MEDIUM,
        INTEGER,
        "How many physicians earn more than the average physician of the hospital?",
        """
        SELECT count(*)
        FROM physician
        WHERE salary > (SELECT avg(salary) FROM physician)
        """,
    ),
    _ask(
        "daily-cost-without-end",
        "join",
        MEDIUM,
        FLOAT,
        """
        Some prescriptions run until further notice, with no number of days. What do these cost per day, all
        together? The cost per day is the units taken per day times the medication's unit price.
        """,
        """
        SELECT sum(p."dose/day" * m.unit_price)
        FROM prescription AS p
        JOIN medication AS m ON m.medication_id = p.medication_id
        WHERE p.days IS NULL
        """,
    ),
    _ask(
        "busiest-departments",
        "fk_chain",
        HARD,
        TABLE,
        """
        Which three departments completed the most appointments? Show name and number of appointments, the
        highest number first.
        """,
        """
        SELECT d.name, count(*) AS completed
        FROM appointment AS a
        JOIN physician AS p ON p.physician_id = a.physician_id
        JOIN department AS d ON d.department_id = p.department_id
        WHERE a.status = 'completed'
        GROUP BY d.department_id
        ORDER BY completed DESC, d.name
        LIMIT 3
        """,
        ordered=True,
    ),
    _ask(
        "asthma-and-migraine",
        "set_operation",
        HARD,
        INTEGER,
        "How many patients have been diagnosed with asthma (J45) as well as with migraine (G43)?",
        """
        SELECT count(*)
        FROM (
            SELECT patient_id FROM patient_diagnosis WHERE code = 'J45'
            INTERSECT
            SELECT patient_id FROM patient_diagnosis WHERE code = 'G43'
        )
        """,
    ),
    _ask(
        "heads-who-are-no-family-physician",
        "set_operation",
        HARD,
        LIST,
        """
        Which physicians head a department although they are nobody's family physician? Give their names.
        """,
        """
        SELECT name
        FROM physician
        WHERE physician_id IN (
            SELECT head_id FROM department
            EXCEPT
            SELECT family_physician_id FROM patient
        )
        """,
    ),
    _ask(
        "in-charge-twice-over",
        "set_operation",
        HARD,
        INTEGER,
        """
        How many physicians are in charge twice over: head of a department and supervisor of a colleague?
        """,
        """
        SELECT count(*)
        FROM (
            SELECT head_id FROM department
            INTERSECT
            SELECT supervisor_id FROM physician WHERE supervisor_id IS NOT NULL
        )
        """,
    ),
)
