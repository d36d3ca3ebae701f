"""Quality of calls whose truth is known: who lost what, round trips, one-way calls."""
import json

from koegura import Scenario, calls, koegura, record
from traffic import generate

PACKET_S = 0.02


def causes(stream: dict) -> dict:
    """Packets of a truth's stream by who lost them, those behind the last report left to nobody."""
    found = {}
    for (_, packets, _), by in zip(stream["lost"], stream["lost_by"]):
        found[by] = found.get(by, 0) + packets
    return found


class Quality(Scenario):
    def record(self, **options):
        """Generates and records calls; gives their truth beside our records."""
        path = self.folder / self._testMethodName
        truth = generate(path.with_suffix(".pcap"), path.with_suffix(".json"),
                         **({"calls": 4, "concurrency": 4, "talk": "61s"} | options))
        self.archive = path
        record(path, path.with_suffix(".pcap"))
        found = {one["call_id"]: one for one in calls(path)}
        return [(call, found[call["call_id"]]) for call in truth["calls"]]

    def streams(self, pairs):
        for call, one in pairs:
            ours = {stream["channel"]: stream for stream in one["streams"]}
            for stream in call["streams"]:
                yield stream, ours[stream["channel"]], [s for s in one["spans"] if s["kind"] == "loss"
                                                        and s["channel"] == stream["channel"]]

    def story(self, one):
        return koegura("show", "--archive", self.archive, one["id"]).stdout

    def check_one_cause(self, by, words, **options):
        judged = lost = 0
        for call, one in (pairs := self.record(**options)):
            self.assertIn(words, self.story(one))
            self.assertTrue(call["streams"])
        for stream, ours, spans in self.streams(pairs):
            truth = causes(stream)
            self.assertEqual({by}, set(truth), "the generator's losses have another cause")
            shares = ours["losses"]
            self.assertEqual(truth[by], shares[by] + shares["unknown"], shares)
            self.assertEqual({by, ""}, {by, ""} | {s["lost_by"] for s in spans}, "a loss has a wrong cause")
            judged += shares[by]
            lost += truth[by]
        # the last report comes up to 5 s of 61 before the end
        self.assertGreater(judged, 0.8 * lost)

    def test_network(self):
        "what the receivers miss as well is lost on the network"
        self.check_one_cause("network", "lost on the network: the receiver missed it, too", loss=0.02, round_trip="60ms")

    def test_tap(self):
        "what the receivers had is lost on the way to the recorder"
        self.check_one_cause("tap", "lost on the way to the recorder: the receiver had it", tap_loss=0.02, jitter="15ms")

    def test_unsent(self):
        "numbers that were never sent are nobody's loss"
        self.check_one_cause("sender", "never sent: the sender left these numbers out", unsent=0.02)

    def test_mixed(self):
        "of several causes at once, how many packets each lost is right, and no loss is blamed on the wrong one"
        for stream, ours, spans in self.streams(self.record(loss=0.004, tap_loss=0.004)):
            truth, shares = causes(stream), ours["losses"]
            for by in ("network", "tap"):
                self.assertLessEqual(shares[by], truth.get(by, 0))
            self.assertEqual(sum(truth.values()), sum(shares.values()))
            self.assertLess(shares["unknown"], 0.35 * sum(truth.values()))
            self.check_spans(stream, spans)

    def check_spans(self, stream, spans):
        """Each span that names a cause has packets of that cause alone, by their place on the timeline."""
        # spans stand where the stream's first packet does, and the truth counts samples from there
        lost = [(sample / 8000, sample / 8000 + packets * PACKET_S, by)
                for (_, packets, sample), by in zip(stream["lost"], stream["lost_by"])]
        begin = min(s["from_s"] for s in spans) - min(lost)[0]
        for span in spans:
            inside = {by for low, high, by in lost
                      if low + begin < span["to_s"] - 0.005 and high + begin > span["from_s"] + 0.005}
            self.assertTrue(inside, "a span without a loss")
            self.assertIn(span["lost_by"], ("", *inside) if len(inside) == 1 else ("",))

    def test_round_trip(self):
        "the round trip that RTCP tells is the one there was, to each end and in all"
        for call, one in self.record(round_trip="180ms", calls=2):
            self.assertAlmostEqual(180, one["quality"]["round_trip_ms"], delta=0.2)
            for stream in one["streams"]:
                reports = stream["reports"]
                self.assertAlmostEqual(90, reports["round_trip_ms"], delta=0.1)
                self.assertEqual(0, reports["lost"])
                self.assertEqual([12, 12], [reports["sender_reports"], reports["reception_reports"]])
                self.assertNotIn("losses", stream)
            self.assertIn("round trip 180 ms", self.story(one))

    def test_speech(self):
        "each side's speech has a plausible level and length, and both together a double talk"
        for _, one in self.record(calls=1, talk="20s"):
            talk = [stream["talk_s"] for stream in one["streams"]]
            for stream in one["streams"]:
                self.assertTrue(-40 < stream["level_dbov"] < -5, stream["level_dbov"])
                self.assertAlmostEqual(1, stream["silence_ratio"] + stream["talk_s"] / one["talk_s"], delta=0.02)
            self.assertLessEqual(one["quality"]["double_talk_s"], min(talk))
            self.assertGreater(sum(talk), 5)
            self.assertIn("speech ", self.story(one))

    def test_nobody_tells(self):
        "without RTCP no loss has a cause, and nothing is made up"
        for stream, ours, spans in self.streams(self.record(no_rtcp=True, loss=0.02, talk="10s", calls=2)):
            self.assertEqual({""}, {s["lost_by"] for s in spans})
            self.assertNotIn("reports", ours)
            self.assertEqual(sum(causes(stream).values()), ours["losses"]["unknown"])

    def test_reindex(self):
        "every figure survives a new index"
        before = [one for _, one in self.record(loss=0.02, tap_loss=0.01, talk="12s", calls=2)]
        koegura("reindex", "--archive", self.archive)
        after = {one["id"]: one for one in calls(self.archive)}
        for one in before:
            self.assertEqual(json.dumps(one["streams"]), json.dumps(after[one["id"]]["streams"]))
            self.assertEqual(one["quality"], after[one["id"]]["quality"])
            self.assertEqual(one["spans"], after[one["id"]]["spans"])
