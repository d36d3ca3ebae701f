"""Notes and tags on calls, with a recorder and without one; how many calls a filter has."""
import json

from koegura import Scenario, calls, koegura, record
from live import Live
from recorder import Recorder
from traffic import generate


class Noting:
    """What is the same with a recorder and without."""

    def koegura(self, *words, **options):
        return koegura(*words, "--archive", self.archive, **options)

    def count(self, *filters):
        nothing_matched = 4
        return int(self.koegura("calls", "--count", *filters, exit_code=(0, nothing_matched)).stdout)

    def check_notes(self, call, tag):
        """Writes some on the call, and finds it by them."""
        self.koegura("note", call, f"#{tag} 大声で怒鳴る")
        self.koegura("note", call[:12], "call", "back", "soon")
        told = self.koegura("show", call).stdout
        self.assertIn(f"#{tag} 大声で怒鳴る", told)
        self.assertIn("call back soon", told)
        one = json.loads(self.koegura("show", "--json", call).stdout)
        self.assertEqual([f"#{tag} 大声で怒鳴る", "call back soon"], [note["text"] for note in one["notes"]])
        self.assertEqual([tag], one["tags"])
        for filters in (("--tag", tag), ("--text", f"#{tag} 怒鳴"), ("--text", f"{tag} BACK", "--state", one["state"])):
            self.assertEqual([call], [found["id"] for found in calls(self.archive, *filters)])
            self.assertEqual(1, self.count(*filters))
        self.assertEqual(0, self.count("--tag", tag, "--text", "soup"))
        self.assertIn(f"#{tag}", self.koegura("calls", "--tag", tag).stdout)


def generated(folder):
    generate(folder / "calls.pcap", calls=6, talk="2s", start="2026-03-31T23:59:50+09:00")
    return folder / "calls.pcap"


class Notes(Noting, Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.archive = cls.folder / "archive"
        record(cls.archive, generated(cls.folder))

    def test_alone(self):
        "a note is in show, in the list and in its JSON, is found by, and outlives a reindex"
        call = calls(self.archive)[0]["id"]
        self.check_notes(call, "カスハラ")
        self.koegura("reindex")
        self.assertEqual(1, self.count("--tag", "カスハラ"))
        self.koegura("verify")
        shown = self.koegura("ledger", "show", "--kind", "note").stdout
        self.assertEqual(2, shown.count(call))
        self.assertNotIn("怒鳴", shown)

    def test_refused(self):
        "what is no note is refused with what to do, and a count is one of each filter"
        call = calls(self.archive)[1]["id"]
        wrong_usage, not_there = 2, 4
        self.assertIn("quotes", self.koegura("note", call, exit_code=wrong_usage).stderr)
        self.assertIn("4000", self.koegura("note", call, "x" * 5000, exit_code=wrong_usage).stderr)
        self.koegura("note", "01ARZ3NDEK", "x", exit_code=not_there)
        missing = koegura("calls", "--conversation", "--archive", self.archive, exit_code=wrong_usage).stderr
        self.assertIn("its value is missing", missing)
        everything = calls(self.archive)
        self.assertEqual(6, self.count())
        self.assertEqual(6, self.count("--from", "2026-03", "--to", "2026-04"))
        for filters in (("--from", "2026-04"), ("--to", "2026-03"), ("--state", "answered"), ("--number", "23*"),
                        ("--state", "missed", "--from", "2026-03-31"), ("--longer-than", "1s")):
            self.assertEqual(len(calls(self.archive, *filters)), self.count(*filters), filters)
        self.assertEqual(len(everything), len(calls(self.archive, "--number", "*")))


class NotesBesideRecorder(Noting, Live):
    def test_recorder(self):
        "a running recorder writes the note, and counts"
        recorder = Recorder(self.lab())
        self.archive = recorder.archive
        record(self.archive, generated(self.folder))
        with recorder:
            call = calls(self.archive)[2]["id"]
            self.check_notes(call, "vip")
            self.assertEqual(6, self.count())
            self.assertEqual(len(calls(self.archive, "--state", "answered")), self.count("--state", "answered"))
            recorder.stop()
        self.koegura("verify")
