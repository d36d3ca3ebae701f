"""Voices known sample by sample: speech in G.711, and the captures of RTP that SIPp plays."""
import functools
import struct
import wave
from array import array
from pathlib import Path

from koegura import SHARED

RATE, PACKET = 8000, 160  # samples a second, and in 20 ms
PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8}
EVENTS = 101  # the payload type of digits, RFC 4733
FIRST_TIMESTAMP = 0x100000000 - 100 * PACKET  # it wraps on the way
EVENT_PACKETS, DIGIT_PACKETS = 5, 10  # of 20 ms: a digit is pressed, and then the next
DIGITS = "0123456789*#"


def linear_of_ulaw(code: int) -> int:
    """ITU-T G.711."""
    code ^= 0xFF
    size = ((((code & 0x0F) << 3) + 0x84) << (code >> 4 & 7)) - 0x84
    return -size if code & 0x80 else size


def linear_of_alaw(code: int) -> int:
    """ITU-T G.711."""
    code ^= 0x55
    size, segment = (code & 0x0F) << 4, code >> 4 & 7
    size = (size + 0x108) << (segment - 1) if segment else size + 8
    return size if code & 0x80 else -size


TABLES = {"PCMU": [linear_of_ulaw(code) for code in range(256)], "PCMA": [linear_of_alaw(code) for code in range(256)]}


def decoded(payload: bytes, codec: str) -> array:
    table = TABLES[codec]
    return array("h", [table[code] for code in payload])


def ulaw_of_linear(sample: int) -> int:
    size = min(abs(sample), 32635) + 0x84
    segment = size.bit_length() - 8
    return (segment << 4 | size >> (segment + 3) & 0x0F | (0x80 if sample < 0 else 0)) ^ 0xFF


def alaw_of_linear(sample: int) -> int:
    size = min(abs(sample), 32767)
    segment = max(0, size.bit_length() - 8)
    return (segment << 4 | size >> (max(segment, 1) + 3) & 0x0F | (0x80 if sample >= 0 else 0)) ^ 0x55


def encoded(samples, codec: str) -> bytes:
    return bytes(map({"PCMU": ulaw_of_linear, "PCMA": alaw_of_linear}[codec], samples))


def samples_of(path) -> array:
    with wave.open(str(path)) as audio:
        assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (RATE, 1, 2), audio.getparams()
        return array("h", audio.readframes(audio.getnframes()))


def joined_speech(names: list[str], path) -> None:
    """Pieces of ../shared/audio, one after the other, as one WAV file."""
    with wave.open(str(path), "wb") as audio:
        audio.setparams((1, 2, RATE, 0, "NONE", ""))
        for name in names:
            audio.writeframes(samples_of(SHARED / "audio" / f"{name}.wav").tobytes())


@functools.cache
def speech(codec: str) -> bytes:
    """All that ../shared/audio says, without its silences, so that no two pieces are alike."""
    samples = array("h")
    for path in sorted((SHARED / "audio").glob("*.wav")):
        samples.extend(samples_of(path))
    pieces = [samples[i:i + PACKET] for i in range(0, len(samples), PACKET)]
    return encoded([s for piece in pieces if max(map(abs, piece)) > 200 for s in piece], codec)


def voice(number: int, codec: str, seconds: float) -> bytes:
    """A piece of speech as payload, another for each number."""
    whole, size = speech(codec), round(seconds * RATE)
    begin = number * 3967 % (len(whole) - size)
    return whole[begin:begin + size]


def rtp(payload: bytes, codec: str, digits: str, ssrc: int):
    """The packets of a voice and the digits pressed after it, each with its time in ms. Sequence number and
    timestamp wrap on the way."""
    sequence = 0x10000 - ssrc % 97
    sent = [(i, i, PAYLOAD_TYPES[codec], payload[i:i + PACKET]) for i in range(0, len(payload), PACKET)]
    begin = len(payload)
    for digit in digits:
        parts = [*range(1, EVENT_PACKETS + 1), EVENT_PACKETS, EVENT_PACKETS]  # the end is said three times
        for i, part in enumerate(parts):
            end = 0x80 if i >= EVENT_PACKETS - 1 else 0
            event = struct.pack("!BBH", DIGITS.index(digit), end | 10, part * PACKET)
            sent.append((begin + i * PACKET, begin, EVENTS, event))
        begin += DIGIT_PACKETS * PACKET
    for i, (at, stamp, kind, content) in enumerate(sent):
        header = struct.pack("!BBHII", 0x80, kind | (0x80 if i == 0 else 0), (sequence + i) & 0xFFFF,
                             (FIRST_TIMESTAMP + stamp) & 0xFFFFFFFF, ssrc)
        yield at * 1000 // RATE, header + content


def write_pcap(path, packets):
    """SIPp puts its own addresses in. To it a packet at 0 has no time."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, packet in packets:
            udp = struct.pack("!HHHH", 6000, 6000, 8 + len(packet), 0) + packet
            ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x0A4D0101, 0x0A4D0102) + udp
            frame = bytes(12) + b"\x08\x00" + ip
            file.write(struct.pack("<IIII", 1 + at // 1000, at % 1000 * 1000, len(frame), len(frame)) + frame)


def begins(path) -> dict[int, float]:
    """Of each voice (by SSRC) in a capture of UDP over Ethernet: when it began, in seconds since 1970, by the packet that was
    the least late. Packets that are no RTP of version 2 without CSRCs are passed over."""
    data, found, at = Path(path).read_bytes(), {}, 24
    while at + 16 <= len(data):
        seconds, microseconds, size = struct.unpack_from("<III", data, at)
        packet = data[at + 16 + 14 + (40 if data[at + 28:at + 30] == b"\x86\xdd" else 20) + 8:at + 16 + size]
        at += 16 + size
        if packet[:1] == b"\x80" and len(packet) > 12:
            timestamp, ssrc = struct.unpack_from("!II", packet, 4)
            since = (timestamp - FIRST_TIMESTAMP) % 0x100000000 / RATE
            found[ssrc] = min(found.get(ssrc, float("inf")), seconds + microseconds / 1e6 - since)
    return found
