"""A recorder that starts on an index that is damaged: it records, rebuilds the index beside, and archives what came meanwhile."""
import json
import os
import signal
import unittest
from pathlib import Path

from failing_calls_test import check_all_there
from koegura import Scenario, calls, koegura
from lab import wait_for
from load import Kind, Load, Wire
from victim import FAILED, NO_SHIM, Victim, shimmed


class SlowFile:
    """A call file of which nothing comes: who reads it waits until release(). It is the last one in the order of their names."""

    def __init__(self, archive: Path):
        self.path, self.writer = archive / "calls/zz_01ARZ3NDEKTSV4RRFFQ69G5FAV.mka", None
        os.mkfifo(self.path)

    def is_read(self) -> bool:
        try:
            self.writer = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody has it open
            return False
        return True

    def release(self):
        wait_for(self.is_read, 30, "the rebuild comes to the last file")
        self.path.unlink()
        os.close(self.writer)


def cut(path: Path):
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path):
    content = bytearray(path.read_bytes())
    content[-4] ^= 0x24
    path.write_bytes(content)


@unittest.skipUnless(os.geteuid() == 0, "needs root for network namespaces: tools/check runs it with sudo")
class DamagedIndex(Scenario):
    def setUp(self):
        self.archive = self.folder / self._testMethodName

    def load(self, seed: int) -> Load:
        folder = self.folder / f"{self._testMethodName}-{seed}"
        folder.mkdir()
        return Load(folder, [Kind(talk=2, at_once=2, seconds=5), Kind(talk=3, at_once=2, seconds=5)], seed=seed)

    def recorded(self, victim: Victim, load: Load):
        """The load is archived, and its index lies in tables."""
        victim.start()
        victim.wire.play(load).finish()
        wait_for(lambda: len(calls(self.archive)) == len(load.calls), 30, "the calls are archived")
        victim.end()
        victim.archive_all(self, new=0)

    def index(self, *words, exit_code=0):
        return koegura(*words, "--archive", self.archive, "--config", self.config, exit_code=exit_code)

    def check_rebuilding(self, victim: Victim, total: int):
        """What those who ask are told."""
        wait_for(lambda: "index_rebuilding" in victim.findings(), 20, "the alarm")
        read = f"{total} of {total + 1} call files read"
        wait_for(lambda: read in self.status()["index_problem"], 20, "all files but the last are read")
        self.assertIn("is being rebuilt", self.status()["index_problem"])
        self.assertIn(read, self.index("calls", exit_code=FAILED).stderr)
        self.assertIn("ALARM the index is damaged", self.index("status").stdout)
        doctor = [json.loads(line) for line in self.index("doctor", "--json", exit_code=FAILED).stdout.splitlines()]
        self.assertIn("index_rebuilding", [check["check"] for check in doctor if check["verdict"] == "problem"])
        self.assertIn("locked by another process", self.index("reindex", exit_code=FAILED).stderr)

    def status(self) -> dict:
        return json.loads(self.index("status", "--json").stdout)

    def outages(self) -> list[dict]:
        found = [json.loads(line) for line in self.index("ledger", "show", "--kind", "outage", "--json").stdout.splitlines()]
        return [entry for entry in found if entry["reason"] == "index_rebuilding"]

    def test_live(self):
        "a table, then the manifest is damaged: the recorder hears all calls, is killed, goes on, and in the end all are there"
        first, second, third = self.load(1), self.load(2), self.load(3)
        with Wire(self.folder) as wire:
            victim = Victim(wire, self.archive)
            self.config = victim.config
            self.recorded(victim, first)
            cut(min(self.archive.glob("index/*.sst")))
            slow = SlowFile(self.archive)
            victim.start()
            self.check_rebuilding(victim, len(first.calls))
            wire.play(second).finish()
            wait_for(lambda: victim.status()["calls"]["waiting"] == len(second.calls), 30, "its calls wait")
            self.assertNotIn("disk_full", victim.findings())
            victim.kill()
            victim.start()
            wait_for(lambda: victim.status()["calls"]["waiting"] == len(second.calls), 30, "they wait again")
            slow.release()
            wait_for(lambda: "index_rebuilding" not in victim.findings(), 30, "the rebuild is over")
            wait_for(victim.is_idle, 60, "what waited is archived")
            wait_for(lambda: "index_incomplete" in victim.findings(), 20, "the pipe was no call")
            self.assertEqual({*first.calls, *second.calls}, {one["call_id"] for one in calls(self.archive)})
            victim.end()
            flip(min(self.archive.glob("index/MANIFEST-*")))
            self.check_stopped(victim, third)
            everything = Load.__new__(Load)
            everything.calls = first.calls | second.calls | third.calls
            check_all_there(self, everything, victim.archive_all(self, new=0))
        self.assertFalse((self.archive / "index.new").exists())
        self.index("verify")
        self.assertTrue(any("to" in entry for entry in self.outages()), "its end stands in the ledger")

    def check_stopped(self, victim: Victim, load: Load):
        """Stopped in order while it rebuilds, with calls that wait: they stay in the spool."""
        slow = SlowFile(self.archive)
        victim.start()
        wait_for(lambda: "index_rebuilding" in victim.findings(), 20, "the alarm")
        victim.wire.play(load).finish()
        wait_for(lambda: victim.status()["calls"]["waiting"] == len(load.calls), 30, "its calls wait")
        victim.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in victim.errors.read_text(), 20, "it stops")
        slow.release()
        self.assertEqual(len(load.calls), victim.end(signal.SIGTERM)["calls"]["waiting"])
        self.assertTrue(list(self.archive.glob("spool/*.pcapng")), "nothing is kept")
        victim.start()
        wait_for(victim.is_idle, 60, "what waited is archived")
        victim.end()

    @unittest.skipIf(NO_SHIM, NO_SHIM)
    def test_unreadable(self):
        "the disk cannot read the index any more, and says so: that is damage, too"
        load, flag = self.load(1), self.folder / "unreadable.flag"
        with Wire(self.folder) as wire:
            victim = Victim(wire, self.archive)
            self.config = victim.config
            self.recorded(victim, load)
            flag.touch()
            victim.environment = shimmed(self.archive / "index", fail="read:1+:EIO", only_while=flag)
            slow = SlowFile(self.archive)
            victim.start()
            self.check_rebuilding(victim, len(load.calls))
            flag.unlink()
            slow.release()
            wait_for(lambda: "index_rebuilding" not in victim.findings(), 30, "the rebuild is over")
            victim.end()
            check_all_there(self, load, victim.archive_all(self, new=0))
