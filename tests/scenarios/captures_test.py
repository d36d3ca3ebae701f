"""Real captures in, records out: compared whole with what tshark says, and each file opened by other programs."""
import json
import re
import wave

import expected
import observed
import truth
from accounting import assert_balanced
from koegura import CAPTURES, Scenario, calls, calls_text, koegura, moment, record, tool

FILES_OPENED = 6  # calls a capture whose files are opened; one capture has 771


class RealCapture:
    """The scenarios of one capture; each subclass below names its row of the index."""

    row: dict

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.archive = cls.folder / "archive"
        cls.accounting = record(cls.archive, CAPTURES / cls.row["file"])
        cls.text = calls_text(cls.archive)
        cls.records = calls(cls.archive)

    def shortDescription(self):
        return f"{self.row['file']}: {self._testMethodDoc}"

    def test_records(self):
        "the records are what tshark says, or what expected.py says against it, and why"
        if self.row["file"] == expected.FUZZED:
            return self.check_fuzzed()
        wanted = expected.calls_of(self.row)
        found = {}
        for one in self.records:
            if one["state"] != "media-only":
                self.assertNotIn(one.get("call_id"), found, "one Call-ID, two records")
                found[one["call_id"]] = observed.observed_call(one)
        self.assertEqual(sorted(wanted), sorted(found))
        for call_id in wanted:
            with self.subTest(call_id):
                self.assertEqual(wanted[call_id], found[call_id])

    def check_fuzzed(self):
        """Nobody knows what damaged messages meant; what is left of them must still be sound."""
        for one in self.records:
            self.assertIn(one["state"], ("interrupted", "media-only"))
            self.assertLessEqual(moment(one["start"]), moment(one["end"]))

    def test_media_only(self):
        "RTP that no SIP claims is kept as media-only calls, every stream of it"
        found = {}
        for one in self.records:
            if one["state"] == "media-only":
                found |= observed.streams(one)
        self.assertEqual(expected.media_only_of(self.row), found)

    def test_ladders(self):
        "each ladder has every message that tshark sees, in order"
        for call_id, wanted in expected.ladders_of(self.row).items():
            one = next(r for r in self.records if r["call_id"] == call_id)
            steps = koegura("ladder", one["id"], "--json", "--archive", self.archive).stdout.splitlines()
            self.assertEqual(wanted, observed.ladder([json.loads(step) for step in steps]))

    def test_accounting(self):
        "every frame and every call has one outcome"
        assert_balanced(self, self.accounting)
        self.assertEqual(self.accounting["frames"]["received"], expected.frames_of(CAPTURES / self.row["file"]))
        self.assertEqual(self.accounting["calls"]["archived"], len(self.records))

    def test_again(self):
        "read again, it adds nothing"
        again = record(self.archive, CAPTURES / self.row["file"])
        assert_balanced(self, again)
        self.assertEqual(0, again["calls"]["archived"])
        self.assertEqual(len(self.records), again["calls"]["already_there"])
        self.assertEqual(self.text, calls_text(self.archive))

    def test_reindex(self):
        "the index made anew from the files gives the same records, byte for byte"
        koegura("reindex", "--archive", self.archive)
        self.assertEqual(self.text, calls_text(self.archive))

    def test_files(self):
        "ffprobe, mkvextract and tshark read the call files"
        for one in self.records[:FILES_OPENED]:
            self.open_file(one)

    def open_file(self, one):
        path = self.archive / one["audio"]["path"]
        self.assertEqual(0o640, path.stat().st_mode & 0o777)
        probe = json.loads(tool("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_chapters",
                                "-show_format", path))
        audio = [s for s in probe["streams"] if s["codec_type"] == "audio"]
        self.assertEqual([("flac", 2)], [(s["codec_name"], s["channels"]) for s in audio])
        names = [s["tags"]["filename"] for s in probe["streams"] if s["codec_type"] == "attachment"]
        self.assertIn("call.json", names)
        tool("mkvextract", path, "attachments",
             *(f"{i}:{self.folder / name}" for i, name in enumerate(names, 1)))
        kept = json.loads((self.folder / "call.json").read_text())
        # the file is written once: which legs belong together the index knows, and by what only the file; how long it
        # is kept the rules say anew each time
        apart = {"audio": None, "conversation": None, "joining": None, "fingerprint": None, "retention": None}
        self.assertEqual({**one, **apart}, {**kept, **apart})
        if one["state"] == "media-only":
            return
        self.assertIn("signalling.pcapng", names)
        call_ids = tool("tshark", "-r", self.folder / "signalling.pcapng", "-Y", "sip", "-T", "fields", "-e",
                        "sip.Call-ID").split()
        if one["call_id"].isascii():
            self.assertEqual({one["call_id"]}, set(call_ids))
        if one.get("answered"):
            self.assertTrue(probe["chapters"], "no chapters")
        self.check_media(one, names)

    def check_media(self, one, names):
        """Nothing on the wire is lost: either the FLAC carries it or the packets are attached."""
        streams = one.get("streams", [])
        lossless = all(s["codec"] in ("PCMU", "PCMA", "L16") and s.get("rendered") for s in streams)
        if streams and not lossless:
            self.assertIn("media.pcapng", names)
            packets = tool("tshark", "-r", self.folder / "media.pcapng", "-T", "fields", "-e", "frame.number").split()
            attached = sum(s["packets"] for s in streams if s["codec"] not in ("PCMU", "PCMA", "L16"))
            self.assertGreaterEqual(len(packets), attached)

    def test_commands(self):
        "show, ladder, audio and packets tell each call's story; status the archive's"
        koegura("status", "--archive", self.archive)
        for one in self.records[:FILES_OPENED]:
            self.assertIn(one["call_id"], koegura("show", one["id"], "--archive", self.archive).stdout)
            koegura("show", one["id"], "--json", "--archive", self.archive)
            nothing_to_show = 4 if one["state"] == "media-only" else 0
            koegura("ladder", one["id"], "--archive", self.archive, exit_code=nothing_to_show)
            wav = self.folder / "audio.wav"
            koegura("audio", one["id"], "-o", wav, "--archive", self.archive)
            with wave.open(str(wav)) as audio:
                length = audio.getnframes() / audio.getframerate()
                self.assertEqual(2, audio.getnchannels())
            self.assertAlmostEqual(one["audio"].get("duration_s", 0), length, places=3)
            packets = self.folder / "packets.pcapng"
            koegura("packets", one["id"], "-o", packets, "--archive", self.archive, exit_code=(0, nothing_to_show))
            if packets.exists():
                tool("tshark", "-r", packets, "-q", "-z", "io,phs")
                packets.unlink()
            wav.unlink()


for row in truth.captures():
    name = re.sub(r"\W+", "_", row["file"])
    globals()[name] = type(name, (RealCapture, Scenario), {"row": row})
