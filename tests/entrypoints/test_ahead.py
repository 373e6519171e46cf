"""What the template of worker processes has, so that no worker need fetch it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from compass.entrypoints.cli.evaluating import PRELOAD

PROGRAM = """
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

for name in sys.argv[2:]:
    import_module(name)
there = set(sys.modules)
from compass.analysis.likelihood import load_table
from compass.entrypoints.cli.evaluating import prepare
from compass.entrypoints.settings import Settings
from compass.evaluation.case import run_case
known = set(sys.modules) - there
found = run_case(Path(sys.argv[1]), partial(prepare, settings=Settings(), table=load_table()))
assert found.answer.ranked, found.error
print(*sorted(name for name in set(sys.modules) - there - known if name.startswith(("compass.", "duckdb", "numpy"))))
"""


def test_a_case_imports_nothing_that_its_template_has_not(recordings: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(recordings / "pool"), *PRELOAD]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr + done.stdout
