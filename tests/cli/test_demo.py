import re

import pytest


@pytest.mark.parametrize("columns", [80, 120])
def test_the_demo_shows_it_all(sqldojo, columns):
    shown = sqldojo("demo", columns=columns)
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    assert max(map(len, shown.stdout.splitlines())) <= columns
    assert "\x1b" not in shown.stdout
    assert "\r" not in shown.stdout
    explore, repair, compared, next_ = re.split(
        r"(?m)^[─ ]*(?:2  Repair|3  Floor|What to try next).*$", shown.stdout
    )
    for episode, words in (
        (explore, ("step cost", "executed", "progress", "correct")),
        (repair, ("correct",)),
    ):
        assert all(word in episode for word in words)
        assert "Solved" in episode
        total = float(re.search(r"total reward (\S+)", episode)[1])
        rewards = [float(number) for number in re.findall(r"(?m)^ *reward +(\S+)$", episode)]
        assert len(rewards) >= 3
        assert sum(rewards) == pytest.approx(total, abs=1e-3)
    assert re.search(r"Random .*50/50", compared)
    assert re.search(r"(?m)^ *Oracle +100\.0%", compared)
    assert "sqldojo play" in next_
    assert "connect_sync()" in next_
