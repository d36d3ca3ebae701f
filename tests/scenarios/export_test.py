"""Export from end to end: what is handed over is checked by other programs, and no changed byte of it passes."""
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from bundles import Bundle, rewritten, signed_anew
from fax_test import fax_call, write_pcap
from koegura import PROGRAM, Scenario, calls, koegura, record
from lab import run, wait_for
from traffic import generate
from transparency import LedgerFiles

FAILED, WRONG, CHANGED, NOTHING = 1, 2, 3, 4  # exit codes
DATA = ("audio.flac", "call.json", "signalling.pcapng")


class Exporting(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = cls.folder / "original"
        generate(cls.folder / "first.pcap", calls=3, talk="1s", codec="PCMA", seed=1)
        generate(cls.folder / "second.pcap", calls=1, talk="1s", codec="G722", seed=2)
        record(cls.original, cls.folder / "first.pcap", cls.folder / "second.pcap")
        cls.calls = calls(cls.original)
        cls.ids = [one["id"] for one in cls.calls]

    def setUp(self):
        self.archive = self.folder / f"{self._testMethodName}.archive"
        shutil.copytree(self.original, self.archive)
        self.stick = self.folder / self._testMethodName
        self.stick.mkdir()

    def words(self, *words, reason="R8-12") -> tuple:
        return ("export", "--archive", self.archive, "--to", self.stick, "--reason", reason, *words)

    def export(self, *words, exit_code=0, **options) -> Path:
        """The bundle, which is checked before anything else."""
        told = json.loads(koegura(*self.words(*words, **options), "--json", exit_code=exit_code).stdout)
        path = Path(told["path"])
        self.assertEqual((told["calls"], told["bundle"]), (len(Bundle(path).calls), path.name))
        self.verify(path)
        return path

    def verify(self, bundle, *words, exit_code=0) -> tuple[dict[str, str], dict]:
        """What does not fit, by its path, and what the bundle is."""
        checked = koegura("verify", "--json", bundle, *words, exit_code=exit_code, cwd=self.folder)
        *faults, result = map(json.loads, checked.stdout.splitlines())
        self.assertEqual(len(faults), result["faults"])
        return {fault["where"]: fault["what"] for fault in faults}, result

    def entries(self, kind) -> list[dict]:
        return [entry for entry in LedgerFiles(self.archive).entries if entry["kind"] == kind]


class Export(Exporting):
    def test_whole(self):
        "a bundle passes sha256sum, openssl, an implementation of its own, and koegura verify; the ledger tells of it"
        words = ("--recipient", "県警本部", "--ground", "刑訴法197条2項", "--wav", "--original")
        bundle = Bundle(self.export(*self.ids[:2], self.ids[3][:16], *words, reason="照会 R8-12"))
        self.assertEqual({self.ids[0], self.ids[1], self.ids[3]}, bundle.calls.keys())
        self.assertEqual(["root" if os.geteuid() == 0 else bundle.facts["Made by"], "照会 R8-12", "県警本部", "刑訴法197条2項"],
                         [bundle.facts[name] for name in ("Made by", "Reason", "Recipient", "Ground")])
        self.assertEqual([self.calls[0]["audio"]["sha256"], "提供 / exported"],
                         [bundle.rows[0]["Audio SHA-256"], bundle.rows[0]["Result"]])
        for one in self.calls[:2]:
            names = {file.name for file in (bundle.path / "data/calls" / one["id"]).iterdir()}
            self.assertEqual({*DATA, "audio.wav", "original.mka"}, names)
        _, result = self.verify(bundle.path)
        self.assertEqual((bundle.path.name, bundle.key_sha256, 3, "照会 R8-12", "県警本部"),
                         tuple(result[name] for name in ("bundle", "key_sha256", "calls", "reason", "recipient")))
        self.assertIn(bundle.key_sha256, koegura("verify", bundle.path).stdout)
        [entry] = self.entries("export")
        self.assertEqual(entry, bundle.export)
        self.assertEqual([{"name": "calls", "value": 3}], entry["figures"])
        accesses = self.entries("access")
        self.assertEqual([(i, "export", "照会 R8-12", bundle.path.name) for i in sorted(bundle.calls)],
                         sorted((e["call"], e["action"], e["reason"], e["bundle"]) for e in accesses))
        self.assertLess(max(e["sequence"] for e in accesses), entry["sequence"])
        self.assertEqual(len(LedgerFiles(self.archive).entries), LedgerFiles(self.archive).checkpoint.size)
        koegura("verify", "--archive", self.archive)

    def test_chosen(self):
        "calls are chosen as `koegura calls` chooses them; the same twice is once; two in one second are two bundles"
        number = self.calls[0]["caller"]["number"]
        wanted = {one["id"] for one in calls(self.archive, "--number", number)}
        self.assertEqual(wanted, Bundle(self.export("--number", number)).calls.keys())
        again = [self.export(self.ids[1], self.ids[1].lower()) for _ in range(3)]
        self.assertEqual([[self.ids[1]]] * 3, [list(Bundle(path).calls) for path in again])
        self.assertEqual(3, len(set(again)))

    def test_fax(self):
        "a call with a fax has its pages in the bundle"
        self.archive = self.folder / "fax.archive"
        write_pcap(self.folder / "fax.pcap", fax_call("plain_mh", 0))
        record(self.archive, self.folder / "fax.pcap")
        [with_fax] = calls(self.archive)
        bundle = self.export(with_fax["id"], "--original")
        tiff = (bundle / "data/calls" / with_fax["id"] / "fax.tiff").read_bytes()
        koegura("fax", with_fax["id"], "-o", self.folder / "fax.tiff", "--archive", self.archive)
        self.assertEqual((self.folder / "fax.tiff").read_bytes(), tiff)

    def test_held(self):
        "what is held for a case is exported by it, and a case is no filter of another one's hold"
        hold = ("hold", "place", "--archive", self.archive, "--reason", "R8-12")
        koegura(*hold, "R8-1", self.ids[1])
        koegura(*hold, "R8-1", self.ids[3])
        self.assertEqual({self.ids[1], self.ids[3]}, Bundle(self.export("--hold", "R8-1")).calls.keys())
        koegura(*self.words("--hold", "R8-2"), exit_code=NOTHING)
        koegura(*hold, "R8-2", "--hold", "R8-1", exit_code=WRONG)

    def test_bytes(self):
        "a byte changed in any file of a bundle is found and named"
        chance = random.Random(1)
        bundle = self.export(self.ids[0], "--wav", "--original")
        for file in sorted(file for file in bundle.rglob("*") if file.is_file()):
            path, good = str(file.relative_to(bundle)), file.read_bytes()
            for at in (0, len(good) - 1, chance.randrange(len(good))):
                bad = bytearray(good)
                bad[at] ^= 1 << chance.randrange(8)
                file.write_bytes(bad)
                with self.subTest(path=path, offset=at):
                    faults, _ = self.verify(bundle, exit_code=CHANGED)
                    if path == "tagmanifest-sha256.txt":  # its lines are of others
                        self.assertTrue(faults)
                    else:
                        self.assertIn(path, faults)
            file.write_bytes(good)
        self.verify(bundle)

    def test_files(self):
        "a file removed, added, cut, or no file at all, and a call taken out with its lines: found and named"
        good = self.export(*self.ids[:2])
        call = f"data/calls/{self.ids[0]}"

        def without_call(bundle):
            shutil.rmtree(bundle / call)
            (bundle / f"proof/calls/{self.ids[0]}.tlog-proof").unlink()
            for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
                lines = (bundle / name).read_text().splitlines(keepends=True)
                (bundle / name).write_text("".join(line for line in lines if self.ids[0] not in line))
            rewritten(bundle, "data/report.csv", (bundle / "data/report.csv").read_bytes())

        cases = {
            "removed": (lambda b: (b / call / "audio.flac").unlink(), f"{call}/audio.flac"),
            "no proof": (lambda b: (b / f"proof/calls/{self.ids[0]}.tlog-proof").unlink(),
                         f"proof/calls/{self.ids[0]}.tlog-proof"),
            "no manifest": (lambda b: (b / "manifest-sha256.txt").unlink(), "manifest-sha256.txt"),
            "no tag manifest": (lambda b: (b / "tagmanifest-sha256.txt").unlink(), "tagmanifest-sha256.txt"),
            "added": (lambda b: (b / "data/note.txt").write_text("innocent"), "data/note.txt"),
            "added beside": (lambda b: (b / "autorun.inf").write_text("x"), "autorun.inf"),
            "a link": (lambda b: (b / "data/link").symlink_to("/etc/passwd"), "data/link"),
            "a pipe": (lambda b: os.mkfifo(b / "data/pipe"), "data/pipe"),
            "a call less": (without_call, "manifest-sha256.txt"),
        }
        for name, (change, where) in cases.items():
            with self.subTest(name):
                bundle = self.stick / name.replace(" ", "-")
                shutil.copytree(good, bundle)
                change(bundle)
                self.assertIn(where, self.verify(bundle, exit_code=CHANGED)[0])
                shutil.rmtree(bundle)

    def test_forged(self):
        "changed with all its sums, it has no signature; signed anew, the key is another than that of a head kept"
        kept = self.folder / "kept.head"
        kept.write_text(koegura("ledger", "head", "--archive", self.archive).stdout)
        bundle = self.export(self.ids[0])
        self.assertEqual({}, self.verify(bundle, "--since", kept)[0])
        path = f"data/calls/{self.ids[0]}/call.json"
        good = (bundle / path).read_bytes()
        rewritten(bundle, path, good.replace(b'"answered"', b'"missed"', 1))
        faults, _ = self.verify(bundle, exit_code=CHANGED)
        self.assertEqual({path, "proof/manifest-sha256.txt.sig", "manifest-sha256.txt"}, faults.keys())
        private = self.folder / "other.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True, capture_output=True)
        signed_anew(bundle, private)
        faults, _ = self.verify(bundle, exit_code=CHANGED)
        self.assertEqual({path, "manifest-sha256.txt"}, faults.keys())
        rewritten(bundle, path, good)
        signed_anew(bundle, private)
        self.assertEqual({}, self.verify(bundle)[0])  # whole in itself
        self.assertEqual(["the head kept"], list(self.verify(bundle, "--since", kept, exit_code=CHANGED)[0]))

    def test_damaged(self):
        "a call that is not what was archived is said and left out; if none is left, there is no bundle"
        file = self.archive / self.calls[0]["audio"]["path"]
        good = file.read_bytes()
        for name, bad in {"a byte": good[:-9] + bytes([good[-9] ^ 1]) + good[-8:], "gone": None}.items():
            with self.subTest(name):
                file.write_bytes(bad) if bad else file.unlink()
                alone = koegura(*self.words(self.ids[0]), exit_code=CHANGED)
                self.assertIn(self.ids[0], alone.stderr)
                self.assertEqual([], list(self.stick.iterdir()))
                bundle = Bundle(self.export(*self.ids[:2], exit_code=CHANGED))
                self.assertEqual([self.ids[1]], list(bundle.calls))
                self.assertIn("not exported", bundle.rows[0]["Result"] + bundle.rows[1]["Result"])
                shutil.rmtree(bundle.path)

    def test_words(self):
        "wrong words, a folder that is not there, and calls that are not there are refused, and nothing is made"
        for words in (self.words(), self.words(self.ids[0], "--state", "missed"), self.words(self.ids[0], reason=" "),
                      ("export", self.ids[0], "--to", self.stick, "--archive", self.archive),
                      ("export", self.ids[0], "--reason", "R", "--archive", self.archive),
                      ("export", self.ids[0], "--to", self.stick / "none", "--reason", "R", "--archive", self.archive)):
            with self.subTest(words):
                koegura(*words, exit_code=WRONG)
        koegura(*self.words("--number", "0120000000"), exit_code=NOTHING)
        koegura(*self.words("01" + "A" * 24), exit_code=NOTHING)
        self.assertEqual(([], []), (list(self.stick.iterdir()), self.entries("access")))
        koegura("verify", self.archive, exit_code=WRONG)
        koegura("verify", self.stick / "none", exit_code=FAILED)
        self.assertEqual(CHANGED, subprocess.run([PROGRAM, "verify", self.stick], capture_output=True).returncode)

    def test_killed(self):
        "killed at any moment, what is left is no bundle, the ledger is whole, and the next export is"
        chance = random.Random(3)
        for files in (1, 3, 6, 9, 12):
            process = subprocess.Popen([PROGRAM, *map(str, self.words(*self.ids))], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            wait_for(lambda: process.poll() is not None or sum(1 for _ in self.stick.rglob("*.*")) > files, 30, "files")
            time.sleep(chance.random() / 50)
            process.kill()
            process.wait()
            for path in self.stick.iterdir():
                whole = (path / "tagmanifest-sha256.txt").exists()
                with self.subTest(files=files, whole=whole, path=path.name):
                    if whole:
                        Bundle(path)
                    else:
                        self.assertTrue(path.name.endswith(".part"))
                        self.assertIn("manifest-sha256.txt", self.verify(path, exit_code=CHANGED)[0])
                shutil.rmtree(path)
            LedgerFiles(self.archive)
        self.export(*self.ids)
        koegura("verify", "--archive", self.archive)

    def test_interrupted(self):
        "interrupted, it says so, and leaves nothing"
        process = subprocess.Popen([PROGRAM, *map(str, self.words(*self.ids))], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        wait_for(lambda: process.poll() is not None or list(self.stick.iterdir()), 30, "the bundle is begun")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        if process.returncode == 0:  # it was at its end already
            Bundle(next(self.stick.iterdir()))
            return
        self.assertEqual(FAILED, process.returncode, errors)
        self.assertIn("interrupted", errors)
        self.assertEqual([], list(self.stick.iterdir()))


@unittest.skipUnless(os.geteuid() == 0, "needs root for mounts and captures: tools/check runs it with sudo")
class ExportAsRoot(Exporting):
    def mount(self, *words):
        run("mount", *words, self.stick)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.stick], capture_output=True)

    def test_full(self):
        "a stick that is full says so at every size, and has nothing on it; one with room has the bundle"
        self.mount("-t", "tmpfs", "-o", "size=4k", "koegura")
        for size in ("4k", "32k", "64k", "128k", "200k"):
            run("mount", "-o", f"remount,size={size}", self.stick)
            with self.subTest(size):
                refused = koegura(*self.words(*self.ids, "--wav", "--original"), exit_code=FAILED)
                self.assertIn("full", refused.stderr)
                self.assertEqual([], list(self.stick.iterdir()))
        run("mount", "-o", "remount,size=16m", self.stick)
        self.export(*self.ids, "--wav", "--original")

    @unittest.skipUnless(shutil.which("mkfs.ext4") and shutil.which("losetup"), "not installed: mkfs.ext4, losetup")
    def test_failing(self):
        "a stick that fails while it is written leaves a clear error, and nothing that verifies"
        image = self.folder / "stick.image"
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        run("mkfs.ext4", "-q", image)
        self.mount("-o", "loop,errors=remount-ro", image)
        device = Path(run("findmnt", "-no", "SOURCE", self.stick).strip()).name
        process = subprocess.Popen([PROGRAM, *map(str, self.words(*self.ids))], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        wait_for(lambda: process.poll() is not None or list(self.stick.glob("koegura*")), 30, "the bundle is begun")
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("a test\n")
        _, errors = process.communicate(timeout=60)
        self.assertEqual(FAILED, process.returncode, errors)
        self.assertIn(str(self.stick), errors)
        for path in self.stick.glob("koegura*"):
            self.assertIn("manifest-sha256.txt", self.verify(path, exit_code=CHANGED)[0])

    def test_beside_a_recorder(self):
        "while a recorder has the archive it enters, signs and proves, and the bundle is as good"
        with subprocess.Popen([PROGRAM, "record", "--interface", "lo", "--archive", self.archive], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as recorder:
            try:
                wait_for(lambda: koegura("status", "--archive", self.archive).stdout.startswith("recorder    running"), 30,
                         "the recorder runs")
                bundle = self.export(*self.ids, "--original")
                self.assertIsNone(recorder.poll())
            finally:
                recorder.send_signal(signal.SIGTERM)
                _, errors = recorder.communicate(timeout=30)
        self.assertEqual(0, recorder.returncode, errors)
        self.assertEqual(Bundle(bundle).export, self.entries("export")[0])
