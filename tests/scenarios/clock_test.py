"""Senders whose clocks are wrong: where their sound stands in the recording, and what is told of it."""
import functools
import json
import math
import operator
import struct
from array import array

from koegura import Scenario, calls, koegura, moment, record, tool
from sound import RATE, channels_of, seconds_between
from traffic import generate

WINDOW = 1200  # samples that are compared
FURTHEST = 30  # ms
CANDIDATES = 6


TAPS = range(-7, 9)


@functools.lru_cache(maxsize=1024)
def weights(part: float) -> list[float]:
    """Of the samples about a place so far behind one of them."""
    def weight(x):
        return (math.sin(math.pi * x) / (math.pi * x) if x else 1) * math.cos(math.pi * x / 17) ** 2

    return [weight(tap - part) for tap in TAPS]


def at_places(samples, places: list[float]) -> list[float]:
    """What sounds there, between the samples, too."""
    return [sum(map(operator.mul, weights(place % 1), samples[int(place) + TAPS[0]:int(place) + TAPS[-1] + 1]))
            for place in places]


def lag_ms(wanted: list[float], heard, at: int) -> float:
    """By how much later than `at` the wanted sound is heard. In a vowel each pitch period looks like the next one, and which
    it is shows only where they are compared between the samples, too."""
    def difference(sound):
        return sum((w - h) ** 2 for w, h in zip(wanted, sound))

    furthest = FURTHEST * RATE // 1000
    shifts = sorted(range(-furthest, furthest + 1), key=lambda shift: difference(heard[at + shift:at + shift + WINDOW]))
    closer = [shift + quarter / 4 for shift in shifts[:CANDIDATES] for quarter in range(-2, 3)]
    best = min(closer, key=lambda shift: difference(at_places(heard, [at + shift + i for i in range(WINDOW)])))
    return best * 1000 / RATE


def linear(code: int) -> int:
    """A sample of G.711, mu-law."""
    code ^= 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -magnitude if code & 0x80 else magnitude


LINEAR = [linear(code) for code in range(256)]


def sent(pcap, stream: dict, speed: float, start: float) -> tuple[array, float]:
    """What the stream's packets say, by its timestamps (0 where there are none), and when its first sample was taken, in
    seconds since `start`: no packet can come before it was sent."""
    data = pcap.read_bytes()
    ssrc = bytes.fromhex(stream["ssrc"][2:])
    packets, at, nanoseconds = [], 24, data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    while at < len(data):
        seconds, fraction, length = struct.unpack_from("<III", data, at)
        rtp = at + 16 + 14 + 20 + 8  # Ethernet, IPv4, UDP
        if data[at + 16 + 23] == 17 and data[rtp] == 0x80 and data[rtp + 8:rtp + 12] == ssrc and data[rtp + 1] & 0x7F == 0:
            (timestamp,) = struct.unpack_from(">I", data, rtp + 4)
            arrived = seconds - start + fraction / (1e9 if nanoseconds else 1e6)
            packets.append((arrived, timestamp, data[rtp + 12:at + 16 + length]))
        at += 16 + length
    first = packets[0][1]
    places = [((timestamp - first + 2 ** 31) % 2 ** 32 - 2 ** 31, arrived, payload) for arrived, timestamp, payload in packets]
    samples = array("h", bytes(2 * (max(place for place, _, _ in places) + 160)))
    for place, _, payload in places:
        if place >= 0:
            samples[place:place + len(payload)] = array("h", map(LINEAR.__getitem__, payload))
    return samples, min(arrived - place / RATE / speed for place, arrived, _ in places)


class Clock(Scenario):
    def record(self, name, **options):
        """Generates and records one call; gives its truth beside our record."""
        path = self.folder / f"{self._testMethodName}-{name}"
        truth = generate(path.with_suffix(".pcap"), path.with_suffix(".json"),
                         **({"calls": 1, "seed": 7} | options))
        self.archive = path
        record(path, path.with_suffix(".pcap"))
        (one,) = calls(path)
        (call,) = truth["calls"]
        return call, one

    def record_wrong(self, errors: dict[str, int], **options):
        name = "-".join(["wrong", options["talk"], *map(str, errors.values())])
        return self.record(name, clock_error="{caller},{callee}".format(**errors), **options)

    def check_places(self, errors: dict[str, int], windows: int, **options):
        """Each side's sound stands where it sounded by a true clock. Gives the record, and the worst that either side is
        off, in ms."""
        call, one = self.record_wrong(errors, **options)
        channels = channels_of(self.archive, one["id"], self.folder)
        worst = 0.0
        for stream in call["streams"]:
            heard = channels[stream["channel"]]
            speed = 1 + errors[stream["channel"]] / 1e6
            samples, begins = sent(self.archive.with_suffix(".pcap"), stream, speed, float(moment(call["start"])))
            compared = 0
            for part in range(windows):  # of the call: in each of them one stretch of speech
                for k in range(8):
                    first = len(samples) * (8 * part + k) // (8 * windows)  # of the sender's
                    at = round((begins + first / RATE / speed) * RATE)
                    places = [(at + i - begins * RATE) * speed for i in range(WINDOW)]
                    if places[0] + TAPS[0] < 0 or places[-1] + TAPS[-1] >= len(samples):
                        continue
                    wanted = at_places(samples, places)
                    if sum(w * w for w in wanted) < WINDOW * 500 ** 2:
                        continue  # a pause
                    compared += 1
                    worst = max(worst, abs(lag_ms(wanted, heard, at)))
                    break
            self.assertGreaterEqual(compared, windows // 2, "hardly any speech was compared")
        return one, worst

    def check_told(self, one, errors):
        for stream in one["streams"]:
            error = errors[stream["channel"]]
            self.assertAlmostEqual(error, stream["clock_error_ppm"], delta=max(5, 5 * stream["clock_uncertainty_ppm"]))
            length = seconds_between(stream["first"], stream["last"])
            self.assertAlmostEqual(error * length / 1000, stream["clock_corrected_ms"], delta=3)
        names = tool("mkvmerge", "-J", self.archive / one["audio"]["path"])
        self.assertIn("media.pcapng", names, "the samples are not those of the packets: these are to be kept")

    def check_ends(self, errors: dict[str, int], **options):
        """Each side is heard from its true first moment to its true last one. Gives the record."""
        call, one = self.record_wrong(errors, **options)
        channels = channels_of(self.archive, one["id"], self.folder)
        for stream in call["streams"]:
            heard = [place for place, sample in enumerate(channels[stream["channel"]]) if sample]
            speed = 1 + errors[stream["channel"]] / 1e6
            samples, begins = sent(self.archive.with_suffix(".pcap"), stream, speed, float(moment(call["start"])))
            self.assertAlmostEqual(begins, heard[0] / RATE, delta=0.01)
            self.assertAlmostEqual(begins + len(samples) / RATE / speed, heard[-1] / RATE, delta=0.01)
        return one

    def test_short(self):
        "a call of 1 to 4 s through gateways that are 2 % off is in place from its first sample to its last, and none is early"
        errors = {"caller": 20000, "callee": -20000}
        for talk in ("1s", "2s", "3s", "4s"):
            one = self.check_ends(errors, talk=talk, ring="300ms", jitter="5ms")
            self.check_told(one, errors)
            self.assertNotIn("early-media", {span["kind"] for span in one["spans"]}, "nothing was sent before the answer")
        _, worst = self.check_places(errors, windows=4, talk="5s", ring="300ms", jitter="5ms")
        self.assertLessEqual(worst, 10)

    def test_gateway(self):
        "a gateway that is 2 % fast and one that is 2 % slow are in place to 10 ms, and the record says so"
        errors = {"caller": -20000, "callee": 20000}
        one, worst = self.check_places(errors, windows=12, talk="2min", jitter="8ms", loss=0.01)
        self.assertLessEqual(worst, 10)
        self.check_told(one, errors)
        story = koegura("show", "--archive", self.archive, one["id"]).stdout
        self.assertIn("clock 2.00 % slow, corrected", story)
        self.assertIn("clock 2.00 % fast, corrected", story)
        self.assertFalse([s for s in one["spans"] if s["kind"] in ("late", "dtx")])
        (told,) = (stream["lost"] for stream in one["streams"] if stream["channel"] == "callee")
        spans = [s for s in one["spans"] if s["kind"] == "loss" and s["channel"] == "callee"]
        self.assertAlmostEqual(told * 0.02 / 1.02, sum(s["to_s"] - s["from_s"] for s in spans), delta=0.01)
        koegura("reindex", "--archive", self.archive)
        (again,) = calls(self.archive)
        self.assertEqual(one["streams"], again["streams"])

    def test_ten_minutes(self):
        "600 ppm apart for ten minutes, with jitter: in place to 10 ms at every time"
        errors = {"caller": 600, "callee": -600}
        one, worst = self.check_places(errors, windows=10, talk="10min", jitter="20ms")
        self.assertLessEqual(worst, 10)
        self.check_told(one, errors)

    def test_hour(self):
        "an hour of 100 ppm either way, and one of gateways that are 2 % off: in place to 10 ms from end to end"
        for errors in ({"caller": 100, "callee": -100}, {"caller": -20000, "callee": 20000}):
            one, worst = self.check_places(errors, windows=12, talk="60min", jitter="8ms")
            self.assertLessEqual(worst, 10)
            self.check_told(one, errors)

    def test_usual(self):
        "a minute of 50 ppm strays by 3 ms: nothing is corrected, but the clock's error is told"
        _, one = self.record("usual", clock_error="0,50", talk="60s", jitter="2ms")
        (stream,) = (s for s in one["streams"] if s["channel"] == "callee")
        self.assertAlmostEqual(50, stream["clock_error_ppm"], delta=15)
        self.assertEqual(0, stream.get("clock_corrected_ms", 0))
        self.assertNotIn("corrected", koegura("show", "--archive", self.archive, one["id"]).stdout)

    def test_digits(self):
        "digits that are pressed at 2 % stand where they were pressed, by event and by tone, on the side that pressed"
        call, one = self.record("digits", clock_error="20000,0", talk="60s", digits="159#7", digits_by=["event", "inband"])
        wanted = [seconds_between(call["start"], d["at"]) for d in call["digits"]]
        self.assertEqual("159#7", "".join(d["digit"] for d in one["digits"]), json.dumps(one["digits"]))
        for at, digit in zip(wanted, one["digits"]):
            self.assertAlmostEqual(at, digit["at_s"], delta=0.05)
            self.assertEqual("caller", digit["channel"])
