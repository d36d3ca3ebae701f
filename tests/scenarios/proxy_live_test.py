"""An exchange with a real proxy and real phones: one call is one record, however many phones it rings at."""
from hall import NUMBERS, Hall
from koegura import calls, koegura, record, tool
from lab import Listener
from live import number
from peers import Baresip


class Fork(Hall):
    def test_fork(self):
        "a call that rings at three phones is one record: who answered it, missed, cancelled; direction from REGISTER"
        self.open()
        loser = Listener(self.exchange, "phone3", "eth0")
        self.answered_by(self.phones["phone2"])
        self.nobody_answers()
        self.caller_gives_up()
        answered, missed, cancelled = self.archived()
        self.assertEqual(["answered", "missed", "cancelled"], [r["state"] for r in (answered, missed, cancelled)])
        self.assertEqual([("0312345678", "2000"), ("0312345678", "2009"), ("0312345678", "2000")],
                         [(number(r["caller"]), number(r["callee"])) for r in (answered, missed, cancelled)])
        self.assertEqual(["caller", "callee", "caller"], [r["release"]["by"] for r in (answered, missed, cancelled)])
        self.assertEqual("2002", number(answered["answered_by"]))
        self.assertTrue(all("answered_by" not in r for r in (missed, cancelled)))
        self.assertEqual(["in"] * 3, [r["direction"] for r in (answered, missed, cancelled)])
        self.assertEqual(3, len(set(answered["links"]["callee_tags"])), "each phone rang in a dialog of its own")
        self.check_own_recordings(self.recorded, answered, self.citizen.kept(0), self.phones["phone2"].kept(0))
        self.check_losers(answered, loser)

    def answered_by(self, phone: Baresip):
        self.dial(self.citizen, "2000")
        for one in self.phones.values():
            self.ring(one)
        phone.do("accept")
        self.citizen.heard_of("CALL_ESTABLISHED")
        self.speak(self.exchange, 1.5)
        self.citizen.do("hangup")
        self.closed(*self.phones.values(), self.citizen)

    def nobody_answers(self):
        self.dial(self.citizen, "2009")
        for one in self.phones.values():
            self.ring(one)
        self.closed(*self.phones.values(), self.citizen)

    def caller_gives_up(self):
        self.dial(self.citizen, "2000")
        for one in self.phones.values():
            self.ring(one)
        self.citizen.do("hangup")
        self.closed(*self.phones.values(), self.citizen)

    def check_losers(self, answered: dict, loser: Listener):
        """The CANCELs of those that were too late say so; where nothing but a loser's port is mirrored, the record is
        that of a call that nobody missed."""
        packets = self.folder / "answered.pcapng"
        koegura("packets", answered["id"], "-o", packets, "--archive", self.recorded.archive)
        reasons = tool("tshark", "-r", packets, "-Y", "sip.Method == CANCEL", "-T", "fields", "-e", "sip.Reason")
        self.assertEqual(2, reasons.count("cause=200"))
        loser.stop()
        record(self.folder / "loser", loser.path)
        alone, _, gave_up = calls(self.folder / "loser")
        self.assertEqual(answered["call_id"], alone["call_id"])
        self.assertEqual(("cancelled", True), (alone["state"], alone["release"].get("elsewhere", False)))
        self.assertEqual(("cancelled", False), (gave_up["state"], gave_up["release"].get("elsewhere", False)))

    def test_directions(self):
        "who is inside is learnt from REGISTER: a call out, one between two phones, one that comes in"
        self.open(phones=("phone1", "phone2"))
        one, two = self.phones.values()
        stories = ((one, NUMBERS["trunk"], self.citizen), (one, "2002", two), (self.citizen, "2001", one))
        for caller, called, callee in stories:
            self.dial(caller, called)
            self.ring(callee)
            callee.do("accept")
            callee.heard_of("CALL_ESTABLISHED", self.rings[callee])
            caller.do("hangup")
            self.closed(caller, callee)
        records = self.archived()
        self.assertEqual([("answered", "out"), ("answered", "internal"), ("answered", "in")],
                         [(r["state"], r["direction"]) for r in records])


class Forwarding(Hall):
    def test_forwarding(self):
        "on no answer and on busy the exchange goes on to the next phone, with Diversion and with History-Info"
        self.open(phones=("phone1", "phone2"))
        one, two = self.phones.values()
        for called in ("2401", "2402"):
            self.dial(self.citizen, called)
            self.ring(one)
            if called == "2402":
                one.do("hangup")
            self.ring(two)
            two.do("accept")
            two.heard_of("CALL_ESTABLISHED", self.rings[two])
            self.speak(self.exchange, 0.5)
            two.do("hangup")
            self.closed(one, two, self.citizen)
        records = self.archived()
        self.assertEqual([("answered", called, "2002", "callee") for called in ("2401", "2402")],
                         [(r["state"], number(r["callee"]), number(r["answered_by"]), r["release"]["by"])
                          for r in records])
        self.assertEqual([[("2001", "no-answer")], [("2001", "user-busy")]],
                         [[(number(d["party"]), d["reason"]) for d in r["diversions"]] for r in records])

    def test_redirect(self):
        "302: the caller's phone calls the number that it is told; the record says where the call went"
        self.open(phones=("phone2",))
        two = self.phones["phone2"]
        self.dial(self.citizen, "2302")
        self.ring(two)
        two.do("accept")
        self.citizen.heard_of("CALL_ESTABLISHED")
        self.speak(self.exchange, 1)
        self.citizen.do("hangup")
        self.closed(two, self.citizen)
        (moved,) = self.archived()
        self.assertEqual(("answered", "2302", "2002"), (
            moved["state"], number(moved["callee"]), number(moved["answered_by"])))
        self.check_own_recordings(self.recorded, moved, self.citizen.kept(0), two.kept(0))
