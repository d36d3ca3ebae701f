"""Promise 8: memory grows with concurrent calls, never with their length."""
import os
import subprocess

from koegura import PROGRAM, Scenario
from traffic import generate


class Memory(Scenario):
    def peak_of(self, talk: str) -> int:
        """Peak memory in KB of recording 50 calls at once that last this long."""
        capture = self.folder / f"{talk}.pcap"
        generate(capture, calls=50, concurrency=50, talk=talk)
        process = subprocess.Popen([PROGRAM, "record", "--archive", self.folder / talk, "--read", capture],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(0, process.returncode)
        capture.unlink()
        return usage.ru_maxrss

    def test_length(self):
        "calls four times as long need no more memory"
        short, long = self.peak_of("60s"), self.peak_of("240s")
        self.assertLess(long / short, 1.3, f"{short} KB for 60 s, {long} KB for 240 s")
