"""A payroll: employees in departments and pay grades, pay runs with payslips, leave, training, expenses.

Tables have the prefix tbl_, views vw_.
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
from .lexicon import ColumnWords, Exclusion, FiscalYear, Lexicon, Link, Role, Screen, TableWords

DDL = """
CREATE TABLE tbl_department (
    dept_code TEXT PRIMARY KEY,
    dept_name TEXT NOT NULL UNIQUE,
    parent_dept TEXT REFERENCES tbl_department (dept_code),
    budget REAL                                   -- NULL: paid for by the parent
);
CREATE INDEX ix_department_parent ON tbl_department (parent_dept);
CREATE TABLE tbl_grade (
    grade TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    min_pay REAL NOT NULL,
    max_pay REAL                                  -- NULL: no upper bound
);
CREATE TABLE tbl_employee (
    emp_no INTEGER PRIMARY KEY,
    full_name TEXT NOT NULL,
    dept_code TEXT NOT NULL REFERENCES tbl_department (dept_code),
    grade TEXT NOT NULL REFERENCES tbl_grade (grade),
    manager_no INTEGER REFERENCES tbl_employee (emp_no),
    site TEXT,                                    -- NULL: works from home
    contract TEXT NOT NULL,
    weekly_hours REAL NOT NULL,
    yearly_pay REAL NOT NULL,
    hired_on TEXT NOT NULL,
    left_on TEXT CHECK (left_on > hired_on),      -- NULL: still employed
    is_test INTEGER NOT NULL DEFAULT 0 CHECK (is_test IN (0, 1))
);
CREATE INDEX ix_employee_department ON tbl_employee (dept_code);
CREATE INDEX ix_employee_grade ON tbl_employee (grade);
CREATE INDEX ix_employee_manager ON tbl_employee (manager_no);
CREATE TABLE tbl_pay_run (
    run_id INTEGER PRIMARY KEY,
    label TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    paid_on TEXT                                  -- NULL: not paid out yet
);
CREATE TABLE tbl_payslip (
    run_id INTEGER NOT NULL REFERENCES tbl_pay_run (run_id),
    emp_no INTEGER NOT NULL REFERENCES tbl_employee (emp_no),
    gross REAL NOT NULL CHECK (gross > 0),
    tax REAL NOT NULL,
    net REAL NOT NULL,
    opened_on TEXT,                               -- NULL: not opened in the portal
    voided INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1)),
    PRIMARY KEY (run_id, emp_no)
);
CREATE INDEX ix_payslip_employee ON tbl_payslip (emp_no);
CREATE TABLE tbl_component (
    comp_code TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('earning', 'deduction')),
    taxable INTEGER NOT NULL CHECK (taxable IN (0, 1))
);
CREATE TABLE tbl_payslip_line (
    run_id INTEGER NOT NULL,
    emp_no INTEGER NOT NULL,
    comp_code TEXT NOT NULL REFERENCES tbl_component (comp_code),
    amount REAL NOT NULL,
    PRIMARY KEY (run_id, emp_no, comp_code),
    FOREIGN KEY (run_id, emp_no) REFERENCES tbl_payslip (run_id, emp_no)
);
CREATE INDEX ix_payslip_line_component ON tbl_payslip_line (comp_code);
CREATE TABLE tbl_leave (
    leave_id INTEGER PRIMARY KEY,
    emp_no INTEGER NOT NULL REFERENCES tbl_employee (emp_no),
    kind TEXT NOT NULL,
    first_day TEXT NOT NULL,
    days REAL NOT NULL CHECK (days > 0),          -- in halves
    status TEXT NOT NULL,
    decided_by INTEGER REFERENCES tbl_employee (emp_no),
    note TEXT
);
CREATE INDEX ix_leave_employee ON tbl_leave (emp_no);
CREATE INDEX ix_leave_decided_by ON tbl_leave (decided_by);
CREATE TABLE tbl_course (
    course_code TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    provider TEXT NOT NULL,
    fee REAL                                      -- NULL: free of charge
);
CREATE TABLE tbl_employee_course (
    emp_no INTEGER NOT NULL REFERENCES tbl_employee (emp_no),
    course_code TEXT NOT NULL REFERENCES tbl_course (course_code),
    completed_on TEXT NOT NULL,
    score INTEGER,                                -- NULL: no exam
    PRIMARY KEY (emp_no, course_code, completed_on)
);
CREATE INDEX ix_employee_course_course ON tbl_employee_course (course_code);
CREATE TABLE tbl_expense (
    expense_id INTEGER PRIMARY KEY,
    emp_no INTEGER NOT NULL REFERENCES tbl_employee (emp_no),
    category TEXT NOT NULL,
    amount REAL NOT NULL,
    submitted_on TEXT NOT NULL,
    refunded_on TEXT,                             -- NULL: not refunded yet
    memo TEXT
);
CREATE INDEX ix_expense_employee ON tbl_expense (emp_no);
CREATE TABLE tbl_garnishment (
    garnishment_id INTEGER PRIMARY KEY,
    emp_no INTEGER NOT NULL REFERENCES tbl_employee (emp_no),
    creditor TEXT NOT NULL,
    monthly_amount REAL NOT NULL,
    ends_on TEXT
);
CREATE INDEX ix_garnishment_employee ON tbl_garnishment (emp_no);
CREATE VIEW vw_staff_list AS
    SELECT emp_no, full_name, dept_code, grade, manager_no, site, contract, weekly_hours, hired_on, left_on,
           is_test
    FROM tbl_employee;
CREATE VIEW vw_leave AS
    SELECT leave_id, emp_no, kind, first_day, days, status FROM tbl_leave;
"""

# Code, name, parent and yearly budget; the same in every instance.
DEPARTMENTS = (
    ("EXE", "Executive Board", None, 900_000.0),
    ("FIN", "Finance", "EXE", 640_000.0),
    ("ACC", "Accounts Payable", "FIN", None),
    ("TRE", "Treasury", "FIN", 210_000.0),
    ("OPS", "Operations", "EXE", 1_850_000.0),
    ("MNT", "Maintenance", "OPS", 420_000.0),
    ("WHS", "Warehouse", "OPS", 380_000.0),
    ("R&D", "Research & Development", "EXE", 1_400_000.0),
    ("LAB", "Materials Lab", "R&D", None),
    ("SAL", "Sales", "EXE", 760_000.0),
    ("SUP", "Customers' Service", "SAL", 300_000.0),
    ("LEG", "Legal", "EXE", 195_000.0),
)
# Code, title, lowest and highest pay; the same in every instance. Nobody has the last.
GRADES = (
    ("G1", "Trainee", 30_000.0, 48_000.0),
    ("G2", "Assistant", 42_000.0, 66_000.0),
    ("G3", "Specialist", 56_000.0, 92_000.0),
    ("G4", "Senior Specialist", 74_000.0, 118_000.0),
    ("G5", "Team Leader", 90_000.0, 140_000.0),
    ("G6", "Director", 120_000.0, 210_000.0),
    ("G7", "Board Member", 180_000.0, None),
)
SITES = ("Basel", "Genève", "Zürich", "St. Gallen", "Neuchâtel", "Lugano")
CONTRACTS = ("permanent", "fixed-term", "part-time", "temporary", "seasonal")
COMPONENTS = (  # the last is never used
    ("OVT", "Overtime", "earning", 1),
    ("SHF", "Night shift bonus", "earning", 1),
    ("CHD", "Children's allowance", "earning", 0),
    ("COM", "Sales commission", "earning", 1),
    ("PEN", "Pension fund", "deduction", 0),
    ("MEA", "Canteen meals", "deduction", 0),
    ("PRK", "Parking space", "deduction", 0),
    ("LOA", "Staff loan", "deduction", 0),
    ("UNI", "Uniform", "deduction", 0),
)
LEAVE_KINDS = ("annual", "sick", "parental", "unpaid", "special unpaid", "study")
LEAVE_STATUSES = ("approved", "pending", "rejected", "withdrawn")
LEAVE_NOTES = ("Child's graduation", "knee surgery", "Moving house", "flu", "Flu", "wedding 🎉", "")
# Code, title, provider and fee; the same in every instance.
COURSES = (
    ("FA1", "First Aid", "Red Cross", 180.0),
    ("FA2", "First Aid Refresher", "Red Cross", 90.0),
    ("FIR", "Fire Safety", "in-house", None),
    ("XLS", "Spreadsheets", "Migros Club School", 420.0),
    ("XL2", "Advanced Spreadsheets", "Migros Club School", 560.0),
    ("FRA", "Français au bureau", "Alliance Française", 640.0),
    ("NEG", "Negotiation", "Kaderschule Bern", 1_450.0),
    ("LEA", "Leading a Team", "Kaderschule Bern", 2_100.0),
    ("GDP", "Data Protection", "in-house", None),
    ("FRK", "Forklift Licence", "SUVA", 750.0),
    ("WEL", "Welding", "SUVA", 980.0),
)
EXPENSE_CATEGORIES = ("travel", "meals", "client meals", "equipment", "phone", "travel abroad", "parking")
EXPENSE_MEMOS = (
    "taxi",
    "Taxi",
    "train to Genève",
    "train to Geneve",
    "client's lunch",
    'the "good" headset',
    "no receipt",
)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def _pay_runs() -> list[Cells]:
    """Gives the pay runs of July 2023 to December 2024 in their order, the same in every instance."""
    runs: list[tuple[str, str, str | None]] = []
    for months in range(6, 24):  # since January 2023
        year, month = 2023 + months // 12, months % 12
        name = f"{MONTHS[month]} {year}"
        runs.append((name, "regular", f"{year}-{month + 1:02}-25"))
        if month == 11:
            runs.append((f"{name} bonus", "bonus", f"{year}-12-18"))
        if month in (2, 8):
            runs.append((f"{name} correction", "correction", f"{year}-{month + 1:02}-30"))
    runs.append(("December 2024 correction", "correction", None))
    return [(number, *run) for number, run in enumerate(runs, 1)]


PAY_RUNS = _pay_runs()


def populate(connection: apsw.Connection, rng: Random, scale: float) -> None:
    """Fills the tables; `tbl_garnishment` stays empty."""
    employees = _employees(rng, scale)
    payslips = _payslips(rng, employees)
    insert(connection, "tbl_department", DEPARTMENTS)
    insert(connection, "tbl_grade", GRADES)
    insert(connection, "tbl_employee", employees)
    insert(connection, "tbl_pay_run", PAY_RUNS)
    insert(connection, "tbl_payslip", payslips)
    insert(connection, "tbl_component", COMPONENTS)
    insert(connection, "tbl_payslip_line", _payslip_lines(rng, payslips))
    insert(connection, "tbl_leave", _leave(rng, scale, employees))
    insert(connection, "tbl_course", COURSES)
    insert(connection, "tbl_employee_course", _employee_courses(rng, scale, employees))
    insert(connection, "tbl_expense", _expenses(rng, scale, employees))


def _employees(rng: Random, scale: float) -> list[Cells]:
    departments = popular(rng, (code for code, *_ in DEPARTMENTS))
    grades = popular(rng, GRADES[:-1], idle=0)
    sites, contracts = Zipf(SITES), Zipf(CONTRACTS)
    employees: list[Cells] = []
    for number, name in enumerate(people(rng, some(rng, scale, 104, 120)), 1):
        code, _, lowest, highest = grades.draw(rng)
        hired_on = day(rng, "2006-01-01", "2024-11-30")
        left_on = days_after(hired_on, 30 + rng.randrange(3000)) if chance(rng, 0.35) else None
        contract = contracts.draw(rng)
        employees.append(
            (
                number,
                name,
                departments.draw(rng),
                code,
                unless(rng, 0.1, 1 + int(rng.random() * rng.random() * (number - 1))) if number > 1 else None,
                unless(rng, 0.12, sites.draw(rng)),
                contract,
                pick(rng, (12.0, 16.5, 20.0, 24.0)) if contract == "part-time" else pick(rng, (40.0, 42.5)),
                lowest + 250 * rng.randrange(int(highest - lowest) // 250),
                hired_on,
                left_on if left_on and left_on <= "2024-12-31" else None,
                int(number == 9 or chance(rng, 0.05)),
            )
        )
    return employees


def _payslips(rng: Random, employees: list[Cells]) -> list[Cells]:
    shares = {"regular": 1.0, "bonus": 0.45, "correction": 0.08}
    rates = {employee[0]: 0.06 + rng.randrange(220) / 1000 for employee in employees}
    payslips: list[Cells] = []
    for run_id, _, kind, paid_on in PAY_RUNS:
        paid = paid_on or "2024-12-31"
        for employee in employees:
            employed = employee[9] <= paid and (employee[10] or paid) >= paid
            if not employed or not chance(rng, shares[kind]):
                continue
            salary = round(employee[8] / 13, 2)
            gross = salary if kind == "regular" else money(rng, 40, 4000)
            tax = round(gross * rates[employee[0]], 2)
            opened_on = unless(rng, 0.25, days_after(paid, rng.randrange(21)))
            payslips.append(
                (run_id, employee[0], gross, tax, round(gross - tax, 2), opened_on, int(chance(rng, 0.05)))
            )
    return payslips


def _payslip_lines(rng: Random, payslips: list[Cells]) -> list[Cells]:
    components = popular(rng, (code for code, *_ in COMPONENTS[:-1]), idle=0)
    lines: list[Cells] = []
    for run_id, emp_no, *_ in payslips:
        if chance(rng, 0.72):
            continue
        codes = dict.fromkeys(components.draw(rng) for _ in range(1 + rng.randrange(4)))
        lines += [(run_id, emp_no, code, money(rng, 10, 900)) for code in codes]
    return lines


def _leave(rng: Random, scale: float, employees: list[Cells]) -> list[Cells]:
    employee, decider = popular(rng, employees, idle=0.15), popular(rng, employees, idle=0.7)
    kinds, statuses = Zipf(LEAVE_KINDS), Zipf(LEAVE_STATUSES)
    leave: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 320, 380)):
        status = statuses.draw(rng)
        decided = status in ("approved", "rejected")
        leave.append(
            (
                number,
                employee.draw(rng)[0],
                kinds.draw(rng),
                day(rng, "2023-01-02", "2024-12-30"),
                (1 + int(rng.random() * rng.random() * 50)) / 2,
                status,
                decider.draw(rng)[0] if decided else None,
                unless(rng, 0.6, pick(rng, LEAVE_NOTES)),
            )
        )
    return leave


def _employee_courses(rng: Random, scale: float, employees: list[Cells]) -> list[Cells]:
    employee = popular(rng, employees, idle=0.3)
    courses = popular(rng, (code for code, *_ in COURSES))
    completed: dict[Cells, Cells] = {}
    for _ in range(some(rng, scale, 210, 260)):
        key = (employee.draw(rng)[0], courses.draw(rng), day(rng, "2021-02-01", "2024-12-20"))
        completed[key] = (*key, unless(rng, 0.3, 40 + rng.randrange(61)))
    return list(completed.values())


def _expenses(rng: Random, scale: float, employees: list[Cells]) -> list[Cells]:
    employee, categories = popular(rng, employees, idle=0.35), Zipf(EXPENSE_CATEGORIES)
    expenses: list[Cells] = []
    for number in range(1, 1 + some(rng, scale, 380, 450)):
        submitted_on = day(rng, "2022-06-01", "2024-12-31")
        expenses.append(
            (
                number,
                employee.draw(rng)[0],
                categories.draw(rng),
                money(rng, 4, 1200),
                submitted_on,
                unless(rng, 0.2, days_after(submitted_on, 3 + rng.randrange(60))),
                unless(rng, 0.5, pick(rng, EXPENSE_MEMOS)),
            )
        )
    return expenses


LEXICON = Lexicon(
    tables=(
        TableWords(
            "tbl_department",
            "department",
            "departments",
            (
                ColumnWords("dept_name", Role.NAME, "name"),
                ColumnWords(
                    "budget", Role.AMOUNT, "yearly budget", missing="without a budget", unit="francs"
                ),
            ),
            label=("dept_name",),
        ),
        TableWords(
            "tbl_grade",
            "pay grade",
            "pay grades",
            (
                ColumnWords("title", Role.NAME, "title", having="titled {}"),
                ColumnWords(
                    "min_pay",
                    Role.LEVEL,
                    "starting salary",
                    unit="francs",
                    plural="starting salaries",
                ),
            ),
            label=("title",),
        ),
        TableWords(
            "tbl_employee",
            "employee",
            "employees",
            (
                ColumnWords("full_name", Role.NAME, "name", having="named {}"),
                ColumnWords(
                    "site", Role.CATEGORY, "office", having="based in {}", missing="working from home"
                ),
                ColumnWords(
                    "contract",
                    Role.CATEGORY,
                    "type of contract",
                    having="on a {} contract",
                    plural="types of contract",
                ),
                ColumnWords("weekly_hours", Role.LEVEL, "weekly working time", unit="hours"),
                ColumnWords(
                    "yearly_pay", Role.LEVEL, "yearly salary", unit="francs", plural="yearly salaries"
                ),
                ColumnWords("hired_on", Role.DATE, "date of hire", event="hired", plural="dates of hire"),
                ColumnWords(
                    "left_on",
                    Role.DATE,
                    "leaving date",
                    missing="still with the company",
                    event="leaving the company",
                ),
            ),
            label=("full_name",),
            person=True,
        ),
        TableWords(
            "tbl_pay_run",
            "pay run",
            "pay runs",
            (
                ColumnWords("label", Role.NAME, "name"),
                ColumnWords("kind", Role.CATEGORY, "type", having="of the type {}"),
                ColumnWords(
                    "paid_on", Role.DATE, "payment date", missing="not paid out yet", event="paid out"
                ),
            ),
            label=("label",),
        ),
        TableWords(
            "tbl_payslip",
            "payslip",
            "payslips",
            (
                ColumnWords("gross", Role.AMOUNT, "gross amount", unit="francs"),
                ColumnWords("tax", Role.AMOUNT, "tax deduction", unit="francs"),
                ColumnWords("net", Role.AMOUNT, "net amount", unit="francs"),
                ColumnWords("opened_on", Role.DATE, "opening date", missing="never opened", event="opened"),
            ),
        ),
        TableWords(
            "tbl_component",
            "pay component",
            "pay components",
            (
                ColumnWords("label", Role.NAME, "name"),
                ColumnWords("kind", Role.CATEGORY, "type", having="of the type {}"),
                ColumnWords("taxable", Role.FLAG, "tax status", yes="subject to tax", no="exempt from tax"),
            ),
            label=("label",),
        ),
        TableWords(
            "tbl_payslip_line",
            "payslip line",
            "payslip lines",
            (ColumnWords("amount", Role.AMOUNT, "amount", unit="francs"),),
        ),
        TableWords(
            "tbl_leave",
            "leave request",
            "leave requests",
            (
                ColumnWords(
                    "kind",
                    Role.CATEGORY,
                    "type of leave",
                    having="for {} leave",
                    plural="types of leave",
                ),
                ColumnWords("first_day", Role.DATE, "first day", event="starting"),
                ColumnWords("days", Role.AMOUNT, "duration", unit="days"),
                ColumnWords("status", Role.CATEGORY, "status", plural="statuses"),
                ColumnWords("note", Role.TEXT, "note", missing="without a note"),
            ),
        ),
        TableWords(
            "tbl_course",
            "training course",
            "training courses",
            (
                ColumnWords("title", Role.NAME, "title", having="titled {}"),
                ColumnWords("provider", Role.CATEGORY, "provider", having="offered by {}"),
                ColumnWords("fee", Role.LEVEL, "course fee", missing="free of charge", unit="francs"),
            ),
            label=("title",),
        ),
        TableWords(
            "tbl_employee_course",
            "course completion",
            "course completions",
            (
                ColumnWords("completed_on", Role.DATE, "completion date", event="achieved"),
                ColumnWords("score", Role.LEVEL, "exam score", missing="without an exam", unit="points"),
            ),
        ),
        TableWords(
            "tbl_expense",
            "expense claim",
            "expense claims",
            (
                ColumnWords(
                    "category",
                    Role.CATEGORY,
                    "expense category",
                    having="for {}",
                    plural="expense categories",
                ),
                ColumnWords("amount", Role.AMOUNT, "amount", unit="francs"),
                ColumnWords("submitted_on", Role.DATE, "submission date", event="submitted"),
                ColumnWords(
                    "refunded_on",
                    Role.DATE,
                    "refund date",
                    missing="not refunded yet",
                    event="refunded",
                ),
                ColumnWords("memo", Role.TEXT, "comment", missing="without a comment"),
            ),
        ),
    ),
    links=(
        Link(
            "tbl_department",
            ("parent_dept",),
            "tbl_department",
            ("dept_code",),
            of="reporting to {}",
            having="overseeing {}",
            without="not overseeing any {}",
            role="parent department",
            role_plural="parent departments",
        ),
        Link(
            "tbl_employee",
            ("dept_code",),
            "tbl_department",
            ("dept_code",),
            of="working in {}",
            having="with {}",
        ),
        Link(
            "tbl_employee",
            ("grade",),
            "tbl_grade",
            ("grade",),
            of="placed in {}",
            having="assigned to {}",
            without="not assigned to any {}",
        ),
        Link(
            "tbl_employee",
            ("manager_no",),
            "tbl_employee",
            ("emp_no",),
            of="managed by {}",
            having="managing {}",
            without="not managing any {}",
            role="manager",
            role_plural="managers",
        ),
        Link("tbl_payslip", ("emp_no",), "tbl_employee", ("emp_no",), of="issued to {}"),
        Link("tbl_payslip", ("run_id",), "tbl_pay_run", ("run_id",), of="produced in {}"),
        Link("tbl_payslip_line", ("run_id", "emp_no"), "tbl_payslip", ("run_id", "emp_no"), of="on {}"),
        Link(
            "tbl_payslip_line",
            ("comp_code",),
            "tbl_component",
            ("comp_code",),
            of="for {}",
            having="used on {}",
            without="not used on any {}",
        ),
        Link("tbl_leave", ("emp_no",), "tbl_employee", ("emp_no",), of="filed by {}"),
        Link(
            "tbl_leave",
            ("decided_by",),
            "tbl_employee",
            ("emp_no",),
            of="decided by {}",
            having="deciding on {}",
            without="not deciding on any {}",
            role="decision-maker",
            role_plural="decision-makers",
        ),
        Link(
            "tbl_employee_course",
            ("emp_no",),
            "tbl_employee",
            ("emp_no",),
            of="achieved by {}",
        ),
        Link(
            "tbl_employee_course",
            ("course_code",),
            "tbl_course",
            ("course_code",),
            of="for {}",
        ),
        Link("tbl_expense", ("emp_no",), "tbl_employee", ("emp_no",), of="submitted by {}"),
    ),
    rules=(
        Exclusion(
            "test_account",
            "tbl_employee",
            "{t}.is_test = 0",
            "Test employees, set up only to try the software, are never counted.",
        ),
        Exclusion("voided", "tbl_payslip", "{t}.voided = 0", "Payslips that were voided never count."),
        Exclusion(
            "withdrawn",
            "tbl_leave",
            "{t}.status <> 'withdrawn'",
            "Leave requests that were withdrawn never count.",
        ),
        FiscalYear("tbl_expense", "submitted_on", 4),
        FiscalYear("tbl_pay_run", "paid_on", 4),
    ),
    screens=(
        Screen(
            "vw_staff_list",
            "tbl_employee",
            "Salaries are confidential, so the employees' table is closed to us; the staff list is open.",
        ),
        Screen(
            "vw_leave",
            "tbl_leave",
            "The notes on leave requests can be medical, so their table is closed to us; a view without them "
            "is open.",
        ),
    ),
)

DOMAIN = Domain(
    "payroll", "A company's payroll, with leave and expenses", Split.TRAIN, DDL, populate, LEXICON
)
