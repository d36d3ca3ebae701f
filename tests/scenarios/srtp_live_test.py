"""Softphones talk over SRTP with keys in their SDP: what was recorded is what they said."""
from types import SimpleNamespace

from hall import Hall
from koegura import calls, record
from lab import Listener, wait_for
from live import Talking, ends_of

SUITE = "AES_CM_128_HMAC_SHA1_80"  # the only one that baresip offers
# Those that it takes, by which rtpengine seals what the phone is sent, in the order of kamailio.cfg's digits. Of GCM
# baresip seals only: what it is sent it cannot open, and we can.
SUITES = ("AEAD_AES_256_GCM", "AEAD_AES_128_GCM", SUITE, "AES_CM_128_HMAC_SHA1_32")
# Mandatory: a call that cannot be sealed is none.
SEALING = {"account": ";mediaenc=srtp-mand", "config": "module srtp.so\n"}


class Suites(Hall):
    def test_suites(self):
        "rtpengine and a softphone in each suite that both know: at the phone's port alone, both voices sample by sample"
        self.open("WITH_RTPENGINE", phones=("phone2",), **SEALING)
        phone = self.phones["phone2"]
        port = Listener(self.exchange, "phone2", "eth0")
        for digit in range(1, len(SUITES) + 1):
            self.dial(self.citizen, f"8{digit}2002")
            self.ring(phone)
            phone.do("accept")
            self.citizen.heard_of("CALL_ESTABLISHED", digit)
            self.speak(self.exchange, 2 * 1.5)  # on two hops
            self.citizen.do("hangup")
            self.closed(phone, self.citizen)
        port.stop()
        self.assertEqual(len(SUITES), len(self.archived()))
        sealed = SimpleNamespace(archive=self.folder / "sealed")
        record(sealed.archive, port.path)
        for index, (suite, one) in enumerate(zip(SUITES, calls(sealed.archive), strict=True)):
            with self.subTest(suite=suite):
                self.assertEqual([(suite, True, 0, 0)] * 2, [
                    (s["srtp_suite"], s["decrypted"], s["lost"], s["unauthenticated"]) for s in one["streams"]])
                self.check_own_recordings(sealed, one, self.citizen.kept(index), phone.kept(index),
                                          unheard=("caller",) if suite.endswith("GCM") else ())


class Sealed(Talking):
    def phones(self, lab):
        return (self.phone(lab, "caller", "0312345678", "water-question", **SEALING),
                self.phone(lab, "callee", "0698765432", "water-answer", **SEALING))

    def test_call(self):
        "a call, and a hold that renegotiates: both voices sample by sample, opened by the keys of the SDP"
        lab = self.lab()
        recorder = self.recorder(lab)
        caller, callee = self.phones(lab)
        caller.do("dial", callee.uri)
        caller.heard_of("CALL_ESTABLISHED")
        self.speak(lab, 1.5)
        caller.do("hold")
        callee.heard_of("CALL_REMOTE_SDP", 2)
        caller.do("resume")
        callee.heard_of("CALL_REMOTE_SDP", 3)
        self.speak(lab, 1.5)
        caller.do("hangup")
        callee.heard_of("CALL_CLOSED")
        wait_for(lambda: len(recorder.calls()) == 1, 30, "the call is archived while the recorder runs")
        for phone in (caller, callee):
            phone.close()
        self.stopped(recorder)
        record, = recorder.calls()
        self.assertEqual(("0312345678", "0698765432", "caller"), ends_of(record))
        self.assertEqual({"caller", "callee"}, {s["channel"] for s in record["streams"]})
        for stream in record["streams"]:
            self.assertEqual((SUITE, True, 0, 0), (stream["srtp_suite"], stream["decrypted"], stream["lost"],
                                                   stream["unauthenticated"]))
        self.check_own_recordings(recorder, record, caller.kept(0), callee.kept(0))
