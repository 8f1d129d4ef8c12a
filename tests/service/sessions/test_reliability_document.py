from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = (HERE.parents[2] / "docs" / "reliability.md").read_text()


def test_what_the_document_names_as_proof_is_there() -> None:
    named = re.findall(r"`(?:[\w/]+/)?(test_\w+\.py)::(test_\w+)`?", DOCUMENT)
    assert len(named) > 8
    for file, name in named:
        trees = [ast.parse(path.read_text()) for path in HERE.parents[1].rglob(file)]
        assert name in {
            node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)
        }
    source = (HERE / "test_faults.py").read_text()
    cases = re.findall(r"`test_faults\.py\[(\w+)\]`", DOCUMENT)
    assert len(cases) == len(set(cases))
    assert set(cases) == set(re.findall(r'"(\w+)": partial\(', source))
