"""Each call of the disk fails once: the program says so, nothing is half-written, and the next run makes it whole."""
import os
import shutil
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from crash_test import comparable
from koegura import PROGRAM, Scenario, calls, record
from lab import wait_for
from load import Kind, Load, Wire
from traffic import generate
from victim import ALL, DENIED, DONE, FAILED, NO_SHIM, Victim, chance, shimmed, sound_archive

WAYS = {"open": ("EMFILE", "EROFS", "ENOSPC", "kill"), "write": ("ENOSPC", "EIO", "short", "kill"), "sync": ("EIO", "ENOSPC", "kill"),
        "rename": ("EIO", "ENOSPC", "kill"), "unlink": ("EIO", "kill"), "mkdir": ("ENOSPC", "EROFS"), "read": ("EIO",),
        "truncate": ("EIO",), "allocate": ("ENOSPC",)}
TRIALS = 60
KILLED = -9
WORDS = {FAILED: "refused", DENIED: "denied", DONE: "went on", KILLED: "killed"}


@unittest.skipIf(NO_SHIM, NO_SHIM)
class Replay(Scenario):
    def test_each(self):
        "record --read: the Nth open, write, sync, rename, ... fails, or is the last: said so, and recorded again it is whole"
        self.capture = self.folder / "calls.pcap"
        generate(self.capture, calls=6, concurrency=6, talk="3s", outcome=["answered", "answered", "busy"])
        trials, counts = [], self.counts()
        for kind, ways in WAYS.items():
            self.assertGreater(counts[kind], 0, f"no {kind}: the test tests nothing")
            trials += [(kind, number, ways[number % len(ways)] if not ALL else way)
                       for number in range(1, counts[kind] + 1) for way in (ways if ALL else ways[:1])]
        if not ALL:
            trials = chance("trials").sample(trials, TRIALS)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(self.attempt, trials))
        words = [result for result in results if result in WORDS.values()]
        print(f"   {len(trials)} of {sum(counts.values())} calls; " +
              ", ".join(f"{words.count(word)} {word}" for word in WORDS.values()))
        for (kind, number, way), result in zip(trials, results):
            if result not in words:
                with self.subTest(kind=kind, number=number, way=way):
                    self.fail(result)
        self.assertIn("refused", words)

    def counts(self) -> dict[str, int]:
        whole = self.folder / "whole"
        counts = self.folder / "counts"
        record(whole, self.capture, env=os.environ | shimmed(whole, counts=counts))
        self.wanted = {one["id"]: comparable(one) for one in calls(whole)}
        return {kind: int(number) for kind, number in (line.split() for line in counts.read_text().splitlines())}

    def attempt(self, trial) -> str:
        """One of WORDS, or what is wrong."""
        try:
            return self.try_once(*trial)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            return str(error)

    def try_once(self, kind: str, number: int, way: str) -> str:
        archive = self.folder / f"{kind}-{number}-{way}"
        run = subprocess.run([PROGRAM, "record", "--archive", archive, "--read", self.capture], timeout=60, text=True,
                             env=os.environ | shimmed(archive, fail=f"{kind}:{number}:{way}"), capture_output=True)
        self.assertIn(run.returncode, WORDS if way == "kill" else (DONE, FAILED, DENIED), run.stderr)
        if run.returncode in (FAILED, DENIED):
            self.assertIn(archive.name, run.stderr, "the message does not say where")
        if run.returncode == DONE:
            self.check_same(archive, f"exit code 0, but not all is there: {run.stderr}")
        record(archive, self.capture)
        self.check_same(archive, f"recorded again after {run.stderr}")
        shutil.rmtree(archive)
        return WORDS[run.returncode]

    def check_same(self, archive, when: str):
        found = {one["id"]: comparable(one) for one in sound_archive(self, archive)}
        self.assertEqual(set(self.wanted), set(found), when)
        for call, wanted in self.wanted.items():
            self.assertEqual({}, {key: (wanted[key], value) for key, value in found[call].items() if value != wanted[key]}, when)


@unittest.skipIf(NO_SHIM, NO_SHIM)
class Live(Scenario):
    def test_refusing(self):
        "a live recorder whose disk refuses for seconds: it waits, loses nothing, and archives all once the disk is well"
        changes = "open,write,mkdir,rename,truncate,allocate"
        ways = {"ENOSPC": changes, "EIO": "write,sync", "EROFS": changes + ",unlink", "delay1500": "sync"}
        load = Load(self.folder, [Kind(talk=2, at_once=3, seconds=14), Kind(talk=5, at_once=2, seconds=14),
                                  Kind(talk=12, at_once=2, seconds=14)])
        with ThreadPoolExecutor(len(ways)) as pool:  # they mostly wait
            attempts = {way: pool.submit(self.attempt, load, way, kinds) for way, kinds in ways.items()}
        for way, attempt in attempts.items():
            with self.subTest(way=way):
                attempt.result()

    def attempt(self, load: Load, way: str, kinds: str):
        flag, archive = self.folder / f"{way}.flag", self.folder / way
        with Wire(self.folder) as wire:
            victim = Victim(wire, archive, environment=shimmed(archive, fail=f"{kinds}:1+:{way}", only_while=flag))
            victim.start()
            player = wire.play(load)
            player.wait_until(3)
            flag.touch()
            player.wait_until(10)
            if not way.startswith("delay"):
                self.check_refused(victim)
            flag.unlink()
            player.finish()
            time.sleep(6)  # the calls' linger
            wait_for(victim.is_idle, 120, "the backlog is archived without a restart")
            self.assertFalse(victim.status()["spool"]["refused"])
            victim.end()
            check_all_there(self, load, victim.archive_all(self, new=0))

    def check_refused(self, victim: Victim):
        self.assertIsNone(victim.process.poll(), "the recorder ended")
        self.assertTrue(victim.status()["spool"]["refused"], victim.status())


def check_all_there(test, load: Load, found: list[dict]):
    """Every call, with every packet of it."""
    test.assertEqual({i: one.state for i, one in load.calls.items()}, {one["call_id"]: one["state"] for one in found})
    for one in found:
        test.assertEqual({f"0x{ssrc:08x}": len(sent) for ssrc, sent in load.calls[one["call_id"]].streams.items()},
                         {stream["ssrc"]: stream["packets"] for stream in one["streams"]})
