"""SIP messages that go wrong in the ways of the field: real ones and made ones, damaged from a seed, always the same."""
import random
import re
import struct

from koegura import CAPTURES, tool

# Real messages come from these captures (UDP; one a method and status each) and from RFC 4475.
SOURCES = ("irontec+sngrep/aaa.pcap", "buscapistas+reto3/call.pcapng", "kuko6+mtaa-sip-proxy/presmerovanie.pcapng",
           "NormB+sipnab/DTMFsipinfo.pcap", "NormB+sipnab/SIP_DTMF2.cap", "xzuzula+MTAA-SIP-Proxy/videohovor.pcap",
           "IvanNardi+pl7m/sip.pcap", "etakerim+SIP-Proxy/04-cancel-call.pcap")
COMPACT = {b"via": b"v", b"from": b"f", b"to": b"t", b"call-id": b"i", b"content-length": b"l", b"content-type": b"c",
           b"contact": b"m", b"subject": b"s", b"supported": b"k"}
SPACE = b" \t\r\n"  # Python's own takes more off
NAMES = ("市役所 水道課".encode(), "市役所 水道課".encode("cp932"), "窓口の表".encode("cp932"), b"=?UTF-8?B?5biC5b255omA?=",
         b"=?ISO-2022-JP?B?GyRCO1RMcj1qGyhC?=", "Zoë \\\"Z\\\" O'Neil".encode(), b"tab\there", b"a, b; c <d>", b"\xff\xfe")
DESCRIPTION = (b"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n"
               b"a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n")


def torture_messages() -> list[bytes]:
    return [path.read_bytes() for path in sorted((CAPTURES / "rfc4475").glob("*.dat"))]


def captured_messages() -> list[bytes]:
    """Of each capture the first message of each method and status."""
    messages = []
    for source in SOURCES:
        rows = tool("tshark", "-r", CAPTURES / source, "-Y", "sip && udp && !icmp", "-T", "fields", "-E", "occurrence=f",
                    "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "sip.CSeq.method", "-e", "udp.payload")
        first = {}
        for row in rows.splitlines():
            *kind, payload = row.split("\t")
            first.setdefault(tuple(kind), bytes.fromhex(payload))
        messages += first.values()
    return messages


def made_messages() -> list[bytes]:
    """One each of the methods and answers of a call, with the fields of an IP-PBX."""
    methods = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "UPDATE", "PRACK", "INFO", "REFER", "NOTIFY",
               "MESSAGE", "SUBSCRIBE", "PUBLISH", "NEWFANGLED")
    answers = ("100 Trying", "180 Ringing", "183 Session Progress", "200 OK", "302 Moved Temporarily",
               "401 Unauthorized", "486 Busy Here", "487 Request Terminated", "503 ", "603 Decline")
    messages = []
    for number, method in enumerate(methods):
        body = DESCRIPTION if method in ("INVITE", "UPDATE") else b""
        messages.append(made(f"{method} sip:2301@pbx.example.jp SIP/2.0", number, method, body))
    for number, answer in enumerate(answers):
        body = DESCRIPTION if answer[:3] in ("183", "200") else b""
        messages.append(made(f"SIP/2.0 {answer}", number, ("INVITE", "BYE")[number % 2], body))
    return messages


def made(start: str, number: int, method: str, body: bytes) -> bytes:
    head = (f"{start}\r\nVia: SIP/2.0/UDP 192.0.2.{number + 1}:5060;rport;branch=z9hG4bK-{number:04x}\r\n"
            "Via: SIP/2.0/TCP [2001:db8::9:1];branch=z9hG4bKas3, SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKx\r\n"
            f"Max-Forwards: 70\r\nFrom: \"Reception {number}\" <sip:0312345678@pbx.example.jp;user=phone>;tag=f{number}\r\n"
            f"To: <sip:2301@pbx.example.jp>;tag=t{number}\r\nCall-ID: {number * 7919}-made@192.0.2.{number + 1}\r\n"
            f"CSeq: {number * 1000 + 1} {method}\r\nContact: <sip:0312345678@192.0.2.1:5060;ob>\r\n"
            "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\nSupported: replaces, timer\r\nUser-Agent: PBX 16.8\r\n")
    if body:
        head += "Content-Type: application/sdp\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Message:
    """A message in pieces: its lines (a folded one is one line) with their ends, and its body."""

    def __init__(self, octets: bytes):
        self.before = re.match(rb"[\r\n]*", octets)[0]
        octets = octets[len(self.before):]
        whole = re.match(rb"(?s)(.*?\n)(\r?\n)(.*)\Z", octets)
        head, self.blank, self.body = whole.groups() if whole else (octets, b"", b"")
        lines = re.findall(rb"[^\n]*\n(?:[ \t][^\n]*\n)*|[^\n]+\Z", head)
        self.start, self.fields = lines[0] if lines else b"", lines[1:]

    def octets(self) -> bytes:
        return self.before + self.start + b"".join(self.fields) + self.blank + self.body

    def places(self, name: bytes) -> list[int]:
        names = (name, COMPACT.get(name, name))
        return [i for i, field in enumerate(self.fields) if field.split(b":", 1)[0].strip(SPACE).lower() in names]

    def edit(self, name: bytes, change) -> None:
        """The fields of this name become change(value), their names and line ends left alone."""
        for place in self.places(name):
            before, colon, value = self.fields[place].partition(b":")
            bare = value.rstrip(b"\r\n")
            self.fields[place] = before + colon + b" " + change(bare.strip()) + value[len(bare):]


KEYS = (b"from", b"to", b"call-id", b"cseq", b"via")


# Each takes the message in pieces and the chance, and changes the pieces; or gives bytes instead.

def flip_a_bit(message, chance):
    octets = bytearray(message.octets())
    for _ in range(chance.choice((1, 1, 2, 5))):
        if octets:
            octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
    return bytes(octets)


def flip_a_bit_of_a_key(message, chance):
    places = message.places(chance.choice(KEYS))
    if places:
        field = bytearray(message.fields[places[0]])
        field[chance.randrange(len(field))] ^= 1 << chance.randrange(8)
        message.fields[places[0]] = bytes(field)


def flip_a_bit_of_the_start_line(message, chance):
    start = bytearray(message.start)
    if start:
        start[chance.randrange(len(start))] ^= 1 << chance.randrange(8)
    message.start = bytes(start)


def repeat_a_field(message, chance):
    if message.fields:
        message.fields.insert(chance.randrange(len(message.fields) + 1), chance.choice(message.fields))


def repeat_a_key_with_another_value(message, chance):
    for place in message.places(chance.choice(KEYS))[:1]:
        field = message.fields[place]
        name, _, value = field.partition(b":")
        other = re.sub(rb"\d", b"7", value) if re.search(rb"\d", value) else b" other" + value
        message.fields.insert(place + chance.choice((0, 1)), name + b":" + other)


def drop_a_field(message, chance):
    if message.fields:
        del message.fields[chance.randrange(len(message.fields))]


def drop_a_key(message, chance):
    for place in reversed(message.places(chance.choice(KEYS))):
        del message.fields[place]


def shuffle_the_fields(message, chance):
    chance.shuffle(message.fields)


def swap_compact_and_long_names(message, chance):
    longs = {short: name for name, short in COMPACT.items()}
    for i, field in enumerate(message.fields):
        name, colon, value = field.partition(b":")
        other = COMPACT.get(name.strip().lower()) or longs.get(name.strip().lower())
        if other and chance.random() < 0.7:
            message.fields[i] = other + colon + value


def fold_values(message, chance):
    fold = chance.choice((b"\r\n ", b"\r\n\t", b"\r\n    \t", b"\n ", b"\r\n \r\n "))
    for i, field in enumerate(message.fields):
        if chance.random() < 0.4:
            name, colon, value = field.partition(b":")
            spaces = [place for place, octet in enumerate(value) if octet == 0x20]
            place = chance.choice(spaces) if spaces else 0
            message.fields[i] = name + colon + value[:place] + fold + value[place:].lstrip(b" ")


def space_around_colons(message, chance):
    for i, field in enumerate(message.fields):
        if chance.random() < 0.4:
            message.fields[i] = field.replace(b":", chance.choice((b" :", b"\t:  ", b":", b":\t ")), 1)


def space_within_values(message, chance):
    def spaced(value):
        return re.sub(rb"[ ;=]", lambda found: b" " * chance.randrange(3) + found[0] + b" " * chance.randrange(3), value)
    message.edit(chance.choice(KEYS), spaced)


def change_case(message, chance):
    how = chance.choice((bytes.upper, bytes.lower, bytes.swapcase))
    for i, field in enumerate(message.fields):
        if chance.random() < 0.5:
            name, colon, value = field.partition(b":")
            message.fields[i] = how(name) + colon + value
    if chance.random() < 0.2:
        message.start = how(message.start)


def end_lines_with_lf(message, chance):
    return message.octets().replace(b"\r\n", b"\n")


def end_some_lines_with_lf(message, chance):
    message.fields = [field.replace(b"\r\n", b"\n") if chance.random() < 0.5 else field for field in message.fields]
    if chance.random() < 0.5:
        message.start = message.start.replace(b"\r\n", b"\n")


def end_a_line_with_cr(message, chance):
    if message.fields:
        place = chance.randrange(len(message.fields))
        message.fields[place] = message.fields[place].replace(b"\r\n", b"\r")


def lie_about_the_length(message, chance):
    lie = chance.choice((b"0", b"1", b"99999", b"-7", b"4294967297", b"", b"four", b"0x10", b"10 10", b"+5"))
    message.edit(b"content-length", lambda value: lie)


def drop_the_length(message, chance):
    for place in reversed(message.places(b"content-length")):
        del message.fields[place]


def truncate(message, chance):
    octets = message.octets()
    return octets[:chance.randrange(len(octets) + 1)]


def append_another_message(message, chance):
    message.body += b"OPTIONS sip:second@x SIP/2.0\r\nCall-ID: second\r\nCSeq: 9 OPTIONS\r\nFrom: <sip:s>\r\nTo: <sip:s>\r\n\r\n"


def blank_lines_first(message, chance):
    message.start = chance.choice((b"\r\n", b"\r\n\r\n", b"\n", b"\r\n\r\n\r\n\r\n")) + message.start


def odd_cseq(message, chance):
    odd = chance.choice((b"0 %s", b"2147483647 %s", b"2147483648 %s", b"4294967295 %s", b"4294967296 %s", b"-1 %s",
                         b"+1 %s", b"1", b"%s", b"%s 1", b"00012 %s", b"1\t%s", b"1  %s", b"1 %s extra", b"1.5 %s",
                         b"0x1f %s", b"1%s", b" 7 %s ", b"99999999999999999999 %s", b"1 OTHER", b"1 invite"))
    message.edit(b"cseq", lambda value: odd.replace(b"%s", (value.split() or [b"INVITE"])[-1]))


def odd_call_id(message, chance):
    odd = chance.choice((b"", b" ", b"a b", b"a@b@c", b"<a>@b", b"\"q\"@h", b"a,b", b"a;b=c", b"x" * 300, b"\xe5\xb8\x82",
                         b"%41%20", b"a\\b", b"(c)"))
    message.edit(b"call-id", lambda value: odd)


def odd_address(message, chance):
    name = chance.choice(NAMES)
    odd = chance.choice((
        b"\"%s\" <sip:a%%20b%%C3%%AB@x>;tag=1", b"\"%s\"<sip:a@x>;tag=2", b"%s <sip:a@x>;tag=3", b"<sip:a@x", b"\"%s <sip:a@x>;tag=4",
        b"<>", b"", b"sip:a@x;tag=5", b"sip:a@[2001:db8::1]:5070;tag=6", b"<tel:+81-3-1234-5678>;tag=7", b"tel:0312345678",
        b"\"%s\" <sip:a@x;tag=no>;x=y;TAG=8", b"<sip:a@x>;tag", b"<sip:a@x>;tag=", b"<sip:a@x> ; tag = 9", b"<sip:a@x>;tag=\"q;r\"",
        b"<sip:a@x>;tag=1;tag=2", b"\"\\\"%s\\\\\" <sip:a@x>;tag=10", b"<sip:a@x>, <sip:b@y>;tag=11", b"<<sip:a@x>>;tag=12",
        b"anonymous", b"<sip:a;b=c;tag=13@x>", b"<sip:%%3Ctag%%3E@x?tag=z>;tag=14", b"\"\" <sip:a@x>;tag=15",
        b"%s\r\n <sip:a@x>\r\n ;tag=16", b"<sip:a@x>;tag=a<b>", b"<sip:a@x>;note=\"<x>;tag=0\";tag=17"))
    message.edit(chance.choice((b"from", b"to")), lambda value: odd.replace(b"%s", name).replace(b"%%", b"%"))


def odd_start_line(message, chance):
    words = message.start.split()
    if not words:
        return
    if message.start[:4].upper() == b"SIP/":
        message.start = chance.choice((
            b"SIP/2.0 200\r\n", b"SIP/2.0  200  OK\r\n", b"SIP/2.0\t200\tOK\r\n", b"sip/2.0 200 OK\r\n", b"SIP/2.0 0200 OK\r\n",
            b"SIP/2.0 99 Low\r\n", b"SIP/2.0 700 High\r\n", b"SIP/2.0 2000 Long\r\n", b"SIP/2.0 2 OK\r\n", b"SIP/2.0 OK\r\n",
            b"SIP/3.0 200 OK\r\n", b"SIP/2.00 200 OK\r\n", b"SIP/2.0 200 \xe6\x88\x90\xe5\x8a\x9f\r\n", b" SIP/2.0 200 OK\r\n"))
        return
    method = words[0]
    message.start = chance.choice((
        b"%s  sip:a@x  SIP/2.0\r\n", b"%s\tsip:a@x\tSIP/2.0\r\n", b"%s sip:a@x SIP/2.0 \r\n", b"%s <sip:a@x> SIP/2.0\r\n",
        b"%s sip:a b@x SIP/2.0\r\n", b"%s sip:a@x sip/2.0\r\n", b"%s sip:a@x SIP/1.0\r\n", b"%s sip:a@x\r\n", b"%s SIP/2.0\r\n",
        b"%s sip:a%20b%00@x;p=%41 SIP/2.0\r\n", b" %s sip:a@x SIP/2.0\r\n", b"%s tel:+81312345678 SIP/2.0\r\n", b"%s * SIP/2.0\r\n",
        b"%s sip:[2001:db8::1]:5070 SIP/2.0\r\n", b"%s sip:a@x;x=\"SIP/2.0\" SIP/2.0\r\n", b"%s sip:a@x SIP/2.0 more\r\n"
        )).replace(b"%s", method)
    if chance.random() < 0.15:
        message.start = message.start.replace(method, chance.choice((method.lower(), b"", b"A/B", b"X" * 40)), 1)


def odd_lines(message, chance):
    line = chance.choice((b"no colon here\r\n", b": no name\r\n", b"\x00\x01\x02: zero\r\n", b"X" * 300 + b": y\r\n", b"X-Long: " + b"y" * 3000 + b"\r\n",
                          b"From\r\n", b"To :\r\n", b"X: a\x00b\r\n", b" folded into what stood before\r\n", b"Fromm: <sip:c@x>;tag=1\r\n", b"CSeq-X: 1 INVITE\r\n", b"Call_ID: other\r\n"))
    message.fields.insert(chance.randrange(len(message.fields) + 1), line)


def name_in_another_charset(message, chance):
    name = chance.choice(NAMES).replace(b"%", b"")
    message.edit(chance.choice((b"from", b"to")), lambda value: re.sub(rb'^("[^"]*"|[^<"]*)(?=<)', lambda _: b'"' + name + b'" ', value))


def escape_the_uri(message, chance):
    message.edit(chance.choice((b"from", b"to")),
                 lambda value: re.sub(rb"[a-z0-9](?=[a-z0-9]*@)", lambda found: b"%%%02X" % found[0][0], value))


def wrap_the_body(message, chance):
    if message.body:
        message.body = (b"--x\r\nContent-Type: text/plain\r\n\r\nFrom: nobody\r\n--x\r\nContent-Type: application/sdp\r\n\r\n" +
                        message.body + b"--x--\r\n")
        message.edit(b"content-type", lambda value: b"multipart/mixed;boundary=x")
        message.edit(b"content-length", lambda value: b"%d" % len(message.body))


def leave_alone(message, chance):
    pass


MUTATIONS = (flip_a_bit, flip_a_bit, flip_a_bit_of_a_key, flip_a_bit_of_a_key, flip_a_bit_of_the_start_line, repeat_a_field,
             repeat_a_key_with_another_value, drop_a_field, drop_a_key, shuffle_the_fields, swap_compact_and_long_names,
             fold_values, space_around_colons, space_within_values, change_case, end_lines_with_lf, end_some_lines_with_lf,
             end_a_line_with_cr, lie_about_the_length, drop_the_length, truncate, append_another_message, blank_lines_first,
             odd_cseq, odd_call_id, odd_address, odd_address, odd_start_line, odd_lines, name_in_another_charset,
             escape_the_uri, wrap_the_body, leave_alone)


def mutated_messages(count: int, seed: int) -> list[bytes]:
    """The same for the same seed and captures. Each message comes from one seed message by one to three mutations."""
    chance = random.Random(seed)
    seeds = torture_messages() + captured_messages() + made_messages() * 3
    messages = []
    while len(messages) < count:
        octets = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 3))):
            message = Message(octets)
            result = chance.choice(MUTATIONS)(message, chance)
            octets = message.octets() if result is None else result
        messages.append(octets)
    return messages


def write_capture(path, messages) -> None:
    """One datagram a message, frame n the nth, each between two hosts of its own."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))  # LINKTYPE_RAW
        for number, payload in enumerate(messages):
            udp = struct.pack(">HHHH", 5060, 5060, 8 + len(payload), 0) + payload
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(udp), number & 0xFFFF, 0, 64, 17, 0,
                             0x0A4D0000 + number, 0x0A4E0000 + number) + udp
            file.write(struct.pack("<IIII", 1_700_000_000 + number, 0, len(ip), len(ip)) + ip)
