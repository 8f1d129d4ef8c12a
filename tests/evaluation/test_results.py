import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqldojo.client.types import (
    Answer,
    Describe,
    Difficulty,
    Outcome,
    Query,
    Reward,
    RewardTerm,
    RewardTermKind,
    Sample,
    Split,
    Submit,
    TaskKind,
    Unparsed,
)
from sqldojo.evaluation import (
    EpisodeResult,
    EvaluationResult,
    Run,
    StepRecord,
    TaskFilter,
    read_results,
    write_results,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.just("half \ud83d a character")
number = st.floats(allow_nan=False, allow_infinity=False)
optional = st.none() | number
actions = st.one_of(*(st.builds(kind, text) for kind in (Describe, Sample, Query, Answer, Submit, Unparsed)))
terms = st.builds(RewardTerm, st.sampled_from(RewardTermKind), number, number, number)
rewards = st.builds(Reward, number, number, st.lists(terms, max_size=3).map(tuple), optional, optional)
filters = st.builds(
    TaskFilter,
    st.none() | st.sampled_from(TaskKind),
    st.none() | st.sampled_from(Split),
    st.none() | st.sampled_from(Difficulty),
    text,
    text,
)
episodes = st.builds(
    EpisodeResult,
    index=st.integers(0, 100),
    task_id=text,
    kind=st.sampled_from(TaskKind),
    difficulty=st.sampled_from(Difficulty),
    family=text,
    seed=st.integers(0, 2**64 - 1),
    steps=st.lists(st.builds(StepRecord, actions, rewards), max_size=3).map(tuple),
    total_reward=number,
    outcome=st.sampled_from(Outcome),
    error=text,
)


@st.composite
def evaluations(draw):
    played = draw(st.lists(episodes, min_size=1, max_size=4).map(tuple))
    run = Run(
        draw(text), len(played), draw(st.integers(0, 2**64 - 1)), draw(text), draw(st.integers(0, 100)),
        draw(st.none() | filters), draw(st.integers(1, 99)), draw(text), draw(text), draw(text),
    )  # fmt: skip
    return EvaluationResult(run, played)


@given(result=evaluations())
def test_what_is_written_is_read_again(tmp_path_factory, result):
    path = tmp_path_factory.mktemp("results") / "r.jsonl"
    write_results(path, result)
    again = read_results(path)
    assert (again.run, again.episodes) == (result.run, result.episodes)
    lines = path.read_bytes().split(b"\n")
    assert len(lines) == len(result.episodes) + 2  # the header, and nothing after the last newline
    assert json.loads(lines[0])["format"] == "sqldojo.evaluation/1"


def example():
    step = StepRecord(Query("SELECT 1"), Reward(0.1, 0.1, ()))
    episode = EpisodeResult(
        0, "t", TaskKind.EXPLORE, Difficulty.EASY, "f", 3, (step,), 0.1, Outcome.FAILED, ""
    )
    return EvaluationResult(Run("p", 1, 3, "", 0, TaskFilter(), 1, "d", "0.1.0", "0.1.0"), (episode,))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lines: [], r"line 1: no header"),
        (lambda lines: lines[1:], r"line 1: no header"),
        (lambda lines: lines[:1], r"0 episodes, the header says 1"),
        (lambda lines: [lines[0], lines[1][:-5]], r"line 2: no JSON"),
        (lambda lines: [lines[0], "[]"], r"line 2: no JSON object"),
        (lambda lines: [lines[0], "{}"], r"line 2: no episode \(KeyError: 'index'\)"),
        (lambda lines: [lines[0], lines[1].replace('"query"', '"fly"')], r"line 2: no episode .*fly"),
        (lambda lines: [lines[0], lines[1].replace('{"query": "SELECT 1"}', "{}")], r"line 2: no episode"),
        (lambda lines: [json.dumps({"format": "sqldojo.evaluation/1"}), lines[1]], r"line 1: no header"),
    ],
)
def test_a_file_that_is_no_result_is_refused_with_its_line(tmp_path, spoil, message):
    path = tmp_path / "r.jsonl"
    write_results(path, example())
    path.write_text("\n".join(spoil(path.read_text().splitlines())))
    with pytest.raises(ValueError, match=message):
        read_results(path)


def test_a_file_is_kept_until_the_new_one_is_whole(tmp_path):
    class Unwritable:
        run = example().run

        @property
        def episodes(self):
            raise RuntimeError("in the middle")

    path = tmp_path / "results.jsonl"
    path.write_text("precious")
    with pytest.raises(RuntimeError):
        write_results(path, Unwritable())
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_file_is_written_itself(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_results(pipe, example())
    assert os.read(reading, 100).startswith(b'{"format": "sqldojo.evaluation/1"')
    os.close(reading)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]
