"""The recorder at the end of a mirror, live: started, asked while it runs, stopped."""
import json
import os
import signal
import subprocess

from koegura import PROGRAM, calls, koegura
from lab import Lab, Listener, run, wait_for

DPDK = ("--dpdk", "net_af_packet0", "--", "--no-huge", "-m", "512", "--no-pci", "--vdev", "net_af_packet0,iface=tap0")
# What of the command line each way of capture needs.
WAYS = {"libpcap": ("--interface", "tap0"), "two interfaces": ("--interface", "tap0", "--interface", "tap1"),
        "DPDK": DPDK}


class Recorder:
    """with Recorder(lab, "libpcap") as recorder: ...; after stop(), `accounting` is the program's last word."""

    def __init__(self, lab: Lab, way="libpcap", config=None, words=None, environment=None):
        """words: what to record, if not the way's own."""
        self.lab, self.way = lab, way
        self.config = ("--config", config) if config else ()
        self.words = WAYS[way] if words is None else words
        self.environment = os.environ | (environment or {})
        self.archive = lab.folder / f"archive-{lab.prefix}"
        self.errors = lab.folder / f"recorder-{lab.prefix}.err"
        self.ports = ("mirror0", "mirror1") if way == "two interfaces" else ("mirror0",)

    def __enter__(self):
        # Whoever sends into the mirror is heard at its other end.
        self.far_ends = [Listener(self.lab, "switch", port, "-Q", "in") for port in self.ports]
        self.before = self.shown()
        with open(self.errors, "w") as errors:
            self.process = self.lab.start("recorder", PROGRAM, "record", *self.config, *self.words[:2], "--json",
                                          "--archive", self.archive, *self.words[2:], stdout=subprocess.PIPE,
                                          stderr=errors, text=True, env=self.environment)
        wait_for(self.is_ready, 30, "the recorder runs")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the recorder ended with {self.process.returncode}:\n{self.errors.read_text()}")
        return "recording" in self.errors.read_text()

    def status(self) -> dict:
        return json.loads(koegura("status", "--json", "--archive", self.archive).stdout)

    def interfaces(self) -> list[str]:
        return ["dpdk net_af_packet0/0"] if self.way == "DPDK" else [port.replace("mirror", "tap") for port in self.ports]

    def findings(self) -> list[str]:
        return [finding["id"] for finding in self.status()["recorder"]["findings"]]

    def calls(self) -> list[dict]:
        return calls(self.archive)

    def shown(self) -> int:
        """Frames that the switch has put onto the mirror's cables."""
        return sum(self.lab.counters(port)["tx"] for port in self.ports)

    def stop(self, how=signal.SIGINT) -> dict:
        """Asks it to end, and gives the accounting. SIGINT archives what has begun, SIGTERM leaves it to the next."""
        self.process.send_signal(how)
        output, _ = self.process.communicate(timeout=60)
        if self.process.returncode != 0:
            raise AssertionError(f"exit code {self.process.returncode}:\n{output}{self.errors.read_text()}")
        self.frames_shown = self.shown() - self.before
        return json.loads(output.splitlines()[-1])

    def sent_frames(self) -> list[tuple[int, int]]:
        """For each cable of the mirror: the frames that came out of the recorder's end, counted and heard."""
        return [(self.lab.counters(port)["rx"], end.frames()) for port, end in zip(self.ports, self.far_ends)]

    def provoke(self):
        """Sends one frame from the recorder's end, as the recorder must not: the proof that it would be seen."""
        script = ("import socket, sys\n"
                  "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
                  "s.bind((sys.argv[1], 0))\n"
                  "s.send(bytes(12) + b'\\x88\\xb5' + bytes(46))\n")
        for port in self.ports:
            self.lab.run("recorder", "python3", "-c", script, port.replace("mirror", "tap"))
