"""The ledger from end to end: an independent verifier agrees with it, and a changed byte anywhere is found."""
import hashlib
import json
import random
import shutil
from datetime import datetime

from koegura import Scenario, calls, koegura, record
from traffic import generate
from transparency import Checkpoint, Consistency, LedgerFiles, Proof, is_consistent

FAILED, CHANGED, NOTHING, REFUSED = 1, 3, 4, 3  # exit codes


class Ledger(Scenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = cls.folder / "original"
        captures = [cls.folder / "first.pcap", cls.folder / "second.pcap"]
        generate(captures[0], calls=3, talk="1s", codec="PCMA", seed=1)
        generate(captures[1], calls=2, talk="1s", codec="G722", seed=2)
        record(cls.original, captures[0])
        cls.kept = cls.folder / "kept.head"
        cls.kept.write_text(koegura("ledger", "head", "--archive", cls.original).stdout)
        record(cls.original, captures[1])
        cls.calls = calls(cls.original)

    def setUp(self):
        self.archive = self.folder / self._testMethodName
        shutil.copytree(self.original, self.archive)

    def verify(self, *words, exit_code=0) -> tuple[list[str], dict]:
        """What does not fit, by its place or its call's id, and the sums."""
        run = koegura("verify", "--json", *words, "--archive", self.archive, exit_code=exit_code)
        *faults, result = map(json.loads, run.stdout.splitlines())
        return [fault.get("where") or fault["id"] for fault in faults], result

    def show(self, *words) -> list[dict]:
        run = koegura("ledger", "show", "--json", *words, "--archive", self.archive)
        return [json.loads(line) for line in run.stdout.splitlines()]

    def test_independent(self):
        "another implementation finds the entries as signed, and each call's file and record as entered"
        ledger = LedgerFiles(self.archive)
        self.assertEqual(["start", *["archived"] * 3, "stop", "start", *["archived"] * 2, "stop"], ledger.kinds())
        self.assertEqual(len(ledger.entries), ledger.checkpoint.size)
        archived = {entry["call"]: entry for entry in ledger.entries if entry["kind"] == "archived"}
        for one in self.calls:
            file = (self.archive / one["audio"]["path"]).read_bytes()
            entry = archived.pop(one["id"])
            self.assertEqual(hashlib.sha256(file).hexdigest(), entry["file_sha256"])
            # the attachment, found by its own text
            begin = file.index(b'{"id":"' + one["id"].encode())
            json_text = file[begin:file.index(b"\n", begin) + 1]
            self.assertEqual(hashlib.sha256(json_text).hexdigest(), entry["record_sha256"])
        self.assertEqual({}, archived)
        self.assertTrue(ledger.has(Checkpoint(self.kept.read_bytes(), ledger.pem)))

    def test_proofs(self):
        "each call is proved to another implementation, by text and JSON, and by a prefix of its id"
        pem = self.archive / "ledger/key.pub"
        for one in self.calls:
            proof = Proof(koegura("ledger", "prove", one["id"], "--archive", self.archive).stdout, pem)
            self.assertTrue(proof.holds)
            self.assertEqual(one["id"], proof.entry["call"])
            told = json.loads(koegura("ledger", "prove", one["id"], "--json", "--archive", self.archive).stdout)
            self.assertEqual((proof.index, proof.entry), (told["index"], json.loads(told["entry"])))
        last = self.calls[-1]["id"]
        self.assertIn("extra", koegura("ledger", "prove", last[:20].lower(), "--archive", self.archive).stdout)
        none = "01" + "A" * 24
        self.assertIn("no entry of call", koegura("ledger", "prove", none, "--archive", self.archive,
                                                  exit_code=NOTHING).stderr)

    def test_since(self):
        "that the ledger goes on from a head that was kept is proved to another implementation, and of another it is not"
        pem = self.archive / "ledger/key.pub"
        words = ("ledger", "prove", "--archive", self.archive, "--since")
        proof = Consistency(koegura(*words, self.kept).stdout, pem)
        self.assertTrue(proof.holds)
        self.assertEqual((5, 9), (proof.older.size, proof.newer.size))
        told = json.loads(koegura(*words, self.kept, "--json").stdout)
        self.assertEqual((5, 9, proof.path), (told["older_entries"], told["newer_entries"], told["path"]))
        now = self.folder / "now.head"
        now.write_text(koegura("ledger", "head", "--archive", self.archive).stdout)
        self.assertTrue(Consistency(koegura(*words, now).stdout, pem).holds)
        shutil.rmtree(self.archive / "ledger")
        record(self.archive, self.folder / "first.pcap")
        self.assertIn("the head kept: it is not signed", koegura(*words, self.kept, exit_code=CHANGED).stderr)

    def test_each_size(self):
        "from whichever head was kept the ledger goes on to another implementation, and from no other root of that size"
        pem, heads = self.archive / "ledger/key.pub", []
        for number in range(24):
            koegura("note", self.calls[0]["id"], f"remark {number}", "--archive", self.archive)
            heads.append(self.folder / f"{number}.head")
            heads[-1].write_text(koegura("ledger", "head", "--archive", self.archive).stdout)
        proofs = [Consistency(koegura("ledger", "prove", "--archive", self.archive, "--since", head).stdout, pem)
                  for head in heads]
        ledger = LedgerFiles(self.archive)
        self.assertEqual([True] * len(heads), [proof.holds for proof in proofs])
        self.assertEqual(len(ledger.entries), proofs[0].newer.size)
        self.assertLess(20, len({proof.older.size for proof in proofs}))
        for proof in proofs:
            self.assertTrue(ledger.has(proof.older))
            self.assertFalse(is_consistent(proof.older.size, proof.newer.root[::-1], proof.newer.size,
                                           proof.newer.root, proof.raw_path))

    def test_show(self):
        "the entries are shown in order, of one kind alone if asked, the JSON byte for byte as signed"
        raw = (self.archive / "ledger/entries.jsonl").read_text()
        self.assertEqual(raw, koegura("ledger", "show", "--json", "--archive", self.archive).stdout)
        self.assertEqual({one["id"] for one in self.calls}, {e["call"] for e in self.show("--kind", "archived")})
        stop = self.show("--kind", "stop")[0]
        figures = {figure["name"]: figure["value"] for figure in stop["figures"]}
        self.assertEqual((3, 3), (figures["calls_seen"], figures["calls_archived"]))
        self.assertEqual(figures["frames_received"],
                         sum(value for name, value in figures.items() if name.startswith("frames_")) / 2)
        text = koegura("ledger", "show", "--archive", self.archive).stdout
        self.assertEqual(len(raw.splitlines()), len(text.splitlines()))
        self.assertIn("calls_archived 3", text)
        koegura("ledger", "show", "--kind", "hold", "--archive", self.archive, exit_code=NOTHING)

    def test_nobody_named(self):
        "no number of a caller stands in the ledger, and its times are today's"
        ledger = LedgerFiles(self.archive)
        for one in self.calls:
            for party in (one["caller"], one["callee"]):
                for text in (party["number"], party["raw"]):
                    self.assertFalse(ledger.tells(text), text)
        self.assertTrue(ledger.tells(self.calls[0]["id"]))
        for entry in self.show():
            age = datetime.now().timestamp() - datetime.fromisoformat(entry["time"][:19] + "+00:00").timestamp()
            self.assertTrue(-5 < age < 3600, entry)

    def test_whole(self):
        "an archive as it was recorded is whole, also since a head that was kept"
        faults, result = self.verify("--since", self.kept)
        self.assertEqual([], faults)
        self.assertEqual((9, 9, 5, 0), tuple(result["ledger_" + name] for name in
                                            ("entries", "signed", "kept", "faults")))
        text = koegura("verify", "--since", self.kept, "--archive", self.archive).stdout
        self.assertIn("ledger: 9 entries, 9 of them signed", text)
        self.assertIn("its 5 entries are as they were, 4 entries added", text)

    def test_bytes(self):
        "a byte changed in any file of the ledger, or of a call, is found and named"
        chance = random.Random(1)
        places = {"ledger/entries.jsonl": "entry", "ledger/leaves": "leaves", "ledger/checkpoint": "checkpoint",
                  "ledger/key": "key", "ledger/key.pub": "key.pub", self.calls[1]["audio"]["path"]: self.calls[1]["id"]}
        for path, where in places.items():
            file = self.archive / path
            good = file.read_bytes()
            for at in (len(good) - 1, chance.randrange(len(good))):
                bad = bytearray(good)
                bad[at] ^= 1 << chance.randrange(8)
                file.write_bytes(bad)
                with self.subTest(path=path, offset=at):
                    faults, _ = self.verify(exit_code=CHANGED)
                    expected = where
                    if where == "entry":
                        expected = f"entry {good[:at].count(10)}"
                    self.assertIn(expected, faults)
            file.write_bytes(good)
        self.verify()

    def test_order(self):
        "two entries exchanged, one removed, one inserted: found, and the first wrong place is named"
        path = self.archive / "ledger/entries.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        for name, changed in {"exchanged": [*lines[:2], lines[3], lines[2], *lines[4:]],
                              "removed": lines[:2] + lines[3:],
                              "inserted": lines[:2] + [lines[1]] + lines[2:]}.items():
            path.write_bytes(b"".join(changed))
            with self.subTest(name):
                self.assertIn("entry 2", self.verify(exit_code=CHANGED)[0])
                if name == "exchanged":
                    continue  # a recorder reads no more than the end of what is signed
                refused = koegura("record", "--archive", self.archive, "--read", self.folder / "first.pcap",
                                  exit_code=REFUSED)
                self.assertIn("koegura verify", refused.stderr)

    def test_calls(self):
        "a call that is gone with its row, and one that came from nowhere, are found and named"
        gone = self.calls[0]
        (self.archive / gone["audio"]["path"]).unlink()
        koegura("reindex", "--archive", self.archive)
        self.assertEqual([f"call {gone['id']}"], self.verify(exit_code=CHANGED)[0])
        other = self.folder / "other"
        generate(self.folder / "third.pcap", calls=1, talk="1s", seed=3)
        record(other, self.folder / "third.pcap")
        [new] = calls(other)
        target = self.archive / new["audio"]["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(other / new["audio"]["path"], target)
        koegura("reindex", "--archive", self.archive)
        self.assertEqual({f"call {gone['id']}", f"call {new['id']}"}, set(self.verify(exit_code=CHANGED)[0]))

    def test_rewritten(self):
        "a ledger begun anew is whole in itself, and found by whoever kept a head"
        shutil.rmtree(self.archive / "ledger")
        self.assertIn("has no ledger", koegura("verify", "--archive", self.archive).stderr)
        self.assertEqual(["files"], self.verify("--since", self.kept, exit_code=CHANGED)[0])
        record(self.archive, self.folder / "first.pcap")
        self.assertEqual(5, sum(entry.get("adopted", False) for entry in self.show("--kind", "archived")))
        LedgerFiles(self.archive)
        self.assertEqual([], self.verify()[0])
        self.assertEqual(["the head kept"], self.verify("--since", self.kept, exit_code=CHANGED)[0])

    def test_read_again(self):
        "captures read again archive nothing, and enter nothing but that they were"
        before = len(self.show("--kind", "archived"))
        record(self.archive, self.folder / "first.pcap")
        self.assertEqual(before, len(self.show("--kind", "archived")))
        self.assertEqual(3, len(self.show("--kind", "start")))
        self.assertEqual([], self.verify("--since", self.kept)[0])

    def test_words(self):
        "wrong words are refused"
        for words in (["ledger"], ["ledger", "shew"], ["ledger", "prove"], ["ledger", "head", "01ABCDEF"],
                      ["ledger", "prove", "01ABCDEF", "--since", self.kept], ["ledger", "head", "--since", self.kept],
                      ["ledger", "head", "--kind", "stop"]):
            with self.subTest(words):
                koegura(*words, "--archive", self.archive, exit_code=2)
        koegura("verify", "--since", self.folder / "none", "--archive", self.archive, exit_code=(FAILED, NOTHING))
        wrong = self.folder / "wrong.head"
        wrong.write_text("no head\n")
        self.assertEqual(["the head kept"], self.verify("--since", wrong, exit_code=CHANGED)[0])
