"""A ledger verified by what the papers say alone: RFC 6962, RFC 9162, C2SP tlog-checkpoint, signed-note and
tlog-proof. Written from them, and shares nothing with the program; signatures are checked by `openssl`."""
import base64
import hashlib
import json
import re
import subprocess
import tempfile
from pathlib import Path


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def tree_hash(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, as it is written there."""
    if not entries:
        return sha256(b"")
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0])
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:]))


def is_included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\x01" + p + r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def is_consistent(m: int, old: bytes, n: int, new: bytes, path: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2: the tree of n leaves begins with the one of m."""
    if m == n:
        return not path and old == new
    if m == 0 or m > n:
        return m == 0 and not path and old == sha256(b"")
    if m & (m - 1) == 0:
        path = [old, *path]
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not path:
        return False
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\x01" + c + fr), sha256(b"\x01" + c + sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\x01" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old and sr == new


def public_key(pem: Path) -> bytes:
    """The 32 bytes: the last of the SubjectPublicKeyInfo of RFC 8410."""
    der = subprocess.run(["openssl", "pkey", "-pubin", "-in", pem, "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    return der[-32:]


def is_signature(text: bytes, signature: bytes, pem: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "text").write_bytes(text)
        Path(folder, "signature").write_bytes(signature)
        run = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in",
                              f"{folder}/text", "-sigfile", f"{folder}/signature"], capture_output=True, text=True)
    return run.returncode == 0 and "Verified Successfully" in run.stdout


class Checkpoint:
    """A signed head; raises AssertionError if it is none, or not signed with the key."""

    def __init__(self, note: bytes, pem: Path):
        text, _, signatures = note.rpartition(b"\n\n")
        text += b"\n"
        self.origin, size, root = text.decode().split("\n")[:3]
        self.size, self.root = int(size), base64.b64decode(root, validate=True)
        key_id = sha256(self.origin.encode() + b"\n\x01" + public_key(pem))[:4]
        mine = [line.split(" ") for line in signatures.decode().splitlines()]
        assert [words[:2] for words in mine] == [["\u2014", self.origin]], signatures
        signature = base64.b64decode(mine[0][2], validate=True)
        assert signature[:4] == key_id and len(signature) == 68, "another key"
        assert is_signature(text, signature[4:], pem), "the signature does not hold"


class Proof:
    """A tlog-proof: the entry that it carries, and whether it holds."""

    def __init__(self, text: str, pem: Path):
        head, _, note = text.partition("\n\n")
        first, extra, index, *path = head.split("\n")
        assert first == "c2sp.org/tlog-proof@v1" and extra.startswith("extra ") and index.startswith("index "), head
        line = base64.b64decode(extra.removeprefix("extra "), validate=True)
        self.entry, self.index = json.loads(line), int(index.removeprefix("index "))
        self.checkpoint = Checkpoint(note.encode(), pem)
        self.holds = is_included(sha256(b"\x00" + line), self.index, self.checkpoint.size,
                                 [base64.b64decode(p, validate=True) for p in path], self.checkpoint.root)


class Consistency:
    """What `koegura ledger prove --since` prints: both heads, and whether the newer tree begins with the older."""

    def __init__(self, text: str, pem: Path):
        head, older, older_signature, newer, newer_signature = text.split("\n\n")
        first, old, *self.path = head.split("\n")
        self.older = Checkpoint(f"{older}\n\n{older_signature}\n".encode(), pem)
        self.newer = Checkpoint(f"{newer}\n\n{newer_signature}".encode(), pem)
        assert (first, old) == ("koegura consistency 1", f"old {self.older.size}"), head
        self.raw_path = [base64.b64decode(p, validate=True) for p in self.path]
        self.holds = is_consistent(self.older.size, self.older.root, self.newer.size, self.newer.root, self.raw_path)


class LedgerFiles:
    """The ledger of an archive, from its files; raises AssertionError if they do not hold together."""

    def __init__(self, archive: Path):
        self.folder = archive / "ledger"
        self.pem = self.folder / "key.pub"
        data = (self.folder / "entries.jsonl").read_bytes()
        assert data.endswith(b"\n") or not data, "the last line is torn"
        self.lines = data.split(b"\n")[:-1]
        self.entries = [json.loads(line) for line in self.lines]
        assert [entry["sequence"] for entry in self.entries] == list(range(len(self.entries))), "out of order"
        self.checkpoint = Checkpoint((self.folder / "checkpoint").read_bytes(), self.pem)
        assert self.has(self.checkpoint), "not what was signed"

    def has(self, checkpoint: Checkpoint) -> bool:
        """Is the checkpoint's tree the first part of this one?"""
        size = checkpoint.size
        return size <= len(self.lines) and tree_hash(self.lines[:size]) == checkpoint.root

    def tells(self, text: str) -> bool:
        """Does it stand in an entry as a word? The digits of an extension may stand in a hash or a moment by chance."""
        said = (json.dumps({key: value for key, value in entry.items() if key not in ("time", "up_s")}, ensure_ascii=False)
                for entry in self.entries)
        return any(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", one) for one in said)

    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.entries]
