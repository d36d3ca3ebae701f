"""Media relayed by rtpengine: a voice is seen on two hops, with other addresses and perhaps another SSRC and codec."""
from hall import Hall
from peers import Baresip


class Relay(Hall):
    def test_relay(self):
        "through a relay, and through one that transcodes: a record has the streams of both hops, and each voice once"
        self.open("WITH_RTPENGINE", phones=("phone1", "phone2"), codecs={"phone1": "PCMA"})
        self.call("2002", self.phones["phone2"])
        self.call("72001", self.phones["phone1"])
        relayed, transcoded = self.archived()
        self.assertEqual(["answered"] * 2, [r["state"] for r in (relayed, transcoded)])
        self.check_hops(relayed, "phone2", "PCMU", one_ssrc=True)
        self.check_hops(transcoded, "phone1", "PCMA", one_ssrc=False)
        for index, (record, phone, codec) in enumerate(((relayed, "phone2", "PCMU"), (transcoded, "phone1", "PCMA"))):
            self.check_own_recordings(self.recorded, record, self.citizen.kept(index), self.phones[phone].kept(0),
                                      codecs=("PCMU", codec))

    def call(self, called: str, phone: Baresip):
        self.dial(self.citizen, called)
        self.ring(phone)
        phone.do("accept")
        self.citizen.heard_of("CALL_ESTABLISHED", sum(self.rings.values()))
        self.speak(self.exchange, 2 * 1.5)  # on two hops
        self.citizen.do("hangup")
        self.closed(phone, self.citizen)

    def check_hops(self, record: dict, phone: str, codec: str, one_ssrc: bool):
        """Each voice comes from who speaks to the exchange, and from there goes to who listens."""
        ends = {"caller": ("trunk", "PCMU"), "callee": (phone, codec)}
        for side, other in (("caller", "callee"), ("callee", "caller")):
            (speaker, said), (listener, heard) = ends[side], ends[other]
            hops = [s for s in record["streams"] if s["channel"] == side]
            self.assertEqual([(speaker, "exchange", said), ("exchange", listener, heard)],
                             [(self.place_of(s["source"]), self.place_of(s["destination"]), s["codec"]) for s in hops])
            self.assertEqual(1 if one_ssrc else 2, len({s["ssrc"] for s in hops}))
            self.assertEqual([0, 0], [s["lost"] for s in hops])
        self.assertEqual(4, len(record["streams"]))

    def place_of(self, endpoint: str) -> str:
        address = endpoint.rsplit(":", 1)[0]
        return next(place for place in self.exchange.stations if self.exchange.address(place) == address)
