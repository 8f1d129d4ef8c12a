"""Where buf is, for the tests that need it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

_INSTALLED = Path(__file__).resolve().parents[2] / "node_modules" / ".bin" / "buf"

BUF = str(_INSTALLED) if _INSTALLED.exists() else shutil.which("buf")
needs_buf = pytest.mark.skipif(BUF is None, reason="buf is not installed: `make contract`")
