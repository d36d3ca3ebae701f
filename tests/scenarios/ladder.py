"""A dialog told as its SIP ladder, and two SIPps that play it, one each side.

    -> INVITE offer              the caller sends it, the callee waits for it
    <- 180                       a response: to the INVITE, until that has its final one
    <- 200 answer                with a session description (offer and answer differ in name only)
    -> ACK
    both say 1.5                 speak for so many seconds, each with a voice of its own; so "callee says 1"
    callee waits                 until the test says go("callee")
    <- INVITE offer sendonly     more words of the description: a direction, PCMU
    -> 488
    <- ACK
    -> REFER                     what follows indented is a header field of it, or its body
      Refer-To: <sip:2003@hall.example>
    <- 202
    <- 180 + 200 answer          one write: over TCP, one segment; header fields are of the second

Call-ID, tags and branches are fixed, so that one ladder can name another's dialog.
"""
import re
import socket
import textwrap
from dataclasses import dataclass, field

from lab import Lab, wait_for
from peers import MEDIA, Spoken, bound
from voices import EVENTS, PAYLOAD_TYPES, rtp, voice, write_pcap

OTHER = {"caller": "callee", "callee": "caller"}
ARROWS = {"->": "caller", "<-": "callee"}
PHRASES = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
           487: "Request Terminated", 488: "Not Acceptable Here"}


@dataclass
class Step:
    """A line of the ladder."""
    side: str  # who sends, waits, speaks: "both" do the last
    words: list[str]
    lines: list[str] = field(default_factory=list)  # header fields
    body: list[str] = field(default_factory=list)
    together: list[str] = field(default_factory=list)  # words of a message in the same write


def steps_of(text: str) -> list[Step]:
    steps = []
    for line in filter(str.strip, textwrap.dedent(text).splitlines()):
        words = line.split()
        if line.startswith(" "):
            (steps[-1].lines if re.match(r"[\w-]+: ", line.strip()) else steps[-1].body).append(line.strip())
        elif words[0] in ARROWS:
            message, *more = " ".join(words[1:]).split(" + ")
            steps.append(Step(ARROWS[words[0]], message.split(), together=more[0].split() if more else []))
        else:
            steps.append(Step(words[0], words))
    return steps


@dataclass
class Transaction:
    """A request, and what its responses repeat of it."""
    side: str
    method: str
    sequence: int
    branch: str
    tagged: bool  # within the dialog
    status: int = 100  # so far


class Ladder:
    """Ladder(lab, "a", "trunk", "phone1", STORY): its Call-ID is a@koegura.test, its tags a-caller and a-callee."""

    def __init__(self, lab: Lab, name: str, caller: str, callee: str, story: str, **options):
        """options: numbers, the caller's and the callee's; port, of SIP at both; codec; tcp."""
        self.lab, self.name, self.story = lab, name, steps_of(story)
        self.places = {"caller": caller, "callee": callee}
        self.numbers = dict(zip(OTHER, options.get("numbers", ("0312345678", "2001"))))
        self.port, self.codec = options.get("port", 5060), options.get("codec", "PCMA")
        self.tcp = options.get("tcp", False)
        self.folder = lab.folder / f"ladder-{lab.prefix}{name}"
        self.folder.mkdir()
        self.call_id = f"{name}@koegura.test"
        self.spoken: dict[str, list[Spoken]] = {"caller": [], "callee": []}
        self.scripts: dict[str, list[str]] = {"caller": [], "callee": []}
        self.waits, self.gone = {"caller": 0, "callee": 0}, {"caller": 0, "callee": 0}
        self.sequences, self.open, self.invite = {"caller": 0, "callee": 100}, {}, None
        for index, step in enumerate(self.story):
            self.write(step, self.story[index + 1:])

    def uri(self, side: str) -> str:
        return f"sip:{self.numbers[side]}@{self.address(side)}"

    def address(self, side: str) -> str:
        return f"{self.lab.address(self.places[side])}:{self.port}"

    def media(self, side: str) -> int:
        return MEDIA[side] + self.port - 5000

    # --- the two scenarios

    def write(self, step: Step, rest: list[Step]):
        if step.words[1:] == ["waits"]:
            self.waits[step.side] += 1
            mark = self.folder / f"{step.side}-waits-{self.waits[step.side]}"
            self.scripts[step.side] += [f'<nop><action><exec command="touch {mark}"/></action></nop>',
                                        '<recv request="INFO"/>']
        elif step.words[0] == step.side:
            sides = [side for side in OTHER if step.side in (side, "both")]
            self.speak(sides, float(step.words[2]), next((s.side for s in rest), "caller"))
        else:
            if step.together:
                messages = [self.message(step.side, step.words, [], []),
                            self.message(step.side, step.together, step.lines, step.body)]
            else:
                messages = [self.message(step.side, step.words, step.lines, step.body)]
            self.send(step.side, messages)
            self.expect(step)

    def send(self, side: str, messages: list[str]):
        """Nothing is lost in a lab, so nothing is sent again. REQUIRES: of several, the last has a body: SIPp would
        take the empty line from its end."""
        self.scripts[side].append(f"<send><![CDATA[{''.join(messages)}]]></send>")

    def expect(self, step: Step):
        for words in filter(None, (step.words, step.together)):
            kind = "response" if words[0].isdigit() else "request"
            self.scripts[OTHER[step.side]].append(f'<recv {kind}="{words[0]}"/>')

    def speak(self, sides: list[str], seconds: float, next_side: str):
        for side in sides:
            count = len(self.spoken[side])
            ssrc = 0x60000000 + (hash_of(self.name) << 8) + 2 * count + (side == "callee")
            voice_number = hash_of(self.name) * 8 + 2 * count + (side == "callee")
            ends = [f"{self.lab.address(self.places[s])}:{self.media(s)}" for s in (side, OTHER[side])]
            said = Spoken(voice(voice_number, self.codec, seconds), self.codec, ssrc, *ends)
            self.spoken[side].append(said)
            path = self.folder / f"{side}-{count}.pcap"
            write_pcap(path, rtp(said.payload, said.codec, "", ssrc))
            self.scripts[side].append(f'<nop><action><exec play_pcap_audio="{path}"/></action></nop>')
        # who speaks next in the ladder lets both have their say
        self.scripts[next_side].append(f'<pause milliseconds="{round(seconds * 1000) + 200}"/>')

    # --- messages

    def message(self, side: str, words: list[str], lines: list[str], body: list[str]) -> str:
        start, *rest = words
        answered = None
        if start.isdigit():
            head, answered = self.response(side, int(start), [w for w in rest if w.isupper() and w in self.open])
        else:
            head = self.request(side, start)
        described = [w for w in rest if w in ("offer", "answer")]
        text = self.description(side, rest) if described else "".join(f"{line}\n" for line in body)
        contact = [f"Contact: <{self.uri(side)}>"] if start not in ("ACK", "BYE", "CANCEL") else []
        kind = ["Content-Type: application/sdp"] if described else []
        length = len(text.replace("\n", "\r\n").replace("[media_port]", str(self.media(side))))
        self.settle(answered, start)
        return "\n".join([*head, *contact, *lines, *kind, f"Content-Length: {length}", "", text])

    def request(self, side: str, method: str) -> list[str]:
        initial = method == "INVITE" and self.invite is None
        if method in ("ACK", "CANCEL"):
            sequence, branch, tagged = self.invite.sequence, self.invite.branch, method == "ACK"
            branch += "ack" if method == "ACK" and self.invite.status < 300 else ""
        else:
            self.sequences[side] += 1
            sequence, tagged = self.sequences[side], not initial
            branch = f"z9hG4bK{self.name}{side}{sequence}"
        transaction = Transaction(side, method, sequence, branch, tagged)
        if method != "ACK":
            self.open[method] = transaction
        if method == "INVITE":
            self.invite = transaction
        return [f"{method} {self.uri(OTHER[side])} SIP/2.0", self.via(transaction), *self.ends(side, tagged),
                f"Call-ID: {self.call_id}", f"CSeq: {sequence} {method}", "Max-Forwards: 70"]

    def response(self, side: str, status: int, method: list[str]) -> tuple[list[str], Transaction]:
        """To the INVITE while that is open, else to the last request; or as the method says."""
        waiting = [t for t in self.open.values() if t.side == OTHER[side]]
        to = self.open[method[0]] if method else next((t for t in waiting if t.method == "INVITE"), waiting[-1])
        head = [f"SIP/2.0 {status} {PHRASES[status]}", self.via(to),
                *self.ends(to.side, to.tagged or status != 100), f"Call-ID: {self.call_id}",
                f"CSeq: {to.sequence} {to.method}"]
        return head, to

    def settle(self, answered: Transaction | None, status: str):
        if answered is not None:
            answered.status = int(status)
            if answered.status >= 200:
                del self.open[answered.method]

    def via(self, transaction: Transaction) -> str:
        transport = "TCP" if self.tcp else "UDP"
        return f"Via: SIP/2.0/{transport} {self.address(transaction.side)};branch={transaction.branch}"

    def ends(self, side: str, tagged: bool) -> list[str]:
        """From and To of a request of this side."""
        to_tag = f";tag={self.name}-{OTHER[side]}" if tagged else ""
        return [f"From: <{self.uri(side)}>;tag={self.name}-{side}", f"To: <{self.uri(OTHER[side])}>{to_tag}"]

    def description(self, side: str, words: list[str]) -> str:
        here = self.lab.address(self.places[side])
        codec = next((word for word in words if word in PAYLOAD_TYPES), self.codec)
        direction = [f"a={word}" for word in words if word in ("sendonly", "recvonly", "inactive")]
        kind = PAYLOAD_TYPES[codec]
        lines = ["v=0", f"o={side} 1 {self.sequences[side] + 1} IN IP4 {here}", "s=-", f"c=IN IP4 {here}", "t=0 0",
                 f"m=audio [media_port] RTP/AVP {kind} {EVENTS}", f"a=rtpmap:{kind} {codec}/8000",
                 f"a=rtpmap:{EVENTS} telephone-event/8000", *direction]
        return "".join(f"{line}\n" for line in lines)

    # --- the two SIPps

    def start(self):
        self.processes = {}
        for side in ("callee", "caller"):
            path = self.folder / f"{side}.xml"
            script = "\n".join(self.scripts[side])
            path.write_text(f'<?xml version="1.0"?>\n<scenario name="{side}">\n{script}\n</scenario>\n')
            here = self.lab.address(self.places[side])
            remote = [self.address("callee"), "-cid_str", self.call_id] if side == "caller" else []
            with open(self.folder / f"{side}.out", "w") as output:
                self.processes[side] = self.lab.start(
                    self.places[side], "sipp", *remote, "-sf", path, "-i", here, "-p", self.port, "-mi", here,
                    "-mp", self.media(side), "-m", 1, "-t", "t1" if self.tcp else "u1", "-nostdin", "-timeout", "60",
                    "-timeout_error", "-trace_err", "-error_file", f"{side}.err", "-trace_msg", "-message_file",
                    f"{side}.msg", cwd=self.folder, stdout=output, stderr=output)
            if side == "callee":
                table = "tcp" if self.tcp else "udp"
                wait_for(lambda: bound(self.processes["callee"], self.port, table), 10, "the callee's SIPp is up")
        return self

    def has(self, side: str, text: str):
        """Waits until this side has sent or received that: part of a message."""
        path = self.folder / f"{side}.msg"
        wait_for(lambda: path.exists() and text in path.read_text(errors="replace"), 20,
                 f"{side} of {self.name}: {text}")

    def go(self, side: str):
        """Ends its next wait, once it has come to that, with a message to itself that no wire sees."""
        self.gone[side] += 1
        mark = self.folder / f"{side}-waits-{self.gone[side]}"
        wait_for(mark.exists, 20, f"{side} of {self.name} waits")
        here = self.address(side)
        text = (f"INFO sip:go@{here} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKgo\r\n"
                f"From: <sip:go@{here}>;tag=go\r\nTo: <sip:go@{here}>\r\nCall-ID: {self.call_id}\r\n"
                "CSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n")
        knock = self.lab.socket(self.places[side], socket.SOCK_DGRAM)
        knock.sendto(text.encode(), (self.lab.address(self.places[side]), self.port))
        knock.close()

    def finish(self):
        for side, process in reversed(self.processes.items()):
            code = process.wait(90)
            if code != 0:
                told = "".join(p.read_text(errors="replace")[-3000:] for p in self.folder.glob(f"{side}.[em]*"))
                raise AssertionError(f"{self.name}: the {side}'s SIPp ended with {code}:\n{told}")
        return self


def hash_of(name: str) -> int:
    """A small number, another for each of a few names."""
    return sum(name.encode()) % 251
