"""Real peers call each other, a mirror shows it, and the recorder records it live: compared with what they sent."""
import time

from lab import Lab, wait_for
from live import Live, Talking, ends_of
from peers import ANSWERED, BUSY, CANCELLED, UNANSWERED, Baresip, Sipp
from recorder import Recorder


class Crowd(Live):
    """SIPp's calls: each side of each has a voice of its own, so that nothing can be mistaken for another's."""

    def test_many(self):
        "fifty calls, ten a second, among busy, unanswered and cancelled ones: each archived as its peers know it"
        lab = self.lab()
        recorder = self.recorder(lab)
        kinds = [Sipp(lab, 50, digits="1N#"), Sipp(lab, 3, BUSY), Sipp(lab, 3, UNANSWERED), Sipp(lab, 3, CANCELLED)]
        sent = self.let_call(*kinds)
        self.assertEqual(59, len(sent))
        wait_for(lambda: len(recorder.calls()) == 59, 30, "59 calls are archived while the recorder runs")
        self.assertEqual([], recorder.findings())
        accounting = self.stopped(recorder)
        self.assertEqual(sum(s.packets() for one in sent for s in one.spoken.values()), accounting["frames"]["rtp"])
        self.check_states(recorder.archive, sent)
        for record in self.check_calls(recorder.archive, sent):
            if record["state"] == "answered":
                self.assertAlmostEqual(kinds[0].talk, record["talk_s"], delta=0.25)

    def check_few(self, way="libpcap", copies=1, codec="PCMU", **options):
        """A few calls at once, and the recorder stopped the moment that the last is over."""
        lab = self.lab(**options)
        recorder = self.recorder(lab, way)
        sent = self.let_call(Sipp(lab, 4, codec=codec, rate=20, seconds=1.5, digits="N"), Sipp(lab, 1, BUSY))
        frames = self.stopped(recorder, copies)["frames"]
        self.check_states(recorder.archive, sent)
        self.check_calls(recorder.archive, sent)
        self.assertEqual(sum(s.packets() for one in sent for s in one.spoken.values()), frames["rtp"])
        if copies == 2:  # RTP and SIP stand once, and each has its copy
            self.assertEqual(frames["rtp"] + frames["sip"], frames["duplicate"])

    def test_ipv6(self):
        "over IPv6"
        self.check_few(ipv6=True, codec="PCMA")

    def test_copies(self):
        "a mirror that shows every frame on its way in and out: recorded once, and the copies counted"
        self.check_few(mirror="all", copies=2)

    def test_routed(self):
        "a mirror that shows every packet before and after the router, with another TTL and MAC: recorded once"
        self.check_few(mirror="all", routed=True, copies=2)

    def test_tunnel(self):
        "a mirror that comes through a VXLAN tunnel"
        self.check_few(mirror="vxlan")

    def test_two_interfaces(self):
        "SIP on one interface and RTP on another meet in one call"
        self.check_few(way="two interfaces", mirror="split")

    def test_dpdk(self):
        "through DPDK: the same calls"
        self.check_few(way="DPDK")

    def test_one_way(self):
        "a mirror that shows one direction only: what was shown is recorded, on the right side"
        lab = self.lab(mirror="one-way")
        recorder = self.recorder(lab)
        sent = self.let_call(Sipp(lab, 4, rate=20, seconds=1.5, digits="N"))
        self.stopped(recorder)
        self.check_calls(recorder.archive, sent, sides=("caller",))

    def test_one_way_alarm(self):
        "a mirror that shows one direction only raises an alarm that says so"
        lab = self.lab(mirror="one-way")
        recorder = self.recorder(lab)
        self.let_call(Sipp(lab, 20, seconds=1))
        wait_for(lambda: "one_direction" in recorder.findings(), 40, "the alarm")
        self.stopped(recorder)

    def test_one_way_state(self):
        "of an answered call whose answer the mirror does not show, the caller's ACK says that it was answered"
        lab = self.lab(mirror="one-way")
        recorder = self.recorder(lab)
        sent = self.let_call(Sipp(lab, 1, seconds=1))
        self.stopped(recorder)
        self.check_states(recorder.archive, sent)


class Phones(Talking):
    """What a softphone kept of what it sent and heard, beside what was recorded."""

    def test_hold(self):
        "a softphone's call with a hold and a digit, and its next call"
        lab = self.lab()
        recorder = self.recorder(lab)
        caller = self.phone(lab, "caller", "0312345678", "water-question")
        callee = self.phone(lab, "callee", "0698765432", "water-answer")
        self.held_call(caller, callee)
        self.plain_call(caller, callee)
        wait_for(lambda: len(recorder.calls()) == 2, 30, "both calls are archived while the recorder runs")
        held, plain = self.records_of(recorder, caller, callee)
        self.assertEqual([["callee"], []],
                         [[s["channel"] for s in r["spans"] if s["kind"] == "hold"] for r in (held, plain)])
        self.assertEqual(["5", ""], ["".join(d["digit"] for d in r["digits"]) for r in (held, plain)])
        for index, record in enumerate((held, plain)):
            self.assertEqual(("0312345678", "0698765432", "caller"), ends_of(record))
            self.check_own_recordings(recorder, record, caller.kept(index), callee.kept(index))

    def held_call(self, caller: Baresip, callee: Baresip):
        caller.do("dial", callee.uri)
        caller.heard_of("CALL_ESTABLISHED")
        self.speak(caller.lab, 1.5)
        caller.do("hold")
        callee.heard_of("CALL_REMOTE_SDP", 2)
        held_until = time.monotonic() + 1
        wait_for(lambda: time.monotonic() > held_until, 2, "a hold of a second")
        caller.do("resume")
        callee.heard_of("CALL_REMOTE_SDP", 3)
        self.speak(caller.lab, 1)
        caller.do("sndcode", "5")
        callee.heard_of("CALL_DTMF_END")
        caller.do("hangup")
        callee.heard_of("CALL_CLOSED")

    def plain_call(self, caller: Baresip, callee: Baresip):
        caller.do("dial", callee.uri)
        caller.heard_of("CALL_ESTABLISHED", 2)
        self.speak(caller.lab, 2)
        caller.do("hangup")
        callee.heard_of("CALL_CLOSED", 2)

    def test_transfer(self):
        "a blind transfer between three phones: two calls, each with the voices of those who spoke in it"
        lab = self.lab()
        recorder = self.recorder(lab)
        citizen = self.phone(lab, "caller", "0312345678", "water-question")
        switchboard = self.phone(lab, "callee", "0698765432", "transfer")
        office = self.phone(lab, "callee", "0698765433", "water-answer", port=5070)
        citizen.do("dial", switchboard.uri)
        citizen.heard_of("CALL_ESTABLISHED")
        self.speak(lab, 1.5)
        switchboard.do("transfer", office.uri)
        office.heard_of("CALL_ESTABLISHED")
        self.speak(lab, 1.5)
        citizen.do("hangup")
        office.heard_of("CALL_CLOSED")
        first, second = self.records_of(recorder, citizen, switchboard, office)
        self.assertEqual(("0312345678", "0698765432", "callee"), ends_of(first))
        self.assertEqual(("0312345678", "0698765433", "caller"), ends_of(second))
        self.check_own_recordings(recorder, first, citizen.kept(0), switchboard.kept(0))
        self.check_own_recordings(recorder, second, citizen.kept(1), office.kept(0))

    def records_of(self, recorder: Recorder, *phones: Baresip) -> list[dict]:
        """Of two calls that were answered, once all is over."""
        for phone in phones:
            phone.close()
        self.stopped(recorder)
        records = recorder.calls()
        self.assertEqual(["answered"] * 2, [record["state"] for record in records])
        for record in records:
            self.assertEqual({"caller": 0, "callee": 0}, {s["channel"]: s["lost"] for s in record["streams"]})
        return records
