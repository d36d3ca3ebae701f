"""A disk that forgets: every damaged call is found and named, and the commands carry on past it."""
import json
import shutil
import signal
import subprocess

from koegura import PROGRAM, Scenario, calls, koegura, record
from traffic import generate

DAMAGED = 3  # the exit code


class Damage(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = cls.folder / "original"
        capture = cls.folder / "calls.pcap"
        generate(capture, calls=4, talk="1s", codec="G722")  # which has media.pcapng, too
        record(cls.original, capture)
        cls.paths = {one["id"]: one["audio"]["path"] for one in calls(cls.original)}

    def setUp(self):
        """The archive that this scenario damages."""
        self.archive = self.folder / self._testMethodName
        shutil.copytree(self.original, self.archive)
        self.ids = list(self.paths)

    def file(self, number: int):
        return self.archive / self.paths[self.ids[number]]

    def verify(self, exit_code=DAMAGED) -> tuple[dict[str, str], dict]:
        """Why each damaged call is, by its id, and the sums."""
        run = koegura("verify", "--json", "--archive", self.archive, exit_code=exit_code)
        *damaged, result = map(json.loads, run.stdout.splitlines())
        damaged = [one for one in damaged if "id" in one]  # the rest is the ledger's, see ledger_test
        for one in damaged:
            self.assertEqual(self.paths[one["id"]], one["path"])
        self.assertEqual(len(damaged), result["damaged"])
        return {one["id"]: one["why"] for one in damaged}, result

    def test_whole(self):
        "an archive as it was recorded is whole: exit code 0"
        damaged, result = self.verify(exit_code=0)
        self.assertEqual({}, damaged)
        self.assertEqual((len(self.ids), True), (result["calls"], result["complete"]))
        self.assertIn("all whole", koegura("verify", "--archive", self.archive).stdout)

    def test_flipped_bytes(self):
        "one bit flipped anywhere behind a file's first 40 bytes is found"
        sample = min((self.file(i) for i in range(4)), key=lambda path: path.stat().st_size)
        self.ids = [id for id, path in self.paths.items() if str(sample).endswith(path)]
        good = sample.read_bytes()
        for at in range(40, len(good), max(1, len(good) // 60)):
            bad = bytearray(good)
            bad[at] ^= 1 << (at % 8)
            sample.write_bytes(bad)
            with self.subTest(offset=at):
                self.assertEqual(set(self.ids), set(self.verify()[0]))
        sample.write_bytes(good)
        self.verify(exit_code=0)

    def test_files(self):
        "a file that is cut, gone, empty or in another's place is named, the rest is read"
        self.file(0).write_bytes(self.file(0).read_bytes()[:-100])
        self.file(1).unlink()
        self.file(2).write_bytes(self.file(3).read_bytes())
        damaged, result = self.verify()
        self.assertEqual(set(self.ids[:3]), set(damaged))
        self.assertEqual("the file is missing", damaged[self.ids[1]])
        self.assertIn(f"another call: {self.ids[3]}", damaged[self.ids[2]])
        self.assertEqual((4, True), (result["calls"], result["complete"]))
        text = koegura("verify", "--archive", self.archive, exit_code=DAMAGED)
        for id in self.ids[:3]:
            self.assertIn(f"{id}  {self.paths[id]}: ", text.stdout)
        self.assertIn("3 calls are damaged", text.stderr)

    def test_reindex(self):
        "reindex names what it cannot read, keeps the rest, and verify agrees with it"
        self.file(0).write_bytes(b"\0" * 5000)
        run = koegura("reindex", "--archive", self.archive, exit_code=1)
        self.assertIn(self.paths[self.ids[0]], run.stderr)
        self.assertEqual(self.ids[1:], [one["id"] for one in calls(self.archive)])
        damaged, result = self.verify()  # the ledger knows that there was one more
        self.assertEqual(({}, 3, 1), (damaged, result["calls"], result["ledger_faults"]))

    def test_index(self):
        "a damaged index is refused with what to do, and reindex makes it good"
        for table in [*self.archive.glob("index/*.sst"), *self.archive.glob("index/MANIFEST-*")]:
            table.write_bytes(b"x" * table.stat().st_size)
        for command in (["verify"], ["scrub"], ["calls"]):
            with self.subTest(command=command):
                self.assertIn("koegura reindex", koegura(*command, "--archive", self.archive, exit_code=1).stderr)
        koegura("reindex", "--archive", self.archive)
        self.verify(exit_code=0)

    def test_restored(self):
        "a call restored from a copy is whole again, and leaves what the scrub knows as damaged"
        good = self.file(1).read_bytes()
        self.file(1).write_bytes(good[:-1])
        koegura("scrub", "--rate", "0", "--archive", self.archive, exit_code=DAMAGED)
        state = json.loads((self.archive / "scrub.json").read_text())
        self.assertEqual([self.ids[1]], [one["id"] for one in state["damaged_calls"]])
        self.file(1).write_bytes(good)
        koegura("scrub", "--rate", "0", "--archive", self.archive)
        self.assertEqual([], json.loads((self.archive / "scrub.json").read_text())["damaged_calls"])

    def test_interrupted(self):
        "a scrub that is stopped goes on where it was, and knows what it has found"
        self.file(0).write_bytes(b"nothing")
        slow = subprocess.Popen([PROGRAM, "scrub", "--rate", "1KiB/s", "--archive", self.archive],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn(self.ids[0], slow.stdout.readline())  # found at once; the next call waits for the rate
        slow.send_signal(signal.SIGINT)
        slow.communicate(timeout=60)
        self.assertEqual(DAMAGED, slow.returncode)
        before = json.loads((self.archive / "scrub.json").read_text())
        self.assertLess(before["calls"], len(self.ids))
        self.assertNotIn("last_pass_ended", before)
        rest = koegura("scrub", "--rate", "0", "--json", "--archive", self.archive, exit_code=DAMAGED)
        known, result = map(json.loads, rest.stdout.splitlines())
        self.assertEqual(self.ids[0], known["id"])
        self.assertEqual(len(self.ids), before["calls"] + result["calls"])
        self.assertTrue(result["complete"])

    def test_refused(self):
        "a rate that is none, a word too many, and a folder that is no archive are refused"
        self.assertIn("no rate", koegura("scrub", "--rate", "fast", "--archive", self.archive, exit_code=2).stderr)
        self.assertIn("'more'", koegura("verify", "bundle", "more", "--archive", self.archive, exit_code=2).stderr)
        self.assertIn("not an archive", koegura("verify", "--archive", self.folder, exit_code=1).stderr)
