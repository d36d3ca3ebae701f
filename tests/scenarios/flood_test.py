"""A flood beside real calls: what its limits let the recorder pass over is the flood, and nothing else."""
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from accounting import assert_balanced
from lab import wait_for
from live import MISSING, Live
from peers import Sipp
from recorder import Recorder

CONFIG = """
[capture]
max_streams = 1024
max_datagrams_in_reassembly = 64
[tcp]
max_connections = 256
max_buffered = "4MiB"
[signalling]
max_legs = 2000
"""
CALLS, SECONDS, RATE = 8, 4, 20_000
# What the limits allow: legs at 6 KiB and streams at 5 KiB, 64 datagrams of 64 KiB, TCP's own limit; and a ring of
# 8 MiB between the threads, which a flood touches to its end.
MEBIBYTE = 1 << 20
MOST_GROWN = (2000 * 6 + 1024 * 5 + 64 * 64) * 1024 + (4 + 8) * MEBIBYTE
SLACK = 8 * MEBIBYTE


@unittest.skipUnless(os.geteuid() == 0, "needs root for network namespaces: tools/check runs it with sudo")
@unittest.skipIf(MISSING, f"not installed: {MISSING}; tools/packages/install tests")
class Flood(Live):
    def test_flood(self):
        "a flood of INVITEs, RTP, fragments and TCP beside eight calls: they are recorded whole, in bounded memory"
        lab = self.lab()
        config = self.folder / "koegura.toml"
        config.write_text(CONFIG)
        recorder = Recorder(lab, config=config).__enter__()
        self.addCleanup(recorder.__exit__)
        known = Sipp(lab, CALLS, rate=20, seconds=SECONDS + 4.0, digits="N")
        known.start()
        wait_for(lambda: recorder.status()["recorder"]["hearing"].get("talking") == CALLS, 20, "all calls are talking")
        before = memory(recorder, "VmRSS")
        sent = self.flood(lab)
        grown = memory(recorder, "VmHWM") - before
        print(f"  the recorder grew by {grown / MEBIBYTE:.1f} MiB in a flood of {sent} frames")
        self.assertLess(grown, MOST_GROWN + SLACK, f"bytes of memory, of {sent} frames")

        def limits():
            return {limit["name"]: limit for limit in recorder.status()["recorder"].get("limits", [])}
        of_each = sent // 4
        wait_for(lambda: limits().get("legs", {}).get("hits") == of_each + CALLS - 2000, 20, "legs refused, all of them")
        self.assertLessEqual({"strangers", "fragments", "tcp_connections"}, set(limits()))
        self.assertEqual("signalling.max_legs", limits()["legs"]["setting"])
        wait_for(lambda: "limit_hit" in recorder.findings(), 20, "the alarm")

        answered = known.finish()
        wait_for(lambda: len(recorder.calls()) == CALLS, 30, "the calls are archived while the recorder runs")
        self.check_states(recorder.archive, answered)
        self.check_calls(recorder.archive, answered)
        self.assertEqual([(0, 0)], [(s["lost_ring"], s["lost_interface"]) for s in recorder.status()["recorder"]["sources"]])
        accounting = recorder.stop()
        assert_balanced(self, accounting)
        self.assertEqual(recorder.frames_shown, accounting["frames"]["received"])

    def flood(self, lab) -> int:
        """Sends it, and gives the number of frames once all of it is out."""
        script = Path(__file__).with_name("flood.py")
        process = lab.start("switch", sys.executable, script, "mirror0", SECONDS, RATE, stdout=subprocess.PIPE, text=True)
        output, _ = process.communicate(timeout=60)
        self.assertEqual(0, process.returncode)
        return int(output)


def memory(recorder: Recorder, which: str) -> int:
    status = Path(f"/proc/{recorder.process.pid}/status").read_text()
    return 1024 * int(re.search(rf"^{which}:\s+(\d+) kB", status, re.MULTILINE)[1])
