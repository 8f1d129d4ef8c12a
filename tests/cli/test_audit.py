import json

import pytest

from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks import BankDatabase, write_bank
from sqldojo.service.tasks.databases import DOMAINS, build_image
from sqldojo.service.tasks.instances import Instances


@pytest.fixture(scope="module")
def shop():
    """The visible and a hidden instance of a shop."""
    domain = next(domain for domain in DOMAINS if domain.database_id == "retail_shop")
    return tuple(build_image(domain, instance) for instance in range(2))


@pytest.fixture(scope="module")
def cheapest(shop):
    """The lowest price in the visible instance; the hidden one has a lower one."""
    prices = [Instances("retail_shop", [image]).run("SELECT min(price) FROM product") for image in shop]
    visible, hidden = (rows.rows[0][0] for rows in prices)
    assert hidden < visible
    return visible


@pytest.fixture(scope="module")
def bank(shop, tmp_path_factory):
    """Writes a bank with one question about a shop; gives its path."""
    database = BankDatabase("retail_shop", "A shop", Split.TRAIN, shop)

    def write(sql):
        task = Task(
            "explore/retail_shop/products",
            TaskKind.EXPLORE,
            "retail_shop",
            Split.TRAIN,
            Difficulty.EASY,
            "count",
            "How many?",
            sql,
            ("product",),
            answer_kind=AnswerKind.INTEGER,
        )
        path = tmp_path_factory.mktemp("bank") / "bank.sqlite"
        write_bank(path, [database], [task])
        return str(path)

    return write


@pytest.fixture(scope="module")
def sound(bank):
    return bank("SELECT count(*) FROM product")


def test_a_sound_bank_passes(sqldojo, sound):
    audited = sqldojo("tasks", "audit", "--bank", sound, "--probes", "60", "--jobs", "1")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    lines = audited.stdout.splitlines()
    assert lines[0].startswith(f"{sound}: 1 task, ")
    assert "0 false passes, 0.00% false fails" in lines[-1]
    assert any("explore: neighbour integer" in line for line in lines)
    assert any("Must be graded right" in line for line in lines)
    assert "probes" in audited.stderr


def test_every_line_fits_the_screen(sqldojo, sound):
    shown = sqldojo("tasks", "audit", "--bank", sound, "--probes", "60", "--jobs", "1", "--all").stdout
    assert max(map(len, shown.splitlines()[1:])) <= 80


def test_a_bank_that_can_be_fooled_fails_and_says_by_what(sqldojo, bank, cheapest):
    fooled = bank(f"SELECT count(*) FROM product WHERE price >= {cheapest}")
    audited = sqldojo("tasks", "audit", "--bank", fooled, "--probes", "200", "--jobs", "1", columns=200)
    assert audited.returncode == 1, audited.stdout + audited.stderr
    assert "false pass" in audited.stdout
    assert "explore/retail_shop/products: mutant: it differs from gold on instances [1]" in audited.stdout
    assert "SELECT COUNT(*) FROM product" in audited.stdout


def test_json_says_how_each_family_went(sqldojo, sound):
    arguments = ("tasks", "audit", "--bank", sound, "--probes", "40", "--seed", "3", "--jobs", "1", "--json")
    first, second = (json.loads(sqldojo(*arguments).stdout) for _ in range(2))
    assert first["probes"] == sum(family["tried"] for family in first["families"]) == 40
    assert first["seed"] == 3
    assert first["reached"]
    assert first | {"seconds": 0} == second | {"seconds": 0}
    assert {family["right"] for family in first["families"]} == {True, False}


def test_a_bank_that_is_missing_is_named(sqldojo, tmp_path):
    missing = str(tmp_path / "no-bank.sqlite")
    refused = sqldojo("tasks", "audit", "--bank", missing)
    assert refused.returncode == 2
    assert missing in refused.stderr.replace("\n", "")
