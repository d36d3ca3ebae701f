"""The jitter of RFC 3550 beside tshark's, on generated and on real captures."""
import re

from koegura import CAPTURES, Scenario, calls, record, tool
from traffic import generate

REAL = ("NormB+sipnab/sip-rtp-g711.pcap", "NormB+sipnab/sip-rtp-g722.pcap", "nesfit+Codecs/codecs3-gsm.pcap",
        "lundgrel+sipp-scenarios/sip-rtp-g729a.pcap", "pentesteracademy+voipshark/SIP-RTP-Normal_Call_two_parties.pcap")


def packets_of(capture) -> dict[tuple, list]:
    """(frame, seconds, timestamp) of each RTP packet by SSRC and destination, in order of arrival, of audio alone."""
    fields = [word for name in ("frame.number", "frame.time_epoch", "rtp.ssrc", "udp.dstport", "rtp.timestamp")
              for word in ("-e", name)]
    found = {}
    for line in tool("tshark", "-r", capture, "-Y", "rtp.version == 2 && !rtpevent", "-T", "fields", *fields).splitlines():
        frame, at, ssrc, port, timestamp = line.split("\t")
        found.setdefault((int(ssrc, 16), port), []).append((int(frame), float(at), int(timestamp)))
    return found


def highest(packets, clock_rate) -> int:
    """The frame at which the running jitter is the highest: tshark names the highest, we the last."""
    jitter = best = 0.0
    frame = packets[0][0]
    for (_, at, timestamp), (number, next_at, next_timestamp) in zip(packets, packets[1:]):
        jitter += (abs(next_at - at - (next_timestamp - timestamp) / clock_rate) - jitter) / 16
        if jitter > best:
            best, frame = jitter, number
    return frame


def told_by_tshark(capture) -> dict[tuple, float]:
    """The highest jitter of each stream, in milliseconds."""
    told = {}
    for line in tool("tshark", "-r", capture, "-q", "-z", "rtp,streams").splitlines():
        if found := re.search(r"(\d+)\s+0x([0-9A-F]{8})\s.*\s(\d+\.\d+)\s*X?\s*$", line):
            told[int(found[2], 16), found[1]] = float(found[3])
    return told


class Jitter(Scenario):
    def compare(self, capture) -> int:
        """Each stream, cut at its highest jitter; gives how many there were."""
        compared = 0
        for (ssrc, port), packets in packets_of(capture).items():
            if len(packets) < 50:
                continue
            cut = self.folder / "cut.pcap"
            tool("editcap", "-r", "-F", "pcap", capture, cut, f"1-{highest(packets, 8000)}")
            archive = self.folder / f"{capture.stem}-{ssrc:08x}-{port}"
            record(archive, cut)
            ours = [s["jitter_ms"] for one in calls(archive) for s in one["streams"]
                    if int(s["ssrc"], 16) == ssrc and s["destination"].endswith(f":{port}")]
            self.assertTrue(ours, f"{ssrc:08x} is not recorded")
            theirs = told_by_tshark(cut)[ssrc, port]
            self.assertGreater(theirs, 0)
            for one in ours:
                self.assertAlmostEqual(theirs, one, delta=0.0011, msg=f"{ssrc:08x} of {capture.name}")
            compared += 1
        return compared

    def test_generated(self):
        "packets that come up to 15 ms late, some of them lost: the jitter is tshark's"
        capture = self.folder / "calls.pcap"
        generate(capture, calls=2, concurrency=2, talk="10s", jitter="15ms", loss=0.02, no_rtcp=True)
        self.assertEqual(4, self.compare(capture))

    def test_real(self):
        "real captures: the jitter is tshark's"
        for name in REAL:
            with self.subTest(name):
                self.assertGreater(self.compare(CAPTURES / name), 0)
