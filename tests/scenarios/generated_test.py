"""Generated calls with known audio: the records whole, and the audio sample by sample."""
from accounting import assert_balanced
from koegura import Scenario, calls, record, tool
from sound import RATE, assert_sample_exact, channels_of, find_exact, seconds_between
from traffic import expected_call, generate, observed_call

LOSSLESS = ("PCMU", "PCMA")
LOSSY = {"G722": 20, "G726-16": 20, "G726-24": 20, "G726-32": 20, "G726-40": 20, "AAL2-G726-16": 20, "AAL2-G726-24": 20,
         "AAL2-G726-32": 20, "AAL2-G726-40": 20, "GSM": 20, "G723": 30, "opus": 20, "speex": 20}  # ms a packet


class Generated(Scenario):
    def record(self, name="calls", **options):
        """Generates, records, compares every record whole; gives the truth's calls beside our records."""
        options = {"calls": 4, "concurrency": 4, "talk": "6s"} | options
        path = self.folder / f"{self._testMethodName}-{name}"
        self.truth = generate(path.with_suffix(".pcap"), path.with_suffix(".json"), **options)
        self.archive = path
        accounting = record(self.archive, path.with_suffix(".pcap"))
        assert_balanced(self, accounting)
        frames, totals = accounting["frames"], self.truth["totals"]
        # TCP's handshakes carry no SIP yet; the truth counts copies of RTP as RTP
        self.assertEqual([totals[kind] for kind in ("sip", "rtp", "rtcp")],
                         [frames["sip"] + frames["not_voip"], frames["rtp"] + frames["duplicate"], frames["rtcp"]])
        found = {one["call_id"]: one for one in calls(self.archive)}
        self.assertEqual({c["call_id"]: expected_call(c) for c in self.truth["calls"]},
                         {call_id: observed_call(one) for call_id, one in found.items()})
        return [(call, found[call["call_id"]]) for call in self.truth["calls"]]

    def assert_sample_exact(self, pairs, **slack):
        assert_sample_exact(self, self.archive, self.folder, pairs, **slack)

    def test_clean(self):
        "clean G.711 comes out sample-exact, in a record that is right to the nanosecond"
        for codec in LOSSLESS:
            with self.subTest(codec=codec):
                self.assert_sample_exact(self.record(codec, codec=codec))

    def test_linear(self):
        "L16 comes out sample-exact"
        self.assert_sample_exact(self.record(codec="L16"))

    def test_packet_times(self):
        "packets of 10, 30 and 60 ms come out sample-exact"
        for milliseconds in (10, 30, 60):
            with self.subTest(milliseconds=milliseconds):
                self.assert_sample_exact(self.record(f"p{milliseconds}", ptime=milliseconds))

    def test_loss(self):
        "lost packets are silence in loss spans, and all other samples are exact"
        clean = self.record("clean", seed=5)
        originals = [channels_of(self.archive, one["id"], self.folder) for _, one in clean]
        lossy = self.record("lossy", seed=5, loss=0.03)
        for original, (whole, _), (call, one) in zip(originals, clean, lossy):
            self.assertTrue(call["streams"][0]["lost"], "no packet was lost: the test tests nothing")
            channels = channels_of(self.archive, one["id"], self.folder)
            for before, stream in zip(whole["streams"], call["streams"]):
                channel = stream["channel"]
                base = find_exact(original[channel], whole, before)
                self.check_loss(stream, base, one, original[channel], channels[channel])

    def check_loss(self, stream, base, one, wanted, heard):
        lost = []  # stretches of samples, those that touch as one
        for _, packets, sample in stream["lost"]:
            begin, end = base + sample, base + sample + packets * 160
            for i in range(begin, end):
                wanted[i] = 0
            if lost and lost[-1][1] == begin:
                lost[-1][1] = end
            else:
                lost.append([begin, end])
        self.assertTrue(wanted == heard, "a sample differs")
        spans = sorted((s["from_s"], s["to_s"]) for s in one["spans"]
                       if s["kind"] == "loss" and s.get("channel") == stream["channel"])
        self.assertEqual(len(lost), len(spans), f"{lost} are lost, {spans} are told")
        for stretch, span in zip(lost, spans):
            for sample, told in zip(stretch, span):
                self.assertAlmostEqual(sample / RATE, told, delta=1.5 / RATE, msg="an edge of a loss is elsewhere")

    def test_reorder_and_duplicates(self):
        "reordered and doubled packets are counted, and the samples are exact"
        pairs = self.record(reorder=0.05, duplicate=0.05)
        self.assertGreater(sum(s["reordered"] * s["duplicates"] for call, _ in pairs for s in call["streams"]), 0)
        self.assert_sample_exact(pairs, slack=RATE // 40)  # who overtakes a packet of 20 ms arrives 20 ms early

    def test_jitter(self):
        "jitter of 0 to 300 ms loses nothing: late is not lost"
        pairs = self.record(jitter="300ms")
        self.assert_sample_exact(pairs, slack=RATE * 3 // 10)

    def test_hold(self):
        "a hold has its span and its chapter; music on hold is recorded, silence is silence"
        for name, options in (("music", {}), ("inactive", {"hold_silent": True})):
            with self.subTest(name):
                pairs = self.record(name, talk="10s", hold_at="3s", hold_for="4s", **options)
                self.assert_sample_exact(pairs)
                for call, one in pairs:
                    self.check_hold(call, one)

    def check_hold(self, call, one):
        wanted = [(h["from"], h["to"]) for h in call["holds"]]
        held = [s for s in one["spans"] if s["kind"] == "hold"]
        self.assertEqual(len(wanted), len(held))
        for (begin, end), span in zip(wanted, held):
            self.assertEqual("caller", span["channel"], "the callee holds the caller")
            # the truth names the 200s, a span may begin with their offers, a round trip before
            self.assertAlmostEqual(seconds_between(call["start"], begin), span["from_s"], delta=0.05)
            self.assertAlmostEqual(seconds_between(call["start"], end), span["to_s"], delta=0.05)
        chapters = tool("ffprobe", "-v", "error", "-show_chapters", self.archive / one["audio"]["path"])
        self.assertIn("TAG:title=hold", chapters)

    def test_ways(self):
        "IPv6, VLANs and SIP over TCP, its messages over many segments, change nothing"
        for name, options in (("ipv6", {"ipv6": True}), ("vlan", {"vlan": 120}), ("tcp", {"tcp": True}),
                              ("segments", {"tcp": True, "tcp_segment": 97}),
                              ("all", {"ipv6": True, "vlan": 7, "tcp": True, "tcp_segment": 300})):
            with self.subTest(name):
                self.assert_sample_exact(self.record(name, **options))

    def test_lossy_codecs(self):
        "every codec that can be made is decoded, and its packets are attached"
        for codec, milliseconds in LOSSY.items():
            with self.subTest(codec=codec):
                for call, one in self.record(codec, codec=codec, ptime=milliseconds, calls=2, talk="3s"):
                    self.assertTrue(all(s["rendered"] for s in one["streams"]))
                    self.assertFalse(one.get("silent_because"))
                    self.check_loudness(one)
                    names = tool("mkvmerge", "-J", self.archive / one["audio"]["path"])
                    self.assertIn("media.pcapng", names)

    def check_loudness(self, one):
        """Speech is neither silence nor noise at full scale."""
        levels = tool("ffmpeg", "-hide_banner", "-i", self.archive / one["audio"]["path"], "-af",
                      "astats=metadata=0", "-f", "null", "-")
        self.assertNotIn("RMS level dB: -inf", levels)

    def test_states(self):
        "answered, missed, busy and cancelled calls are told apart"
        pairs = self.record(outcome=["answered", "missed", "busy", "cancelled"], calls=8, concurrency=8)
        self.assertEqual({"answered", "missed", "busy", "cancelled"}, {one["state"] for _, one in pairs})

    def test_no_bye(self):
        "calls whose BYE was never seen end with their media, as interrupted"
        self.record(no_bye=True)

    def test_digits(self):
        "digits that the caller pressed are in the record, in order"
        for _, one in self.record(digits="0369#*", talk="8s"):
            self.assertEqual("0369#*", "".join(d["digit"] for d in one["digits"]))

    def test_drift(self):
        "a sender whose clock is 100 ppm fast loses nothing and stays within 20 ms"
        self.assert_sample_exact(self.record(clock_error="0,100", talk="60s"))
