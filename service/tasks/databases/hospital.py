"""A hospital: departments and physicians, patients, their appointments, diagnoses and prescriptions."""

from __future__ import annotations

from random import Random

import apsw

from ...core.task import Split
from .domain import Domain
from .draw import Cells, Zipf, chance, clock, day, insert, money, people, pick, popular, some, unless
from .lexicon import ColumnWords, Conversion, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords
from .words import CITIES

DDL = """
CREATE TABLE department (
    department_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    floor INTEGER NOT NULL,
    head_id INTEGER REFERENCES physician (physician_id)
);
CREATE INDEX department_head ON department (head_id);
CREATE TABLE physician (
    physician_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    specialty TEXT,
    department_id INTEGER NOT NULL REFERENCES department (department_id),
    supervisor_id INTEGER REFERENCES physician (physician_id),
    hired_on TEXT NOT NULL,
    salary REAL NOT NULL
);
CREATE INDEX physician_department ON physician (department_id);
CREATE INDEX physician_supervisor ON physician (supervisor_id);
CREATE TABLE patient (
    patient_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    sex TEXT NOT NULL CHECK (sex IN ('F', 'M', 'X')),
    city TEXT NOT NULL,
    blood_group TEXT,
    insurer TEXT,                                 -- NULL: pays in person
    family_physician_id INTEGER REFERENCES physician (physician_id)
);
CREATE INDEX patient_family_physician ON patient (family_physician_id);
CREATE TABLE appointment (
    appointment_id INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patient (patient_id),
    physician_id INTEGER NOT NULL REFERENCES physician (physician_id),
    scheduled_at TEXT NOT NULL,                   -- 'YYYY-MM-DD HH:MM'
    status TEXT NOT NULL,
    reason TEXT,
    fee REAL NOT NULL
);
CREATE INDEX appointment_patient ON appointment (patient_id);
CREATE INDEX appointment_physician ON appointment (physician_id);
CREATE TABLE diagnosis (
    code TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    chapter TEXT NOT NULL
);
CREATE TABLE patient_diagnosis (
    patient_id INTEGER NOT NULL REFERENCES patient (patient_id),
    code TEXT NOT NULL REFERENCES diagnosis (code),
    diagnosed_on TEXT NOT NULL,
    physician_id INTEGER REFERENCES physician (physician_id),
    PRIMARY KEY (patient_id, code, diagnosed_on)
);
CREATE INDEX patient_diagnosis_code ON patient_diagnosis (code);
CREATE INDEX patient_diagnosis_physician ON patient_diagnosis (physician_id);
CREATE TABLE medication (
    medication_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    form TEXT NOT NULL,
    unit_price REAL NOT NULL
);
CREATE TABLE prescription (
    prescription_id INTEGER PRIMARY KEY,
    appointment_id INTEGER NOT NULL REFERENCES appointment (appointment_id),
    medication_id INTEGER NOT NULL REFERENCES medication (medication_id),
    "dose/day" REAL NOT NULL,                     -- units of the medication
    days INTEGER,                                 -- NULL: until further notice
    refills INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX prescription_appointment ON prescription (appointment_id);
CREATE INDEX prescription_medication ON prescription (medication_id);
CREATE TABLE ward_incident (
    incident_id INTEGER PRIMARY KEY,
    department_id INTEGER NOT NULL REFERENCES department (department_id),
    patient_id INTEGER REFERENCES patient (patient_id),
    happened_at TEXT NOT NULL,
    note TEXT
);
CREATE INDEX ward_incident_department ON ward_incident (department_id);
CREATE INDEX ward_incident_patient ON ward_incident (patient_id);
CREATE VIEW physician_directory AS
    SELECT physician_id, name, specialty, department_id FROM physician;
CREATE VIEW department_load AS
    SELECT d.department_id, d.name, count(DISTINCT p.physician_id) AS physicians,
           count(a.appointment_id) AS appointments
    FROM department AS d
    LEFT JOIN physician AS p ON p.department_id = d.department_id
    LEFT JOIN appointment AS a ON a.physician_id = p.physician_id
    GROUP BY d.department_id;
"""

# Name and floor; ids from 1 in this order, in every instance. "Nuclear Medicine" has no physicians.
DEPARTMENTS = (
    ("Cardiology", 2),
    ("Emergency", 0),
    ("Neurology", 3),
    ("Oncology", 4),
    ("Paediatrics", 1),
    ("Orthopaedics", 2),
    ("Women's Health", 1),
    ("Nuclear Medicine", -1),
)
SPECIALTIES = (
    "cardiology",
    "emergency medicine",
    "neurology",
    "oncology",
    "paediatrics",
    "surgery",
    "gynaecology",
)
APPOINTMENT_STATUSES = ("completed", "scheduled", "cancelled", "no-show")
APPOINTMENT_REASONS = (
    "check-up",
    "follow-up",
    "chest pain",
    "headache",
    "fever",
    "patient's request",
    "injury",
)
BLOOD_GROUPS = ("O+", "A+", "B+", "O-", "A-", "AB+", "B-", "AB-")
INSURERS = ("Helvita", "Sana Plus", "Mutua d'Oro", "Public Fund", "NordCare")
MEDICATION_FORMS = ("tablet", "capsule", "syrup", "injection", "ointment")
# Code, title and chapter; the same in every instance. Nobody is ever diagnosed with the last.
DIAGNOSES = (
    ("I10", "Essential hypertension", "Circulatory"),
    ("I21", "Acute myocardial infarction", "Circulatory"),
    ("I48", "Atrial fibrillation", "Circulatory"),
    ("G43", "Migraine", "Nervous system"),
    ("G20", "Parkinson's disease", "Nervous system"),
    ("G35", "Multiple sclerosis", "Nervous system"),
    ("H81", "Ménière's disease", "Ear"),
    ("J45", "Asthma", "Respiratory"),
    ("J18", "Pneumonia", "Respiratory"),
    ("J00", "Common cold", "Respiratory"),
    ("E11", "Type 2 diabetes", "Endocrine"),
    ("E05", "Graves' disease", "Endocrine"),
    ("S52", "Fracture of forearm", "Injury"),
    ("S06", "Concussion", "Injury"),
    ("C50", "Breast cancer", "Neoplasms"),
    ("C34", "Lung cancer", "Neoplasms"),
    ("A82", "Rabies", "Infectious"),
)


# Name, form and price of a unit; the same in every instance. The last is never prescribed.
MEDICATIONS = (
    ("Ibuprofen", "tablet", 0.25),
    ("Ibuprofen", "syrup", 4.9),
    ("Paracetamol", "tablet", 0.15),
    ("Amoxicillin", "capsule", 0.6),
    ("Metformin", "tablet", 0.2),
    ("Insulin", "injection", 12.5),
    ("Salbutamol", "syrup", 7.8),
    ("Levodopa", "tablet", 0.95),
    ("Sumatriptan", "tablet", 3.4),
    ("Tamoxifen", "tablet", 1.1),
    ("Hydrocortisone", "ointment", 6.3),
    ("St. John's wort", "capsule", 0.35),
    ("Bêta-histine", "tablet", 0.4),
    ("Warfarin", "tablet", 0.3),
    ("Rabies vaccine", "injection", 48.0),
)


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `ward_incident` stays empty."""
    physicians = _physicians(rng, scale)
    staffed = {physician[3]: physician[0] for physician in reversed(physicians)}  # its first physician
    departments = [
        (number, name, floor, staffed.get(number) if name != "Emergency" else None)
        for number, (name, floor) in enumerate(DEPARTMENTS, 1)
    ]
    patients = _patients(rng, scale, physicians)
    appointments = _appointments(rng, scale, patients, physicians)
    insert(connection, "department", departments)
    insert(connection, "physician", physicians)
    insert(connection, "patient", patients)
    insert(connection, "appointment", appointments)
    insert(connection, "diagnosis", DIAGNOSES)
    insert(connection, "patient_diagnosis", _patient_diagnoses(rng, scale, patients, physicians))
    medications = [(number, *medication) for number, medication in enumerate(MEDICATIONS, 1)]
    insert(connection, "medication", medications)
    insert(connection, "prescription", _prescriptions(rng, scale, appointments))


def _physicians(rng: Random, scale: float) -> list[Cells]:
    departments = Zipf(range(1, len(DEPARTMENTS)))  # all but the last
    specialties = Zipf(SPECIALTIES)
    return [
        (
            number,
            name,
            unless(rng, 0.1, specialties.draw(rng)),
            number if number < len(DEPARTMENTS) else departments.draw(rng),
            unless(rng, 0.2, 1 + rng.randrange(min(number - 1, 20))) if number > 1 else None,
            day(rng, "1995-01-01", "2023-12-31"),
            82_000.0 + 500 * rng.randrange(300),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 70, 85)), 1)
    ]


def _patients(rng: Random, scale: float, physicians: list[Cells]) -> list[Cells]:
    places, groups, insurers = Zipf(CITIES), Zipf(BLOOD_GROUPS), Zipf(INSURERS)
    family_physician = popular(rng, physicians, idle=0.6)
    return [
        (
            number,
            name,
            day(rng, "1930-01-01", "2023-06-30"),
            pick(rng, ("F", "M")) if chance(rng, 0.97) else "X",
            places.draw(rng)[0],
            unless(rng, 0.2, groups.draw(rng)),
            unless(rng, 0.12, insurers.draw(rng)),
            unless(rng, 0.35, family_physician.draw(rng)[0]),
        )
        for number, name in enumerate(people(rng, some(rng, scale, 500, 579)), 1)
    ]


def _appointments(rng: Random, scale: float, patients: list[Cells], physicians: list[Cells]) -> list[Cells]:
    patient, physician = popular(rng, patients, idle=0.15), popular(rng, physicians)
    statuses, reasons = Zipf(APPOINTMENT_STATUSES), Zipf(APPOINTMENT_REASONS)
    appointments: list[Cells] = []
    for number in range(1, some(rng, scale, 1500, 1649) + 1):
        status = statuses.draw(rng)
        date = (
            day(rng, "2025-01-01", "2025-06-30")
            if status == "scheduled"
            else day(rng, "2023-07-01", "2024-12-31")
        )
        appointments.append(
            (
                number,
                patient.draw(rng)[0],
                physician.draw(rng)[0],
                f"{date} {clock(rng, 8, 18)}",
                status,
                unless(rng, 0.2, reasons.draw(rng)),
                0.0 if status == "cancelled" else money(rng, 40, 450),
            )
        )
    return appointments


def _patient_diagnoses(
    rng: Random, scale: float, patients: list[Cells], physicians: list[Cells]
) -> list[Cells]:
    patient, physician = popular(rng, patients, idle=0.2), popular(rng, physicians, idle=0.2)
    codes = popular(rng, (code for code, _, _ in DIAGNOSES[:-1]), idle=0)
    diagnoses: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 850, 1099)):
        key = (patient.draw(rng)[0], codes.draw(rng), day(rng, "2019-01-01", "2024-12-31"))
        diagnoses[key] = (*key, unless(rng, 0.1, physician.draw(rng)[0]))
    return list(diagnoses.values())


def _prescriptions(rng: Random, scale: float, appointments: list[Cells]) -> list[Cells]:
    appointment = popular(rng, (row[0] for row in appointments if row[4] == "completed"), idle=0.3)
    medication = popular(rng, range(1, len(MEDICATIONS)), idle=0)  # all but the last
    return [
        (
            number,
            appointment.draw(rng),
            medication.draw(rng),
            pick(rng, (0.5, 1.0, 1.5, 2.0, 3.0)),
            unless(rng, 0.18, pick(rng, (5, 7, 10, 14, 30, 90))),
            int(rng.random() * rng.random() * 5),
        )
        for number in range(1, some(rng, scale, 1000, 1249) + 1)
    ]


_WARDS_AND_STAFF = (
    TableWords(
        "department",
        "department",
        "departments",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("floor", Role.LEVEL, "floor"),
        ),
        label=("name",),
    ),
    TableWords(
        "physician",
        "physician",
        "physicians",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords(
                "specialty",
                Role.CATEGORY,
                "specialty",
                having="specialised in {}",
                missing="without a specialty on record",
                plural="specialties",
            ),
            ColumnWords("hired_on", Role.DATE, "date of hire", event="hired", plural="dates of hire"),
            ColumnWords("salary", Role.LEVEL, "yearly pay", unit="francs"),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "medication",
        "medication",
        "medications",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("form", Role.CATEGORY, "form", having="in the form of {}"),
            ColumnWords("unit_price", Role.LEVEL, "price per unit", unit="francs", plural="prices per unit"),
        ),
    ),
    TableWords(
        "diagnosis",
        "kind of diagnosis",
        "kinds of diagnosis",
        (
            ColumnWords("title", Role.NAME, "title"),
            ColumnWords("chapter", Role.CATEGORY, "chapter", having="in the chapter {}"),
        ),
        label=("title",),
    ),
)
_CARE = (
    TableWords(
        "patient",
        "patient",
        "patients",
        (
            ColumnWords("name", Role.NAME, "name"),
            ColumnWords("birth_date", Role.DATE, "date of birth", event="born", plural="dates of birth"),
            ColumnWords("city", Role.CATEGORY, "home town", having="living in {}"),
            ColumnWords("blood_group", Role.CATEGORY, "blood group", missing="with an unknown blood group"),
            ColumnWords(
                "insurer", Role.CATEGORY, "insurer", having="insured with {}", missing="paying in person"
            ),
        ),
        label=("name",),
        person=True,
    ),
    TableWords(
        "appointment",
        "appointment",
        "appointments",
        (
            ColumnWords(
                "scheduled_at", Role.MOMENT, "date and time", event="scheduled", plural="dates and times"
            ),
            ColumnWords("status", Role.CATEGORY, "status", having="marked {}", plural="statuses"),
            ColumnWords("reason", Role.CATEGORY, "reason", missing="without a stated reason"),
            ColumnWords("fee", Role.AMOUNT, "fee", unit="francs"),
        ),
    ),
    TableWords(
        "patient_diagnosis",
        "diagnosis",
        "diagnoses",
        (ColumnWords("diagnosed_on", Role.DATE, "date", event="made"),),
    ),
    TableWords(
        "prescription",
        "prescription",
        "prescriptions",
        (
            ColumnWords("dose/day", Role.LEVEL, "daily dose", unit="units"),
            ColumnWords("days", Role.AMOUNT, "duration", missing="valid until further notice", unit="days"),
            ColumnWords("refills", Role.AMOUNT, "number of refills", plural="numbers of refills"),
        ),
    ),
)
_LINKS = (
    Link(
        "department",
        ("head_id",),
        "physician",
        ("physician_id",),
        of="headed by {}",
        having="heading {}",
        without="not heading any {}",
        role="head",
        role_plural="heads",
    ),
    Link(
        "physician",
        ("department_id",),
        "department",
        ("department_id",),
        of="working in {}",
        having="staffed with {}",
    ),
    Link(
        "physician",
        ("supervisor_id",),
        "physician",
        ("physician_id",),
        of="supervised by {}",
        having="supervising {}",
        without="not supervising any {}",
        role="supervisor",
        role_plural="supervisors",
    ),
    Link(
        "patient",
        ("family_physician_id",),
        "physician",
        ("physician_id",),
        of="in the regular care of {}",
        having="regularly caring for {}",
        without="not regularly caring for any {}",
        role="family physician",
        role_plural="family physicians",
    ),
    Link("appointment", ("patient_id",), "patient", ("patient_id",), of="made by {}"),
    Link("appointment", ("physician_id",), "physician", ("physician_id",), of="held by {}"),
    Link("patient_diagnosis", ("patient_id",), "patient", ("patient_id",), of="for {}"),
    Link("patient_diagnosis", ("code",), "diagnosis", ("code",), of="of {}"),
    Link("patient_diagnosis", ("physician_id",), "physician", ("physician_id",), of="by {}"),
    Link("prescription", ("appointment_id",), "appointment", ("appointment_id",), of="written at {}"),
    Link("prescription", ("medication_id",), "medication", ("medication_id",), of="of {}"),
)
LEXICON = Lexicon(
    tables=(*_WARDS_AND_STAFF, *_CARE),
    links=_LINKS,
    rules=(
        Exclusion(
            "cancelled",
            "appointment",
            "{t}.status <> 'cancelled'",
            "Cancelled appointments are never counted.",
        ),
        Exclusion(
            "no_show",
            "appointment",
            "{t}.status <> 'no-show'",
            "Appointments to which nobody came are never counted.",
        ),
        FiscalYear("appointment", "scheduled_at", 10),
        Conversion(
            "physician",
            "salary",
            "{t}.salary / 12.0",
            "monthly pay in francs",
            "Pay is kept by the year; report it by the month.",
        ),
    ),
    screens=(
        Screen(
            "physician_directory",
            "physician",
            "Pay is confidential, so the physicians' table is closed to us; the directory is open.",
        ),
    ),
)

DOMAIN = Domain(
    "hospital", "A hospital with its patients and appointments", Split.TRAIN, DDL, populate, LEXICON
)
