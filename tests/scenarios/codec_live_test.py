"""Softphones talk in each codec that they have: what was recorded is what they said, and what the other heard."""
from dataclasses import dataclass
from statistics import median

from koegura import koegura, moment
from lab import wait_for
from likeness import Sound, fits, steady
from live import PLACED, Talking, number
from sound import CHANNELS

SPEECH_S = 2.0
STRETCHES = 4  # at least, with a voice in them
SAME_LAG_MS = 2  # codecs of speech shift a voice by a sample or two, and not always by the same


@dataclass(frozen=True)
class Kind:
    """A codec: baresip's name, rate and channels for it, and its module; ours. How like the recording has to be what
    was heard: the same decoder gives the same samples, another one (AMR) nearly. How like what was said: as well as
    the codec can. db: how far levels may be apart. wave: what comes out has the sign of what went in."""
    name: str
    module: str
    ours: str
    heard: float = 0.9995
    said: float = 0.96
    db: float = 0.5
    wave: bool = True


# baresip fills the bytes of G.726 from the other end than RFC 3551 says; FFmpeg's AMR-WB is softer than 3GPP's own.
# AMR keeps the sound of a voice, not its wave: now and then half a period of the voice fits best, upside down.
KINDS = (
    Kind("PCMA/8000/1", "g711", "PCMA", said=0.999),
    Kind("G722/16000/1", "g722", "G722", said=0.999),
    Kind("G726-16/8000/1", "g726", "AAL2-G726-16", said=0.93, db=1.5),
    Kind("G726-24/8000/1", "g726", "AAL2-G726-24", db=1),
    Kind("G726-32/8000/1", "g726", "AAL2-G726-32", said=0.98),
    Kind("G726-40/8000/1", "g726", "AAL2-G726-40", said=0.98),
    Kind("GSM/8000/1", "gsm", "GSM"),
    Kind("AMR/8000/1", "amr", "AMR", heard=0.995, said=0.65, db=2.5, wave=False),
    Kind("AMR-WB/16000/1", "amr", "AMR-WB", heard=0.95, said=0.75, db=4),
    Kind("opus/48000/2", "opus", "opus", heard=0.99),
    Kind("L16/8000/1", "l16", "L16", said=0.9995),
    Kind("L16/16000/1", "l16", "L16", said=0.9995),
)


class Codecs(Talking):
    def pair(self, lab, index: int, kind: Kind):
        options = {"codec": kind.name, "config": f"module {kind.module}.so\n", "port": 5070 + 10 * index}
        return (self.phone(lab, "caller", f"031234{index:04d}", "water-question", **options),
                self.phone(lab, "callee", f"069876{index:04d}", "water-answer", **options))

    def test_codecs(self):
        "both voices of a call in each codec: lag, likeness and level against the phones' own recordings"
        lab = self.lab()
        recorder = self.recorder(lab)
        pairs = [self.pair(lab, index, kind) for index, kind in enumerate(KINDS)]
        for caller, callee in pairs:
            caller.do("dial", callee.uri)
        for caller, _ in pairs:
            caller.heard_of("CALL_ESTABLISHED")
        self.speak(lab, SPEECH_S * len(pairs))
        for caller, callee in pairs:
            caller.do("hangup")
            callee.heard_of("CALL_CLOSED")
        wait_for(lambda: len(recorder.calls()) == len(pairs), 30, "the calls are archived while the recorder runs")
        for phone in (phone for pair in pairs for phone in pair):
            phone.close()
        self.stopped(recorder)
        records = {number(record["caller"]): record for record in recorder.calls()}
        for index, (kind, pair) in enumerate(zip(KINDS, pairs)):
            with self.subTest(codec=kind.name):
                self.check_call(recorder, records[f"031234{index:04d}"], kind, dict(zip(CHANNELS, pair)))

    def check_call(self, recorder, record: dict, kind: Kind, phones: dict):
        self.assertEqual({("caller", kind.ours, 0), ("callee", kind.ours, 0)},
                         {(s["channel"], s["codec"], s.get("lost", 0)) for s in record["streams"]})
        path = self.folder / f"{record['id']}.wav"
        koegura("audio", record["id"], "-o", path, "--archive", recorder.archive)
        for side, far_side in (("caller", "callee"), ("callee", "caller")):
            recorded = Sound.read(path, channel=CHANNELS[side])
            said = fits(recorded, Sound.read(phones[side].recording("enc")))
            self.check_likeness(said, kind.said, kind.db, every=1, wave=kind.wave)
            self.check_place(record, side, said)
            # the far phone may have been late for a packet, and plays what follows later
            heard = fits(recorded, Sound.read(phones[far_side].recording("dec")))
            self.check_likeness(heard, kind.heard, kind.db, every=2 / 3)

    def check_place(self, record: dict, side: str, said: list):
        """Promise 6: a phone's own recording begins with its first packet, and stands where that was on the wire."""
        stream, = [s for s in record["streams"] if s["channel"] == side]
        first_ms = 1000 * float(moment(stream["first"]) - moment(record["start"]))
        self.assertAlmostEqual(first_ms, median(fit.lag_ms for fit in said), delta=1000 * PLACED)

    def check_likeness(self, found: list, correlation: float, db: float, every: float, wave=True):
        """every: share of the stretches that must be so. wave: not upside down."""
        good = [fit for fit in steady(found, SAME_LAG_MS)
                if (fit.correlation if wave else abs(fit.correlation)) >= correlation and abs(fit.level_db) <= db]
        self.assertGreaterEqual(len(found), STRETCHES, "stretches with a voice")
        self.assertGreaterEqual(len(good), every * len(found), f"at least {correlation}, {db} dB: {found}")
