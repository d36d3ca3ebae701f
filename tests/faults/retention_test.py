"""Retention with the real program: what goes, what is held, and what the ledger says of it, beside a recorder and without."""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

from koegura import PROGRAM, Scenario, calls, koegura, record
from traffic import generate

FAILED, CHANGED, NOTHING = 1, 3, 4  # exit codes
CLOCK = Path(PROGRAM).resolve().parents[1] / "tests/faults/libfault_clock.so"
RIGHT = {"env": os.environ | {"LD_PRELOAD": str(CLOCK), "FAULT_CLOCK": "synchronised"}}
WRONG = {"env": os.environ | {"LD_PRELOAD": str(CLOCK), "FAULT_CLOCK": "unsynchronised"}}


class Retention(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.captures = [cls.folder / "old.pcap", cls.folder / "new.pcap"]
        generate(cls.captures[0], calls=4, talk="1s", seed=1, start="2010-02-03T10:00:00+09:00")
        generate(cls.captures[1], calls=2, talk="1s", seed=2, start="2026-11-03T10:00:00+09:00")

    def setUp(self):
        self.archive = self.folder / self._testMethodName
        self.config = self.folder / f"{self._testMethodName}.toml"
        self.config.write_text("")
        record(self.archive, *self.captures, **RIGHT)
        self.ids = [one["id"] for one in calls(self.archive)]  # the four old ones first

    def koegura(self, *words, exit_code=0, **options):
        options = RIGHT | options
        return koegura(*words, "--archive", self.archive, "--config", self.config, exit_code=exit_code, **options)

    def json(self, *words, **options) -> list[dict]:
        return [json.loads(line) for line in self.koegura(*words, "--json", **options).stdout.splitlines()]

    def left(self) -> list[str]:
        return [one["id"] for one in calls(self.archive)]

    def files(self) -> int:
        return sum(path.is_file() for path in (self.archive / "calls").rglob("*"))

    def test_schedule(self):
        "what expired goes with its file and its row, its tombstone stays, and it does not come back"
        outlook, = self.json("retention", "show")
        self.assertEqual((6, 4, 0), (outlook["calls"], outlook["due"], outlook["held"]))
        self.assertEqual("default", outlook["rules"][0]["rule"])
        due = self.json("retention", "run", "--dry-run")
        self.assertEqual(self.ids[:4], [one["id"] for one in due])
        self.koegura("note", self.ids[0], "he called again #苦情")
        self.assertEqual(7, self.files())
        erased, = self.json("retention", "run")
        self.assertEqual(4, erased["calls"])
        self.assertEqual(self.ids[4:], self.left())
        self.assertEqual(2, self.files())
        tombstones = self.json("ledger", "show", "--kind", "erased")
        self.assertEqual(self.ids[:4], [one["call"] for one in tombstones])
        self.assertEqual({"default"}, {one["rule"] for one in tombstones})
        archived = {one["call"]: one["file_sha256"] for one in self.json("ledger", "show", "--kind", "archived")}
        self.assertEqual([archived[one["call"]] for one in tombstones], [one["file_sha256"] for one in tombstones])
        self.koegura("retention", "run", exit_code=NOTHING)
        accounting = record(self.archive, self.captures[0], **RIGHT)
        self.assertEqual(4, accounting["calls"]["already_there"])
        self.assertEqual(self.ids[4:], self.left())
        self.koegura("verify")
        self.koegura("reindex")
        self.assertEqual(self.ids[4:], self.left())
        self.koegura("verify")

    def test_clock(self):
        "an unsynchronised clock erases nothing, and says so"
        run = self.koegura("retention", "run", exit_code=FAILED, **WRONG)
        self.assertIn("not synchronised", run.stderr)
        self.koegura("retention", "confirm", "--reason", "it looks right", exit_code=FAILED, **WRONG)
        self.assertEqual(self.ids, self.left())
        self.assertEqual([], self.json("ledger", "show", "--kind", "erased", exit_code=NOTHING))

    def test_rules(self):
        "the first rule that fits says how long, from the call or from the fiscal year"
        self.config.write_text('[retention]\nkeep = "1 day"\n[[retention.rule]]\nname = "代表"\nline = "2302"\n'
                               'keep = "90 years"\ncount_from = "fiscal-year"\n')
        one = self.json("show", self.ids[1])[0]
        self.assertEqual({"rule": "代表", "holds": [], "expires": "2100-03-31T15:00:00Z"}, one["retention"])
        self.assertEqual("default", self.json("show", self.ids[0])[0]["retention"]["rule"])
        self.koegura("retention", "run")
        kept = calls(self.archive)
        self.assertIn(self.ids[1], [one["id"] for one in kept])
        self.assertEqual({"2302"}, {one["callee"]["number"] for one in kept})
        self.config.write_text('[[retention.rule]]\nname = "complaint"\ntag = "苦情"\nkeep = "10 years"\n')
        self.koegura("note", self.ids[1], "#苦情")
        self.assertEqual("complaint", self.json("show", self.ids[1])[0]["retention"]["rule"])
        self.config.write_text('[[retention.rule]]\nname = "x"\nkeep = "5 weeks"\n')
        run = self.koegura("retention", "show", exit_code=FAILED)
        self.assertIn(f"{self.config}:3:8: 'keep': retention.rule: expected a period", run.stderr)

    def test_holds(self):
        "a hold keeps what expired, a lift returns it to its rule; a hold that vanishes is found"
        self.koegura("hold", "place", "R8-1", self.ids[0], "--reason", "court")
        self.koegura("hold", "place", "R8-2", "--number", "06 1234 5679", "--reason", "complaint")
        self.assertEqual(["R8-1"], self.json("show", self.ids[0])[0]["retention"]["holds"])
        self.assertEqual([self.ids[0]], [one["id"] for one in self.json("calls", "--hold", "R8-1")])
        self.assertEqual(["R8-1", "R8-2"], [one["case"] for one in self.json("hold", "list")])
        self.koegura("retention", "run")
        held = self.left()
        self.assertEqual([self.ids[0], self.ids[1]], held[:2])
        self.koegura("verify")
        holds = self.archive / "holds.jsonl"
        kept = holds.read_text()
        holds.write_text(kept.splitlines(keepends=True)[0])
        run = self.koegura("verify", exit_code=CHANGED)
        self.assertIn("hold R8-2: it is gone", run.stdout)
        holds.write_text(kept)
        self.koegura("verify")
        self.koegura("hold", "lift", "R8-1")
        self.koegura("hold", "lift", "R8-1", exit_code=NOTHING)
        self.koegura("retention", "run")
        self.assertEqual(held[1:], self.left())
        self.koegura("verify")

    def test_resurrected(self):
        "a file that is put back after its erasure is found"
        file = self.archive / calls(self.archive)[0]["audio"]["path"]
        kept = file.read_bytes()
        self.koegura("retention", "run")
        file.write_bytes(kept)
        run = self.koegura("verify", exit_code=CHANGED)
        self.assertIn(f"call {self.ids[0]}: a file of it is there", run.stdout)
        file.unlink()
        self.koegura("verify")

    def start_recorder(self) -> subprocess.Popen:
        recorder = subprocess.Popen([PROGRAM, "record", "--interface", "lo", "--filter", "port 1", "--archive",
                                     self.archive, "--config", self.config], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **RIGHT)
        self.addCleanup(recorder.kill)
        until = time.monotonic() + 60
        while not (self.archive / "recorder.json").exists():
            self.assertIsNone(recorder.poll(), recorder.stderr.read() if recorder.poll() is not None else "")
            self.assertLess(time.monotonic(), until)
            time.sleep(0.02)
        return recorder

    def test_recorder(self):
        "beside a running recorder everything is the same, and it is it that erases"
        before = [self.json("show", one)[0] for one in self.ids]
        recorder = self.start_recorder()
        self.assertEqual(before, [self.json("show", one)[0] for one in self.ids])
        self.koegura("hold", "place", "R8-1", self.ids[0], "--reason", "court")
        self.assertEqual([self.ids[0]], [one["id"] for one in self.json("calls", "--hold", "R8-1")])
        outlook, = self.json("retention", "show")
        self.assertEqual((6, 3, 1), (outlook["calls"], outlook["due"], outlook["held"]))
        self.assertEqual(3, len(self.json("retention", "run", "--dry-run")))
        erased, = self.json("retention", "run")
        self.assertEqual(3, erased["calls"])
        self.assertEqual([self.ids[0], *self.ids[4:]], self.left())
        self.koegura("verify")
        self.koegura("hold", "lift", "R8-1")
        recorder.send_signal(signal.SIGTERM)
        self.assertEqual(0, recorder.wait(60), recorder.stderr.read())
        self.koegura("retention", "run")
        self.assertEqual(self.ids[4:], self.left())
        self.koegura("verify")
