"""Runs the fault tests: run.py KOEGURA [--kills N] [--seed N] [--all] [NAME-PART...]. Output as of scenarios/run.py.

--kills N  how often the live recorder is killed [20]
--seed N   of all that is chosen by chance [1]
--all      every call of the disk fails once, and the power is cut at every sync; minutes and not seconds
"""
import argparse
import os
import signal
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios"), str(HERE)]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("koegura", type=Path)
    arguments.add_argument("--kills", default="20")
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--all", action="store_true")
    arguments.add_argument("names", nargs="*")
    chosen = arguments.parse_intermixed_args()
    os.environ["KOEGURA"] = str(chosen.koegura.resolve())
    os.environ.setdefault("KOEGURA_SHARED", str(HERE.parents[2] / "shared"))
    os.environ["TZ"] = "Asia/Tokyo"
    os.environ["FAULTS_KILLS"], os.environ["FAULTS_SEED"] = chosen.kills, chosen.seed
    os.environ["FAULTS_ALL"] = "1" if chosen.all else ""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that labs and folders go, as at an interrupt
    import run as scenarios  # its own, that of tests/scenarios
    suite = unittest.defaultTestLoader.discover(str(HERE), pattern="*_test.py")
    result = scenarios.SayEach()
    unittest.TestSuite(scenarios.chosen(suite, chosen.names)).run(result)
    print(f"{result.testsRun} fault tests")
    return 0 if result.testsRun and result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
