"""Calls whose every packet is known, sent on a wire in real time while the recorder comes and goes.

Several kinds of calls at once, made by `koegura traffic`; each kind gets networks of its own, so that no two use one
port at the same time. What is missing afterwards can be told packet by packet.
"""
import json
import struct
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import sender
from koegura import moment
from lab import OFFLOADS, Lab, run, wait_for
from sender import NANOSECONDS, PACKET, PCAP, frames_of
from traffic import generate

START = "2026-11-21T10:15:02+09:00"  # of every capture; on the wire it becomes the time of sending
LEAST_LEAD = 1.0  # seconds until a sender that was started sends


@dataclass
class Kind:
    """Calls alike: as many at once, one after the other, until so many seconds are over."""
    talk: float
    at_once: int
    seconds: float
    codec: str = "PCMU"
    ring: float = 0.3

    def calls(self) -> int:
        return max(self.at_once, int(self.at_once * self.seconds / (self.talk + self.ring)) - self.at_once + 1)


@dataclass
class Call:
    call_id: str
    state: str
    start: float  # seconds since the first frame
    end: float
    streams: dict = field(default_factory=dict)  # SSRC → {sequence number: seconds since the first frame}
    lossless: bool = True  # the codec's packets are not kept beside the audio


def checksum(header: bytes) -> int:
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def moved(frame: bytes, number: int) -> bytes:
    """The frame in networks of its own, as long as before: 192.0.2.x is 10.1.NN.x, 198.51.100.x 172.20.1NN.x."""
    header = bytearray(frame[14:34])
    for at in (12, 16):
        if header[at] == 192:
            header[at:at + 3] = bytes([10, 1, number])
        else:
            header[at:at + 3] = bytes([172, 20, 100 + number])
    header[10:12] = bytes(2)
    header[10:12] = checksum(bytes(header)).to_bytes(2, "big")
    payload = frame[42:]
    if payload[:1] >= b"A":  # SIP
        payload = payload.replace(b"192.0.2.", b"10.1.%d." % number)
        payload = payload.replace(b"198.51.100.", b"172.20.%d." % (100 + number))
    return frame[:14] + bytes(header) + frame[34:40] + bytes(2) + payload  # without a UDP checksum


def rtp_of(ip: bytes) -> tuple[int, int] | None:
    """SSRC and sequence number of an IPv4 datagram with RTP."""
    if len(ip) < 40 or ip[9] != 17 or ip[28] >> 6 != 2 or 72 <= ip[29] & 0x7F <= 76:
        return None
    sequence, = struct.unpack_from("!H", ip, 30)
    ssrc, = struct.unpack_from("!I", ip, 36)
    return ssrc, sequence


class Load:
    """Load(folder, kinds): `capture` holds all frames, `calls` what they say, by Call-ID."""

    def __init__(self, folder: Path, kinds: list[Kind], seed=1):
        assert len(kinds) <= 89
        self.folder, self.capture = folder, folder / "load.pcap"
        self.calls: dict[str, Call] = {}
        frames, streams = [], {}
        for number, kind in enumerate(kinds, 10):
            path = folder / f"kind{number}.pcap"
            truth = generate(path, path.with_suffix(".json"), calls=kind.calls(), concurrency=kind.at_once,
                             talk=f"{kind.talk:g}s", ring=f"{round(kind.ring * 1000)}ms", codec=kind.codec,
                             start=START, seed=seed * 100 + number)
            frames += [(at, moved(frame, number)) for at, frame in frames_of(path)]
            self.learn(truth, kind, streams)
            path.unlink()
        frames.sort(key=lambda one: one[0])
        self.begin, self.seconds = frames[0][0], frames[-1][0] - frames[0][0]
        self.write(frames)
        for at, frame in frames:
            if found := rtp_of(frame[14:]):
                streams[found[0]][found[1]] = at - self.begin
        for call in self.calls.values():
            call.start, call.end = call.start - self.begin, call.end - self.begin

    def learn(self, truth: dict, kind: Kind, streams: dict):
        for one in truth["calls"]:
            call = Call(one["call_id"], one["state"], float(moment(one["start"])), float(moment(one["end"])),
                        lossless=kind.codec in ("PCMU", "PCMA"))
            for stream in one.get("streams", []):
                ssrc = int(stream["ssrc"], 16)
                assert ssrc not in streams
                streams[ssrc] = call.streams[ssrc] = {}
            self.calls[call.call_id] = call

    def write(self, frames):
        with open(self.capture, "wb") as file:
            file.write(PCAP.pack(NANOSECONDS, 2, 4, 0, 0, 65535, 1))
            for at, frame in frames:
                seconds = int(at)
                file.write(PACKET.pack(seconds, round((at - seconds) * 1e9), len(frame), len(frame)) + frame)


class Wire(Lab):
    """Two places and a cable: what is sent into `far0` comes out of `tap0`."""

    def places(self):
        return ["sender", "recorder"]

    def build(self):
        for place in self.places():
            run("ip", "netns", "add", self.space(place))
            self.run(place, "sysctl", "-q", "-w", "net.ipv6.conf.default.disable_ipv6=1",
                     "net.ipv6.conf.all.disable_ipv6=1")
        self.ip("sender", f"link add far0 type veth peer name tap0 netns {self.space('recorder')}")
        for place, name in (("sender", "far0"), ("recorder", "tap0")):
            self.run(place, "ethtool", "-K", name, *[word for one in OFFLOADS for word in (one, "off")])
            self.ip(place, f"link set {name} arp off multicast off up")

    def play(self, load: Load) -> "Player":
        return Player(self, load)


class Player:
    """Sends the load; `began` is the wall clock's time of its first frame."""

    def __init__(self, wire: Wire, load: Load):
        self.load = load
        self.began = time.time() + LEAST_LEAD + load.capture.stat().st_size / 100e6
        self.process = wire.start("sender", sys.executable, sender.__file__, "far0", load.capture, repr(self.began),
                                  stdout=subprocess.PIPE, stderr=None, text=True)

    def now(self) -> float:
        """Seconds since the first frame."""
        return time.time() - self.began

    def is_over(self) -> bool:
        return self.process.poll() is not None

    def wait_until(self, seconds: float):
        wait_for(lambda: self.now() >= seconds, seconds - self.now() + 10, f"{seconds:g} s of the load")

    def finish(self) -> dict:
        """What was sent, and how late at worst."""
        output, _ = self.process.communicate(timeout=self.load.seconds + 60)
        if self.process.returncode != 0:
            raise AssertionError(f"the sender ended with {self.process.returncode}")
        return json.loads(output)


def packets_by_stream(pcapng: bytes) -> dict[int, set[int]]:
    """SSRC → sequence numbers, of a segment of the spool or an exported call, whatever lies between its blocks."""
    found, at = defaultdict(set), 0
    while at + 12 <= len(pcapng):
        kind, size = struct.unpack_from("<II", pcapng, at)
        if size < 12 or size % 4 or at + size > len(pcapng) or pcapng[at + size - 4:at + size] != pcapng[at + 4:at + 8]:
            at += 4
            continue
        if kind == 6:  # an enhanced packet block
            length, = struct.unpack_from("<I", pcapng, at + 20)
            if rtp := rtp_of(pcapng[at + 28:at + 28 + length]):
                found[rtp[0]].add(rtp[1])
        at += size
    return found
