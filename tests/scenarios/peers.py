"""Real SIP peers with known voices: SIPp by the dozen, and baresip. Both in a lab."""
import json
import os
import re
import socket
from array import array
from dataclasses import dataclass
from pathlib import Path

from lab import Lab, Listener, wait_for
from voices import EVENTS, PAYLOAD_TYPES, RATE, begins, decoded, rtp, samples_of, voice, write_pcap

XML = Path(__file__).resolve().parent / "sipp"
MEDIA = {"caller": 10000, "callee": 20000}  # the first RTP port of each
ANSWERED, BUSY, UNANSWERED, CANCELLED = 5060, 5061, 5062, 5063  # a SIPp for each: its SIP port
STATUS = {BUSY: "486", UNANSWERED: "480"}


@dataclass
class Spoken:
    """What one side of a call sent."""
    payload: bytes
    codec: str
    ssrc: int
    source: str
    destination: str
    digits: str = ""
    begin: float = 0  # on the wire, in seconds since 1970

    def samples(self) -> array:
        return decoded(self.payload, self.codec)

    def packets(self) -> int:
        return len(list(rtp(self.payload, self.codec, self.digits, self.ssrc)))


@dataclass
class Sent:
    """A call as its peers know it."""
    call_id: str
    state: str
    caller: str
    callee: str
    spoken: dict[str, Spoken]  # by side


def bound(process, port: int, protocol="udp") -> bool:
    """Whether someone in the process's namespace has this port."""
    pattern = re.compile(rf"^\s*\d+: [0-9A-F]+:{port:04X} ", re.MULTILINE)
    if process.poll() is not None:
        raise AssertionError(f"{process.args} ended with {process.returncode}")
    return any(pattern.search(Path(f"/proc/{process.pid}/net/{name}").read_text()) for name in (protocol, f"{protocol}6")
               if Path(f"/proc/{process.pid}/net/{name}").exists())


class Sipp:
    """Calls of one kind, `count` of them, `rate` a second; each side of each has a voice of its own."""

    def __init__(self, lab: Lab, count: int, port=ANSWERED, **options):
        self.lab, self.count, self.port = lab, count, port
        self.codec, self.rate = options.get("codec", "PCMA"), options.get("rate", 10)
        self.seconds, self.digits = options.get("seconds", 3.0), options.get("digits", "")
        self.folder = lab.folder / f"sipp-{lab.prefix}{port}"
        self.folder.mkdir()
        self.begins = {}
        self.talk = self.seconds + 0.2 * len(self.digits) + 0.3

    def start(self):
        kinds = {ANSWERED: ("call", "answer"), CANCELLED: ("cancel", "ring")}
        caller, callee = kinds.get(self.port, ("refused", "refuse"))
        lines = [f"{self.number('caller', n)};{self.number('callee', n)};{n};" for n in range(self.count)]
        (self.folder / "calls.csv").write_text("\n".join(["SEQUENTIAL", *lines, ""]))
        self.wire = Listener(self.lab, "caller", "eth0", "udp", "portrange", f"{self.media_port('caller')}-"
                             f"{self.media_port('caller') + 999}")
        self.callee = self.sipp("callee", callee)
        wait_for(lambda: bound(self.callee, self.port), 10, "the callee's SIPp is up")
        self.caller = self.sipp("caller", caller, self.lab.url("callee", self.port), "-inf", "calls.csv",
                                "-r", self.rate, "-timeout", "60")

    def finish(self) -> list[Sent]:
        """Once all calls are over, as the peers say."""
        for side, process in (("caller", self.caller), ("callee", self.callee)):
            code = process.wait(60)
            if code != 0:
                raise AssertionError(f"the {side}'s SIPp ended with {code}:\n{self.output(side)}")
        self.wire.stop()
        self.begins = begins(self.wire.path)
        return [self.sent(line.split()) for line in self.log("caller")]

    def output(self, side: str) -> str:
        return "\n".join(p.read_text()[-2000:] for p in self.folder.glob(f"{side}*") if p.suffix in (".out", ".err"))

    def number(self, side: str, n: int) -> str:
        return f"{'03' if side == 'caller' else '06'}{self.port:04d}{n:04d}"

    def sipp(self, side: str, scenario: str, *words):
        address = self.lab.address(side)
        path = self.folder / f"{scenario}.xml"
        path.write_text(self.filled(side, (XML / path.name).read_text()))
        with open(self.folder / f"{side}.out", "w") as output:
            return self.lab.start(side, "sipp", *words, "-sf", path, "-i", address, "-p", self.port, "-mi", address,
                                  "-mp", self.media_port(side), "-m", self.count, "-nostdin", "-trace_err",
                                  "-error_file", f"{side}.err", "-trace_logs", "-log_file", f"{side}.log",
                                  cwd=self.folder, stdout=output, stderr=output)

    def media_port(self, side: str) -> int:
        return MEDIA[side] + 1000 * (self.port - ANSWERED)

    def filled(self, side: str, xml: str) -> str:
        words = {"PAYLOAD": str(PAYLOAD_TYPES[self.codec]), "EVENTS": str(EVENTS), "CODEC": self.codec,
                 "TALK": str(round(self.talk * 1000)), "STATUS": STATUS.get(self.port, "")}
        if "@VOICES@" in xml:
            words["VOICES"] = "".join(self.branch(side, n) for n in range(self.count))
        return re.sub(r"@(\w+)@", lambda word: words[word[1]], xml)

    def branch(self, side: str, n: int) -> str:
        """Of SIPp's scenario: call n speaks with voice n."""
        path = self.folder / f"{side}-{n}.pcap"
        said = self.spoken(side, n)
        write_pcap(path, rtp(said.payload, said.codec, said.digits, said.ssrc))
        return f"""  <nop hide="true" test="other" next="after{n}">
    <action><test assign_to="other" variable="n" compare="not_equal" value="{n}"/></action>
  </nop>
  <nop hide="true" next="spoken"><action><exec play_pcap_audio="{path}"/></action></nop>
  <label id="after{n}"/>
"""

    def spoken(self, side: str, n: int, source="", destination="") -> Spoken:
        index = 2 * n + (side == "callee")
        ssrc = 0x50000000 + index
        return Spoken(voice(index, self.codec, self.seconds), self.codec, ssrc, source, destination,
                      self.digits.replace("N", str(n % 10)) if side == "caller" else "", self.begins.get(ssrc, 0))

    def log(self, side: str) -> list[str]:
        return (self.folder / f"{side}.log").read_text().splitlines()

    def sent(self, words: list[str]) -> Sent:
        """words: Call-ID, and of an answered call the callee's media port; both numbers and which voice."""
        call_id, *port, caller, callee, which = words
        states = {ANSWERED: "answered", BUSY: "busy", UNANSWERED: "missed", CANCELLED: "cancelled"}
        spoken = {}
        if port:
            heard = dict(line.split() for line in self.log("callee"))  # the caller's media port, as the callee says
            here, there = self.lab.url("caller", int(heard[call_id])), self.lab.url("callee", int(port[0]))
            spoken = {"caller": self.spoken("caller", int(which), here, there),
                      "callee": self.spoken("callee", int(which), there, here)}
        return Sent(call_id, states[self.port], caller, callee, spoken)


CONFIG = """poll_method epoll
sip_listen {address}
sip_trans_def udp
audio_source {source}
audio_player {player}
audio_alert aufile,{folder}/alert.wav
audio_srate 8000
audio_channels 1
ausrc_srate 8000
ausrc_channels 1
auplay_srate 8000
auplay_channels 1
rtp_ports {ports}
jitter_buffer_delay 5-10
module_path {modules}
module g711.so
module sndfile.so
module aufile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
{more}ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
"""


class Baresip:
    """A softphone that speaks from a WAV file, and keeps what it sent and heard.

    answers: by itself; registrar: the HOST where it registers; codec: its only one, name/rate/channels; account: more of
    the account's parameters; accounts: instead of its own; audio: where it speaks from and plays to; config: more lines
    """

    def __init__(self, lab: Lab, side: str, number: str, speech: Path, port=5060, **options):
        self.lab, self.side = lab, side
        self.address = lab.url(side, port)
        registrar = options.get("registrar")
        self.uri = f"sip:{number}@{registrar or self.address}"
        self.folder = lab.folder / f"baresip-{lab.prefix}{side}-{port}"
        self.folder.mkdir()
        self.control_port = port - 1000
        first = MEDIA.get(side, 20000) + 10 * (port - 5000)
        (self.folder / "config").write_text(CONFIG.format(
            address=self.address, source=options.get("audio", f"aufile,{speech}"),
            player=options.get("audio", f"aufile,{self.folder}/played.wav"), folder=self.folder, ports=f"{first}-{first + 98}",
            control=self.control_port, modules=next(Path("/usr/lib").glob("**/baresip/modules")),
            more=options.get("config", "")))
        answers = ";answermode=auto" if options.get("answers", side == "callee") else ""
        account = (f"<{self.uri}>;regint={600 if registrar else 0};audio_codecs={options.get('codec', 'PCMU/8000/1')}"
                   f"{answers}{options.get('account', '')}\n")
        (self.folder / "accounts").write_text(options.get("accounts", account))
        self.output = self.folder / "output"
        with open(self.output, "w") as output:
            self.process = lab.start(side, "baresip", "-f", self.folder, cwd=self.folder, stdout=output, stderr=output)
        wait_for(lambda: bound(self.process, port), 10, f"the {side}'s baresip is up")
        self.control = wait_for(self.connect, 10, f"the {side}'s baresip takes commands")
        self.control.settimeout(0.02)
        self.received, self.events = b"", []

    def connect(self):
        control = self.lab.socket(self.side, socket.SOCK_STREAM)
        try:
            control.connect(("127.0.0.1", self.control_port))
            return control
        except ConnectionRefusedError:
            control.close()
            return None

    def do(self, command: str, words=""):
        message = json.dumps({"command": command, "params": words})
        self.control.sendall(f"{len(message)}:{message},".encode())

    def heard(self, event: str) -> list[dict]:
        """What it has told of such events until now."""
        self.read()
        return [e for e in self.events if e.get("type") == event]

    def heard_of(self, event: str, count=1, seconds=10.0) -> dict:
        """Waits until baresip has told of such an event that often; gives the last."""
        def happened():
            found = self.heard(event)
            return found[count - 1] if len(found) >= count else None
        return wait_for(happened, seconds, f"the {self.side}'s baresip says {event}")

    def read(self):
        """Messages come as netstrings."""
        try:
            self.received += self.control.recv(65536)
        except TimeoutError:
            pass
        while match := re.match(rb"(\d+):", self.received):
            end = match.end() + int(match[1])
            if len(self.received) <= end:
                return
            self.events.append(json.loads(self.received[match.end():end]))
            self.received = self.received[end + 1:]

    def close(self):
        """Ends it, so that its files are whole."""
        self.control.close()
        self.process.terminate()
        self.process.wait(10)

    def recording(self, way: str) -> Path:
        """Of its only call: what it gave to its encoder ("enc"), or what came from its decoder ("dec")."""
        path, = self.folder.glob(f"dump-*-{way}.wav")
        return path

    def kept(self, call: int) -> tuple[array, array]:
        """Of its n-th call: what it gave to its encoder, and what it heard."""
        return tuple(samples_of(sorted(self.folder.glob(f"dump-*-{way}.wav"))[call]) for way in ("enc", "dec"))
