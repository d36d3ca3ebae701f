"""A live recorder that is killed, starved and started again, and what must hold of its archive in the end."""
import json
import os
import random
import signal
import subprocess
from pathlib import Path

from accounting import assert_balanced
from koegura import PROGRAM, calls, koegura
from lab import wait_for
from load import Wire

KILLS, SEED, ALL = int(os.environ["FAULTS_KILLS"]), int(os.environ["FAULTS_SEED"]), bool(os.environ["FAULTS_ALL"])
SHIM = Path(PROGRAM).parents[1] / "tests/faults/libfault_disk.so"
NO_SHIM = "" if SHIM.exists() else f"{SHIM} is not built (with a sanitizer it cannot be)"
FLUSH_S = 1.0  # spool.flush_interval
DONE, FAILED, DENIED = 0, 1, 5  # exit codes


def chance(name: str) -> random.Random:
    """The same for one seed and name, whatever else is tested."""
    return random.Random(f"{SEED} {name}")


def shimmed(archive: Path, fail="", only_while="", log="", counts="") -> dict:
    """The environment that puts fault_disk between the program and the archive."""
    named = {"FOLDER": archive, "FAIL": fail, "WHILE": only_while, "LOG": log, "COUNTS": counts}
    return {"LD_PRELOAD": str(SHIM)} | {f"FAULT_DISK_{name}": str(value) for name, value in named.items() if value}


class Victim:
    """A recorder on the wire's end. start() as often as it was killed or stopped."""

    def __init__(self, wire: Wire, archive: Path, config="", environment=None):
        self.wire, self.archive, self.environment = wire, archive, environment or {}
        self.errors = wire.folder / f"{archive.name}.err"
        self.config = wire.folder / f"{archive.name}.toml"
        self.config.write_text(config)
        self.process = None

    def launch(self):
        settings = [f"{name}={value}" for name, value in self.environment.items()]
        self.errors.write_text("")
        with open(self.errors, "w") as errors:
            self.process = self.wire.start(
                "recorder", "env", *settings, PROGRAM, "record", "--interface", "tap0", "--json", "--archive", self.archive,
                "--config", self.config, stdout=subprocess.PIPE, stderr=errors, text=True)

    def start(self):
        self.launch()
        wait_for(self.is_ready, 60, "the recorder runs")

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the recorder ended with {self.process.returncode}:\n{self.errors.read_text()}")
        return "recording" in self.errors.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def status(self) -> dict:
        return json.loads(koegura("status", "--json", "--archive", self.archive, "--config", self.config).stdout)["recorder"]

    def findings(self) -> set[str]:
        return {finding["id"] for finding in self.status()["findings"]}

    def is_recovered(self) -> bool:
        return self.status().get("recovery", {"done": True})["done"]  # absent: there was nothing to recover

    def is_idle(self) -> bool:
        """Nothing waits to be archived."""
        seen = self.status()["calls"]
        return self.is_recovered() and not seen["waiting"]

    def end(self, how=signal.SIGINT, exit_code=DONE) -> dict:
        """Stops it in order, and gives the accounting."""
        self.process.send_signal(how)
        output, _ = self.process.communicate(timeout=120)
        if self.process.returncode != exit_code:
            raise AssertionError(f"exit code {self.process.returncode}:\n{output}{self.errors.read_text()}")
        return json.loads(output.splitlines()[-1])

    def archive_all(self, test, new=None) -> list[dict]:
        """Starts it once more, has everything archived, ends it. Checks what must hold of any archive; new is how many
        calls this adds."""
        self.start()
        wait_for(self.is_idle, 120, "the backlog is archived")
        accounting = self.end()
        assert_balanced(test, accounting)
        if new is not None:
            test.assertEqual(new, accounting["calls"]["seen"], "calls that come again")
        test.assertEqual([], [path.name for path in self.archive.glob("spool/*.pcapng")])
        return sound_archive(test, self.archive)


def sound_archive(test, archive: Path) -> list[dict]:
    """Nothing is half-written, doubled or unplayable; gives the calls."""
    test.assertEqual([], list(archive.glob("tmp/*")))
    found = calls(archive)
    test.assertEqual({str(path.relative_to(archive)) for path in archive.glob("calls/**/*") if path.is_file()},
                     {one["audio"]["path"] for one in found}, "files of calls, and calls of the index")
    named = [one["call_id"] for one in found if one["call_id"]]
    test.assertEqual(sorted(set(named)), sorted(named), "a call is there twice")
    check_playable(archive)
    return found


def check_playable(archive: Path):
    """Every call is read again whole, and its samples and attachments are those that were archived."""
    koegura("verify", "--decode", "--archive", archive)
