"""What every live scenario does: a lab, a recorder on its mirror, and what must hold of both whatever was said."""
import os
import shutil
import unittest

from accounting import assert_balanced
from koegura import Scenario, calls, moment
from lab import Lab, Unavailable, wait_for
from peers import Baresip, Sent, Sipp
from recorder import Recorder
from sound import RATE, channels_of
from voices import PACKET, decoded, encoded, joined_speech

MISSING = [name for name in ("ip", "tc", "ethtool", "tcpdump", "sipp", "baresip") if not shutil.which(name)]
PLACED = 0.02  # promise 6, in seconds
QUIET = 2  # where the standard's G.711 has 0, baresip's has 2


@unittest.skipUnless(os.geteuid() == 0, "needs root for network namespaces: tools/check runs it with sudo")
@unittest.skipIf(MISSING, f"not installed: {MISSING}; tools/packages/install tests")
class Live(Scenario):
    """A lab and a recorder for each scenario, and what must hold of both whatever was said."""

    def lab(self, **options) -> Lab:
        return self.entered(Lab(self.folder, **options))

    def entered(self, lab: Lab) -> Lab:
        try:
            lab.__enter__()
        except Unavailable as error:
            self.skipTest(str(error))
        self.addCleanup(lab.__exit__)
        return lab

    def recorder(self, lab: Lab, way="libpcap") -> Recorder:
        recorder = Recorder(lab, way)
        self.addCleanup(lambda: recorder.__exit__())
        return recorder.__enter__()

    def let_call(self, *kinds: Sipp) -> list[Sent]:
        """All kinds at once, to their end."""
        for kind in kinds:
            kind.start()
        return [sent for kind in kinds for sent in kind.finish()]

    def stopped(self, recorder: Recorder, copies=1) -> dict:
        """Stops the recorder; what it says of the frames must be what the switch says."""
        running = recorder.status()["recorder"]
        self.assertEqual([(name, 0, 0, "") for name in recorder.interfaces()],
                         [(s["name"], s["lost_ring"], s["lost_interface"], s["error"]) for s in running["sources"]])
        accounting = recorder.stop()
        assert_balanced(self, accounting)
        frames = accounting["frames"]
        self.assertEqual(recorder.frames_shown, frames["received"], "frames on the mirror's cable, and received")
        self.assertEqual({"malformed": {}, "dropped": {}}, {k: frames[k] for k in ("malformed", "dropped")})
        if copies == 1:
            self.assertEqual(0, frames["duplicate"])
        self.check_passive(recorder)
        return accounting

    def check_passive(self, recorder: Recorder):
        """Promise 1. What would be seen of one frame that is sent, is then tried."""
        nothing, one = [(0, 0)] * len(recorder.ports), [(1, 1)] * len(recorder.ports)
        self.assertEqual(nothing, recorder.sent_frames(), "a frame came out of the recorder")
        recorder.provoke()
        wait_for(lambda: recorder.sent_frames() == one, 10, "a frame out of the recorder's end is seen")

    def check_states(self, archive, sent: list[Sent]):
        self.assertEqual({s.call_id: s.state for s in sent}, {r["call_id"]: r["state"] for r in calls(archive)})

    def check_calls(self, archive, sent: list[Sent], sides=("caller", "callee")) -> list[dict]:
        """Every call that the peers made, and none beside; its streams and its sound."""
        records = {one["call_id"]: one for one in calls(archive)}
        self.assertEqual({s.call_id: (s.caller, s.callee) for s in sent},
                         {i: (number(r["caller"]), number(r["callee"])) for i, r in records.items()})
        for one in sent:
            record = records[one.call_id]
            with self.subTest(state=one.state, call_id=one.call_id):
                self.assertEqual({side: expected_stream(one.spoken[side]) for side in sides if side in one.spoken},
                                 {s["channel"]: observed_stream(s) for s in record["streams"]})
                self.assertEqual(len(record["streams"]), len({s["channel"] for s in record["streams"]}))
                if one.spoken:
                    self.assertEqual("".join(one.spoken[side].digits for side in sides),
                                     "".join(d["digit"] for d in record["digits"]))
                    self.check_sound(archive, record, one, sides)
        return list(records.values())

    def check_sound(self, archive, record: dict, sent: Sent, sides):
        """Promise 5: sample by sample what was said, where it was said, and silence beside."""
        channels = channels_of(archive, record["id"], self.folder)
        for stream in record["streams"]:
            channel, spoken = channels.pop(stream["channel"]), sent.spoken[stream["channel"]]
            said = spoken.samples()
            at = find(channel, said)
            self.assertIsNotNone(at, f"what the {stream['channel']} said is not there")
            begin = spoken.begin - float(moment(record["start"]))
            self.assertAlmostEqual(begin, at / RATE, delta=PLACED, msg=f"first packet: {stream['first']}")
            self.assertFalse(any(channel[:at]) or any(channel[at + len(said):]), "sound that nobody made")
        self.assertFalse(any(any(channel) for channel in channels.values()), "sound of a side that was not heard")


class Talking(Live):
    """Softphones, and what each kept of what it sent and heard."""

    def phone(self, lab: Lab, side: str, number: str, *speech: str, **options) -> Baresip:
        """speech: of ../shared/audio, one after the other; where they end, the phone is silent."""
        path = self.folder / f"{'+'.join(speech)}.wav"
        joined_speech(speech, path)
        return Baresip(lab, side, number, path, **options)

    def speak(self, lab: Lab, seconds: float):
        """Lets both sides speak: until the mirror has shown as many packets as that makes."""
        def shown():
            return lab.counters("mirror0")["tx"]
        enough = shown() + seconds * 2 * RATE / PACKET
        wait_for(lambda: shown() >= enough, seconds + 10, f"both sides speak for {seconds} s")

    def check_own_recordings(self, recorder: Recorder, record: dict, *kept, codecs=("PCMU", "PCMU"), unheard=()):
        """What the caller and the callee each sent is sample by sample what we recorded, but for the spans without
        media, where nothing was sent; and what the other heard is there, in its order. codecs: of each side, where
        someone between them makes the one of the other. unheard: sides that the other phone could not open."""
        channels = channels_of(recorder.archive, record["id"], self.folder)
        sides = zip(("caller", "callee"), kept, reversed(kept), codecs, reversed(codecs))
        for side, (sent, _), (_, heard), codec, far_codec in sides:
            with self.subTest(call_id=record["call_id"], side=side):
                channel, sent = channels[side], decoded(encoded(sent, codec), codec)
                at = find_loudest(channel, sent)
                self.assertIsNotNone(at, "what was sent is not there")
                silent = [(s["from_s"] * RATE - 1, s["to_s"] * RATE + 1) for s in record["spans"]
                          if s["kind"] in ("dtx", "no-media") and s["channel"] == side]
                wrong = [i for i, (one, two) in enumerate(zip(channel[at:], sent), at)
                         if one != two and not any(begin <= i <= end for begin, end in silent)]
                self.assertEqual([], wrong[:5], "samples that were not sent")
                if side in unheard:
                    continue
                if far_codec != codec:
                    channel = decoded(encoded(channel, far_codec), far_codec)
                there, voiced = packets_in_order(heard, channel[at:])
                self.assertGreater(voiced, RATE // 2 // PACKET)
                self.assertGreater(there / voiced, 0.99, "what the other side heard")


def ends_of(record: dict) -> tuple:
    return number(record["caller"]), number(record["callee"]), record["release"]["by"]


def number(party: dict) -> str:
    return party["raw"].split(":", 1)[1].split("@")[0]


def expected_stream(spoken) -> dict:
    return {"source": spoken.source, "destination": spoken.destination, "ssrc": f"0x{spoken.ssrc:08x}", "lost": 0,
            "codec": spoken.codec, "packets": spoken.packets()}


def observed_stream(stream: dict) -> dict:
    keys = ("source", "destination", "ssrc", "lost", "codec", "packets")
    return {key: stream.get(key, 0) for key in keys}


def find(channel, samples) -> int | None:
    whole, part = channel.tobytes(), samples.tobytes()
    at = whole.find(part)
    while at % channel.itemsize and at >= 0:
        at = whole.find(part, at + 1)
    return at // channel.itemsize if at >= 0 else None


def packets_in_order(heard, channel) -> tuple[int, int]:
    """Of what a phone heard, packet by packet, but for silence: how many are in the channel, each behind the one
    before; and how many there are. (A phone that does not get to run in time leaves out packets, and goes on.)"""
    packets = [heard[i:i + PACKET] for i in range(0, len(heard) - PACKET + 1, PACKET)]
    voiced = [packet for packet in packets if sum(abs(one) > QUIET for one in packet) > PACKET // 2]
    there = at = 0
    for packet in voiced:
        place = next((i for i in range(at, len(channel) - PACKET + 1) if is_alike(packet, channel, i)), None)
        if place is not None:
            there += 1
            at = place + PACKET
    return there, len(voiced)


def is_alike(packet, channel, at: int) -> bool:
    """But for single samples: two converters from one law to the other round some of them differently."""
    different = 0
    for i, one in enumerate(packet, at):
        different += abs(one - channel[i]) > QUIET
        if different > PACKET // 20:
            return False
    return True


def find_loudest(channel, samples) -> int | None:
    """Where samples begin in the channel, by the loudest tenth of a second that they have in common."""
    size = RATE // 10
    windows = sorted(range(0, len(samples) - size, size), key=lambda i: -sum(map(abs, samples[i:i + size])))
    found = (at - i for i in windows if (at := find(channel, samples[i:i + size])) is not None)
    return next(found, None)
