"""Hold, transfer and pickup: several calls, one conversation."""
from exchange import Exchange
from ladder import Ladder
from live import Talking, number

STATIONS = ("trunk", "phone1", "phone2")

FIRST = """
    -> INVITE offer
    <- 180
    <- 200 answer
    -> ACK
    both say 1
    <- INVITE offer sendonly
    -> 200 answer recvonly
    <- ACK
    callee waits
    <- REFER
      Refer-To: <{office}?Replaces=consulting%40koegura.test%3Bto-tag%3Dconsulting-callee%3Bfrom-tag%3Dconsulting-caller>
      Referred-By: <{switchboard}>
    -> 202
    caller waits
    -> NOTIFY
      Event: refer
      Subscription-State: terminated;reason=noresource
      Content-Type: message/sipfrag
      SIP/2.0 200 OK
    <- 200
    <- BYE
    -> 200
"""
CONSULTING = """
    -> INVITE offer
    <- 180
    <- 200 answer
    -> ACK
    both say 1
    callee waits
    <- BYE
    -> 200
"""
SECOND = """
    -> INVITE offer
      Require: replaces
      Replaces: consulting@koegura.test;to-tag=consulting-callee;from-tag=consulting-caller
      Referred-By: <{switchboard}>
    <- 200 answer
    -> ACK
    both say 1
    -> BYE
    <- 200
"""
RINGING = """
    -> INVITE offer
    <- 180
    caller waits
    -> CANCEL
    <- 200 CANCEL
    <- 487 INVITE
    -> ACK
"""
PICKUP = """
    -> INVITE offer
      Require: replaces
      Replaces: ringing@koegura.test;to-tag=ringing-caller;from-tag=ringing-callee;early-only
    <- 200 answer
    -> ACK
    both say 1
    <- BYE
    -> 200
"""


class Transfers(Talking):
    def setUp(self):
        self.hall = self.entered(Exchange(self.folder, STATIONS))
        self.recorded = self.recorder(self.hall)

    def spans(self, record: dict, kind: str) -> list[str]:
        return [span["channel"] for span in record["spans"] if span["kind"] == kind]

    def check_conversation(self, *records: dict):
        self.assertEqual([records[0]["id"]] * len(records), [r["conversation"] for r in records])

    def ties(self, record: dict, *others: dict) -> list[str]:
        """By what it is tied to each of the others."""
        told = {tie["call"]: tie["by"] for tie in record["joining"]["ties"]}
        return [told.get(other["id"], "") for other in others]

    def test_blind_transfer(self):
        "a hold, then a blind transfer between real phones: who was held, who was referred to whom, one conversation"
        citizen = self.phone(self.hall, "trunk", "0312345678", "water-question")
        switchboard = self.phone(self.hall, "phone1", "2001", "transfer", answers=True)
        office = self.phone(self.hall, "phone2", "2002", "water-answer", answers=True)
        citizen.do("dial", switchboard.uri)
        citizen.heard_of("CALL_ESTABLISHED")
        self.speak(self.hall, 1.5)
        switchboard.do("hold")
        citizen.heard_of("CALL_REMOTE_SDP", 2)
        switchboard.do("transfer", office.uri)
        office.heard_of("CALL_ESTABLISHED")
        self.speak(self.hall, 1)
        citizen.do("hangup")
        office.heard_of("CALL_CLOSED")
        for phone in (citizen, switchboard, office):
            phone.close()
        self.stopped(self.recorded)
        first, second = self.recorded.calls()
        self.assertEqual([("0312345678", "2001", "callee"), ("0312345678", "2002", "caller")],
                         [(number(r["caller"]), number(r["callee"]), r["release"]["by"]) for r in (first, second)])
        self.assertEqual((["caller"], 1), (self.spans(first, "hold"), len(self.spans(first, "transfer"))))
        (refer,) = first["links"]["refers"]
        self.assertEqual(("callee", "2002", 200), (refer["by"], number(refer["target"]), refer["status"]))
        self.check_conversation(first, second)
        self.assertEqual(["refer"], self.ties(second, first))
        self.check_own_recordings(self.recorded, second, citizen.kept(1), office.kept(0))

    def test_attended_transfer(self):
        "an attended transfer: three calls, tied by REFER and Replaces, one conversation"
        switchboard, office = f"sip:2001@{self.hall.url('phone1', 5060)}", f"sip:2002@{self.hall.url('phone2', 5080)}"
        names = {"switchboard": switchboard, "office": office}
        first = Ladder(self.hall, "first", "trunk", "phone1", FIRST.format(**names)).start()
        first.has("callee", "a=recvonly")
        consulting = Ladder(self.hall, "consulting", "phone1", "phone2", CONSULTING, port=5070,
                            numbers=("2001", "2002")).start()
        consulting.has("callee", "CSeq: 1 ACK")
        first.go("callee")
        first.has("caller", "Refer-To")
        second = Ladder(self.hall, "second", "trunk", "phone2", SECOND.format(**names), port=5080,
                        numbers=("0312345678", "2002")).start()
        second.has("callee", "CSeq: 1 ACK")
        consulting.go("callee")
        first.go("caller")
        for ladder in (consulting, first, second):
            ladder.finish()
        self.stopped(self.recorded)
        records = self.recorded.calls()
        self.assertEqual([ladder.call_id for ladder in (first, consulting, second)], [r["call_id"] for r in records])
        self.check_attended(*records)

    def check_attended(self, first: dict, consulting: dict, second: dict):
        replaced = {"call_id": "consulting@koegura.test", "to_tag": "consulting-callee",
                    "from_tag": "consulting-caller", "early_only": False}
        self.assertEqual(["answered"] * 3, [r["state"] for r in (first, consulting, second)])
        self.assertEqual((["caller"], 1), (self.spans(first, "hold"), len(self.spans(first, "transfer"))))
        (refer,) = first["links"]["refers"]
        self.assertEqual(("callee", "2002", replaced, 200),
                         (refer["by"], number(refer["target"]), refer["replaces"], refer["status"]))
        self.assertGreaterEqual(refer["done_s"], refer["at_s"])
        self.assertEqual(replaced, second["links"]["replaces"])
        self.assertEqual("2001", number({"raw": second["links"]["referred_by"]}))
        self.check_conversation(first, consulting, second)
        self.assertEqual(["refer", "replaces"], self.ties(second, first, consulting))

    def test_pickup(self):
        "a neighbour picks up what rings elsewhere, by Replaces with early-only: cancelled here, answered there"
        ringing = Ladder(self.hall, "ringing", "trunk", "phone1", RINGING).start()
        ringing.has("caller", "180 Ringing")
        pickup = Ladder(self.hall, "pickup", "phone2", "trunk", PICKUP, port=5070,
                        numbers=("2002", "0312345678")).start()
        pickup.has("caller", "CSeq: 1 ACK")
        ringing.go("caller")
        ringing.finish()
        pickup.finish()
        self.stopped(self.recorded)
        rang, picked = self.recorded.calls()
        self.assertEqual(["cancelled", "answered"], [r["state"] for r in (rang, picked)])
        self.assertEqual({"call_id": "ringing@koegura.test", "to_tag": "ringing-caller", "from_tag": "ringing-callee",
                          "early_only": True}, picked["links"]["replaces"])
        self.check_conversation(rang, picked)
        self.assertEqual(["replaces"], self.ties(picked, rang))
