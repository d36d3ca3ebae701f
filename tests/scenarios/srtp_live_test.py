"""Softphones talk over SRTP with keys in their SDP: what was recorded is what they said."""
from lab import wait_for
from live import Talking, ends_of

# one after the other; baresip offers all that it knows, and takes the first that it is offered
SUITE = "AES_CM_128_HMAC_SHA1_80"


class Sealed(Talking):
    def phones(self, lab):
        """Mandatory: a call that cannot be sealed is none."""
        options = {"account": ";mediaenc=srtp-mand", "config": "module srtp.so\n"}
        return (self.phone(lab, "caller", "0312345678", "water-question", **options),
                self.phone(lab, "callee", "0698765432", "water-answer", **options))

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
