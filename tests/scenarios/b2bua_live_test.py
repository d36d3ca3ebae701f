"""Two legs with different Call-IDs carry one conversation, and no header says so: the audio does."""
from exchange import Exchange
from hall import Hall
from live import Talking
from peers import Baresip

B2BUA = """module aubridge.so
module_app b2bua.so
"""


def joined(record: dict) -> dict:
    """The other legs that it was joined to, and by what."""
    return {tie["call"]: tie["by"] for tie in record.get("joining", {}).get("ties", [])}


class Pair:
    """Of a test: what must hold of two legs that were joined."""

    def check_pair(self, one: dict, two: dict, by: str):
        self.assertEqual([{two["id"]: by}, {one["id"]: by}], [joined(one), joined(two)])
        self.assertEqual([one["id"]] * 2, [one["conversation"], two["conversation"]])


class BackToBack(Talking, Pair):
    def test_b2bua(self):
        "a back-to-back user agent that transcodes: two legs are joined by how loud the voices are, a third call is not"
        lab = self.entered(Exchange(self.folder))
        recorder = self.recorder(lab)
        self.agent(lab)
        citizen = self.phone(lab, "trunk", "0312345678", "water-question", "pension",
                             account=f';outbound="sip:{lab.url("exchange", 5060)}"')
        office = self.phone(lab, "phone1", "2001", "water-answer", "callback", codec="PCMA/8000/1", answers=True)
        neighbours = [self.phone(lab, "phone2", "2002", "announcement", "transfer"),
                      self.phone(lab, "phone3", "2003", "switchboard", "goodbye", answers=True)]
        citizen.do("dial", office.uri)
        citizen.heard_of("CALL_ESTABLISHED")
        neighbours[0].do("dial", neighbours[1].uri)
        neighbours[0].heard_of("CALL_ESTABLISHED")
        self.speak(lab, 3 * 11.5)  # three dialogs; less than ten seconds of levels prove nothing
        citizen.do("hangup")
        office.heard_of("CALL_CLOSED")
        neighbours[0].do("hangup")
        neighbours[1].heard_of("CALL_CLOSED")
        for phone in (citizen, office, *neighbours):
            phone.close()
        self.stopped(recorder)
        outer, inner, beside = recorder.calls()
        self.assertEqual(["answered"] * 3, [r["state"] for r in (outer, inner, beside)])
        self.assertNotEqual(outer["call_id"], inner["call_id"])
        self.assertEqual([{"PCMU"}, {"PCMA"}], [{s["codec"] for s in r["streams"]} for r in (outer, inner)])
        self.check_pair(outer, inner, "level")
        self.assertEqual(({}, beside["id"]), (joined(beside), beside["conversation"]))

    def agent(self, lab: Exchange) -> Baresip:
        """A baresip that takes calls, makes a call of its own for each, and bridges their sound."""
        here = lab.url("exchange", 5060)
        return self.phone(lab, "exchange", "b2bua", "goodbye", config=B2BUA, audio="aubridge,none", accounts=(
            f"<sip:inbound@{here}>;regint=0;b2bua=inbound;audio_codecs=PCMU/8000/1\n"
            f"<sip:outbound@{here}>;regint=0;b2bua=outbound;audio_codecs=PCMA/8000/1\n"))


class TopologyHiding(Hall, Pair):
    def test_topology_hiding(self):
        "a proxy that hides the Call-ID and relays media: two legs, joined by the payloads that both carry"
        self.open("WITH_RTPENGINE", "WITH_TOPOH", phones=("phone2",))
        phone = self.phones["phone2"]
        self.dial(self.citizen, "2002")
        self.ring(phone)
        phone.do("accept")
        self.citizen.heard_of("CALL_ESTABLISHED")
        self.speak(self.exchange, 2 * 4)  # on two hops
        self.citizen.do("hangup")
        self.closed(phone, self.citizen)
        outer, inner = self.archived()
        self.assertEqual(["answered"] * 2, [r["state"] for r in (outer, inner)])
        self.assertNotEqual(outer["call_id"], inner["call_id"])
        self.check_pair(outer, inner, "payload")
        for record in (outer, inner):
            self.check_own_recordings(self.recorded, record, self.citizen.kept(0), phone.kept(0))
