"""The lab: a caller and a callee on a switch, and a recorder on its mirror port; each a network namespace.

    caller eth0 ──── caller ┐            ┌ mirror0 ──── tap0 recorder
                            ├─ switch ───┤
    callee eth0 ──── callee ┘            └ mirror1 ──── tap1

A routed lab has two networks, and a router with a leg in each. The mirror is tc's: a copy of each frame that
enters or leaves a port. Everything ends with the lab, also when a test fails; several labs can run at once.
"""
import ctypes
import itertools
import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

PLACES = ("caller", "callee", "router", "switch", "recorder")
OFFLOADS = ("rx", "tx", "sg", "tso", "gso", "gro")  # frames as they are on a wire: whole, with their checksums
MIRROR_MAC, TAP_MAC = "02:00:00:00:01:00", "02:00:00:00:01:01"
BOTH_WAYS = ("ingress", "egress")
CLONE_NEWNET = 0x40000000
numbers = itertools.count(1)


class Unavailable(Exception):
    """What this machine or its kernel lacks."""


def wait_for(condition, seconds: float, what: str):
    """What condition gives once it is true; after the deadline the test fails."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)
    return found


def run(*command, **options) -> str:
    options = {"text": True, "capture_output": True, "timeout": 30} | options
    done = subprocess.run([str(part) for part in command], **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


class Lab:
    """with Lab(folder, mirror="caller") as lab: ...

    mirror: "caller"    both ways of the caller's port: each frame once
            "all"       both ways of both ports: each frame twice
            "one-way"   only what the caller's port receives
            "split"     SIP to mirror0, all else to mirror1
            "vxlan"     both ways of the caller's port, through a tunnel
    """

    def __init__(self, folder: Path, mirror="caller", ipv6=False, routed=False):
        self.folder, self.mirror, self.ipv6, self.routed = folder, mirror, ipv6, routed
        self.prefix = f"koegura-{os.getpid()}-{next(numbers)}-"
        self.processes: list[subprocess.Popen] = []
        networks = ("fd77:1::", "fd77:2::") if ipv6 else ("10.77.1.", "10.77.2.")
        self.networks = networks if routed else networks[:1] * 2
        self.caller, self.callee = f"{self.networks[0]}1", f"{self.networks[1]}2"

    def __enter__(self):
        try:
            self.build()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
            process.wait()
        for place in self.places():
            self.empty(place)
            subprocess.run(["ip", "netns", "del", self.space(place)], capture_output=True)

    def empty(self, place: str):
        """Ends what programs that ran there left behind: a server's workers outlive the server that is killed."""
        left = subprocess.run(["ip", "netns", "pids", self.space(place)], capture_output=True, text=True).stdout
        for process in left.split():
            try:
                os.kill(int(process), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def places(self):
        return [place for place in PLACES if place != "router" or self.routed]

    def space(self, place: str) -> str:
        return self.prefix + place

    # --- what happens in a place

    def start(self, place: str, *command, **options) -> subprocess.Popen:
        """A program that runs there until it ends, or the lab does."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
                   "cwd": self.folder} | options
        inside = ["ip", "netns", "exec", self.space(place), *map(str, command)]
        process = subprocess.Popen(inside, **options)
        self.processes.append(process)
        return process

    def run(self, place: str, *command, **options) -> str:
        return run("ip", "netns", "exec", self.space(place), *command, **options)

    def socket(self, place: str, kind: int) -> socket.socket:
        """A socket of this process, there: a thread that goes there makes it."""
        made = []

        def make():
            with open(f"/run/netns/{self.space(place)}") as space:
                if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) == 0:
                    made.append(socket.socket(socket.AF_INET, kind))
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def ip(self, place: str, *lines: str):
        run("ip", "-n", self.space(place), "-batch", "-", input="\n".join(lines))

    def counters(self, port: str) -> dict:
        """Frames that the switch sent to this port ("tx") and got from it ("rx")."""
        links = json.loads(run("ip", "-n", self.space("switch"), "-json", "-s", "link", "show", "dev", port))
        return {way: links[0]["stats64"][way]["packets"] for way in ("rx", "tx")}

    def address(self, place: str) -> str:
        return {"caller": self.caller, "callee": self.callee}[place]

    def url(self, place: str, port: int) -> str:
        return f"[{self.address(place)}]:{port}" if self.ipv6 else f"{self.address(place)}:{port}"

    # --- building

    def build(self):
        for place in self.places():
            run("ip", "netns", "add", self.space(place))
            # nobody announces himself: what the mirror shows are the calls
            quiet = ["net.ipv6.conf.default.router_solicitations=0",
                     "net.ipv6.conf.default.accept_ra=0", "net.ipv6.conf.default.addr_gen_mode=1",
                     "net.ipv6.conf.default.mldv2_unsolicited_report_interval=1"]
            if place in ("switch", "recorder") or not self.ipv6:
                quiet += ["net.ipv6.conf.default.disable_ipv6=1", "net.ipv6.conf.all.disable_ipv6=1"]
            if place == "router":
                quiet += ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                          "net.ipv4.conf.all.send_redirects=0"]
            self.run(place, "sysctl", "-q", "-w", *quiet)
            self.ip(place, "link set lo up")
        for bridge in ("br1", "br2")[:1 + self.routed]:
            self.ip("switch", f"link add {bridge} type bridge stp_state 0 mcast_snooping 0 forward_delay 0",
                    f"link set {bridge} up")
        self.build_peers()
        for number in (0, 1):
            self.cable("recorder", f"tap{number}", f"mirror{number}", TAP_MAC if number == 0 else None)
        self.build_mirror()

    def ends(self) -> list[tuple]:
        """Whose cables end at the switch: place, interface, network, address."""
        ends = [("caller", "eth0", 1, self.caller), ("callee", "eth0", 1 + self.routed, self.callee)]
        if self.routed:
            ends += [("router", f"eth{n}", n, f"{self.networks[n - 1]}fe") if self.ipv6 else
                     ("router", f"eth{n}", n, f"{self.networks[n - 1]}254") for n in (1, 2)]
        return ends

    def build_peers(self):
        prefix = 64 if self.ipv6 else 24
        ends = self.ends()
        for index, (place, name, network, address) in enumerate(ends, 1):
            port = place if place != "router" else f"router{network}"
            self.cable(place, name, port, f"02:00:00:00:00:{index:02x}")
            self.ip("switch", f"link set {port} master br{network}")
            self.ip(place, f"addr add {address}/{prefix} dev {name}" + (" nodad" if self.ipv6 else ""))
        macs = {(network, address): f"02:00:00:00:00:{index:02x}"
                for index, (_, _, network, address) in enumerate(ends, 1)}
        for place, name, network, address in ends:  # nobody has to ask who is where
            self.ip(place, *[f"neigh add {other} lladdr {mac} dev {name} nud permanent"
                             for (there, other), mac in macs.items() if there == network and other != address])
        if self.routed:
            for place, _, network, _ in ends[:2]:
                gateway = ends[1 + network][3]
                self.ip(place, f"route add default via {gateway}")

    def cable(self, place: str, name: str, port: str, mac=None):
        """A cable from an interface of this place to a port of the switch."""
        self.ip(place, f"link add {name} mtu 1500 type veth peer name {port} netns {self.space('switch')}")
        if mac:
            self.ip(place, f"link set {name} address {mac}")
        for there, interface in ((place, name), ("switch", port)):
            self.run(there, "ethtool", "-K", interface, *[word for name in OFFLOADS for word in (name, "off")])
            self.ip(there, f"link set {interface} up")

    def mirrored(self) -> tuple:
        """The ports that the mirror shows, and which ways of each."""
        ports = ["caller", "callee"] if self.mirror == "all" else ["caller"]
        return ports, ("ingress",) if self.mirror == "one-way" else BOTH_WAYS

    def build_mirror(self):
        target, (ports, ways) = "mirror0", self.mirrored()
        if self.mirror == "vxlan":
            target = self.build_tunnel()
        lines = [f"qdisc add dev {port} clsact" for port in ports]
        for port in ports:
            for way in ways:
                show = f"filter add dev {port} {way} protocol"
                if self.mirror == "split":  # ports 5060 to 5063, which tells SIP from the rest
                    sip = "all prio 1 u32 match ip protocol 17 0xff match ip"
                    lines += [f"{show} {sip} {end} 5060 0xfffc {self.copy_to('mirror0')}" for end in ("sport", "dport")]
                    target = "mirror1"
                lines.append(f"{show} all prio 9 u32 match u32 0 0 {self.copy_to(target)}")
        try:
            run("tc", "-n", self.space("switch"), "-batch", "-", input="\n".join(lines))
        except AssertionError as error:
            raise Unavailable(f"the kernel has no mirror: {error}") from error

    @staticmethod
    def copy_to(port: str) -> str:
        return f"action mirred egress mirror dev {port}"

    def build_tunnel(self) -> str:
        """A mirror through a network: as a switch far away sends it. Nobody answers at the tunnel's end."""
        try:
            self.ip("switch", "link set mirror0 mtu 1600", f"link set mirror0 address {MIRROR_MAC}",
                    "addr add 10.99.0.1/24 dev mirror0", f"neigh add 10.99.0.2 lladdr {TAP_MAC} dev mirror0",
                    "link add tunnel type vxlan id 99 local 10.99.0.1 remote 10.99.0.2 dstport 4789 dev mirror0",
                    "link set tunnel up")
        except AssertionError as error:
            raise Unavailable(f"the kernel has no VXLAN: {error}") from error
        self.ip("recorder", "link set tap0 mtu 1600")
        return "tunnel"


class Listener:
    """tcpdump in a place; what it heard is in `path`."""

    def __init__(self, lab: Lab, place: str, interface: str, *options):
        self.path = lab.folder / f"{lab.prefix}{place}-{interface}{''.join(options)}.pcap"
        errors = self.path.with_suffix(".err")
        with open(errors, "w") as log:
            self.process = lab.start(place, "tcpdump", "-n", "-U", "--immediate-mode", "-B", "32768", "-Z", "root",
                                     "-i", interface, *options, "-w", self.path, stderr=log)
        wait_for(lambda: "listening on" in errors.read_text(), 10, f"tcpdump on {interface}")

    def frames(self) -> int:
        """Heard so far, as the file shows."""
        data, count, at = self.path.read_bytes(), 0, 24
        while at + 16 <= len(data):
            at += 16 + int.from_bytes(data[at + 8:at + 12], "little")
            count += at <= len(data)
        return count

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
