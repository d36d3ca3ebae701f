"""A bundle checked by what the papers say alone: RFC 8493, RFC 6962, C2SP's formats. Shares nothing with the program: files
are hashed by hashlib and `sha256sum`, signatures checked by `openssl`, audio decoded by `flac`."""
import base64
import csv
import hashlib
import json
import subprocess
from pathlib import Path

from transparency import Checkpoint, Proof, sha256


def hex_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def lines_of(manifest: Path) -> dict[str, str]:
    """Path → SHA-256."""
    pairs = [line.split(" ", 1) for line in manifest.read_text().splitlines()]
    return {path.strip(): digest for digest, path in pairs}


def samples(flac: Path) -> bytes:
    return subprocess.run(["flac", "-dcs", "--force-raw-format", "--endian=little", "--sign=signed", flac], check=True,
                          capture_output=True).stdout


class Bundle:
    """Raises AssertionError, or what the tools raise, if it is not whole."""

    def __init__(self, path: Path):
        self.path = path
        self.pem = path / "proof/key.pub"
        self.check_bag()
        self.check_signature()
        head = (path / "proof/checkpoint").read_text()
        self.checkpoint = Checkpoint(head.encode(), self.pem)
        self.export = self.proved("proof/export.tlog-proof", head)
        assert self.export["kind"] == "export", self.export
        assert self.export["manifest_sha256"] == hex_of((path / "manifest-sha256.txt").read_bytes())
        assert self.export["info_sha256"] == hex_of((path / "bag-info.txt").read_bytes())
        self.calls = {call.name: self.checked(call, head) for call in sorted(path.glob("data/calls/*"))}
        rows = list(csv.reader((path / "data/report.csv").read_text(encoding="utf-8-sig").splitlines()))
        head_row = next(i for i, row in enumerate(rows) if len(row) > 2)
        self.facts = {row[0].split(" / ")[1]: row[1] for row in rows[:head_row] if len(row) == 2}
        self.rows = [dict(zip((name.split(" / ")[1] for name in rows[head_row]), row)) for row in rows[head_row + 1:]]

    def check_bag(self):
        assert (self.path / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
        payload, tags = (lines_of(self.path / name) for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"))
        assert all(path.startswith("data/") for path in payload)
        there = {str(file.relative_to(self.path)) for file in self.path.rglob("*") if not file.is_dir()}
        assert there == {*payload, *tags, "tagmanifest-sha256.txt"}, there
        assert "manifest-sha256.txt" in tags and not payload.keys() & tags.keys()
        for path, digest in (payload | tags).items():
            assert hex_of((self.path / path).read_bytes()) == digest, path
        info = dict(line.split(": ", 1) for line in (self.path / "bag-info.txt").read_text().splitlines())
        size = sum((self.path / path).stat().st_size for path in payload)
        assert info["Payload-Oxum"] == f"{size}.{len(payload)}", info

    def check_signature(self):
        """By the two commands that bag-info.txt names, as they stand there."""
        info = dict(line.split(": ", 1) for line in (self.path / "bag-info.txt").read_text().splitlines())
        for label in ("Check-Files", "Check-Signature"):
            run = subprocess.run(info[label].split(), cwd=self.path, capture_output=True, text=True)
            assert run.returncode == 0, run.stdout + run.stderr

    def proved(self, path: str, head: str) -> dict:
        text = (self.path / path).read_text()
        proof = Proof(text, self.pem)
        assert proof.holds and text.endswith("\n\n" + head), path
        return proof.entry

    def checked(self, folder: Path, head: str) -> dict:
        """The call's record, once it is tied to its entry, and its audio to it."""
        entry = self.proved(f"proof/calls/{folder.name}.tlog-proof", head)
        assert (entry["kind"], entry["call"]) == ("archived", folder.name), entry
        data = (folder / "call.json").read_bytes()
        assert hex_of(data) == entry["record_sha256"]
        record = json.loads(data)
        assert record["id"] == folder.name
        audio = samples(folder / "audio.flac")
        assert hex_of(audio) == record["audio"]["sha256"]
        if (folder / "audio.wav").exists():
            assert (folder / "audio.wav").read_bytes()[44:] == audio
        if (folder / "original.mka").exists():
            original = (folder / "original.mka").read_bytes()
            assert hex_of(original) == entry["file_sha256"]
            assert all((folder / name).read_bytes() in original for name in ("call.json", "signalling.pcapng", "fax.tiff")
                       if (folder / name).exists())
        return record

    @property
    def key_sha256(self) -> str:
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", self.pem, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        return hex_of(der[-32:])


def rewritten(bundle: Path, path: str, content: bytes):
    """Changes a file of the payload and both manifests, as somebody would who has no key."""
    (bundle / path).write_bytes(content)
    for name, of in (("manifest-sha256.txt", path), ("tagmanifest-sha256.txt", "manifest-sha256.txt")):
        manifest = lines_of(bundle / name) | {of: hex_of((bundle / of).read_bytes())}
        (bundle / name).write_text("".join(f"{digest}  {p}\n" for p, digest in sorted(manifest.items())))


def signed_anew(bundle: Path, private: Path):
    """And with another key: the manifest, the head and its name, so that it is whole in itself."""
    old = (bundle / "proof/checkpoint").read_bytes()
    public = subprocess.run(["openssl", "pkey", "-in", private, "-pubout"], check=True, capture_output=True).stdout
    (bundle / "proof/key.pub").write_bytes(public)
    der = subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    origin = "koegura/" + sha256(der[-32:]).hex()[:16]

    def sign(data: bytes) -> bytes:
        (bundle.parent / "to-sign").write_bytes(data)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", private, "-rawin", "-in", bundle.parent / "to-sign"],
                              check=True, capture_output=True).stdout

    text = origin + "\n" + "\n".join(old.decode().split("\n")[1:3]) + "\n"
    key_id = sha256(origin.encode() + b"\n\x01" + der[-32:])[:4]
    head = f"{text}\n\u2014 {origin} {base64.b64encode(key_id + sign(text.encode())).decode()}\n".encode()
    for file in [bundle / "proof/checkpoint", *bundle.glob("proof/**/*.tlog-proof")]:
        file.write_bytes(file.read_bytes().replace(old, head))
    (bundle / "proof/manifest-sha256.txt.sig").write_bytes(sign((bundle / "manifest-sha256.txt").read_bytes()))
    tags = {path: hex_of((bundle / path).read_bytes()) for path in lines_of(bundle / "tagmanifest-sha256.txt")}
    (bundle / "tagmanifest-sha256.txt").write_text("".join(f"{digest}  {p}\n" for p, digest in sorted(tags.items())))
