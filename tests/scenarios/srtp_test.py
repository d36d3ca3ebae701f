"""Calls over SRTP, made with `koegura traffic`: decrypted sample by sample, and without keys kept and said so."""
from accounting import assert_balanced
from koegura import CAPTURES, Scenario, calls, koegura, record, tool
from sound import RATE, assert_sample_exact, channels_of
from traffic import expected_call, generate, observed_call

USUAL = "AES_CM_128_HMAC_SHA1_80"
SUITES = (USUAL, "AES_CM_128_HMAC_SHA1_32", "AES_192_CM_HMAC_SHA1_80", "AES_192_CM_HMAC_SHA1_32",
          "AES_256_CM_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM")


class Srtp(Scenario):
    def record(self, name, *filters, **options):
        """Generates, records; gives the truth's calls beside our records."""
        options = {"calls": 2, "concurrency": 2, "talk": "3s", "ring": "300ms"} | options
        self.capture = self.folder / f"{name}.pcap"
        truth = generate(self.capture, self.capture.with_suffix(".json"), **options)
        self.archive = self.folder / name
        self.accounting = record(self.archive, self.capture)
        assert_balanced(self, self.accounting)
        found = {one["call_id"]: one for one in calls(self.archive)}
        pairs = [(call, found[call["call_id"]]) for call in truth["calls"]]
        for call, one in pairs:
            self.assertEqual(expected_call(call), observed_call(one))
        return pairs

    def check_opened(self, pairs, suite=USUAL, **slack):
        for _, one in pairs:
            self.assertEqual([(suite, True, True, 0)] * 2, [
                (s["srtp_suite"], s["decrypted"], s["rendered"], s.get("unauthenticated", 0)) for s in one["streams"]])
            self.assertTrue(one["quality"]["complete"] or any(s["lost"] for s in one["streams"]))
        assert_sample_exact(self, self.archive, self.folder, pairs, **slack)

    def test_suites(self):
        "every suite comes out sample-exact"
        for suite in SUITES:
            with self.subTest(suite=suite):
                self.check_opened(self.record(suite, srtp=suite), suite)

    def test_network(self):
        "rollover, new keys, packets out of order and doubled: sample-exact"
        pairs = self.record("network", srtp=USUAL, first_sequence=65_500, rekey_at="1500ms", reorder=0.05, duplicate=0.05)
        self.assertGreater(sum(s["reordered"] * s["duplicates"] for call, _ in pairs for s in call["streams"]), 0)
        self.check_opened(pairs, slack=RATE // 40)

    def test_hold(self):
        "both re-INVITEs of a hold bring new keys; digits are read"
        pairs = self.record("hold", srtp="AEAD_AES_256_GCM", talk="6s", hold_at="3s", hold_for="1s", digits="15")
        self.check_opened(pairs, "AEAD_AES_256_GCM")
        self.assertEqual(["15", "15"], ["".join(d["digit"] for d in one["digits"]) for _, one in pairs])

    def test_no_keys(self):
        "without keys the call is silent, says why, and its packets are kept as they were"
        for _, one in self.record("no-keys", srtp=USUAL, srtp_no_keys=True, no_rtcp=True):
            self.assertEqual("SRTP: the key is not in the signalling", one["silent_because"])
            self.assertEqual([False] * 2, [s.get("decrypted", False) for s in one["streams"]])
            self.assertFalse(one["quality"].get("complete", False))
            self.assertIn("because SRTP: the key is not in the signalling", koegura("show", one["id"], "--archive", self.archive).stdout)
            kept = self.payloads(self.packets(one), one["streams"])
            self.assertEqual(self.payloads(self.capture, one["streams"]), kept)
            self.assertEqual(sum(s["packets"] for s in one["streams"]), len(kept))

    def test_padding(self):
        "padding is sealed, too: with keys sample-exact, without them every packet is kept; none is malformed"
        for keys in (True, False):
            with self.subTest(keys=keys):
                sealed = {"srtp": USUAL} | ({} if keys else {"srtp_no_keys": True})
                pairs = self.record(f"padding-{keys}", padding=4, no_rtcp=True, **sealed)
                self.assertEqual({}, self.accounting["frames"]["malformed"])
                if keys:
                    self.check_opened(pairs)
                for _, one in pairs if not keys else ():
                    kept = self.payloads(self.packets(one), one["streams"])
                    self.assertEqual(self.payloads(self.capture, one["streams"]), kept)
                    self.assertEqual(sum(s["packets"] for s in one["streams"]), len(kept))
                    last = [int(payload[-2:], 16) for payload in kept]
                    self.assertTrue(any(n == 0 or n > len(kept[0]) // 2 - 12 for n in last), "nothing was to be seen")

    def test_plain_padding(self):
        "plain padding is no part of the voice, nor a reason to attach the packets"
        for call, one in self.record("plain", padding=40):
            self.assertEqual([0, 0], [s["lost"] for s in one["streams"]])
            self.assertTrue(one["quality"]["complete"])
            assert_sample_exact(self, self.archive, self.folder, [(call, one)])

    def test_attached(self):
        "a codec that FLAC does not carry: the attached packets are the wire's, still sealed"
        for _, one in self.record("attached", srtp=USUAL, codec="G722", no_rtcp=True):
            self.assertEqual([USUAL] * 2, [s["srtp_suite"] for s in one["streams"]])
            kept = self.payloads(self.packets(one), one["streams"])
            self.assertEqual(self.payloads(self.capture, one["streams"]), kept)

    def test_secret(self):
        "no key is in the record, the ladder, the text or the messages; the attached SIP has it, as it was on the wire"
        pairs = self.record("secret", srtp=USUAL)
        run = koegura("record", "--archive", self.folder / "secret-again", "--read", self.capture)
        for _, one in pairs:
            told = "".join(koegura(*words, "--archive", self.archive).stdout for words in (
                ("show", one["id"]), ("show", one["id"], "--json"), ("calls", "--json"), ("ladder", one["id"])))
            self.assertNotIn("inline:", told + run.stdout + run.stderr)
            self.assertIn(b"inline:", self.packets(one).read_bytes())

    def test_reindex(self):
        "a reindex keeps what is known of SRTP"
        self.record("again", srtp=USUAL)
        before = calls(self.archive)
        koegura("reindex", "--archive", self.archive)
        self.assertEqual(before, calls(self.archive))

    def test_real(self):
        "a real capture of both sides of a PBX, each with keys of its own: opened, audible, and one conversation by its payload"
        capture = CAPTURES / "pentesteracademy+voipshark/SIP-SRTP-Normal_Call_two_parties.pcap"
        archive = self.folder / "real"
        record(archive, capture)
        talked = [one for one in calls(archive) if one["streams"]]
        self.assertEqual([4, {(USUAL, True, True, 0)}], [sum(len(one["streams"]) for one in talked), {
            (s["srtp_suite"], s["decrypted"], s["rendered"], s.get("unauthenticated", 0)) for one in talked
            for s in one["streams"]}])
        self.assertEqual(2, len(talked))
        self.assertEqual(1, len({one["conversation"] for one in talked}))
        for one in talked:
            for channel in channels_of(archive, one["id"], self.folder).values():
                self.assertGreater(max(channel), 1000, "silence")
                self.assertLess(sum(map(abs, channel)) / len(channel), 5000, "noise: sealed packets taken for sound")

    def packets(self, one):
        path = self.folder / f"{one['id']}.pcapng"
        koegura("packets", one["id"], "-o", path, "--force", "--archive", self.archive)
        return path

    def payloads(self, path, streams) -> list[str]:
        """Of the RTP of these streams, in order of time."""
        ports = " or ".join(f"udp.srcport == {s['source'].rsplit(':', 1)[1]}" for s in streams)
        return tool("tshark", "-r", path, "-Y", ports, "-T", "fields", "-e", "udp.payload").split()
