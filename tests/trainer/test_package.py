from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("trl")

import sqldojo.trainer

pytestmark = pytest.mark.train


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_without_torch_it_says_what_to_install() -> None:
    # None in sys.modules is Python's own way to say that a module cannot be imported.
    ended = _python("import sys; sys.modules['torch'] = None; import sqldojo.trainer")
    assert ended.returncode == 1
    assert "ImportError: sqldojo.trainer needs torch" in ended.stderr
    assert "pip install 'sqldojo[train]'" in ended.stderr


def test_importing_it_loads_no_torch() -> None:
    ended = _python(
        "import sys, sqldojo.trainer; sqldojo.trainer.episode_reward; print('torch' in sys.modules)"
    )
    assert ended.stdout == "False\n", ended.stderr


@pytest.mark.parametrize("name", sqldojo.trainer.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(sqldojo.trainer, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        sqldojo.trainer.nonsense  # noqa: B018
