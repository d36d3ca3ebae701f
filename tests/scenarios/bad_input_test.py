"""Promise 9: bad input gets a clear error that names what is wrong, and nothing half-written stays."""
import gzip
import os
import shutil
import signal
import struct
import subprocess
import unittest
from pathlib import Path

from koegura import PROGRAM, Scenario, calls, koegura, record
from traffic import generate

ROOT_ONLY = unittest.skipUnless(os.geteuid() == 0, "needs root: tools/check runs it with sudo")


def assert_nothing_half_written(test, archive: Path):
    """Every file of the archive is whole and in the index, and no temporary file is left."""
    for leftovers in ("tmp", "spool"):
        test.assertEqual([], [str(p) for p in archive.glob(f"{leftovers}/**/*") if p.is_file()])
    files = {str(p.relative_to(archive)) for p in archive.glob("calls/**/*") if p.is_file()}
    test.assertEqual({one["audio"]["path"] for one in calls(archive)} if files else set(), files)


class BadInput(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls.folder / "good.pcap"
        generate(cls.good, calls=3, talk="4s")
        cls.bytes = cls.good.read_bytes()

    def refused(self, path, *words, exit_code=1, **options):
        """Recording path fails with a message that names it and says these words; gives the archive."""
        archive = self.folder / f"archive-{self._testMethodName}"
        run = koegura("record", "--archive", archive, "--read", path, exit_code=exit_code, **options)
        for word in (str(path), *words):
            self.assertIn(word, run.stderr)
        self.assertEqual(1, len(run.stderr.strip().splitlines()), f"more than one line: {run.stderr}")
        if archive.exists():
            assert_nothing_half_written(self, archive)
        return archive

    def file(self, name, content: bytes):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def test_missing(self):
        "a missing file is named"
        self.refused(self.folder / "nothing.pcap", "No such file")

    def test_directory(self):
        "a folder is no capture file"
        self.refused(self.folder, "directory")

    def test_speech(self):
        "what traffic is to say: a text, and a folder in a file's place"
        for name, word in (("text.wav", "is not a WAV file"), ("folder.wav", "cannot read")):
            speech = self.folder / name.removesuffix(".wav")
            speech.mkdir()
            (speech / name).mkdir() if word == "cannot read" else (speech / name).write_text("good morning")
            run = koegura("traffic", "--audio", speech, "--calls", 1, "--write", self.folder / "speech.pcap", exit_code=1)
            self.assertIn(word, run.stderr)
            self.assertIn(str(speech / name), run.stderr)

    def test_empty(self):
        "an empty file is said to be empty"
        self.refused(self.file("empty.pcap", b""), "empty")

    def test_not_a_capture(self):
        "what is not a capture is said not to be one"
        self.refused(self.file("letter.pcap", b"Dear Sir or Madam, " * 50), "not a")

    def test_unknown_link_type(self):
        "an unknown link type is named by its number"
        header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147)
        packet = struct.pack("<IIII", 1, 0, 4, 4) + b"abcd"
        self.refused(self.file("user0.pcap", header + packet), "147")

    @ROOT_ONLY
    def test_unreadable(self):
        "a file that may not be read: exit code 5"
        path = self.file("secret.pcap", self.bytes)
        path.chmod(0)
        self.folder.chmod(0o777)
        archive = self.folder / "nobodys"
        run = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", PROGRAM, "record",
                              "--archive", archive, "--read", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(5, run.returncode, run.stderr)
        self.assertIn(f"{path}: ", run.stderr)
        self.assertIn("Permission denied", run.stderr)

    def cut_off(self, path, *words):
        """A capture that breaks off: the calls before the damage are kept, and the exit code says so."""
        archive = self.refused(path, "offset", *words)
        self.assertGreaterEqual(len(calls(archive)), 1)

    def test_truncated_pcap(self):
        "a pcap cut off within a packet: the offset is named, the calls before it are kept"
        self.cut_off(self.file("cut.pcap", self.bytes[:len(self.bytes) * 3 // 4 + 7]))

    def test_truncated_pcapng(self):
        "a pcapng cut off within a block: the offset is named, the calls before it are kept"
        whole = self.folder / "whole.pcapng"
        generate(whole, calls=3, talk="4s")
        content = whole.read_bytes()
        self.cut_off(self.file("cut.pcapng", content[:len(content) * 3 // 4 + 7]))

    def test_truncated_gzip(self):
        "a gzip file cut off: the calls before it are kept"
        packed = gzip.compress(self.bytes)
        self.cut_off(self.file("cut.pcap.gz", packed[:len(packed) * 3 // 4]))

    def test_truncated_zstd(self):
        "a zstd file cut off: the calls before it are kept"
        subprocess.run(["zstd", "-q", self.good, "-o", self.folder / "whole.zst"], check=True)
        packed = (self.folder / "whole.zst").read_bytes()
        self.cut_off(self.file("cut.pcap.zst", packed[:len(packed) * 3 // 4]))

    def test_one_bad_of_several(self):
        "one bad file among several is refused before anything is done"
        archive = self.folder / "several"
        bad = self.file("bad.pcap", b"nonsense " * 10)
        run = koegura("record", "--archive", archive, "--read", self.good, bad, exit_code=1)
        self.assertIn(str(bad), run.stderr)
        self.assertFalse(archive.exists())


class GoodInput(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls.folder / "good.pcap"
        generate(cls.good, calls=3, talk="4s")
        cls.wanted = cls.record_ids(cls.good)

    @classmethod
    def record_ids(cls, path, **options):
        archive = cls.folder / f"archive-{path}".replace("/", "-")
        record(archive, path, **options)
        return [one["id"] for one in calls(archive)]

    def test_compressed(self):
        "gzip and zstd files give the same calls"
        packed = self.folder / "good.pcap.gz"
        packed.write_bytes(gzip.compress(self.good.read_bytes()))
        subprocess.run(["zstd", "-q", self.good, "-o", self.folder / "good.pcap.zst"], check=True)
        self.assertEqual(self.wanted, self.record_ids(packed))
        self.assertEqual(self.wanted, self.record_ids(self.folder / "good.pcap.zst"))

    def test_standard_input(self):
        "standard input gives the same calls"
        with open(self.good, "rb") as capture:
            self.assertEqual(self.wanted, self.record_ids("-", stdin=capture))

    def test_pcapng(self):
        "pcapng gives the same calls as pcap"
        other = self.folder / "good.pcapng"
        generate(other, calls=3, talk="4s")
        self.assertEqual(self.wanted, self.record_ids(other))

    def test_split(self):
        "a capture split over two files, both named, gives the same calls"
        whole = self.good.read_bytes()
        cut = 24
        while cut < len(whole) // 2:
            cut += 16 + struct.unpack_from("<I", whole, cut + 8)[0]
        first, second = self.folder / "1.pcap", self.folder / "2.pcap"
        first.write_bytes(whole[:cut])
        second.write_bytes(whole[:24] + whole[cut:])
        archive = self.folder / "split"
        record(archive, first, second)
        self.assertEqual(self.wanted, [one["id"] for one in calls(archive)])


class BadArchive(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls.folder / "good.pcap"
        generate(cls.good, calls=20, talk="10s")

    @ROOT_ONLY
    def test_disk_full(self):
        "a full disk: a clear message, exit code 1, whole files only; with room again, the rest follows"
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        archive = disk / "archive"
        run = koegura("record", "--archive", archive, "--read", self.good, exit_code=1)
        self.assertIn("No space left", run.stderr)
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        assert_nothing_half_written(self, archive)
        self.assertLess(len(calls(archive)), 20)
        record(archive, self.good)
        self.assertEqual(20, len(calls(archive)))
        assert_nothing_half_written(self, archive)

    @ROOT_ONLY
    def test_not_writable(self):
        "an archive in a folder that may not be written: exit code 5"
        self.folder.chmod(0o755)
        self.good.chmod(0o644)
        run = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", PROGRAM, "record",
                              "--archive", self.folder / "mine", "--read", self.good],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(5, run.returncode, run.stderr)
        self.assertIn(str(self.folder / "mine"), run.stderr)
        self.assertFalse((self.folder / "mine").exists())

    def test_newer_format(self):
        "an archive of a newer format is refused and left as it is"
        archive = self.folder / "newer"
        archive.mkdir()
        (archive / "format").write_text("koegura archive 99\n")
        for command in (["record", "--read", self.good], ["calls"], ["reindex"], ["status"]):
            run = koegura(*command, "--archive", archive, exit_code=1)
            self.assertIn(str(archive), run.stderr)
            self.assertIn("99", run.stderr)
        self.assertEqual([archive / "format"], list(archive.iterdir()))

    def test_no_archive(self):
        "a folder that is no archive is not read as one, nor written into"
        other = self.folder / "photos"
        other.mkdir()
        (other / "cat.jpg").write_text("meow")
        for command in (["record", "--read", self.good], ["calls"], ["reindex"], ["status"]):
            run = koegura(*command, "--archive", other, exit_code=1)
            self.assertIn(str(other), run.stderr)
        self.assertEqual([other / "cat.jpg"], list(other.iterdir()))
        self.assertIn("nowhere", koegura("calls", "--archive", self.folder / "nowhere", exit_code=1).stderr)

    def test_damaged_accounting(self):
        "what the last recording said of itself is damaged: status says so and everything else, and the next mends it"
        archive = self.folder / "accounting"
        record(archive, self.good)
        (archive / "accounting.json").write_bytes(b'{"input": ["\xff')
        run = koegura("status", "--archive", archive)
        self.assertRegex(run.stdout, "last record .*accounting.json: is not UTF-8: .*writes it anew")
        self.assertIn("calls ", run.stdout)
        record(archive, self.good)
        self.assertNotIn("anew", koegura("status", "--archive", archive).stdout)

    def test_killed(self):
        "killed while recording, the archive holds whole calls only; recording again gives the rest"
        archive = self.folder / "killed"
        process = subprocess.Popen([PROGRAM, "record", "--archive", archive, "--read", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        content = self.good.read_bytes()
        process.stdin.write(content[:len(content) * 9 // 10])
        process.stdin.flush()
        process.send_signal(signal.SIGKILL)
        process.stdin.close()
        process.wait()
        record(archive, self.good)
        self.assertEqual(20, len(calls(archive)))
        assert_nothing_half_written(self, archive)

    def test_damaged_file(self):
        "reindex names a call file that is damaged, and keeps the others"
        archive = self.folder / "damaged"
        record(archive, self.good)
        victim = sorted(archive.glob("calls/**/*.mka"))[0]
        victim.write_bytes(victim.read_bytes()[:1000])
        run = koegura("reindex", "--archive", archive, exit_code=1)
        self.assertIn(victim.name, run.stderr)
        self.assertEqual(19, len(calls(archive)))

    def test_lost_index(self):
        "an archive whose index is gone is rebuilt whole by reindex"
        archive = self.folder / "lost"
        record(archive, self.good)
        before = calls(archive)
        shutil.rmtree(archive / "index")
        koegura("reindex", "--archive", archive)
        self.assertEqual(before, calls(archive))


class WrongUse(Scenario):
    def config(self, text):
        path = self.folder / "koegura.toml"
        path.write_text(text)
        return path

    def test_bad_config(self):
        "a wrong setting is refused with file and line"
        path = self.config('[archive]\nregion = "JP"\nsnyc = true\n')
        run = koegura("status", "--config", path, "--archive", self.folder, exit_code=1)
        self.assertIn(f"{path}:3", run.stderr)
        self.assertIn("snyc", run.stderr)

    def test_broken_config(self):
        "a config that is not TOML is refused with file and line"
        path = self.config("[archive]\nregion = \n")
        self.assertIn(f"{path}:2", koegura("status", "--config", path, exit_code=1).stderr)

    def test_usage(self):
        "wrong usage: exit code 2 and a word of advice"
        for words, advice in ((["recrod"], "record"), (["record", "--raed", "x"], "--read"), ([], "Usage"),
                              (["record"], "--read"), (["show"], "CALL"), (["calls", "--state", "happy"], "answered"),
                              (["calls", "--from", "the other day"], "the other day")):
            with self.subTest(words=words):
                self.assertIn(advice, koegura(*words, exit_code=2).stderr)

    def test_not_found(self):
        "a call that is not there: exit code 4; a prefix that is too short: 2"
        archive = self.folder / "archive"
        good = self.folder / "good.pcap"
        generate(good, calls=1, talk="1s")
        record(archive, good)
        output = ["-o", self.folder / "output"]
        for command, *options in (["show"], ["ladder"], ["audio", *output], ["packets", *output]):
            koegura(command, "7ZZZZZZZZZ", *options, "--archive", archive, exit_code=4)
            koegura(command, "7ZZ", *options, "--archive", archive, exit_code=2)
        self.assertFalse((self.folder / "output").exists())
        koegura("calls", "--number", "0999999999", "--archive", archive, exit_code=4)
