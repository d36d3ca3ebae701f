"""Runs the scenarios: run.py KOEGURA [NAME-PART...]. One "ok" or "not ok" a scenario; what failed, after it.

KOEGURA is the program under test; with names, only scenarios whose name contains one of them run; with names that
begin with "!", only those whose name contains none of these.

What is missing skips a scenario: root's rights, a program, a network namespace. As root everything can be there
(tools/packages/install tests), so that a skipped scenario counts as failed: live proof that is not given must not look
like one that was. KOEGURA_MAY_SKIP=1 lets root skip, too.
"""
import os
import signal
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
MAY_SKIP = os.geteuid() != 0 or bool(os.environ.get("KOEGURA_MAY_SKIP"))


class SayEach(unittest.TestResult):
    """One line a scenario, its details after it."""

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.monotonic()

    def say(self, word, test, details=""):
        name = test.shortDescription() or test.id()
        print(f"{word} {test.id().split('.', 1)[0]}: {name} ({time.monotonic() - self.begun:.1f} s)", flush=True)
        if details:
            print("   " + details.replace("\n", "\n   "), flush=True)

    def addSuccess(self, test):
        self.say("ok", test)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            self.say("not ok", test, f"{subtest._subDescription()}\n{self._exc_info_to_string(error, test)}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say("skipped" if MAY_SKIP else "not ok", test, f"skipped: {reason}")

    def wasSuccessful(self):
        return super().wasSuccessful() and (MAY_SKIP or not self.skipped)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.say("not ok", test, self.failures[-1][1])

    def addError(self, test, error):
        super().addError(test, error)
        self.say("not ok", test, self.errors[-1][1])


def is_chosen(name, parts):
    wanted = [part for part in parts if not part.startswith("!")]
    refused = [part[1:] for part in parts if part.startswith("!")]
    return (not wanted or any(p in name for p in wanted)) and not any(p in name for p in refused)


def chosen(suite, parts):
    """The tests of a suite, flat, whose name or sentence contains one of the parts."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from chosen(test, parts)
        elif is_chosen(f"{test.id()} {test.shortDescription()}", parts):
            yield test


def main() -> int:
    os.environ["KOEGURA"] = str(Path(sys.argv[1]).resolve())
    os.environ.setdefault("KOEGURA_SHARED", str(HERE.parents[2] / "shared"))
    os.environ["TZ"] = "Asia/Tokyo"
    sys.path.insert(0, str(HERE))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that labs and folders go, as at an interrupt
    suite = unittest.defaultTestLoader.discover(str(HERE), pattern="*_test.py")
    result = SayEach()
    unittest.TestSuite(chosen(suite, sys.argv[2:])).run(result)
    print(f"{result.testsRun} scenarios")
    return 0 if result.testsRun and result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
