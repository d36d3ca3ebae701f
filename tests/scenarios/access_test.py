"""Who was given which call: the ledger tells it, with a recorder and without, and before it is given."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

from koegura import PROGRAM, Scenario, calls, koegura, record
from lab import run, wait_for
from traffic import generate
from transparency import LedgerFiles

WRONG = 2  # exit code
REASON = "開示請求 45"


class Accesses(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = cls.folder / "original"
        generate(cls.folder / "calls.pcap", calls=2, talk="1s", codec="G722", seed=1)
        record(cls.original, cls.folder / "calls.pcap")
        cls.call = calls(cls.original)[0]["id"]
        cls.strict = cls.folder / "strict.toml"
        cls.strict.write_text("[access]\nreason = true\n")

    def setUp(self):
        self.archive = self.folder / self._testMethodName
        shutil.copytree(self.original, self.archive)
        self.out = self.folder / f"{self._testMethodName}.out"

    def give(self, command, *words, **options):
        """Of the first call, to a file or, of a ladder, to stdout."""
        to = () if command in ("ladder", "show") else ("-o", self.out, "--force")
        return koegura(command, self.call, *to, *words, "--archive", self.archive, **options)

    def accesses(self) -> list[tuple]:
        entries = [entry for entry in LedgerFiles(self.archive).entries if entry["kind"] == "access"]
        self.assertTrue(all(entry["who"] for entry in entries))
        return [(entry["action"], entry.get("call", ""), entry.get("reason", "")) for entry in entries]


class Alone(Accesses):
    def test_folder(self):
        "what a command gives of a call is entered with its reason; what is only looked at in the folder is not"
        self.give("audio", "--reason", REASON)
        self.give("packets")
        self.give("ladder")
        calls(self.archive)
        self.give("show")
        self.assertEqual([("audio", self.call, REASON), ("packets", self.call, ""), ("ladder", self.call, "")], self.accesses())
        self.assertEqual(REASON, json.loads(koegura("ledger", "show", "--kind", "access", "--json", "--archive",
                                                    self.archive).stdout.splitlines()[0])["reason"])
        koegura("verify", "--archive", self.archive)
        record(self.archive, self.folder / "calls.pcap")  # goes on behind them
        koegura("verify", "--archive", self.archive)

    def test_reason(self):
        "where a reason is asked for, nothing is given without one"
        config = ("--config", self.strict)
        for command in ("audio", "packets"):
            refused = self.give(command, *config, exit_code=WRONG)
            self.assertIn("--reason", refused.stderr)
            self.assertFalse(self.out.exists())
        self.assertEqual([], self.accesses())
        self.give("audio", "--reason", REASON, *config)
        self.give("ladder", *config)
        self.assertEqual(["audio", "ladder"], [action for action, *_ in self.accesses()])

    def test_at_once(self):
        "many at once are all entered, and a replay that begins meanwhile does not find the archive locked"
        many = [subprocess.Popen([PROGRAM, "ladder", self.call, "--archive", self.archive], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True) for _ in range(8)]
        errors = [process.communicate(timeout=60)[1] for process in many]
        self.assertEqual(([0] * 8, [""] * 8), ([process.returncode for process in many], errors))
        self.assertEqual(8, len(self.accesses()))
        replays = []
        for _ in range(3):
            others = [subprocess.Popen([PROGRAM, "ladder", self.call, "--archive", self.archive],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(4)]
            replays.append(record(self.archive, self.folder / "calls.pcap"))  # insists on exit code 0
            self.assertEqual([0] * 4, [process.wait(60) for process in others])
        self.assertEqual(3, len(replays))


@unittest.skipUnless(os.geteuid() == 0, "needs root for mounts and captures: tools/check runs it with sudo")
class AsRoot(Accesses):
    def test_read_only(self):
        "a copy that cannot be written to is listened to, with a warning"
        run("mount", "--bind", self.archive, self.archive)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.archive], capture_output=True)
        run("mount", "-o", "remount,bind,ro", self.archive)
        self.assertIn("warning: the ledger does not tell", self.give("audio").stderr)
        self.assertGreater(self.out.stat().st_size, 1000)
        self.assertEqual([], self.accesses())

    def get(self, target: str) -> tuple[int, bytes]:
        client = http.client.HTTPConnection("koegura")
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.connect(str(self.archive / "koegura.sock"))
        client.request("GET", target)
        answer = client.getresponse()
        status, body = answer.status, answer.read()
        client.close()
        return status, body

    def test_recorder(self):
        "a recorder enters searches by the names of their filters, looks, and files before a byte of them is given"
        number = calls(self.archive)[0]["caller"]["number"]
        with subprocess.Popen([PROGRAM, "record", "--interface", "lo", "--archive", self.archive, "--config", self.strict],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as recorder:
            try:
                wait_for(lambda: koegura("status", "--archive", self.archive).stdout.startswith("recorder    running"), 30,
                         "the recorder runs")
                calls(self.archive, "--number", number, "--state", "answered")
                koegura("calls", "--conversations", "--archive", self.archive)
                self.give("show")
                self.give("audio", "--reason", REASON)
                file = f"/v1/calls/{self.call}/file"
                self.assertEqual((400, 200), (self.get(file)[0], self.get(file + "?for=fax&reason=R8")[0]))
                self.assertEqual(200, self.get("/v1/calls?state=missed")[0])
            finally:
                recorder.send_signal(signal.SIGTERM)
                _, errors = recorder.communicate(timeout=30)
        self.assertEqual(0, recorder.returncode, errors)
        self.assertEqual({("calls", "", ""), ("show", self.call, ""), ("audio", self.call, REASON), ("fax", self.call, "R8")},
                         set(self.accesses()))
        ledger = LedgerFiles(self.archive)
        searches = [entry.get("filters", []) for entry in ledger.entries if entry.get("action") == "calls"]
        self.assertEqual([["number", "state"], [], ["state"]], searches)
        self.assertFalse(ledger.tells(number))
        self.assertEqual(1, sum(action == "show" for action, *_ in self.accesses()))
