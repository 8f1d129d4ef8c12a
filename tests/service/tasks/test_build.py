from __future__ import annotations

import gc
import json
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from sqldojo.service.core.task import Difficulty, Split, Task, TaskKind
from sqldojo.service.sandbox.clock import NOW, open_frozen
from sqldojo.service.tasks.bank import TaskBank
from sqldojo.service.tasks.bank_file import BankError, read_bank
from sqldojo.service.tasks.bank_writer import manifest_path
from sqldojo.service.tasks.build import BuildReport, build
from sqldojo.service.tasks.chunk import ATTEMPTS
from sqldojo.service.tasks.handwritten import TASKS as HANDWRITTEN
from sqldojo.service.tasks.plan import Plan
from sqldojo.service.tasks.verify_bank import verify_bank

SMALL = Plan(24, 24, drifted=1, domains=("hospital", "university", "film_streaming"))
TINY = Plan(0, 0, drifted=0, domains=("hospital",))
COMMAND = """
import sys
from pathlib import Path
from sqldojo.service.tasks.build import build
from sqldojo.service.tasks.plan import Plan
if __name__ == "__main__":
    plan = Plan(*eval(sys.argv[2]))
    told = lambda done, _: print(done, flush=True)
    said = build(Path(sys.argv[1]), plan, told, jobs=int(sys.argv[3]), wait=True)
    print(said.digest)
"""


def building(path: Path, plan: Plan, largest_file: int = resource.RLIM_INFINITY) -> subprocess.Popen[str]:
    arguments = (plan.explore, plan.repair, plan.seed, plan.scale, plan.drifted, plan.domains)
    limit = (largest_file, largest_file)
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(path), repr(arguments), "1"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),  # stands for a disk that is full
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_handwritten_tasks_pass(report: BuildReport) -> None:
    assert (report.explore_tasks, report.repair_tasks) == (98, 110)
    assert read_bank(report.path).digest == report.digest


def test_every_split_and_difficulty_has_tasks_of_both_kinds(bank: TaskBank) -> None:
    splits = {Split.TRAIN, Split.DEV, Split.TEST}
    assert {(task.kind, task.split) for task in bank.tasks} == {(k, s) for k in TaskKind for s in splits}
    assert {(t.kind, t.difficulty) for t in bank.tasks} == {(k, d) for k in TaskKind for d in Difficulty}


def test_as_many_tasks_are_generated_as_wanted(generated: BuildReport, bank: TaskBank) -> None:
    built = TaskBank.open(generated.path)
    new = [task for task in built.tasks if task.task_id not in {other.task_id for other in bank.tasks}]
    assert Counter(task.kind for task in new) == {TaskKind.EXPLORE: 24, TaskKind.REPAIR: 24}
    assert {task.split for task in new} == set(Split)
    by_database = Counter(task.database_id for task in new)
    assert by_database == {"hospital": 14, "university": 14, "film_streaming": 13, "hospital~drift": 7} or (
        max(by_database.values()) - min(by_database.values()) <= 8
    )
    assert len({task.task_id for task in built.tasks}) == len(built.tasks)
    assert len({(task.prompt, task.broken_sql) for task in built.tasks}) == len(built.tasks)


def test_the_manifest_says_how_it_was_built(generated: BuildReport) -> None:
    manifest = json.loads(manifest_path(generated.path).read_text(encoding="utf-8"))
    assert manifest["digest"] == generated.digest
    assert manifest["plan"]["explore"] == 24
    assert sum(manifest["counts"]["split"].values()) == manifest["tasks"]
    assert set(manifest["images_sha256"]) == {"hospital", "university", "film_streaming", "hospital~drift"}


def test_several_processes_give_the_same_file(generated: BuildReport, tmp_path: Path) -> None:
    again = build(tmp_path / "again.sqlite", SMALL, jobs=2)
    assert again.path.read_bytes() == generated.path.read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {"again.sqlite", "again.sqlite.manifest.json"}


def test_few_tasks_are_in_memory_at_a_time(tmp_path: Path) -> None:
    """Those of a chunk and those that wait on one database, however many databases and tasks there are."""
    known, alive = {task.task_id for task in HANDWRITTEN}, list[int]()

    def count(*_: int) -> None:
        tasks = [each for each in gc.get_objects() if type(each) is Task]
        alive.append(sum(task.task_id not in known for task in tasks))

    plan = Plan(60, 60, drifted=0, domains=("hospital", "university", "film_streaming"))
    count()
    build(tmp_path / "bank.sqlite", plan, count, jobs=1)
    assert max(alive) - alive[0] <= 2 * ATTEMPTS + plan.explore // len(plan.domains)
    assert plan.explore + plan.repair > 2 * (max(alive) - alive[0])


def test_another_seed_gives_other_tasks(generated: BuildReport, tmp_path: Path) -> None:
    plan = replace(SMALL, explore=6, repair=0, drifted=0, seed="2", domains=("hospital",))
    prompts = {task.prompt for task in TaskBank.open(generated.path).tasks if "/" in task.task_id}
    other = TaskBank.open(build(tmp_path / "other.sqlite", plan, jobs=1).path)
    assert {task.prompt for task in other.tasks} - prompts


def test_a_generated_bank_verifies(generated: BuildReport) -> None:
    calls: list[tuple[int, int]] = []
    faults = verify_bank(generated.path, jobs=1, progress=lambda done, total: calls.append((done, total)))
    assert [fault for fault in faults if not fault.is_warning] == []
    total = len(TaskBank.open(generated.path).tasks)
    assert calls[-1] == (total, total)


def test_a_killed_build_goes_on(generated: BuildReport, tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite"
    process = building(path, SMALL)
    assert process.stdout is not None
    while int(process.stdout.readline()) < 110:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not path.exists()
    work = apsw.Connection(str(path) + ".work/chunks.sqlite")
    made = {name: len(blob) for name, blob in work.execute("SELECT name, made FROM chunk")}
    assert len(made) > 6
    torn = next(name for name in made if "/explore/" in name or "/handwritten/" in name)
    work.execute("UPDATE chunk SET made = substr(made, 1, 20) WHERE name = ?", (torn,))
    work.close()
    assert build(path, SMALL, jobs=1).digest == generated.digest
    assert path.read_bytes() == generated.path.read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {path.name, manifest_path(path).name}


def test_the_work_of_another_plan_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite"
    process = building(path, SMALL)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    assert build(path, TINY, jobs=1).digest == build(tmp_path / "other.sqlite", TINY, jobs=1).digest


def test_work_that_cannot_be_read_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite"
    work = Path(f"{path}.work")
    work.mkdir()
    (work / "chunks.sqlite").write_bytes(b"garbage" * 1_000)
    (work / "bank.sqlite").write_bytes(b"half a bank")
    assert build(path, TINY, jobs=1).databases == 1
    assert not work.exists()


def test_two_builds_of_one_file_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite"
    processes = [building(path, TINY) for _ in range(2)]
    digests = {process.communicate()[0].splitlines()[-1] for process in processes}
    assert digests == {read_bank(path).digest}
    assert [process.returncode for process in processes] == [0, 0]
    assert {file.name for file in tmp_path.iterdir()} == {path.name, manifest_path(path).name}


def test_a_build_beside_another_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bank.sqlite"
    process = building(path, SMALL)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(BankError, match="another process is building"):
        build(path, TINY, jobs=1)
    process.kill()
    process.wait()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BankError, match=r"cannot write .*file/bank.sqlite"):
        build(tmp_path / "file" / "bank.sqlite", TINY, jobs=1)


@pytest.mark.parametrize("room", [20_000, 250_000])
def test_a_full_disk_is_said_and_leaves_no_bank(tmp_path: Path, room: int) -> None:
    process = building(tmp_path / "bank.sqlite", TINY, room)
    _, said = process.communicate()
    assert process.returncode == 1
    assert "BankError: cannot write" in said
    assert "make room there" in said
    assert not (tmp_path / "bank.sqlite").exists()
    whole = build(tmp_path / "bank.sqlite", TINY, jobs=1)
    assert len(TaskBank.open(whole.path).tasks) == whole.explore_tasks + whole.repair_tasks


def test_a_handwritten_task_that_does_not_fit_a_scale_is_told(tmp_path: Path) -> None:
    report = build(tmp_path / "bank.sqlite", replace(TINY, scale=0.02), jobs=1)
    assert report.explore_tasks + report.repair_tasks + len(report.warnings) == 41
    assert any("constant: gold gives the same rows" in str(warning) for warning in report.warnings)


@pytest.fixture
def far_east() -> Iterator[None]:
    """Moves this process nine hours east."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def test_a_bank_is_built_in_utc(far_east: None, tmp_path: Path) -> None:
    local = "SELECT datetime('now', 'localtime')"
    assert open_frozen().execute(local).get != NOW
    build(tmp_path / "bank.sqlite", TINY, jobs=1)
    assert open_frozen().execute(local).get == NOW
