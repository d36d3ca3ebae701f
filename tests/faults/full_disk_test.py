"""A disk that is full or read-only while calls go on: nothing archived is touched, nothing is lost that memory can
hold, and when there is space again all is archived."""
import hashlib
import os
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from failing_calls_test import check_all_there
from koegura import PROGRAM, Scenario, calls, koegura
from lab import run, wait_for
from load import Kind, Load, Wire
from victim import DENIED, FAILED, Victim, sound_archive

SIZE_MB = 96
MISSING = [name for name in ("ip", "ethtool", "mkfs.ext4", "losetup") if not shutil.which(name)]
RESERVE = '[archive]\nreserve = "8MiB"\n'


def checksums(archive: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in archive.glob("calls/**/*.mka")}


@unittest.skipUnless(os.geteuid() == 0, "needs root for mounts: tools/check runs it with sudo")
@unittest.skipIf(MISSING, f"not installed: {MISSING}; tools/packages/install tests")
class SmallDisk(Scenario):
    def setUp(self):
        self.disk = self.folder / self._testMethodName
        self.disk.mkdir()
        self.ballast = self.disk / "ballast"
        self.archive = self.disk / "archive"
        self.load = Load(self.folder, [Kind(talk=2, at_once=4, seconds=20), Kind(talk=6, at_once=4, seconds=20),
                                       Kind(talk=18, at_once=3, seconds=20)])

    def mount(self, *words):
        run("mount", *words, self.disk)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], capture_output=True)

    def fill(self, free: int):
        """Leaves so many bytes."""
        disk = os.statvfs(self.disk)
        with open(self.ballast, "ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), disk.f_bavail * disk.f_frsize - free)

    def test_full(self):
        "a full disk during calls: they wait, one alarm says so, nothing archived is touched; with space again all is archived"
        self.mount("-t", "tmpfs", "-o", f"size={SIZE_MB}m", "koegura")
        with Wire(self.folder) as wire:
            victim = Victim(wire, self.archive, RESERVE)
            victim.start()
            player = wire.play(self.load)
            wait_for(lambda: len(calls(self.archive)) >= 2, 20, "the first calls are archived")
            self.fill(free=4 << 20)  # half of the reserve: the spool goes on
            wait_for(lambda: victim.status()["calls"]["waiting"] >= 2, 20, "calls wait")
            wait_for(lambda: "disk_full" in victim.findings(), 20, "the alarm")
            self.assertFalse(victim.status()["spool"]["refused"])
            before = checksums(self.archive)
            self.fill(free=0)
            player.finish()
            time.sleep(3)
            self.assertEqual(before, checksums(self.archive))
            self.ballast.unlink()
            wait_for(victim.is_idle, 60, "the backlog is archived without a restart")
            victim.end()
            check_all_there(self, self.load, victim.archive_all(self, new=0))
        self.assertEqual(before, {path: value for path, value in checksums(self.archive).items() if path in before})

    def test_killed_full(self):
        "killed while the disk is full, and started again while it still is: nothing that was on it is lost"
        self.mount("-t", "tmpfs", "-o", f"size={SIZE_MB}m", "koegura")
        with Wire(self.folder) as wire:
            victim = Victim(wire, self.archive, RESERVE)
            victim.start()
            player = wire.play(self.load)
            wait_for(lambda: len(calls(self.archive)) >= 2, 20, "the first calls are archived")
            self.fill(free=4 << 20)
            wait_for(lambda: victim.status()["calls"]["waiting"] >= 2, 20, "calls wait")
            time.sleep(2.5)  # what is waiting is on disk, too
            self.fill(free=0)
            wait_for(lambda: victim.status()["spool"]["refused"], 20, "the disk is full")
            heard, before = player.now() - 6, checksums(self.archive)
            victim.kill()
            self.start_on_full(victim)
            wait_for(victim.is_recovered, 60, "the recovery")
            player.finish()
            self.ballast.unlink()
            time.sleep(6)
            wait_for(victim.is_idle, 60, "the backlog is archived without a restart")
            victim.end()
            found = {one["call_id"]: one for one in victim.archive_all(self, new=0)}
        due = {call_id for call_id, one in self.load.calls.items() if one.start < heard}
        self.assertEqual(set(), due - set(found), "calls that are lost")
        over = {i: self.load.calls[i].state for i in due if self.load.calls[i].end < heard}
        self.assertEqual(over, {i: found[i]["state"] for i in over})
        self.assertEqual(before, {path: value for path, value in checksums(self.archive).items() if path in before})

    def start_on_full(self, victim: Victim):
        """Without a byte left it may refuse to start, as its index cannot be opened; with half of the reserve it starts."""
        victim.launch()
        wait_for(lambda: victim.process.poll() is not None or "recording" in victim.errors.read_text(), 30, "a start, or none")
        if victim.process.poll() is not None:
            print(f"   without a byte left: {victim.errors.read_text().strip()}")
            self.assertEqual(FAILED, victim.process.returncode, victim.errors.read_text())
            self.assertIn("space", victim.errors.read_text())
            self.ballast.unlink()
            self.fill(free=4 << 20)
            victim.start()

    def test_read_only(self):
        "a disk that turns read-only while calls go on: the recorder stays, and says so; on the disk mounted anew the calls are there"
        image = self.folder / "image"
        with open(image, "wb") as file:
            file.truncate(SIZE_MB << 20)
        run("mkfs.ext4", "-q", image)
        options = ["-o", "loop,errors=remount-ro", image]
        self.mount(*options)
        device = Path(run("findmnt", "-no", "SOURCE", self.disk).strip()).name
        with Wire(self.folder) as wire:
            victim = Victim(wire, self.archive, RESERVE)
            victim.start()
            player = wire.play(self.load)
            player.wait_until(9)
            before, turned = checksums(self.archive), player.now()
            Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("a test\n")
            wait_for(lambda: victim.status()["spool"]["refused"], 20, "the disk refuses")
            player.finish()
            self.assertIsNone(victim.process.poll(), "the recorder ended")
            victim.kill()
            self.refused(wire)
            run("umount", self.disk)
            wait_for(lambda: not run("losetup", "-j", image), 20, "the disk is gone")
            self.mount(*options)
            victim.archive_all(self)
        found = {one["call_id"]: one for one in calls(self.archive)}
        due = {call_id for call_id, one in self.load.calls.items() if one.start < turned - 3}
        self.assertEqual(set(), due - set(found), "calls that are lost")
        self.assertEqual(before, {path: value for path, value in checksums(self.archive).items() if path in before})

    def refused(self, wire: Wire):
        """On a disk that cannot be written the recorder does not pretend to start."""
        process = wire.start("recorder", PROGRAM, "record", "--interface", "tap0", "--archive", self.archive,
                             stderr=subprocess.PIPE, text=True)
        _, errors = process.communicate(timeout=30)
        self.assertIn(process.returncode, (FAILED, DENIED))
        self.assertIn("Read-only file system", errors)
        self.assertIn(str(self.archive), errors)
        koegura("calls", "--archive", self.archive)  # reading goes on
