from __future__ import annotations

import signal
import subprocess
import sys
import time

# Each statement takes some tenths of a second.
LONG = """
from sqldojo.service.tasks.databases import DOMAINS, build_image
from sqldojo.service.tasks.instances import Instances

instances = Instances("shop", [build_image(DOMAINS[0], 0)])
sql = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
    " SELECT count(*) FROM n"
)
for _ in range(3):
    print("begun", flush=True)
    print(instances.run(sql), flush=True)
"""


def test_a_busy_machine_takes_nothing_for_too_slow() -> None:
    """One that stops the process in a statement for longer than an agent's may take."""
    said = []
    with subprocess.Popen([sys.executable, "-c", LONG], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "begun\n":
                process.send_signal(signal.SIGSTOP)
                time.sleep(1.2)
                process.send_signal(signal.SIGCONT)
            else:
                said.append(line)
    assert len(said) == 3
    assert all("rows=[(1000000,)]" in line for line in said), said
