"""A city hall's telephones: an exchange, phones and the carrier's line on one switch, each a place of its own.

The mirror shows what each of them sends, so that a message or a voice is seen on every hop, and on each once.
"""
import shutil
import signal
from pathlib import Path

from lab import Lab, wait_for
from peers import bound

PHONES = ("phone1", "phone2", "phone3")
STATIONS = ("exchange", "trunk", *PHONES)
CONFIG = Path(__file__).resolve().parent / "kamailio.cfg"
MISSING = [name for name in ("kamailio", "rtpengine") if not shutil.which(name)]


class Exchange(Lab):
    """with Exchange(folder) as lab: ...; a place is a station's name."""

    def __init__(self, folder: Path, stations=STATIONS):
        super().__init__(folder)
        self.stations = stations

    def places(self):
        return [*self.stations, "switch", "recorder"]

    def ends(self) -> list[tuple]:
        return [(station, "eth0", 1, self.address(station)) for station in self.stations]

    def mirrored(self) -> tuple:
        return self.stations, ("ingress",)

    def address(self, place: str) -> str:
        return f"{self.networks[0]}{10 + self.stations.index(place)}"


class Server:
    """A program of the exchange, up when this returns. It ends with stop(), or with the lab."""

    def __init__(self, lab: Lab, port: int, name: str, *command):
        self.output = lab.folder / f"{name}-{lab.prefix}.out"
        with open(self.output, "w") as output:
            self.process = lab.start("exchange", *command, stdout=output, stderr=output)
        try:
            wait_for(lambda: bound(self.process, port), 20, f"{name} is up")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output.read_text()[-3000:]}") from error

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Kamailio(Server):
    """Registrar and proxy; kamailio.cfg says which number goes where. features: words that it knows by #!ifdef."""

    def __init__(self, lab: Lab, *features: str):
        folder = lab.folder / f"kamailio-{lab.prefix}"
        folder.mkdir()
        config = CONFIG.read_text().replace("@EXCHANGE@", lab.address("exchange"))
        (folder / "kamailio.cfg").write_text(config.replace("@CARRIER@", lab.address("trunk")))
        defines = [word for feature in features for word in ("-A", feature)]
        super().__init__(lab, 5060, "kamailio", "kamailio", "-f", folder / "kamailio.cfg", "-DD", "-E", "-Y", folder,
                         "-w", folder, "-m", "32", "-M", "4", *defines)

    def knows(self, number: str):
        wait_for(lambda: f"registered {number}\n" in self.output.read_text(), 10, f"{number} is registered")


class Rtpengine(Server):
    """Relays media for kamailio, in user space: what is sent on has the exchange's address and another port."""

    def __init__(self, lab: Lab):
        super().__init__(lab, 2223, "rtpengine", "rtpengine", "--foreground", "--log-stderr", "--log-level=6",
                         "--table=-1", f"--interface={lab.address('exchange')}", "--listen-ng=127.0.0.1:2223",
                         "--port-min=30000", "--port-max=30199", "--num-threads=2", "--media-num-threads=1")
