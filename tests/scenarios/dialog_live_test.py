"""What SIP allows, and phones seldom do: played by SIPp, recorded live."""
from exchange import Exchange
from koegura import calls, record, tool
from ladder import Ladder
from lab import Listener
from live import Live, find, number
from sound import channels_of

CROSSED = """
    -> INVITE offer
    <- 180
    -> CANCEL
    <- 200 INVITE answer
    <- 200 CANCEL
    -> ACK
    both say 1
    -> BYE
    <- 200
"""
OFFERLESS = """
    -> INVITE
    <- 180
    <- 200 offer
    -> ACK answer
    both say 1
    <- BYE
    -> 200
"""
REFUSED_CHANGE = """
    -> INVITE offer
    <- 200 answer
    -> ACK
    both say 1
    <- INVITE offer sendonly PCMU
    -> 488
    <- ACK
    both say 1
    -> BYE
    <- 200
"""
EARLY_MEDIA = """
    -> INVITE offer
      Supported: 100rel
    <- 100
    <- 183 answer
      Require: 100rel
      RSeq: 1
    -> PRACK
      RAck: 1 1 INVITE
    <- 200 PRACK
    callee says 1
    <- UPDATE offer
    -> 200 answer
    callee says 1
    <- 200 INVITE
    -> ACK
    both say 1
    -> BYE
    <- 200
"""
SILENT = """
    -> INVITE offer
      Supported: timer
      Session-Expires: 90;refresher=uac
    <- 200 answer
      Require: timer
      Session-Expires: 90;refresher=uac
    -> ACK
"""
TCP = """
    -> INVITE offer
      X-Filler: FILLER
    <- 100
    <- 180 + 200 answer
    -> ACK
    -> INFO
      Content-Type: application/dtmf-relay
      Signal=5
      Duration=160
    <- 200
    both say 1
    -> BYE
    <- 200
"""


class Dialogs(Live):
    def setUp(self):
        self.hall = self.entered(Exchange(self.folder, ("trunk", "phone1")))

    def ladder(self, name: str, story: str, **options) -> Ladder:
        return Ladder(self.hall, name, "trunk", "phone1", story, **options)

    def check(self, archive, record: dict, ladder: Ladder, state="answered"):
        """Every stream and every voice of the ladder, and none beside."""
        self.assertEqual((state, ladder.call_id), (record["state"], record["call_id"]))
        expected = {(side, said.source, said.destination, f"0x{said.ssrc:08x}", said.codec, said.packets(), 0)
                    for side, pieces in ladder.spoken.items() for said in pieces}
        keys = ("channel", "source", "destination", "ssrc", "codec", "packets", "lost")
        self.assertEqual(expected, {tuple(s[key] for key in keys) for s in record["streams"]})
        channels = channels_of(archive, record["id"], self.folder) if record["streams"] else {}
        for side, pieces in ladder.spoken.items():
            for said in pieces:
                self.assertIsNotNone(find(channels[side], said.samples()), f"what the {side} said is not there")

    def spans(self, record: dict, kind: str) -> list[dict]:
        return [span for span in record["spans"] if span["kind"] == kind]

    def test_dialogs(self):
        "CANCEL that crosses the 200; offer in the 200, answer in the ACK; a refused re-INVITE; 183, PRACK, UPDATE"
        recorder = self.recorder(self.hall)
        stories = {"crossed": CROSSED, "offerless": OFFERLESS, "refused": REFUSED_CHANGE, "early": EARLY_MEDIA}
        ladders = [self.ladder(name, story, port=5060 + 10 * i).start()
                   for i, (name, story) in enumerate(stories.items())]
        for ladder in ladders:
            ladder.finish()
        self.stopped(recorder)
        records = {r["call_id"]: r for r in recorder.calls()}
        self.assertEqual({ladder.call_id for ladder in ladders}, set(records))
        for ladder in ladders:
            with self.subTest(story=ladder.name):
                self.check(recorder.archive, records[ladder.call_id], ladder)
        crossed, offerless, refused, early = (records[ladder.call_id] for ladder in ladders)
        self.assertEqual(["caller", "callee", "caller", "caller"],
                         [r["release"]["by"] for r in (crossed, offerless, refused, early)])
        self.assertEqual([], self.spans(refused, "hold"))
        self.check_early_media(early)

    def check_early_media(self, early: dict):
        self.assertEqual(early["ringing"], early["early_media"])
        (span,) = self.spans(early, "early-media")
        self.assertGreater(span["to_s"] - span["from_s"], 1.9)
        self.assertLess(early["talk_s"], early["duration_s"] - 1.9)

    def test_tcp(self):
        "over TCP: a message in several segments, several messages in a segment"
        recorder = self.recorder(self.hall)
        wire = Listener(self.hall, "recorder", "tap0")
        ladder = self.ladder("tcp", TCP.replace("FILLER", "x" * 4000), tcp=True).start().finish()
        self.stopped(recorder)
        wire.stop()
        shown = tool("tshark", "-r", wire.path, "-Y", "sip", "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code",
                     "-e", "tcp.segment.count")
        rows = [line.split("\t") for line in shown.splitlines()]
        self.assertGreaterEqual(int(next(row[2] for row in rows if row[0] == "INVITE")), 3, "segments of the INVITE")
        self.assertIn(["", "180,200"], [row[:2] for row in rows])
        (call,) = recorder.calls()
        self.check(recorder.archive, call, ladder)
        self.assertEqual([("5", "info", "caller")], [(d["digit"], d["via"], d["channel"]) for d in call["digits"]])

    def test_session_timer(self):
        "a call whose BYE was never seen ends with its session timer"
        wire = Listener(self.hall, "recorder", "tap0")
        silent = self.ladder("silent", SILENT).start().finish()
        wire.stop()
        later = Listener(self.hall, "recorder", "tap0", "-p")
        after = self.ladder("after", OFFERLESS).start().finish()
        later.stop()
        shifted = self.folder / "shifted.pcap"
        tool("editcap", "-F", "pcap", "-t", "300", later.path, shifted)  # five minutes later
        archive = self.folder / "timer"
        record(archive, wire.path, shifted)
        ended, last = calls(archive)
        self.check(archive, ended, silent)
        self.assertEqual({"code": 0, "reason": "session expired", "by": "recorder", "elsewhere": False}, ended["release"])
        self.check(archive, last, after)
