from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from sqldojo.service.tasks.remembered import Remembered

MANY = """
import sys
from sqldojo.service.tasks.remembered import Remembered

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])

remembered = Remembered()
for number in range(10_000):
    remembered.set(f"text {number}", number)
before = peak()
for number in range(10_000, 100_000):
    remembered.set(f"text {number}", number)
assert remembered.get("text 99999") == 99_999
print(peak() - before)
"""


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(-3, 3))))
def test_it_is_a_dictionary(pairs: list[tuple[str, int]]) -> None:
    remembered, last, first = Remembered(), dict[str, int](), dict[str, int]()
    kept = Remembered()
    for text, number in pairs:
        remembered.set(text, number)
        last[text] = number
        assert kept.first(text, number) == first.setdefault(text, number)
    assert {text: remembered.get(text) for text in "abcdef"} == {text: last.get(text) for text in "abcdef"}


def test_many_texts_take_no_more_memory_than_few() -> None:
    grown = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True).stdout
    assert int(grown) < 4_096  # KiB; a dictionary of them takes some 12,000
