"""Digits and their redaction: told in every way and heard by a Goertzel filter of our own; with redact.digits nowhere in
the record, the sound, the packets, the ladder and the call's file. And the waveform, against the exported sound."""
import json
import math
import struct
import wave
from array import array

from koegura import Scenario, calls, koegura
from sound import seconds_between
from traffic import generate

KEYS = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "#": (941, 1477), "7": (852, 1209), "0": (941, 1336)}
DIGITS = "519#70"  # two by each way
WAYS = ["event", "inband", "info"]
EVENTS = 101  # their payload type in generated calls
EPB = 6  # pcapng: enhanced packet block


def amplitude(samples, hertz: float, rate: int) -> float:
    turn = 2j * math.pi * hertz / rate
    return 2 * abs(sum(s * complex(math.cos(turn.imag * i), math.sin(turn.imag * i)) for i, s in enumerate(samples))
                   ) / max(len(samples), 1)


def packets(pcapng: bytes):
    """The IPv4 datagrams of a pcapng file."""
    at = 0
    while at < len(pcapng):
        kind, size = struct.unpack_from("<II", pcapng, at)
        if kind == EPB:
            captured = struct.unpack_from("<I", pcapng, at + 20)[0]
            yield pcapng[at + 28:at + 28 + captured]
        at += size


def rtp_of(datagram: bytes):
    """(SSRC, payload type, timestamp) of a datagram of media, or nothing."""
    if datagram[9] != 17 or datagram[28] != 0x80:
        return None
    _, kind, _, timestamp, ssrc = struct.unpack_from(">BBHII", datagram, 28)
    return None if kind & 0x7F in range(72, 77) else (f"0x{ssrc:08x}", kind & 0x7F, timestamp)  # RTCP (RFC 5761 §4)


class Redaction(Scenario):
    def one(self, redact: bool, **options):
        """The truth of a generated call, and its record in an archive of its own."""
        self.archive = self.folder / f"{self._testMethodName}-{len(list(self.folder.iterdir()))}"
        capture = self.archive.with_suffix(".pcap")
        options = {"calls": 1, "talk": "8s", "digits": DIGITS, "digits_by": WAYS} | options
        truth = generate(capture, self.archive.with_suffix(".json"), **options)["calls"][0]
        config = self.archive.with_suffix(".toml")
        config.write_text(f"[redact]\ndigits = {str(redact).lower()}\n")
        koegura("record", "--config", config, "--archive", self.archive, "--read", capture)
        (record,) = calls(self.archive)
        return truth, record

    def sound(self, record, name="call.wav"):
        path = self.folder / name
        koegura("audio", record["id"], "-o", path, "--force", "--archive", self.archive)
        with wave.open(str(path)) as audio:
            samples = array("h", audio.readframes(audio.getnframes()))
            return samples[0::2], samples[1::2], audio.getframerate()

    def packets(self, record):
        path = self.folder / "call.pcapng"
        koegura("packets", record["id"], "-o", path, "--force", "--archive", self.archive)
        return path.read_bytes()

    def loudness_of_digits(self, truth, record):
        """For each tone of the truth: how loud its two frequencies are at the most, from 40 ms before it to 40 ms after."""
        caller, _, rate = self.sound(record)
        found = {}
        for digit in truth["digits"]:
            if digit["via"] != "inband":
                continue
            begin = int((seconds_between(truth["start"], digit["at"]) - 0.04) * rate)
            window = rate // 50
            steps = range(begin, begin + int(0.18 * rate) - window, window // 2)
            found[digit["digit"]] = max(min(amplitude(caller[at:at + window], f, rate) for f in KEYS[digit["digit"]])
                                        for at in steps)
        return found

    def test_digits(self):
        "keys are told by events, tones and INFO, each once, with its time, whatever the codec"
        for codec in ("PCMU", "G722"):
            with self.subTest(codec=codec):
                truth, record = self.one(False, codec=codec)
                self.assertEqual([(d["digit"], d["via"], d["channel"]) for d in truth["digits"]],
                                 [(d["digit"], d["via"], d["channel"]) for d in record["digits"]])
                for wanted, found in zip(truth["digits"], record["digits"]):
                    self.assertAlmostEqual(seconds_between(truth["start"], wanted["at"]), found["at_s"], delta=0.021)
                self.assertFalse(record.get("redacted"))
                for loudness in self.loudness_of_digits(truth, record).values():
                    self.assertGreater(loudness, 5000)
                signalling = self.packets(record)
                self.assertEqual(2, sum(signalling.count(b"Signal=%c" % d) for d in DIGITS.encode()))
                self.assertTrue([r for r in map(rtp_of, packets(signalling)) if r and r[1] == EVENTS])

    def test_redacted(self):
        "with redact.digits no record, sound, packet, ladder or file tells a digit, and the rest of the call is whole"
        for name, options in (("pcmu", {}), ("g722", {"codec": "G722"}), ("tcp", {"tcp": True, "tcp_segment": 97})):
            with self.subTest(name):
                truth, record = self.one(True, **options)
                self.check_record(truth, record)
                self.assertEqual({"1": 0, "7": 0},
                                 {d: round(a) for d, a in self.loudness_of_digits(truth, record).items()})
                self.check_packets(truth, record)
                self.check_file(record)
                koegura("verify", "--archive", self.archive)

    def check_record(self, truth, record):
        self.assertEqual(["digits"], record["redacted"])
        self.assertEqual([(d["via"], "caller") for d in truth["digits"]],
                         [(d["via"], d["channel"]) for d in record["digits"]])
        self.assertFalse([d for d in record["digits"] if d.get("digit")])
        spans = [s for s in record["spans"] if s["kind"] == "redacted"]
        self.assertEqual({"caller"}, {s["channel"] for s in spans})
        self.assertLess(sum(s["to_s"] - s["from_s"] for s in spans), 1.5)
        shown = koegura("show", record["id"], "--archive", self.archive).stdout
        self.assertIn("redacted  at", shown)

    def check_packets(self, truth, record):
        merged = self.packets(record)
        stream = next(s for s in truth["streams"] if s["channel"] == "caller")
        media = [r for r in map(rtp_of, packets(merged)) if r]
        self.assertFalse([r for r in media if r[1] == EVENTS])
        pressed = [round(seconds_between(stream["first"], d["at"]) * 8000) for d in truth["digits"] if d["via"] == "inband"]
        for ssrc, _, timestamp in media:
            if ssrc == stream["ssrc"]:
                at = (timestamp - stream["first_timestamp"]) % 2**32
                self.assertFalse([p for p in pressed if p - 160 < at < p + 800], "a packet of a tone")
        if media:  # not lossless: all others are there
            self.assertGreater(sum(r[0] == stream["ssrc"] for r in media), stream["packets"] * 0.6)
        ladder = koegura("ladder", record["id"], "--json", "--archive", self.archive).stdout
        self.assertEqual(2, sum(step.get("method") == "INFO" and not step.get("status")
                                for step in map(json.loads, ladder.splitlines())))

    def check_file(self, record):
        """The bytes of the call's file: SIP over UDP lies there as it came, SIP over TCP in small pieces."""
        whole = (self.archive / record["audio"]["path"]).read_bytes()
        for digit in DIGITS.encode():
            self.assertNotIn(b"Signal=%c" % digit, whole)
        said = b"".join(datagram[40:] for datagram in packets(self.packets(record)) if datagram[9] == 6)
        for text in (said, whole):
            self.assertFalse([d for d in DIGITS.encode() if b"ignal=%c" % d in text])
        self.assertIn(b"Signal=X", said or whole)

    def test_waveform(self):
        "the waveform's file, read by its specification, has the lowest and highest sample of every 10 ms"
        for codec, rate in (("PCMU", 8000), ("G722", 16000)):
            with self.subTest(codec=codec):
                _, record = self.one(False, codec=codec)
                path = self.folder / "call.dat"
                koegura("audio", record["id"], "-o", path, "--force", "--archive", self.archive)
                file = path.read_bytes()
                caller, callee, _ = self.sound(record)
                size = rate // 100
                bins = -(-len(caller) // size)
                self.assertEqual((2, 1, rate, size, bins, 2), struct.unpack_from("<iIiiIi", file))
                wanted = []
                for at in range(0, len(caller), size):
                    for channel in (caller, callee):
                        part = channel[at:at + size]
                        wanted += [math.trunc(min(part) / 256), math.trunc(max(part) / 256)]
                self.assertEqual(wanted, list(struct.unpack_from(f"<{4 * bins}b", file, 24)))
