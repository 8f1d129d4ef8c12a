from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqldojo.service.core.schema import Permissions
from sqldojo.service.core.task import AnswerKind, Difficulty, Split, Task, TaskKind
from sqldojo.service.tasks.bank_file import (
    FORMAT,
    BankDatabase,
    BankError,
    read_bank,
    read_images,
    write_bank,
)

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
    content = read_bank(path)
    assert content.tasks == tuple(written)
    assert content.digest == digest


def test_databases_and_images_come_back_as_they_went_in(path: Path) -> None:
    content = read_bank(path)
    (info,) = content.databases
    assert (info.database_id, info.title, info.split, info.instances) == ("pond", "A pond 🐟", Split.DEV, 2)
    hashes = [content.image_hashes["pond", instance] for instance in range(2)]
    assert read_images(path, "pond", hashes) == POND.images


def test_the_file_says_what_it_is(path: Path) -> None:
    connection = apsw.Connection(str(path))
    assert connection.pragma("user_version") == FORMAT
    assert connection.pragma("application_id") == int.from_bytes(b"SQLd")
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    assert meta.keys() == {"format_version", "generator_version", "sqlite_version", "digest"}
    assert meta["sqlite_version"] == apsw.sqlite_lib_version()


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
    assert [file.name for file in path.parent.iterdir()] == [path.name]


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
        "UPDATE task SET prompt = 'x'",
        "UPDATE task SET kind = 'x'",
        "DELETE FROM task",
        "DELETE FROM meta",
        "DROP TABLE task",
        "ALTER TABLE task DROP COLUMN prompt",
        "DELETE FROM instance WHERE instance = 1",
        "UPDATE instance SET sha256 = 'x'",
        "UPDATE database SET split = 3",
    ],
)
def test_a_changed_row_is_noticed_on_opening(path: Path, change: str) -> None:
    apsw.Connection(str(path)).execute(change)
    with pytest.raises(BankError, match="build it again"):
        read_bank(path)


@pytest.mark.parametrize(
    "image", ["x'00'", "x''", "'text'", "(SELECT image FROM instance WHERE instance = 1)"]
)
def test_a_changed_image_is_noticed_on_reading_it(path: Path, image: str) -> None:
    content = read_bank(path)
    apsw.Connection(str(path)).execute(f"UPDATE instance SET image = {image} WHERE instance = 0")
    assert read_bank(path).digest == content.digest
    with pytest.raises(BankError, match=r"'pond'.*build it again"):
        read_images(path, "pond", [content.image_hashes["pond", instance] for instance in range(2)])
