"""The program under test, and the folders that the scenarios use."""
import json
import os
import subprocess
import tempfile
import unittest
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

PROGRAM = os.environ["KOEGURA"]
SHARED = Path(os.environ["KOEGURA_SHARED"]).resolve()
CAPTURES = SHARED / "captures"


def koegura(*arguments, exit_code=0, **options) -> subprocess.CompletedProcess:
    """Runs it to its end, and insists on the exit code (or on one of several)."""
    options = {"text": True, "stdin": subprocess.DEVNULL, "capture_output": True, "timeout": 600} | options
    run = subprocess.run([PROGRAM, *map(str, arguments)], **options)
    if run.returncode not in (exit_code if isinstance(exit_code, tuple) else (exit_code,)):
        words = " ".join(map(str, arguments))
        raise AssertionError(f"koegura {words}\nexit code {run.returncode}, not {exit_code}\n{run.stdout}{run.stderr}")
    return run


def record(archive, *captures, **options) -> dict:
    """Records the captures and gives the accounting."""
    run = koegura("record", "--json", "--archive", archive, "--read", *captures, **options)
    return json.loads(run.stdout.splitlines()[-1])


def calls_text(archive, *filters) -> str:
    nothing_matched = 4
    return koegura("calls", "--json", "--reverse", "--archive", archive, *filters, exit_code=(0, nothing_matched)).stdout


def calls(archive, *filters) -> list[dict]:
    """Every call of the archive that the filters let through, oldest first."""
    return [json.loads(line) for line in calls_text(archive, *filters).splitlines()]


def moment(text: str) -> Decimal:
    """RFC 3339 in UTC as seconds since 1970, exact: datetime alone would drop the nanoseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp()
    return Decimal(int(seconds)) + Decimal("0." + (fraction or "0"))


def nanoseconds(text: str) -> str:
    return f"{moment(text):.9f}"


class Moment(Decimal):
    """Seconds since 1970, the same within a microsecond: tshark's truth is in doubles."""

    def __eq__(self, other):
        return other is not None and abs(self - other) <= Decimal("0.000001")

    def __repr__(self):
        return f"{self:.6f}"


class Scenario(unittest.TestCase):
    """A folder of its own, which goes with the class."""

    maxDiff = None
    folder: Path

    @classmethod
    def setUpClass(cls):
        kept = tempfile.TemporaryDirectory(prefix="koegura-")
        cls.addClassCleanup(kept.cleanup)
        cls.folder = Path(kept.name)


def tool(*command) -> str:
    """The output of another program, which must succeed."""
    run = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         errors="replace", timeout=120)
    if run.returncode != 0:
        raise AssertionError(f"{command}\nexit code {run.returncode}\n{run.stderr}")
    return run.stdout
