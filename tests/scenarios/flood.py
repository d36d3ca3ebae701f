"""A flood for the recorder's end of a mirror: flood.py IF SECONDS FRAMES_PER_SECOND, in a lab's switch.

Of each kind as many, none like another: INVITEs, packets like RTP, fragments that stay alone, and TCP segments
that begin a SIP message. Prints how many frames it sent.
"""
import random
import socket
import struct
import sys
import time

ETHERNET = bytes.fromhex("020000000002" "020000000003" "0800")
VICTIM = bytes((10, 77, 1, 2))  # the lab's callee
UDP, TCP = 17, 6
BATCH = 100


def ip(source: bytes, protocol: int, payload: bytes, number: int, fragment=0) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number & 0xFFFF, fragment, 64, protocol, 0)
    return ETHERNET + head + source + VICTIM + payload


def udp(source: bytes, port: int, to: int, payload: bytes, number: int) -> bytes:
    return ip(source, UDP, struct.pack("!HHHH", port, to, 8 + len(payload), 0) + payload, number)


def invite(host: str, number: int) -> bytes:
    body = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {4000 + number % 60000} RTP/AVP 0\r\n"
    return (f"INVITE sip:2301@10.77.1.2 SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch=z9hG4bK{number}\r\n"
            f"From: <sip:{number}@{host}>;tag={number}\r\nTo: <sip:2301@10.77.1.2>\r\nCall-ID: flood-{number}\r\n"
            f"CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def frames(number: int) -> list[bytes]:
    source = struct.pack("!I", 0x0B000000 + number)
    text = invite(socket.inet_ntoa(source), number)
    rtp = struct.pack("!BBHII", 0x80, 0, random.randrange(65536), random.randrange(2**32), random.randrange(2**32))
    begun = struct.pack("!HHIIBBHHH", 1024 + number % 60000, 5060, 1000, 0, 0x50, 0x18, 0xFFFF, 0, 0) + text[:-10]
    return [udp(source, 5060, 5060, text, number),
            udp(source, 6000, random.randrange(30000, 60000), rtp + bytes(160), number),
            ip(source, UDP, bytes(64), number, 0x2000 | 1000),  # more follow, and come before
            ip(source, TCP, begun, number)]


def main():
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((sys.argv[1], 0))
    seconds, rate = float(sys.argv[2]), float(sys.argv[3])
    begin, sent, number = time.monotonic(), 0, 0
    while time.monotonic() < begin + seconds:
        for frame in frames(number):
            wire.send(frame)
            sent += 1
        number += 1
        if number % BATCH == 0:
            time.sleep(max(0.0, begin + sent / rate - time.monotonic()))
    print(sent)


if __name__ == "__main__":
    main()
