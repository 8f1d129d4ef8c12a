"""The taxonomy of faults, each put into a statement that it fits and seen by running it."""

from __future__ import annotations

from random import Random

import pytest
import sqlglot
from sqlglot import exp

from sqldojo.service.core.execution import ActionError, ErrorKind, Rows
from sqldojo.service.core.grading import same_rows
from sqldojo.service.core.schema import READ_ALL, Permissions
from sqldojo.service.tasks.databases import DOMAINS, build_image
from sqldojo.service.tasks.instances import Instances
from sqldojo.service.tasks.repair.fault import Fault
from sqldojo.service.tasks.repair.faults import FAULTS
from sqldojo.service.tasks.repair.writing import laid_out, written

BY_NAME = {fault.name: fault for fault in FAULTS}
HOSPITAL = next(domain for domain in DOMAINS if domain.database_id == "hospital")

# Statements on the hospital that a fault fits, and what comes of it: an error's kind, or other rows (None).
CASES = [
    ("misspelt_column", "SELECT specialty FROM physician", ErrorKind.NO_SUCH_COLUMN),
    ("invented_column", "SELECT hired_on FROM physician", ErrorKind.NO_SUCH_COLUMN),
    ("plural_table", "SELECT count(*) FROM patient", ErrorKind.NO_SUCH_TABLE),
    ("ambiguous_column", "SELECT p.name FROM physician AS p JOIN department AS d"
     " ON d.department_id = p.department_id", ErrorKind.AMBIGUOUS),
    ("both_primary_keys", "SELECT count(*) FROM appointment AS a JOIN patient AS p"
     " ON p.patient_id = a.patient_id WHERE p.city = 'Oslo'", None),
    ("missing_join_condition", "SELECT count(*) FROM physician AS p JOIN department AS d"
     " ON d.department_id = p.department_id", None),
    ("inner_for_outer", "SELECT d.name, count(p.physician_id) FROM department AS d LEFT JOIN physician AS p"
     " ON p.department_id = d.department_id GROUP BY d.department_id", None),
    ("forgotten_condition", "SELECT count(*) FROM patient WHERE city = 'Oslo' AND sex = 'F'", None),
    ("turned_comparison", "SELECT count(*) FROM physician WHERE salary > 120000", None),
    ("or_for_and", "SELECT count(*) FROM patient WHERE city = 'Oslo' AND sex = 'F'", None),
    ("lost_parentheses", "SELECT count(*) FROM patient WHERE city IN ('Oslo', 'Lyon') AND sex = 'F'", None),
    ("negation_lost", "SELECT count(*) FROM patient WHERE NOT insurer IS NULL", None),
    ("equals_null", "SELECT count(*) FROM patient WHERE insurer IS NULL", None),
    ("not_in_with_nulls", "SELECT count(*) FROM physician AS p WHERE NOT EXISTS (SELECT 1 FROM patient AS q"
     " WHERE q.family_physician_id = p.physician_id)", None),
    ("other_case", "SELECT count(*) FROM patient WHERE city = 'Oslo'", None),
    ("stray_space", "SELECT count(*) FROM patient WHERE city = 'Oslo'", None),
    ("other_date_format", "SELECT count(*) FROM patient WHERE birth_date > '1990-05-20'", None),
    ("wrong_date_part", "SELECT count(*) FROM patient WHERE strftime('%Y', birth_date) = '1990'", None),
    ("date_part_as_number", "SELECT count(*) FROM patient WHERE strftime('%Y', birth_date) = '1990'", None),
    ("aggregate_in_where", "SELECT city FROM patient GROUP BY city HAVING count(*) > 40",
     ErrorKind.OTHER),
    ("having_for_where", "SELECT city, count(*) FROM patient WHERE sex = 'F' GROUP BY city", None),
    ("forgotten_having", "SELECT city FROM patient GROUP BY city HAVING count(*) > 40", None),
    ("lost_correlation", "SELECT d.name, (SELECT count(*) FROM physician AS p"
     " WHERE p.department_id = d.department_id) FROM department AS d", None),
    ("wrong_aggregate", "SELECT avg(fee) FROM appointment", None),
    ("counted_for_summed", "SELECT sum(fee) FROM appointment", None),
    ("counted_twice", "SELECT count(DISTINCT city) FROM patient", None),
    ("counted_nulls", "SELECT count(insurer) FROM patient", None),
    ("missing_group_by", "SELECT city, count(*) FROM patient GROUP BY city", None),
    ("superfluous_distinct", "SELECT sum(fee) FROM appointment", None),
    ("union_all", "SELECT city FROM patient WHERE sex = 'F' UNION SELECT city FROM patient WHERE sex = 'M'",
     None),
    ("other_set_operation", "SELECT physician_id FROM physician EXCEPT SELECT head_id FROM department", None),
    ("turned_order", "SELECT name FROM physician ORDER BY salary DESC, physician_id LIMIT 3", None),
    ("sorted_as_text", "SELECT fee FROM appointment ORDER BY fee DESC, appointment_id LIMIT 3", None),
    ("other_limit", "SELECT name FROM physician ORDER BY physician_id LIMIT 3", None),
    ("limit_lost", "SELECT name FROM physician ORDER BY physician_id LIMIT 3", None),
    ("integer_division", "SELECT 100.0 * sum(CASE WHEN sex = 'F' THEN 1 ELSE 0 END) / count(*) FROM patient",
     None),
    ("rounded_otherwise", "SELECT round(avg(fee), 2) FROM appointment", None),
    ("partition_lost", "SELECT physician_id, row_number() OVER (PARTITION BY department_id"
     " ORDER BY salary, physician_id) FROM physician", None),
    ("window_turned", "SELECT physician_id, row_number() OVER (ORDER BY salary, physician_id) FROM physician",
     None),
    ("coalesce_lost", "SELECT coalesce(sum(fee), 0) FROM appointment WHERE status = 'nothing'", None),
    ("keyword_typo", "SELECT count(*) FROM patient WHERE sex = 'F'", ErrorKind.SYNTAX),
    ("missing_comma", "SELECT name, city FROM patient", None),
    ("trailing_comma", "SELECT name FROM patient", ErrorKind.SYNTAX),
    ("missing_parenthesis", "SELECT count(*) FROM patient", ErrorKind.SYNTAX),
    ("missing_and", "SELECT count(*) FROM patient WHERE city = 'Oslo' AND sex = 'F'", ErrorKind.SYNTAX),
    ("open_text", "SELECT count(*) FROM patient WHERE city = 'Oslo'", ErrorKind.SYNTAX),
    ("bare_apostrophe", "SELECT count(*) FROM patient WHERE city = 'L''Aquila'", ErrorKind.SYNTAX),
    ("double_quoted_text", "SELECT count(*) FROM patient WHERE city = 'Oslo'", ErrorKind.NO_SUCH_COLUMN),
    ("unquoted_text", "SELECT count(*) FROM patient WHERE city = 'Oslo'", ErrorKind.NO_SUCH_COLUMN),
    ("unquoted_name", 'SELECT sum("dose/day") FROM prescription', ErrorKind.NO_SUCH_COLUMN),
    ("limit_before_order", "SELECT name FROM physician ORDER BY physician_id LIMIT 3", ErrorKind.SYNTAX),
    ("where_after_group", "SELECT city, count(*) FROM patient WHERE sex = 'F' GROUP BY city",
     ErrorKind.SYNTAX),
    ("semicolon_inside", "SELECT count(*) FROM patient WHERE sex = 'F'", ErrorKind.MULTIPLE_STATEMENTS),
    ("top", "SELECT name FROM physician ORDER BY physician_id LIMIT 3", ErrorKind.SYNTAX),
    ("datepart", "SELECT count(*) FROM patient WHERE strftime('%Y', birth_date) = '1990'",
     ErrorKind.NO_SUCH_COLUMN),
    ("isnull", "SELECT coalesce(sum(fee), 0) FROM appointment", ErrorKind.SYNTAX),
    ("year_function", "SELECT count(*) FROM patient WHERE strftime('%Y', birth_date) = '1990'",
     ErrorKind.NO_SUCH_FUNCTION),
    ("date_format", "SELECT count(*) FROM patient WHERE strftime('%m', birth_date) = '05'",
     ErrorKind.NO_SUCH_FUNCTION),
    ("left_function", "SELECT count(*) FROM patient WHERE name LIKE 'A%'", ErrorKind.NO_SUCH_FUNCTION),
    ("integer_div", "SELECT sum(fee) / count(*) FROM appointment", ErrorKind.SYNTAX),
    ("extract", "SELECT count(*) FROM patient WHERE strftime('%Y', birth_date) = '1990'", ErrorKind.SYNTAX),
    ("double_colon", "SELECT count(*) FROM physician WHERE salary > 120000", ErrorKind.SYNTAX),
    ("ilike", "SELECT count(*) FROM patient WHERE name LIKE 'A%'", ErrorKind.SYNTAX),
    ("to_char", "SELECT count(*) FROM patient WHERE strftime('%m', birth_date) = '05'",
     ErrorKind.NO_SUCH_FUNCTION),
    ("date_trunc", "SELECT count(*) FROM patient WHERE strftime('%Y-%m', birth_date) = '1990-05'",
     ErrorKind.NO_SUCH_FUNCTION),
    ("fetch_first", "SELECT name FROM physician ORDER BY physician_id LIMIT 3", ErrorKind.SYNTAX),
    ("minus", "SELECT physician_id FROM physician EXCEPT SELECT family_physician_id FROM patient",
     ErrorKind.SYNTAX),
    ("nvl", "SELECT coalesce(sum(fee), 0) FROM appointment", ErrorKind.NO_SUCH_FUNCTION),
    ("renamed_column", "SELECT hired_on FROM physician", ErrorKind.NO_SUCH_COLUMN),
    ("renamed_table", "SELECT count(*) FROM physician", ErrorKind.NO_SUCH_TABLE),
    ("denied_table", "SELECT count(*) FROM physician_directory", ErrorKind.DENIED),
    ("forgotten_rule", "SELECT count(*) FROM appointment WHERE status <> 'cancelled'", None),
    ("unconverted", "SELECT avg(salary / 12.0) FROM physician", None),
    ("column_of_other_table", "SELECT p.salary FROM physician AS p JOIN department AS d"
     " ON d.department_id = p.department_id", ErrorKind.NO_SUCH_COLUMN),
    ("same_named_column", "SELECT d.name FROM physician AS p JOIN department AS d"
     " ON d.department_id = p.department_id", None),
    ("neighbouring_column", "SELECT name, specialty FROM physician", None),
    ("misspelt_table", "SELECT count(*) FROM patient", ErrorKind.NO_SUCH_TABLE),
    ("invented_table", "SELECT count(*) FROM appointment", ErrorKind.NO_SUCH_TABLE),
    ("undeclared_qualifier", "SELECT p.name FROM physician AS p", ErrorKind.NO_SUCH_COLUMN),
    ("alias_renamed", "SELECT city, count(*) AS n FROM patient GROUP BY city ORDER BY n",
     ErrorKind.NO_SUCH_COLUMN),
    ("text_for_id", "SELECT count(*) FROM physician AS p JOIN department AS d"
     " ON d.department_id = p.department_id WHERE d.name = 'Cardiology'", None),
    ("wrong_foreign_key", "SELECT count(*) FROM appointment AS a JOIN physician AS p"
     " ON p.physician_id = a.physician_id WHERE p.specialty IS NULL", None),
    ("half_a_key", "SELECT count(*) FROM appointment AS a JOIN appointment AS b"
     " ON b.patient_id = a.patient_id AND b.physician_id = a.physician_id", None),
    ("reversed_self_join", "SELECT p.name FROM physician AS p JOIN physician AS s"
     " ON s.physician_id = p.supervisor_id", None),
    ("outer_for_inner", "SELECT count(*) FROM physician AS p JOIN department AS d"
     " ON d.department_id = p.department_id", None),
    ("outer_condition_in_where", "SELECT p.name, count(a.fee) FROM physician AS p LEFT JOIN appointment AS a"
     " ON a.physician_id = p.physician_id AND a.fee > 430 GROUP BY p.physician_id", None),
    ("left_over_join", "SELECT count(*) FROM physician AS p", None),
    ("second_branch", "SELECT count(*) FROM patient AS p JOIN appointment AS a"
     " ON a.patient_id = p.patient_id", None),
    ("merged_branches", "SELECT p.physician_id, (SELECT count(*) FROM appointment AS a"
     " WHERE a.physician_id = p.physician_id), (SELECT count(*) FROM patient_diagnosis AS d"
     " WHERE d.physician_id = p.physician_id) FROM physician AS p", None),
    ("semi_join_as_join", "SELECT p.name FROM patient AS p WHERE EXISTS"
     " (SELECT 1 FROM appointment AS a WHERE a.patient_id = p.patient_id)", None),
    ("dropped_join", "SELECT count(*) FROM physician AS p JOIN department AS d"
     " ON d.department_id = p.department_id WHERE d.name = 'Cardiology'", None),
    ("bound_off_by_one", "SELECT count(*) FROM prescription WHERE refills > 1", None),
    ("day_off_by_one", "SELECT count(*) FROM appointment WHERE date(scheduled_at) > '2024-05-20'", None),
    ("bounds_turned", "SELECT count(*) FROM physician WHERE salary BETWEEN 100000 AND 150000", None),
    ("wildcard_lost", "SELECT count(*) FROM patient WHERE name LIKE 'A%'", None),
    ("number_as_text", "SELECT city FROM patient GROUP BY city HAVING count(*) > 3", None),
    ("null_as_text", "SELECT count(*) FROM patient WHERE insurer IS NULL", None),
    ("counted_once", "SELECT count(*) FROM appointment", None),
    ("other_group_key", "SELECT city, count(*) FROM patient GROUP BY city", None),
    ("finer_groups", "SELECT city, count(*) FROM patient GROUP BY city", None),
    ("running_order_lost", "SELECT physician_id, sum(salary) OVER (ORDER BY physician_id) FROM physician",
     None),
    ("short_frame", "SELECT physician_id, sum(salary) OVER (ORDER BY physician_id) FROM physician", None),
    ("window_in_where", "SELECT id FROM (SELECT physician_id AS id, row_number() OVER"
     " (ORDER BY salary, physician_id) AS place FROM physician) WHERE place = 2", ErrorKind.OTHER),
    ("columns_swapped", "SELECT name, city FROM patient", None),
    ("column_left_out", "SELECT name, city FROM patient", None),
    ("moved_column", "SELECT a.fee, p.name FROM appointment AS a JOIN patient AS p"
     " ON p.patient_id = a.patient_id", ErrorKind.NO_SUCH_COLUMN),
    ("calendar_year", "SELECT count(*) FROM appointment WHERE"
     " strftime('%Y', scheduled_at, '+3 months') = '2024'", None),
    ("national_text", "SELECT count(*) FROM patient WHERE city = 'Oslo'", ErrorKind.SYNTAX),
    ("nolock", "SELECT count(*) FROM patient AS p WHERE p.sex = 'F'", ErrorKind.SYNTAX),
    ("double_ampersand", "SELECT count(*) FROM patient WHERE city = 'Oslo' AND sex = 'F'", ErrorKind.SYNTAX),
    ("any_array", "SELECT count(*) FROM patient WHERE city IN ('Oslo', 'Lyon')", ErrorKind.SYNTAX),
    ("date_literal", "SELECT count(*) FROM patient WHERE birth_date > '1990-05-20'", ErrorKind.SYNTAX),
    ("to_date", "SELECT count(*) FROM patient WHERE birth_date > '1990-05-20'", ErrorKind.NO_SUCH_FUNCTION),
    ("from_dual", "SELECT (SELECT count(*) FROM patient), (SELECT count(*) FROM physician)",
     ErrorKind.NO_SUCH_TABLE),
    ("decode", "SELECT sum(CASE WHEN sex = 'F' THEN 1 ELSE 0 END) FROM patient", ErrorKind.NO_SUCH_FUNCTION),
    ("rownum", "SELECT name FROM patient WHERE sex = 'F' ORDER BY name LIMIT 3", ErrorKind.NO_SUCH_COLUMN),
]  # fmt: skip


@pytest.fixture(scope="module")
def hospital() -> Instances:
    return Instances("hospital", [build_image(HOSPITAL, 0)])


def test_the_taxonomy_is_whole() -> None:
    assert len(FAULTS) >= 25
    assert len(BY_NAME) == len(FAULTS)
    assert {name for name, _, _ in CASES} == set(BY_NAME)
    assert len({fault.family for fault in FAULTS}) >= 25
    for fault in FAULTS:
        assert fault.realism.endswith("."), fault.name
        assert fault.difficulty in (0, 1, 2), fault.name
        assert all(story.endswith(".") for story in fault.stories), fault.name


@pytest.mark.parametrize(("name", "sql", "comes"), CASES, ids=[case[0] for case in CASES])
def test_a_fault_breaks_what_it_fits(
    name: str, sql: str, comes: ErrorKind | None, hospital: Instances
) -> None:
    fault: Fault = BY_NAME[name]
    denied = Permissions(denied=frozenset({"physician"})) if name == "denied_table" else READ_ALL
    gold = hospital.run(sql, 0, denied)
    assert isinstance(gold, Rows)
    seen = set()
    for seed in range(8):
        tree = sqlglot.parse_one(sql, read="sqlite")
        broken = fault.inject(tree, hospital.schema, HOSPITAL.lexicon, Random(seed))
        if broken is None:  # this draw does not fit
            continue
        text = laid_out(broken if isinstance(broken, str) else written(broken))
        result = hospital.run(text, 0, denied)
        if isinstance(result, ActionError):
            seen.add(result.kind)
        elif not same_rows(result, gold, ordered=True):
            seen.add(None)
    assert comes in seen
    assert ErrorKind.TIMEOUT not in seen


def test_equal_draws_break_equally(hospital: Instances) -> None:
    for name, sql, _ in CASES:
        drawn = []
        for _ in range(2):
            broken = BY_NAME[name].inject(
                sqlglot.parse_one(sql, read="sqlite"), hospital.schema, HOSPITAL.lexicon, Random(4)
            )
            drawn.append(None if broken is None else broken if isinstance(broken, str) else written(broken))
        assert drawn[0] == drawn[1], name


@pytest.fixture(scope="module")
def trees() -> list[exp.Expr]:
    """Statements of all sorts, parsed."""
    strange = ("SELECT 1", "VALUES (1)", "SELECT * FROM (SELECT 1 AS a) AS t")
    return [sqlglot.parse_one(sql, read="sqlite") for sql in (*strange, *(case[1] for case in CASES[::2]))]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_leaves_alone_what_it_does_not_fit(
    fault: Fault, hospital: Instances, trees: list[exp.Expr]
) -> None:
    """No fault raises on any statement; where it does not fit it gives None and has changed nothing."""
    for tree in trees:
        given = tree.copy()
        broken = fault.inject(given, hospital.schema, HOSPITAL.lexicon, Random(1))
        assert given == tree if broken is None else broken if isinstance(broken, str) else written(broken)
