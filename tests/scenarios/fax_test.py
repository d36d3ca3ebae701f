"""T.38: the pages of a fax, from SIP and UDPTL to a TIFF file. The fax machines are spandsp's: what they said to each other is
kept as the seeds of the fuzz target udptl, as their names say. That the pages are right to the pixel, tests/decode shows."""
import struct
from pathlib import Path

from koegura import CAPTURES, Scenario, calls, koegura, record

SEEDS = Path(__file__).resolve().parents[1] / "fuzz" / "corpus" / "udptl"
CALLER, CALLEE = ("192.0.2.1", 4000), ("192.0.2.2", 6000)
ROWS = 50  # of the one page that each of them sends
TICK = 0.03  # between two packets


def ip_udp(source, destination, payload: bytes) -> bytes:
    udp = struct.pack(">HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
    address = [bytes(map(int, host.split("."))) for host, _ in (source, destination)]
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + address[0] + address[1] + udp


def write_pcap(path, packets):
    """(seconds, source, destination, payload) of each."""
    raw_ip = 101
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, raw_ip))
        for at, *packet in packets:
            ip = ip_udp(*packet)
            out.write(struct.pack("<IIII", 1_790_000_000 + int(at), int(at % 1 * 1e6), len(ip), len(ip)) + ip)


def said(seed: str):
    """(is the callee's, datagram) of what two machines said to each other."""
    content = (SEEDS / seed).read_bytes()
    while content:
        size, content = struct.unpack(">H", content[:2])[0], content[2:]
        yield size >= 0x8000, content[:size & 0x7FFF]
        content = content[size & 0x7FFF:]


def sdp(endpoint, media: str) -> str:
    return f"v=0\r\no=- 1 1 IN IP4 {endpoint[0]}\r\ns=-\r\nc=IN IP4 {endpoint[0]}\r\nt=0 0\r\nm={media}"


def message(first: str, sequence: str, body="", to_tag=";tag=b") -> bytes:
    lines = [first, "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK" + sequence.replace(" ", ""),
             "From: <sip:0312345678@192.0.2.1>;tag=a",
             "To: <sip:2301@192.0.2.2>" + to_tag, "Call-ID: fax@192.0.2.1", f"CSeq: {sequence}", f"Contact: <sip:x@{CALLER[0]}>", f"Content-Length: {len(body)}"]
    if body:
        lines.append("Content-Type: application/sdp")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def fax_call(seed: str, version: int):
    """Talk by G.711 for a second, and then the fax."""
    sip = [(host, 5060) for host, _ in (CALLER, CALLEE)]
    audio = "audio {} RTP/AVP 0\r\n"
    image = "image {} udptl t38\r\na=T38FaxVersion:" + f"{version}\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
    packets = []
    for at, number, media in ((0.0, 1, audio), (1.5, 2, image)):
        offer, answer = (sdp(end, media.format(end[1])) for end in (CALLER, CALLEE))
        to_tag = ";tag=b" if number > 1 else ""
        packets += [(at, *sip, message("INVITE sip:2301@192.0.2.2 SIP/2.0", f"{number} INVITE", offer, to_tag)),
                    (at + 0.1, *reversed(sip), message("SIP/2.0 200 OK", f"{number} INVITE", answer)),
                    (at + 0.2, *sip, message("ACK sip:2301@192.0.2.2 SIP/2.0", f"{number} ACK"))]
    for i in range(50):
        for ssrc, ends in ((1, (CALLER, CALLEE)), (2, (CALLEE, CALLER))):
            rtp = struct.pack(">BBHII", 0x80, 0, i, i * 160, ssrc) + bytes([0x10 + ssrc]) * 160
            packets.append((0.3 + 0.02 * i, *ends, rtp))
    at = 2.0
    for is_callee, datagram in said(seed):
        packets.append((at, *((CALLEE, CALLER) if is_callee else (CALLER, CALLEE)), datagram))
        at += TICK
    packets += [(at, *sip, message("BYE sip:2301@192.0.2.2 SIP/2.0", "3 BYE")),
                (at + 0.1, *reversed(sip), message("SIP/2.0 200 OK", "3 BYE"))]
    return sorted(packets, key=lambda packet: packet[0])


def tiff_pages(content: bytes):
    """The tags of each page of a little-endian TIFF."""
    assert content[:4] == b"II*\0"
    at = struct.unpack_from("<I", content, 4)[0]
    while at:
        count = struct.unpack_from("<H", content, at)[0]
        entries = [struct.unpack_from("<HHII", content, at + 2 + 12 * i) for i in range(count)]
        yield {tag: value & 0xFFFF if kind == 3 else value for tag, kind, _, value in entries}
        at = struct.unpack_from("<I", content, at + 2 + 12 * count)[0]


WIDTH, LENGTH, COMPRESSION = 256, 257, 259
GROUP_4 = 4


class Fax(Scenario):
    def archived(self, seed: str, version=0):
        self.archive = self.folder / f"{self._testMethodName}-{seed}"
        capture = self.archive.with_suffix(".pcap")
        write_pcap(capture, fax_call(seed, version))
        record(self.archive, capture)
        (one,) = calls(self.archive)
        return one

    def tiff(self, one) -> list[dict]:
        path = self.archive.with_suffix(".tiff")
        run = koegura("fax", one["id"], "-o", path, "--archive", self.archive)
        self.assertEqual(f"{path}: 1 page\n", run.stdout)
        return list(tiff_pages(path.read_bytes()))

    def test_ways(self):
        "a fax is a TIFF beside the call's audio, however it was sent and whatever was put back"
        for seed, version, ecm, recovered in (("plain_mh", 0, False, False), ("later_version", 3, False, False),
                                              ("plain_mr_redundancy_lost", 0, False, True), ("ecm_mmr", 0, True, False),
                                              ("ecm_mmr_parity_lost", 0, True, True)):
            with self.subTest(seed):
                one = self.archived(seed, version)
                (fax,), document = one["fax"]["faxes"], one["fax"]
                self.assertEqual("complete", fax["result"])
                self.assertTrue(fax["complete"] and one["quality"]["complete"])
                self.assertEqual(("caller", "+81 3 1234 5678", "2301"), (fax["from"], fax["sender_id"], fax["receiver_id"]))
                self.assertEqual((1, ROWS, ecm), (len(fax["pages"]), fax["pages"][0]["rows"], fax["pages"][0]["ecm"]))
                self.assertEqual(recovered, document["recovered"] > 0)
                self.assertEqual(0, document["lost"])
                self.assertEqual({"T.38", "PCMU"}, {stream["codec"] for stream in one["streams"]})
                self.assertGreater(one["audio"]["duration_s"], 1)
                (page,) = self.tiff(one)
                self.assertEqual((1728, ROWS, GROUP_4), (page[WIDTH], page[LENGTH], page[COMPRESSION]))

    def test_told(self):
        "show tells of a fax in words, and reindex leaves it as it was"
        one = self.archived("ecm_mmr")
        told = koegura("show", one["id"], "--archive", self.archive).stdout
        for words in ("Fax\n", "1 page, complete", 'from "+81 3 1234 5678" to "2301"', "error correction", "none lost",
                      f"koegura fax {one['id']}"):
            self.assertIn(words, told)
        koegura("reindex", "--archive", self.archive)
        self.assertEqual([one], calls(self.archive))
        koegura("verify", "--archive", self.archive)

    def test_gaps(self):
        "what nothing puts back is said, and the rest of the page is kept"
        one = self.archived("gaps_nothing_repairs")
        (fax,) = one["fax"]["faxes"]
        self.assertIn("page 1 has gaps", fax["result"])
        self.assertFalse(fax["complete"] or one["quality"]["complete"])
        self.assertEqual(5, one["fax"]["lost"])
        (page,) = self.tiff(one)
        self.assertEqual(fax["pages"][0]["rows"], page[LENGTH])

    def test_broken_off(self):
        "a fax that breaks off says so"
        one = self.archived("broken_off")
        (fax,) = one["fax"]["faxes"]
        self.assertEqual("page 1 was not confirmed; page 1 is not whole; no goodbye (DCN) was seen", fax["result"])
        self.assertFalse(fax["complete"] or one["quality"]["complete"])

    def test_real_capture_without_fax(self):
        "in the capture of a fax call whose T.38 was refused there is no fax, and the command says so"
        archive = self.folder / "refused"
        record(archive, CAPTURES / "ntop+nDPI" / "FAX-Call-t38-CA-TDM-SIP-FB-1.pcap")
        for one in calls(archive):
            self.assertNotIn("fax", one)
            run = koegura("fax", one["id"], "-o", "-", "--archive", archive, exit_code=4, text=True)
            self.assertIn("no fax (T.38) was sent in this call", run.stderr)
