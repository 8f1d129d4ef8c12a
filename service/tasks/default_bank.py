"""The bank that comes along: the package's own where a wheel brings it, else one in the user's cache.

Run as a module it builds the bank at the path given: `python -m sqldojo.service.tasks.default_bank PATH`.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from .bank_file import FORMAT, BankError
from .sources import sources_digest

PACKAGED = Path(__file__).with_name("default_bank.sqlite")

log = logging.getLogger(__name__)


def default_path() -> Path:
    """Where the bank that comes along is, or will be: in the package, or in the user's cache."""
    return PACKAGED if PACKAGED.exists() else cached_path()


def cached_path() -> Path:
    """Its place in the user's cache: $XDG_CACHE_HOME or ~/.cache, in `sqldojo/`.

    The name has the bank's format, the package's version and a digest of the sources.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "sqldojo" / f"bank-{FORMAT}-{version('sqldojo')}-{sources_digest()[:16]}.sqlite"


def ensure_default() -> None:
    """Builds the bank that comes along where there is none yet; another process that does is waited for.

    It is built in a process of its own, since its workers would run a caller's main module again. Raises
    BankError when it cannot be.
    """
    path = default_path()
    if path.exists():
        return
    log.warning("building the task bank at %s, once: this takes half a minute", path)
    command = [sys.executable, "-m", __name__, str(path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603 - this Python, this module
    if done.returncode:
        raise BankError((done.stderr.strip() or f"the build ended with {done.returncode}").splitlines()[-1])


def main() -> int:
    """Builds the default bank; what goes wrong is the last line on stderr."""
    from .build import LeaksFound, VerificationFailed, build
    from .chunk import GeneratorFailed
    from .parallel import WorkersLost
    from .plan import DEFAULT

    try:
        build(Path(sys.argv[1]), DEFAULT, wait=True)
    except BankError as error:
        hint = "set XDG_CACHE_HOME to a folder that can be written, or open a bank file"
        print(f"{' '.join(str(error).split())}; {hint}", file=sys.stderr)
        return 1
    except (VerificationFailed, LeaksFound, GeneratorFailed, WorkersLost) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
