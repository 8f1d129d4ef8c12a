from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import pytest
import seeds
from servers import players_of, serving

from sqldojo.service.core.action import Submit
from sqldojo.service.core.episode import Episode
from sqldojo.service.core.review import Finding, FindingKind, Review, Severity, Verdict
from sqldojo.service.core.schema import READ_ALL, Permissions, Schema, Table, TableColumn
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.sessions.plugged_reviewer import (
    MAX_ASKED,
    PAUSE,
    UNANSWERED,
    PluggedReviewer,
    ReviewerError,
    load_reviewer,
)
from sqldojo.v1 import action_pb2, environment_pb2_grpc, review_pb2, task_pb2, task_pb2_grpc
from sqldojo.v1 import environment_pb2 as pb

DOCS = Path(__file__).resolve().parents[3] / "docs" / "review.md"
SCHEMA = Schema((Table("t", (TableColumn("a", "INTEGER"),), 5),))
OBJECTION = Finding(FindingKind.FULL_SCAN, Severity.ERROR, "", "Not on a Sunday.")


class Objecting:
    """Objects to every statement, or does what it is told."""

    def __init__(self, failure: Exception | None = None, until: threading.Event | None = None) -> None:
        self.asked: list[str] = []
        self.failure = failure
        self.until = until

    def review(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
        self.asked.append(sql)
        if self.until is not None:
            self.until.wait()
        if self.failure is not None:
            raise self.failure
        return Review((OBJECTION,), 0.0)


def test_the_findings_of_both_are_joined_and_the_gravest_decides() -> None:
    other = Objecting()
    review = PluggedReviewer(SqlReviewer(), other, 5).review("SELECT a, b FROM t", SCHEMA, READ_ALL)
    assert [finding.kind for finding in review.findings] == [
        FindingKind.FULL_SCAN,
        FindingKind.UNKNOWN_COLUMN,
    ]
    assert review.verdict is Verdict.REJECTED
    assert review.schema_share == pytest.approx(2 / 3)


def test_what_it_said_is_kept() -> None:
    other = Objecting()
    plugged = PluggedReviewer(SqlReviewer(), other, 5)
    reviews = [plugged.review("SELECT a FROM t", SCHEMA, READ_ALL) for _ in range(5)]
    assert other.asked == ["SELECT a FROM t"]
    assert all(review is reviews[0] for review in reviews)


def test_where_it_raises_the_deterministic_review_stands() -> None:
    plugged = PluggedReviewer(SqlReviewer(), Objecting(failure=RuntimeError("no")), 5)
    assert plugged.review("SELECT a FROM t", SCHEMA, READ_ALL).verdict is Verdict.APPROVED


def test_where_it_is_too_slow_the_deterministic_review_stands() -> None:
    done = threading.Event()
    plugged = PluggedReviewer(SqlReviewer(), Objecting(until=done), 0.05)
    assert plugged.review("SELECT a FROM t", SCHEMA, READ_ALL).verdict is Verdict.APPROVED
    done.set()


def test_what_is_rejected_already_is_not_asked_about() -> None:
    other = Objecting()
    plugged = PluggedReviewer(SqlReviewer(), other, 5)
    assert plugged.review("DROP TABLE t", SCHEMA, READ_ALL) == SqlReviewer().review(
        "DROP TABLE t", SCHEMA, READ_ALL
    )
    assert other.asked == []


def test_a_schema_is_told_by_what_it_holds() -> None:
    other = Objecting()
    plugged = PluggedReviewer(SqlReviewer(), other, 5)
    equal, different = Schema(tuple(SCHEMA.tables)), Schema((*SCHEMA.tables, Table("u", (), 0)))
    for schema in (SCHEMA, equal, different):
        plugged.review("SELECT a FROM t", schema, READ_ALL)
    assert len(other.asked) == 2


@pytest.mark.parametrize(
    "findings",
    [
        None,
        [None],
        (Finding(99, Severity.ERROR, "", "no such kind"),),
        (Finding(FindingKind.WRITE, "ERROR", "", "no severity"),),
        (Finding(FindingKind.WRITE, Severity.ERROR, "", None),),
    ],
)
def test_what_is_no_review_is_left_out(findings: object) -> None:
    class Confused:
        def review(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
            return Review(findings, 0.0)  # type: ignore[arg-type]

    review = PluggedReviewer(SqlReviewer(), Confused(), 5).review("SELECT a FROM t", SCHEMA, READ_ALL)
    assert review.findings == ()


def test_long_and_broken_texts_are_cut_to_what_can_be_sent() -> None:
    class Verbose:
        def review(self, sql: str, schema: Schema, permissions: Permissions) -> Review:
            return Review((Finding(FindingKind.WRITE, Severity.WARNING, "x" * 999, "\ud800" * 999),), 0.0)

    plugged = PluggedReviewer(SqlReviewer(), Verbose(), 5)
    (finding,) = plugged.review("SELECT a FROM t", SCHEMA, READ_ALL).findings
    assert (len(finding.where), finding.message) == (120, "?" * 500)


def test_only_the_gate_asks_and_not_the_grading_of_a_submission() -> None:
    other = Objecting()
    broken, gold = "SELECT Nam FROM employee", "SELECT Name FROM employee"
    bare = seeds.repair([seeds.EMPLOYEES], "All names.", gold, broken)
    own = SqlReviewer()
    gate = PluggedReviewer(own, other, 5)
    episode = Episode(bare.prepared, bare.profile, bare._world, own, gate)
    state, _ = episode.start()
    assert episode.step(state, Submit(broken)).review is None
    assert other.asked == []
    assert episode.step(state, Submit(gold), reviewed=True).review.verdict is Verdict.REJECTED
    assert other.asked == [gold]


def test_a_reviewer_that_never_ends_does_not_keep_the_process() -> None:
    code = """
import threading
from sqldojo.service.core.schema import READ_ALL, Schema
from sqldojo.service.core.sql_reviewer import SqlReviewer
from sqldojo.service.sessions.plugged_reviewer import MAX_ASKED, PluggedReviewer
class Stuck:
    def review(self, *_):
        threading.Event().wait()
plugged = PluggedReviewer(SqlReviewer(), Stuck(), 0.01)
for number in range(MAX_ASKED + 1):
    print(plugged.review(f"SELECT {number}", Schema(()), READ_ALL).verdict.name)
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert process.stdout.split() == ["APPROVED"] * (MAX_ASKED + 1)
    assert f"{MAX_ASKED} reviews are under way" in process.stderr


def test_one_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    other = Objecting(failure=RuntimeError("no"))
    plugged = PluggedReviewer(SqlReviewer(), other, 5)
    for number in range(UNANSWERED + PAUSE):
        plugged.review(f"SELECT a + {number} FROM t", SCHEMA, READ_ALL)
    assert len(other.asked) == UNANSWERED
    other.failure = None
    assert plugged.review("SELECT a FROM t", SCHEMA, READ_ALL).verdict is Verdict.REJECTED


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nothing", "module:attribute"),
        ("no_such_module:x", "ModuleNotFoundError"),
        ("json:no_such", "AttributeError"),
        ("builtins:dict", "no method review"),
    ],
)
def test_what_is_no_reviewer_is_told(path: str, why: str) -> None:
    with pytest.raises(ReviewerError, match=why):
        load_reviewer(path)


@pytest.fixture
def model() -> Iterator[tuple[str, list[str]]]:
    """A language model's endpoint, which objects to statements that name a patient; and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][0][
                "content"
            ]
            asked.append(content)
            objections = [{"kind": "DENIED_TABLE", "severity": "ERROR", "message": "Patients are private."}]
            statement = content.partition("Statement:")[2]
            answer = json.dumps(objections if "patient" in statement else [])
            body = json.dumps({"choices": [{"message": {"content": answer}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/chat/completions", asked
        server.shutdown()


def test_the_documented_reviewer_reviews_in_a_real_server(
    model: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = model
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "llm_reviewer.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("REVIEWER_URL", url)
    with (
        serving("--reviewer", "llm_reviewer:LlmReviewer") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        tasks = task_pb2_grpc.TaskServiceStub(channel)
        request = task_pb2.ListTasksRequest(database_id="hospital", page_size=1)
        task = tasks.ListTasks(request).tasks[0]
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        stub.Reset(pb.ResetRequest(task_id=task.task_id, session_id="s"))
        verdicts = []
        for index, sql in enumerate(("SELECT count(*) FROM department", "SELECT count(*) FROM patient"), 1):
            action = action_pb2.Action(query=action_pb2.Query(sql=sql))
            step = stub.StepWithReview(
                pb.StepWithReviewRequest(session_id="s", step_index=index, action=action)
            )
            verdicts.append(step.review.verdict)
        assert verdicts == [review_pb2.VERDICT_APPROVED, review_pb2.VERDICT_REJECTED]
        assert step.review.findings[0].message == "Patients are private."
        assert "department(department_id, name" in asked[0]


SLOW_REVIEWER = """
import time

from sqldojo.service.core.review import Review


class Slow:
    def review(self, sql, schema, permissions):
        time.sleep(1.3)
        return Review((), 1.0)
"""


def test_a_reviewer_may_take_longer_than_a_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_reviewer.py").write_text(SLOW_REVIEWER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    options = ("--reviewer", "slow_reviewer:Slow", "--reviewer-seconds", "30", "--statement-deadline", "0.1")
    with serving(*options) as server, grpc.insecure_channel(server.address) as channel:
        stub = environment_pb2_grpc.EnvironmentServiceStub(channel)
        task = "explore/hospital/patients-without-insurer"
        stub.Reset(pb.ResetRequest(task_id=task, session_id="s"))
        players = players_of(server.process.pid)
        action = action_pb2.Action(query=action_pb2.Query(sql="SELECT 1"))
        step = stub.StepWithReview(pb.StepWithReviewRequest(session_id="s", step_index=1, action=action))
        assert not step.observation.HasField("error")
        assert players_of(server.process.pid) == players


def test_a_reviewer_that_cannot_be_loaded_stops_the_server() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "sqldojo.cli", "serve", "--embedded", "--reviewer", "no_such:thing"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 2
    assert "no_such:thing cannot be made" in process.stderr
