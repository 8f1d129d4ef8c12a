"""Tickets about the hospital."""

from __future__ import annotations

from functools import partial

from ....core.task import Difficulty, Task
from ...databases.hospital import DOMAIN
from .ticket import ticket

EASY, MEDIUM, HARD = Difficulty

_ticket = partial(ticket, DOMAIN)

TASKS: tuple[Task, ...] = (
    _ticket(
        "physician-phone-list",
        "wrong_column",
        MEDIUM,
        """
        The switchboard's list: physician's name, the department's name and its floor, for everybody who has
        a specialty on file. It was written from memory and one column does not exist under that name.
        """,
        broken="""
        SELECT p.name, d.department_name, d.floor
        FROM physician AS p
        JOIN department AS d ON d.department_id = p.department_id
        WHERE p.specialty IS NOT NULL
        """,
        gold="""
        SELECT p.name, d.name, d.floor
        FROM physician AS p
        JOIN department AS d ON d.department_id = p.department_id
        WHERE p.specialty IS NOT NULL
        """,
    ),
    _ticket(
        "visits-by-reason",
        "wrong_table",
        EASY,
        """
        How many completed visits did we have for each reason? Reason and number; visits without a reason
        form a row of their own with NULL. The query speaks of visits, the database does not.
        """,
        broken="""
        SELECT reason, count(*)
        FROM visit
        WHERE status = 'completed'
        GROUP BY reason
        """,
        gold="""
        SELECT reason, count(*)
        FROM appointment
        WHERE status = 'completed'
        GROUP BY reason
        """,
    ),
    _ticket(
        "diagnoses-by-physician",
        "wrong_join_key",
        MEDIUM,
        """
        Per physician: physician_id, name and the number of diagnoses that he or she made. Physicians who
        made none are left out. The numbers have nothing to do with what people remember, and half of the
        staff is missing altogether; I suspect that we match the wrong ids.
        """,
        broken="""
        SELECT p.physician_id, p.name, count(*)
        FROM physician AS p
        JOIN patient_diagnosis AS pd ON pd.patient_id = p.physician_id
        GROUP BY p.physician_id
        """,
        gold="""
        SELECT p.physician_id, p.name, count(*)
        FROM physician AS p
        JOIN patient_diagnosis AS pd ON pd.physician_id = p.physician_id
        GROUP BY p.physician_id
        """,
    ),
    _ticket(
        "fees-and-diagnoses-per-patient",
        "fan_out_join",
        HARD,
        """
        For each patient with at least one appointment and at least one diagnosis: patient_id, the sum of
        the appointments' fees and the number of entries in patient_diagnosis. Accounting swears that the
        fees are several times too high for patients with several diagnoses, and the number of diagnoses
        isn't right either.
        """,
        broken="""
        SELECT a.patient_id, sum(a.fee), count(pd.code)
        FROM appointment AS a
        JOIN patient_diagnosis AS pd ON pd.patient_id = a.patient_id
        GROUP BY a.patient_id
        """,
        gold="""
        SELECT fees.patient_id, fees.total, diagnoses.entries
        FROM (SELECT patient_id, sum(fee) AS total FROM appointment GROUP BY patient_id) AS fees
        JOIN (SELECT patient_id, count(*) AS entries FROM patient_diagnosis GROUP BY patient_id) AS diagnoses
            ON diagnoses.patient_id = fees.patient_id
        """,
    ),
    _ticket(
        "cases-per-chapter",
        "missing_group_by",
        MEDIUM,
        """
        Statistics office form 7: chapter of the diagnosis and number of cases, for all chapters that have
        cases. I get a single line that says "Neoplasms" or so, with the grand total beside it.
        """,
        broken="""
        SELECT d.chapter, count(*)
        FROM patient_diagnosis AS pd
        JOIN diagnosis AS d ON d.code = pd.code
        """,
        gold="""
        SELECT d.chapter, count(*)
        FROM patient_diagnosis AS pd
        JOIN diagnosis AS d ON d.code = pd.code
        GROUP BY d.chapter
        """,
    ),
    _ticket(
        "typical-daily-dose",
        "wrong_aggregate",
        MEDIUM,
        """
        The pharmacy asks for the average dose per day of each medication that has been prescribed, as
        medication_id, name and average. What they got are doses of thirty units a day and more, hundreds
        for some, which would be lethal.
        """,
        broken="""
        SELECT m.medication_id, m.name, sum(p."dose/day")
        FROM medication AS m
        JOIN prescription AS p ON p.medication_id = m.medication_id
        GROUP BY m.medication_id
        """,
        gold="""
        SELECT m.medication_id, m.name, avg(p."dose/day")
        FROM medication AS m
        JOIN prescription AS p ON p.medication_id = m.medication_id
        GROUP BY m.medication_id
        """,
    ),
    _ticket(
        "strong-doses",
        "quoting",
        EASY,
        """
        prescription_id and dose per day of every prescription of at least three units a day. It fails with
        "no such column: dose", but there clearly is a column about the dose.
        """,
        broken="""
        SELECT prescription_id, dose/day
        FROM prescription
        WHERE dose/day >= 3
        """,
        gold="""
        SELECT prescription_id, "dose/day"
        FROM prescription
        WHERE "dose/day" >= 3
        """,
    ),
    _ticket(
        "patients-of-mutua-doro",
        "quoting",
        EASY,
        """
        Mutua d'Oro wants to know whom it insures with us: patient_id, name and city. The export for the
        other insurers works.
        """,
        broken="""
        SELECT patient_id, name, city
        FROM patient
        WHERE insurer = 'Mutua d'Oro'
        """,
        gold="""
        SELECT patient_id, name, city
        FROM patient
        WHERE insurer = 'Mutua d''Oro'
        """,
    ),
    _ticket(
        "physicians-without-juniors",
        "null_comparison",
        MEDIUM,
        """
        Which physicians supervise nobody? physician_id and name. The result is empty, and that cannot be:
        most of our people supervise nobody.
        """,
        broken="""
        SELECT physician_id, name
        FROM physician
        WHERE physician_id NOT IN (SELECT supervisor_id FROM physician)
        """,
        gold="""
        SELECT p.physician_id, p.name
        FROM physician AS p
        WHERE NOT EXISTS (SELECT 1 FROM physician AS j WHERE j.supervisor_id = p.physician_id)
        """,
    ),
    _ticket(
        "not-with-helvita",
        "null_comparison",
        EASY,
        """
        For the mailing about the new contract we need patient_id and insurer of all patients who are not
        insured with Helvita. Those who pay in person belong on the list as well, with NULL as their
        insurer; they are not there.
        """,
        broken="""
        SELECT patient_id, insurer
        FROM patient
        WHERE insurer <> 'Helvita'
        """,
        gold="""
        SELECT patient_id, insurer
        FROM patient
        WHERE insurer IS NOT 'Helvita'
        """,
    ),
    _ticket(
        "fee-bands",
        "syntax",
        EASY,
        """
        Completed appointments by fee: how many cost less than 50 ("low"), how many 50 to less than 120
        ("middle") and how many more ("high")? Two columns, band and number. Syntax error, and I have stared
        at it for an hour.
        """,
        broken="""
        SELECT CASE WHEN fee < 50 THEN 'low' WHEN fee < 120 THEN 'middle' ELSE 'high' AS band, count(*)
        FROM appointment
        WHERE status = 'completed'
        GROUP BY band
        """,
        gold="""
        SELECT CASE WHEN fee < 50 THEN 'low' WHEN fee < 120 THEN 'middle' ELSE 'high' END AS band, count(*)
        FROM appointment
        WHERE status = 'completed'
        GROUP BY band
        """,
    ),
    _ticket(
        "hires-by-year",
        "dialect",
        EASY,
        """
        Came with the migration from PostgreSQL. Year of hiring (a whole number) and number of physicians
        hired in it, by year. SQLite trips over the date function.
        """,
        broken="""
        SELECT EXTRACT(YEAR FROM hired_on::date) AS year, count(*)
        FROM physician
        GROUP BY 1
        ORDER BY 1
        """,
        gold="""
        SELECT CAST(strftime('%Y', hired_on) AS INTEGER) AS year, count(*)
        FROM physician
        GROUP BY year
        ORDER BY year
        """,
        ordered=True,
    ),
    _ticket(
        "length-of-treatment",
        "dialect",
        MEDIUM,
        """
        An Oracle veteran wrote this: prescription_id, the medication's name, and the days of treatment,
        where 365 stands in for "until further notice". All prescriptions with at least one refill. No such
        function, it says.
        """,
        broken="""
        SELECT p.prescription_id, m.name, NVL(p.days, 365)
        FROM prescription p
        JOIN medication m ON m.medication_id = p.medication_id
        WHERE p.refills >= 1
        """,
        gold="""
        SELECT p.prescription_id, m.name, coalesce(p.days, 365)
        FROM prescription AS p
        JOIN medication AS m ON m.medication_id = p.medication_id
        WHERE p.refills >= 1
        """,
    ),
    _ticket(
        "appointments-by-specialty",
        "missing_permission",
        MEDIUM,
        """
        specialty and number of completed appointments, one row per specialty (NULL where a physician's is
        not known). The physician table holds salaries and has been closed to this account; the report must
        go on working without it.
        """,
        broken="""
        SELECT p.specialty, count(*)
        FROM appointment AS a
        JOIN physician AS p ON p.physician_id = a.physician_id
        WHERE a.status = 'completed'
        GROUP BY p.specialty
        """,
        gold="""
        SELECT p.specialty, count(*)
        FROM appointment AS a
        JOIN physician_directory AS p ON p.physician_id = a.physician_id
        WHERE a.status = 'completed'
        GROUP BY p.specialty
        """,
        denied=("physician",),
    ),
    _ticket(
        "clear-out-2023",
        "wrong_write",
        EASY,
        """
        Data protection: appointments that were scheduled before 2024 and that did not take place, so
        cancelled ones and no-shows, must be deleted. The statement also deletes cancelled appointments of
        2024, so I stopped it.
        """,
        broken="""
        DELETE FROM appointment
        WHERE status = 'cancelled' OR status = 'no-show' AND scheduled_at < '2024-01-01'
        """,
        gold="""
        DELETE FROM appointment
        WHERE status IN ('cancelled', 'no-show') AND scheduled_at < '2024-01-01'
        """,
        check="""
        SELECT appointment_id, status
        FROM appointment
        """,
        writable=("appointment",),
    ),
    _ticket(
        "december-appointments",
        "off_by_one",
        EASY,
        """
        Everything that was scheduled for December 2024, the 31st included: appointment_id and scheduled_at
        in the order of time (appointment_id where times are equal). New Year's Eve, a busy day for us, is
        always missing.
        """,
        broken="""
        SELECT appointment_id, scheduled_at
        FROM appointment
        WHERE scheduled_at BETWEEN '2024-12-01' AND '2024-12-31'
        ORDER BY scheduled_at, appointment_id
        """,
        gold="""
        SELECT appointment_id, scheduled_at
        FROM appointment
        WHERE strftime('%Y-%m', scheduled_at) = '2024-12'
        ORDER BY scheduled_at, appointment_id
        """,
        ordered=True,
    ),
    _ticket(
        "patients-per-department",
        "missing_distinct",
        HARD,
        """
        Name of the department and how many different patients had an appointment with one of its
        physicians. Departments that saw nobody need not be there. Cardiology reports more patients than the
        whole hospital has.
        """,
        broken="""
        SELECT d.name, count(a.patient_id)
        FROM appointment AS a
        JOIN physician AS p ON p.physician_id = a.physician_id
        JOIN department AS d ON d.department_id = p.department_id
        GROUP BY d.department_id
        """,
        gold="""
        SELECT d.name, count(DISTINCT a.patient_id)
        FROM appointment AS a
        JOIN physician AS p ON p.physician_id = a.physician_id
        JOIN department AS d ON d.department_id = p.department_id
        GROUP BY d.department_id
        """,
    ),
    _ticket(
        "oldest-patients",
        "wrong_order",
        EASY,
        """
        The twelve oldest patients, the oldest first: patient_id, name and birth_date; the lower patient_id
        first if two were born on the same day. All of those listed are small children.
        """,
        broken="""
        SELECT patient_id, name, birth_date
        FROM patient
        ORDER BY birth_date DESC, patient_id
        LIMIT 12
        """,
        gold="""
        SELECT patient_id, name, birth_date
        FROM patient
        ORDER BY birth_date, patient_id
        LIMIT 12
        """,
        ordered=True,
    ),
    _ticket(
        "physicians-and-supervisors",
        "lost_rows",
        MEDIUM,
        """
        Staff list for the works council: every physician's name beside the supervisor's, NULL for those who
        have none. The list is shorter than the payroll; the chiefs are not on it.
        """,
        broken="""
        SELECT p.name, s.name
        FROM physician AS p
        JOIN physician AS s ON s.physician_id = p.supervisor_id
        """,
        gold="""
        SELECT p.name, s.name
        FROM physician AS p
        LEFT JOIN physician AS s ON s.physician_id = p.supervisor_id
        """,
    ),
    _ticket(
        "no-show-rate",
        "integer_division",
        EASY,
        """
        For each physician with at least one appointment: physician_id and the share of no-shows among all
        of his or her appointments, a number from 0 to 1. According to the query hardly anybody was ever
        stood up.
        """,
        broken="""
        SELECT physician_id, sum(status = 'no-show') / count(*)
        FROM appointment
        GROUP BY physician_id
        """,
        gold="""
        SELECT physician_id, avg(status = 'no-show')
        FROM appointment
        GROUP BY physician_id
        """,
    ),
    _ticket(
        "flu-campaign",
        "wrong_set_operation",
        HARD,
        """
        Who is invited to the flu vaccination: patients born before 1960, and whoever has been diagnosed
        with asthma (J45), pneumonia (J18) or type 2 diabetes (E11). One column, patient_id. In the first
        round elderly patients with asthma got two letters, one patient got more than twenty.
        """,
        broken="""
        SELECT patient_id FROM patient WHERE strftime('%Y', birth_date) < '1960'
        UNION ALL
        SELECT patient_id FROM patient_diagnosis WHERE code IN ('J45', 'J18', 'E11')
        """,
        gold="""
        SELECT patient_id FROM patient WHERE strftime('%Y', birth_date) < '1960'
        UNION
        SELECT patient_id FROM patient_diagnosis WHERE code IN ('J45', 'J18', 'E11')
        """,
    ),
    _ticket(
        "prescriptions-per-department",
        "wrong_join_key",
        HARD,
        """
        Name of the department and number of prescriptions written at appointments with its physicians;
        departments without any are left out. The numbers follow the patients' family physicians instead,
        says the head of Cardiology, and a good part of all prescriptions is lost on the way.
        """,
        broken="""
        SELECT d.name, count(*)
        FROM prescription AS r
        JOIN appointment AS a ON a.appointment_id = r.appointment_id
        JOIN patient AS t ON t.patient_id = a.patient_id
        JOIN physician AS p ON p.physician_id = t.family_physician_id
        JOIN department AS d ON d.department_id = p.department_id
        GROUP BY d.department_id
        """,
        gold="""
        SELECT d.name, count(*)
        FROM prescription AS r
        JOIN appointment AS a ON a.appointment_id = r.appointment_id
        JOIN physician AS p ON p.physician_id = a.physician_id
        JOIN department AS d ON d.department_id = p.department_id
        GROUP BY d.department_id
        """,
    ),
)
