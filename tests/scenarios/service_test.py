"""The recorder as a service: what it tells systemd, how it is reloaded, stopped and started again."""
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

from accounting import assert_balanced
from koegura import PROGRAM, calls, koegura
from lab import wait_for
from live import Live, find
from peers import Sipp
from recorder import Recorder
from sound import RATE, channels_of

UNIT = Path(__file__).resolve().parents[2] / "tools" / "systemd" / "koegura.service.in"
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
ALL_WAITS = 0x40000000  # __WALL: threads, too


class Manager:
    """systemd's end of sd_notify: every message that came, in order."""

    def __init__(self, folder: Path):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        self.messages: list[dict] = []

    def close(self):
        self.socket.close()

    def read(self) -> list[dict]:
        while True:
            try:
                text = self.socket.recv(65536).decode()
            except BlockingIOError:
                return self.messages
            self.messages.append(dict(line.split("=", 1) for line in text.splitlines()))

    def count(self, key: str) -> int:
        return sum(key in message for message in self.read())

    def values(self, key: str) -> list[str]:
        return [message[key] for message in self.read() if key in message]

    def wait_for(self, key: str, count: int, seconds=20.0):
        wait_for(lambda: self.count(key) >= count, seconds, f"{key}, {count} times")


class StoppedThread:
    """with StoppedThread(pid, "koegura-rx0"): that thread stands still, and the others go on."""

    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def __init__(self, pid: int, name: str):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        self.thread = next(int(t.name) for t in tasks if (t / "comm").read_text().strip() == name)

    def __enter__(self):
        if self.libc.ptrace(PTRACE_SEIZE, self.thread, None, None) != 0:
            raise unittest.SkipTest(f"ptrace: {os.strerror(ctypes.get_errno())}")
        self.libc.ptrace(PTRACE_INTERRUPT, self.thread, None, None)
        os.waitpid(self.thread, ALL_WAITS)
        return self

    def __exit__(self, *_):
        self.libc.ptrace(PTRACE_DETACH, self.thread, None, None)


class Service(Live):

    def manager(self) -> Manager:
        folder = self.folder / self.id().rsplit(".", 1)[1]
        folder.mkdir()
        manager = Manager(folder)
        self.addCleanup(manager.close)
        return manager

    def started(self, recorder: Recorder) -> Recorder:
        self.addCleanup(lambda: recorder.__exit__())
        return recorder.__enter__()

    def settings(self, text: str) -> Path:
        path = self.folder / f"{self.id().rsplit('.', 1)[1]}.toml"
        path.write_text(text)
        return path

    def test_notify(self):
        "systemd is told when it records, that it is alive, and when it stops"
        manager = self.manager()
        recorder = self.started(Recorder(self.lab(), environment={"NOTIFY_SOCKET": str(manager.path)}))
        manager.wait_for("READY", 1)
        manager.wait_for("WATCHDOG", 3)
        self.assertIn("0 calls in progress", manager.values("STATUS")[-1])
        self.assertEqual(0, manager.count("STOPPING"))
        begun = time.monotonic()
        recorder.stop(signal.SIGTERM)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(["1"], manager.values("STOPPING"))
        self.assertEqual(["1"], manager.values("READY"))

    def test_stuck(self):
        "a receive thread that stands still is named, and systemd is no longer told that all is well until it goes on"
        manager = self.manager()
        recorder = self.started(Recorder(self.lab(), environment={"NOTIFY_SOCKET": str(manager.path)}))
        manager.wait_for("WATCHDOG", 2)
        with StoppedThread(recorder.process.pid, "koegura-rx0"):
            wait_for(lambda: "stuck thread=rx0" in recorder.errors.read_text(), 30, "the stuck thread is named")
            before = manager.count("WATCHDOG")
            manager.wait_for("STATUS", manager.count("STATUS") + 1)  # the main thread goes on, and is silent about this
            self.assertEqual(before, manager.count("WATCHDOG"))
            self.assertIn("rx0", [t["name"] for t in recorder.status()["recorder"]["threads"]
                                  if t["silent_s"] > t["limit_s"]])
        manager.wait_for("WATCHDOG", before + 1)
        self.assertIn("goes_on thread=rx0", recorder.errors.read_text())
        recorder.stop()

    def test_reload(self):
        "SIGHUP reads the settings again: wrong ones are refused with their line, and each change says when it comes"
        manager = self.manager()
        config = self.settings('[recorder]\ninterfaces = ["tap0"]\n')
        recorder = self.started(Recorder(self.lab(), words=("--config", config),
                                         environment={"NOTIFY_SOCKET": str(manager.path)}))
        manager.wait_for("READY", 1)
        config.write_text('[recorder]\ninterfaces = ["tap0"]\n\n[hearing]\nno_sip = 7\n')
        recorder.process.send_signal(signal.SIGHUP)
        manager.wait_for("READY", 2)
        self.assertIn(f"{config}:5:", recorder.errors.read_text())
        config.write_text('[recorder]\ninterfaces = ["tap0"]\n[hearing]\nno_sip = "1h"\n[capture]\nmax_streams = 100\n')
        recorder.process.send_signal(signal.SIGHUP)
        manager.wait_for("READY", 3)
        self.assertEqual(2, manager.count("RELOADING"))
        log = recorder.errors.read_text()
        self.assertRegex(log, r'reload key=hearing\.no_sip .*takes_effect=now\n')
        self.assertRegex(log, r'reload key=capture\.max_streams from=65536 to=100 takes_effect="at the next start"\n')
        self.assertEqual(2, len(re.findall("reload key", log)))
        recorder.stop()

    def test_restart(self):
        "SIGTERM in the middle of calls, and a start: each call comes out once, whole, and says when nobody listened"
        lab = self.lab()
        first = self.started(Recorder(lab))
        peers = Sipp(lab, 3, rate=20, seconds=9.0)
        peers.start()
        wait_for(lambda: first.status()["recorder"]["hearing"]["talking"] == 3, 20, "three calls that talk")
        talked_until = time.monotonic() + 2.5
        wait_for(lambda: time.monotonic() > talked_until, 5, "they talk for a while")
        begun = time.monotonic()
        kept = first.stop(signal.SIGTERM)
        self.assertLess(time.monotonic() - begun, 5)
        assert_balanced(self, kept)
        self.assertEqual((3, 0), (kept["calls"]["in_progress"], kept["calls"]["archived"]))
        second = self.started(Recorder(lab))
        sent = peers.finish()
        wait_for(lambda: len(second.calls()) == 3, 40, "the calls are archived by the second recorder")
        self.assertIn("recovered", second.findings())
        self.assertEqual(3, second.status()["recorder"]["recovery"]["legs"])
        assert_balanced(self, second.stop())
        self.check_states(second.archive, sent)
        for one in sent:
            self.check_outage(second.archive, one)
        self.assertEqual([], list((second.archive / "spool").glob("*.pcapng")))

    def check_outage(self, archive, sent):
        """What was said before and after, at its place, and in between a span that says that nobody listened."""
        record = next(r for r in calls(archive) if r["call_id"] == sent.call_id)
        outages = [s for s in record["spans"] if s["kind"] == "outage"]
        self.assertTrue(outages, record["spans"])
        begin, end = min(s["from_s"] for s in outages), max(s["to_s"] for s in outages)
        self.assertGreater(end - begin, 0)
        self.assertFalse(record["quality"].get("complete", False))
        for side, channel in channels_of(archive, record["id"], self.folder).items():
            said = sent.spoken[side].samples()
            part = RATE  # a second of the beginning, and of the end
            at = find(channel, said[:part])
            self.assertIsNotNone(at, f"the first second of the {side}")
            self.assertLess(at / RATE + 1, begin + 0.1)
            last = find(channel, said[-part:])
            self.assertIsNotNone(last, f"the last second of the {side}")
            self.assertGreater(last / RATE, end - 0.1)
            self.assertAlmostEqual(at + len(said) - part, last, delta=0.02 * RATE)

    def test_replay_beside(self):
        "record --read between two recorders leaves alone what the first kept, and says so"
        lab = self.lab()
        first = self.started(Recorder(lab))
        peers = Sipp(lab, 1, seconds=5.0)
        peers.start()
        wait_for(lambda: first.status()["recorder"]["hearing"]["talking"] == 1, 20, "a call that talks")
        first.stop(signal.SIGTERM)
        spool = first.archive / "spool"
        kept = sorted((file.name, file.stat().st_size) for file in spool.iterdir())
        capture = self.folder / "other.pcap"
        koegura("traffic", "--write", capture, "--calls", 1, "--talk", "1s")
        run = koegura("record", "--read", capture, "--archive", first.archive)
        self.assertRegex(run.stderr, r"segments? of a live recorder .* its next start goes on with the calls")
        self.assertEqual(kept, sorted((file.name, file.stat().st_size) for file in spool.iterdir()))
        second = self.started(Recorder(lab))
        peers.finish()
        wait_for(lambda: len(second.calls()) == 2, 30, "the kept call, and the one that was read")
        second.stop()

    def test_interrupt(self):
        "SIGINT, a person's Ctrl-C, archives the calls in progress as far as they were heard"
        lab = self.lab()
        recorder = self.started(Recorder(lab))
        peers = Sipp(lab, 2, rate=20, seconds=4.0)
        peers.start()
        wait_for(lambda: recorder.status()["recorder"]["hearing"]["talking"] == 2, 20, "two calls that talk")
        accounting = recorder.stop(signal.SIGINT)
        peers.finish()
        assert_balanced(self, accounting)
        self.assertEqual((0, 2), (accounting["calls"]["in_progress"], accounting["calls"]["archived"]))
        self.assertEqual(["interrupted"] * 2, [record["state"] for record in recorder.calls()])


class Unit(unittest.TestCase):

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_unit(self):
        "systemd takes the service's unit without a remark"
        folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"koegura-unit-{os.getpid()}"
        folder.mkdir()
        self.addCleanup(shutil.rmtree, folder)
        unit = folder / "koegura.service"
        unit.write_text(UNIT.read_text().replace("@BINDIR@/koegura", PROGRAM))
        run = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual((0, ""), (run.returncode, run.stderr))

    def test_nothing_to_record(self):
        "record without a word, and with settings that name no interface, says what to do"
        run = koegura("record", "--config", "/dev/null", exit_code=2)
        self.assertIn("recorder.interfaces", run.stderr)
