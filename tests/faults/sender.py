"""Sends a capture file on an interface, each frame at its time: sender.py IF FILE.pcap WHEN (seconds since 1970)."""
import json
import os
import socket
import struct
import sys
import time
from pathlib import Path

PCAP = struct.Struct("<IHHiIII")
PACKET = struct.Struct("<IIII")
NANOSECONDS = 0xA1B23C4D


def frames_of(path: Path):
    """(seconds, frame) of a pcap file."""
    data, at = path.read_bytes(), PCAP.size
    unit = 1e-9 if struct.unpack_from("<I", data)[0] == NANOSECONDS else 1e-6
    while at + PACKET.size <= len(data):
        seconds, fraction, size, _ = PACKET.unpack_from(data, at)
        at += PACKET.size
        yield seconds + fraction * unit, data[at:at + size]
        at += size


def send(interface: str, capture: str, began: float) -> dict:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    frames = list(frames_of(Path(capture)))
    begin, latest = frames[0][0], 0.0
    for at, frame in frames:
        due = began + at - begin
        while (left := due - time.time()) > 0:
            time.sleep(left)
        latest = max(latest, -left)
        wire.send(frame)
    return {"sent": len(frames), "latest_s": latest}


if __name__ == "__main__":
    os.nice(-5)  # late packets are no crash's fault
    print(json.dumps(send(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
