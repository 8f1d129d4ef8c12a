from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqldojo.service.core.schema import Permissions
from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.bank_file import (
    FORMAT,
    BankDatabase,
    BankError,
    connect,
    read_bank,
    read_images,
)
from sqldojo.service.tasks.bank_writer import manifest_path, write_bank

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
names = st.frozensets(text, max_size=3)
tasks = st.builds(
    Task,
    task_id=text,
    kind=st.sampled_from(TaskKind),
    database_id=st.just("pond"),
    split=st.sampled_from(Split),
    difficulty=st.sampled_from(Difficulty),
    family=text,
    prompt=text,
    gold_sql=text,
    gold_tables=st.lists(text, max_size=3).map(tuple),
    ordered=st.booleans(),
    answer_kind=st.none() | st.sampled_from(AnswerKind),
    broken_sql=text,
    check_sql=text,
    permissions=st.builds(Permissions, denied=names, writable=names),
)
POND = BankDatabase("pond", "A pond 🐟", Split.DEV, (b"visible", b"hidden" * 1_000))
TASK = Task(
    "repair/pond/fish",
    TaskKind.REPAIR,
    "pond",
    Split.DEV,
    Difficulty.EASY,
    "typo",
    'Count the fish\'s "names" in Łódź',
    "SELECT count(*) FROM fish",
    ("fish",),
    broken_sql="SELECT count(* FROM fish",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bank.sqlite"
    write_bank(path, [POND], [TASK])
    return path


@settings(deadline=None, max_examples=50)
@given(st.lists(tasks, unique_by=lambda task: task.task_id, max_size=4))
def test_tasks_come_back_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, written: list[Task]
) -> None:
    path = tmp_path_factory.mktemp("round") / "bank.sqlite"
    digest = write_bank(path, [POND], written)
    bank = TaskBank.open(path)
    assert list(bank.tasks) == written
    assert bank.digest == digest
    assert all(bank.task(task.task_id) == task for task in written)


def test_databases_and_images_come_back_as_they_went_in(path: Path) -> None:
    content = read_bank(path)
    (info,) = content.databases
    assert (info.database_id, info.title, info.split, info.instances) == ("pond", "A pond 🐟", Split.DEV, 2)
    hashes = [content.image_hashes["pond", instance] for instance in range(2)]
    assert read_images(connect(path), "pond", hashes) == POND.images


def test_the_file_says_what_it_is(path: Path) -> None:
    connection = apsw.Connection(str(path))
    assert connection.pragma("user_version") == FORMAT
    assert connection.pragma("application_id") == int.from_bytes(b"SQLd")
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    manifest = json.loads(meta["manifest"])
    assert manifest == json.loads(manifest_path(path).read_text(encoding="utf-8")) == read_bank(path).manifest
    assert manifest["sqlite_version"] == apsw.sqlite_lib_version()
    assert (manifest["format"], manifest["tasks"]) == (FORMAT, 1)
    assert manifest["counts"]["family"] == {"typo": 1}
    assert manifest["images_sha256"] == {"pond": [hashlib.sha256(image).hexdigest() for image in POND.images]}


def test_the_digest_hangs_on_every_part(tmp_path: Path) -> None:
    others = [
        ([POND], []),
        ([POND], [replace(TASK, prompt="Count")]),
        ([POND], [replace(TASK, permissions=Permissions(denied=frozenset({"fish"})))]),
        ([POND], [replace(TASK, permissions=Permissions(writable=frozenset({"fish"})))]),
        ([replace(POND, title="")], [TASK]),
        ([replace(POND, images=POND.images[:1])], [TASK]),
        ([replace(POND, images=POND.images[::-1])], [TASK]),
        ([POND, replace(POND, database_id="lake")], [TASK]),
    ]
    digests = {write_bank(tmp_path / "b", databases, tasks) for databases, tasks in others}
    assert len({*digests, write_bank(tmp_path / "b", [POND], [TASK])}) == len(others) + 1


def test_equal_content_has_the_same_digest_wherever_it_is_written(path: Path, tmp_path: Path) -> None:
    assert write_bank(tmp_path / "new" / "folder" / "other", [POND], [TASK]) == read_bank(path).digest


@pytest.mark.parametrize(
    ("databases", "tasks", "message"),
    [
        ([POND, POND], [], "two databases .* same id"),
        ([replace(POND, images=())], [], "'pond' has no image"),
        ([POND], [TASK, TASK], "two tasks .* 'repair/pond/fish'"),
        ([], [TASK], "'repair/pond/fish' is on the database 'pond', which is missing"),
    ],
)
def test_a_bank_that_contradicts_itself_is_not_written(
    path: Path, databases: list[BankDatabase], tasks: list[Task], message: str
) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        write_bank(path, databases, tasks)
    assert path.read_bytes() == before


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_bank(path, [POND], [replace(TASK, prompt=object())])  # type: ignore[arg-type]
    assert path.read_bytes() == before
    assert {file.name for file in path.parent.iterdir()} == {path.name, manifest_path(path).name}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"no task bank at .*absent\.sqlite; check the path"):
        read_bank(tmp_path / "absent.sqlite")


def test_a_folder_is_no_bank(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="no task bank at"):
        read_bank(tmp_path)


@pytest.mark.parametrize("content", [b"", b"garbage" * 1_000])
def test_a_file_that_is_no_database_is_no_bank(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(
        BankError, match=r"other is (no readable task bank|a SQLite database, but no task bank)"
    ):
        read_bank(path)


def test_another_database_is_no_bank(tmp_path: Path) -> None:
    apsw.Connection(str(tmp_path / "other")).execute("CREATE TABLE task (a)")
    with pytest.raises(BankError, match="other is a SQLite database, but no task bank"):
        read_bank(tmp_path / "other")


def test_another_format_says_which(path: Path) -> None:
    apsw.Connection(str(path)).pragma("user_version", FORMAT + 1)
    with pytest.raises(BankError, match=f"has bank format {FORMAT + 1}, this version reads format {FORMAT}"):
        read_bank(path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_short_is_noticed(path: Path, kept: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(BankError):
        read_bank(path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE task SET family = 'x'",
        "UPDATE task SET kind = 'x'",
        "UPDATE task SET sha256 = x'00'",
        "DELETE FROM task",
        "DELETE FROM meta",
        "UPDATE meta SET value = replace(value, 'REPAIR', 'EXPLORE')",
        "DROP TABLE task",
        "ALTER TABLE task DROP COLUMN family",
        "DELETE FROM instance WHERE instance = 1",
        "DELETE FROM instance WHERE instance = 0",
        "UPDATE instance SET sha256 = 'x'",
        "UPDATE database SET split = 3",
    ],
)
def test_a_changed_row_is_noticed_on_opening(path: Path, change: str) -> None:
    apsw.Connection(str(path)).execute(change)
    with pytest.raises(BankError, match="build it again"):
        read_bank(path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE task_text SET prompt = 'x'",
        "UPDATE task_text SET ordered = 'x'",
        "UPDATE task_text SET gold_tables = '{'",
        "DELETE FROM task_text",
        "DROP TABLE task_text",
    ],
)
def test_a_changed_text_is_noticed_on_reading_it(path: Path, change: str) -> None:
    apsw.Connection(str(path)).execute(change)
    bank = TaskBank.open(path)
    for read in (lambda: list(bank.tasks), lambda: bank.task(TASK.task_id), lambda: bank.tasks[0]):
        with pytest.raises(BankError, match=r"cannot read tasks .*build it again"):
            read()


@pytest.mark.parametrize(
    "image", ["x'00'", "x''", "'text'", "(SELECT image FROM instance WHERE instance = 1)"]
)
def test_a_changed_image_is_noticed_on_reading_it(path: Path, image: str) -> None:
    content = read_bank(path)
    apsw.Connection(str(path)).execute(f"UPDATE instance SET image = {image} WHERE instance = 0")
    assert read_bank(path).digest == content.digest
    hashes = [content.image_hashes["pond", instance] for instance in range(2)]
    with pytest.raises(BankError, match=r"'pond'.*build it again"):
        read_images(connect(path), "pond", hashes)


def everything(path: Path) -> tuple[object, ...]:
    """All that a bank gives, read once."""
    bank = TaskBank.open(path)
    try:
        return (
            bank.databases,
            bank.digest,
            bank.manifest,
            tuple(bank.tasks),
            [bank.images(info.database_id).images for info in bank.databases],
            {kind: tuple(bank.select(kind=kind)) for kind in TaskKind},
        )
    finally:
        bank.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank with a real database and some tasks."""
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE fish (name TEXT); INSERT INTO fish VALUES ('Ida'), ('Łucja')")
    image = connection.serialize("main")
    path = tmp_path_factory.mktemp("sound") / "bank.sqlite"
    tasks = [replace(TASK, task_id=f"{n}", prompt=f"{n} fish") for n in range(40)]
    write_bank(path, [replace(POND, images=(image, image))], tasks)
    return path


@settings(deadline=None, max_examples=200)
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_flipped_bytes_are_noticed_or_make_no_difference(
    sound: Path, tmp_path_factory: pytest.TempPathFactory, rng: random.Random, flips: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped.sqlite"
    content = bytearray(sound.read_bytes())
    for _ in range(flips):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    try:
        read = everything(path)
    except BankError:
        return
    assert read == everything(sound)


FILL = """
import resource, sys
from pathlib import Path
from sqldojo.service.core.task import Split
from sqldojo.service.tasks import BankDatabase, BankError, write_bank
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
import random
database = BankDatabase("pond", "t", Split.DEV, (random.Random(1).randbytes(400_000),))
try:
    write_bank(Path(sys.argv[1]), [database], [])
except BankError as error:
    print(error)
"""


def test_a_disk_that_is_full_leaves_what_was_there(path: Path) -> None:
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FILL, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"cannot write {path} (")
    assert "make room there" in done.stdout
    assert path.read_bytes() == before
    assert {file.name for file in path.parent.iterdir()} == {path.name, manifest_path(path).name}
