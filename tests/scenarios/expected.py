"""What each real capture must give: tshark's word, and where it is wrong, ours with the reason."""
import subprocess
from decimal import Decimal

import truth
from koegura import CAPTURES, Moment

TLS = "truth/voipshark-tls-rtp.json"
FAX = "truth/FAX-Call-t38.json"
FAX_CALL = "00e9d4a500e9d48-0015-0001-0000-0000@10.35.40.25"
FAX_STREAM = "0x0eaf0eaf to 10.23.1.52:16756"

FUZZED = "ntop+nDPI/fuzz-2006-06-26-2594.pcap"

# (truth file, Call-ID, field) = (what is right, why tshark is not).
AGAINST: dict[tuple, tuple] = {
    (FAX, FAX_CALL, "digits"):
        ("", "its \"194\" is a Cisco named signalling event on PT 100, which no SDP calls telephone-event"),
    (FAX, FAX_CALL, f"streams/{FAX_STREAM}/packets"):
        (159, "T.38 was refused with 488 and G.711 went on: the 27 frames that tshark reads as T.38 after the re-INVITE "
              "carry 80 08, the same SSRC, and sequence numbers 1844 to 1870 that follow without a gap"),
    (FAX, FAX_CALL, f"streams/{FAX_STREAM}/last"):
        (Moment("1228469002.879278"), "the same 27 frames"),
    ("truth/uac-uas-load.json", "4-13128@127.0.1.1", "end"):
        (Moment("1479420288.566594"), "the compact truth file has no ladder: an ACK was the last of the call's four messages"),
    **{("truth/uac-uas-load.json", call["call_id"], "released_by"):
       ("caller", "both ends are 127.0.0.1: only the BYE's From tag says that SIPp's uac hung up")
       for call in truth.of("truth/uac-uas-load.json")["calls"] if call["end"]},
}

# Calls that cannot be seen in the capture itself.
INVISIBLE: dict[str, str] = {
    TLS: "tshark was given the TLS key; without it there is no SIP to see, and all four streams are media-only calls",
}


def stream(source, destination, codec, packets, first, last):
    return {"source": source, "destination": destination, "codec": codec, "packets": packets, "lost": 0,
            "first": Moment(first), "last": Moment(last)}


# RTP that no SIP claims, beside what the truth files list; counted with tshark -z rtp,streams.
MEDIA_ONLY: dict[str, dict] = {
    # tied by tshark to MGCP's SDP (frame 2945), which we do not read
    "NormB+sipnab/SIP_CALL_RTP_G711.pcap": {
        "0x00002e3d to 200.57.7.196:40362":
            stream("200.57.7.202:30000", "200.57.7.196:40362", "PCMA", 6, "1105725507.581778", "1105725507.691820")},
    "pentesteracademy+voipshark/SIP-over-TLS-RTP-Normal_Call_two_parties.pcap":
        {key: one for call in truth.of(TLS)["calls"] for key, one in truth.streams(call["streams"]).items()},
    # no SIP and no truth file
    "asterisk+testsuite/ulaw-2013785496.pcap": {
        "0x34d01d16 to 10.0.0.45:10866":
            stream("10.0.0.51:4000", "10.0.0.45:10866", "PCMU", 974, "1701110805.479261", "1701110824.939025")},
    "nesfit+Codecs/codecs3-pcmu-ns.pcap": {
        "0x0f4bfe34 to 192.168.1.50:5076":
            stream("192.168.1.117:5064", "192.168.1.50:5076", "PCMU", 390, "1362684525.523292", "1362684533.308181"),
        "0x7df5fe10 to 192.168.1.117:5064":
            stream("192.168.1.50:5076", "192.168.1.117:5064", "PCMU", 401, "1362684525.175975", "1362684533.239875")},
}


def calls_of(row: dict) -> dict:
    """By Call-ID, what each record must say."""
    calls = {} if row["truth"] in INVISIBLE else {
        call["call_id"]: truth.expected_call(call) for call in truth.of(row["truth"])["calls"]}
    for (file, call_id, path), (right, _why) in AGAINST.items():
        if file == row["truth"]:
            *way, field = path.split("/")
            place = calls[call_id]
            for name in way:
                place = place[name]
            place[field] = right
    return calls


def ladders_of(row: dict) -> dict[str, list[str]]:
    """By Call-ID, every SIP message, but for the mirror's second copies of one."""
    if row["truth"] in INVISIBLE:
        return {}
    copies = copies_of(CAPTURES / row["file"])
    return {call["call_id"]: [step for step in truth.ladder(call) if step.split()[0] not in copies]
            for call in truth.of(row["truth"])["calls"] if "ladder" in call}


def copies_of(path) -> set[str]:
    """When the same datagram came again at once: within a second with the same IP identification, or, where
    that is 0, within 50 ms. A sender that retransmits waits longer, and numbers anew."""
    fields = ["frame.time_epoch", "ip.src", "ip.dst", "ip.id", "udp.payload"]
    command = ["tshark", "-r", str(path), "-Y", "sip && udp", "-T", "fields", *(w for f in fields for w in ("-e", f))]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    seen, copies = {}, set()
    for line in run.stdout.splitlines():
        at, *datagram = line.split("\t")
        before = seen.get(tuple(datagram))
        again = 0.05 if datagram[2] in ("0x0000", "") else 1
        if before is not None and float(at) - before <= again:
            copies.add(f"{Decimal(at):.6f}")
        else:
            seen[tuple(datagram)] = float(at)
    return copies


def media_only_of(row: dict) -> dict:
    """Every stream that no SIP claims."""
    return truth.streams(truth.of(row["truth"])["streams_not_tied_to_a_call"]) | MEDIA_ONLY.get(row["file"], {})


def frames_of(path) -> int:
    """How many frames the capture holds, as capinfos counts them."""
    run = subprocess.run(["capinfos", "-c", "-M", "-T", "-r", str(path)], capture_output=True, text=True, check=True)
    return int(run.stdout.split("\t")[1])
