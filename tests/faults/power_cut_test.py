"""Promise 3, without power: what the recorder asked of its disk is written down, and a disk is made as it may stand
after a cut at any moment of it (the model is in disk_log.py). The recorder starts on each, and what it had promised
must be there."""
import os
import shutil
import time
import unittest
from collections import defaultdict

from koegura import Scenario, calls, koegura
from lab import wait_for
from load import Kind, Load, Wire, packets_by_stream
from disk_log import OPEN, RENAME, SYNC_BEGIN, SYNC_END, UNLINK, Disk, acknowledged, lay, read_log
from victim import ALL, FLUSH_S, NO_SHIM, Victim, chance, shimmed, sound_archive

CUTS = 20
SLACK_S = 0.5  # of a slow machine
FEW = 8       # packets of a stream whose call may have been taken for something else


@unittest.skipUnless(os.geteuid() == 0, "needs root for network namespaces: tools/check runs it with sudo")
@unittest.skipUnless(shutil.which("ethtool"), "not installed: ethtool; tools/packages/install tests")
@unittest.skipIf(NO_SHIM, NO_SHIM)
class PowerCut(Scenario):
    def test_power_cut(self):
        "the power is cut at syncs, names and writes: archived calls are whole and single, calls in progress come out up to the last flush"
        load = Load(self.folder, [Kind(talk=1.5, at_once=3, seconds=16), Kind(talk=5, at_once=3, seconds=18),
                                  Kind(talk=3, at_once=2, seconds=16, codec="G722"), Kind(talk=15, at_once=2, seconds=18)])
        self.lines, began = self.recorded(load)
        self.done = acknowledged(self.lines)
        self.assertGreater(len(self.done), 5, "hardly a call was archived: the test tests nothing")
        self.whole = {one["id"]: one for one in calls(self.folder / "recorded")}
        self.late = []
        cuts, ages = self.chosen_cuts(), []
        disk, random = Disk(), chance("pages")
        with Wire(self.folder) as wire:
            for number in disk.run(self.lines):
                for kind in cuts.get(number, ()):
                    choose = {"least": lambda n: 0, "most": lambda n: n, "some": lambda n: random.randint(0, n)}[kind]
                    with self.subTest(line=number, of=len(self.lines), on_disk=kind):
                        flushed = self.flushed(disk)
                        ages += self.ages(load, began, flushed, number)
                        self.check(wire, disk.after_cut(choose), number, flushed)
        print(f"   {sum(map(len, cuts.values()))} cuts of {len(self.lines)} lines, {len(self.done)} calls archived; "
              f"a power cut costs at most {max(ages):.2f} s, {sum(ages) / len(ages):.2f} s on average")
        self.assertLess(max(ages), FLUSH_S + SLACK_S, "what a power cut costs")

    def recorded(self, load: Load):
        """A recorder that is killed and recovers, on a disk that remembers."""
        log = self.folder / "disk.log"
        archive = self.folder / "recorded"
        with Wire(self.folder) as wire:
            victim = Victim(wire, archive, environment=shimmed(archive, log=log))
            victim.start()
            player = wire.play(load)
            player.wait_until(9)
            victim.kill()
            victim.start()
            player.finish()
            wait_for(victim.is_recovered, 60, "the recovery")
            time.sleep(2 * FLUSH_S)
            victim.end()
        return read_log(log), player.began

    def chosen_cuts(self) -> dict[int, list[str]]:
        """Line → what of it is on disk."""
        random, cuts = chance("cuts"), defaultdict(list)
        barriers = [i for i, line in enumerate(self.lines) if line.op in (SYNC_BEGIN, SYNC_END)]
        names = [i for i, line in enumerate(self.lines) if line.op in (RENAME, UNLINK, OPEN)]
        first = next(iter(sorted(self.done.values())))
        if ALL:
            for number in barriers + names[::3]:
                cuts[number] += ["least", "some", "most"]
            return cuts
        later = [number for number in barriers if number > first]
        for i, kind in enumerate(["least", "some", "some", "most"] * (CUTS // 4)):
            at = random.choice((later, later, barriers, names)[i // 4 % 4])
            cuts[at].append(kind)
        return cuts

    def flushed(self, disk: Disk) -> dict[int, set[int]]:
        """SSRC → the packets that must have survived in the spool."""
        found = defaultdict(set)
        for path, file in disk.durable.entries.items():
            if file and path.startswith(f"{disk.folder}/spool/") and path.endswith(".pcapng"):
                for ssrc, numbers in packets_by_stream(bytes(file.synced)).items():
                    found[ssrc] |= numbers
        return found

    def ages(self, load: Load, began: float, flushed, number: int) -> list[float]:
        """Of each stream that is going on now and is known to the spool: how much of its end the cut costs."""
        now, ages = self.lines[number].time - began, []
        for call in load.calls.values():
            if not call.start + 3 < now < call.end:
                continue
            for ssrc, sent in call.streams.items():
                kept = [sent[n] for n in flushed.get(ssrc, ()) if n in sent]
                last_sent = max((at for at in sent.values() if at < now), default=None)
                if kept and last_sent:
                    ages.append(last_sent - max(kept))
        return ages or [0.0]

    def check(self, wire: Wire, tree, number: int, flushed):
        archive = self.folder / "cut"
        shutil.rmtree(archive, ignore_errors=True)
        archive.mkdir(mode=0o750)
        lay(tree, archive)
        koegura("status", "--json", "--archive", archive, exit_code=(0, 1))
        victim = Victim(wire, archive)
        try:
            victim.start()
            wait_for(victim.is_idle, 60, "recovery")
            victim.end()
        finally:
            if victim.process.poll() is None:
                victim.kill()
        found = {one["id"]: one for one in sound_archive(self, archive)}
        due = {call for call, line in self.done.items() if line <= number}
        self.assertEqual(set(), due - set(found), "archived calls that are lost")
        self.assertEqual({i: self.whole[i]["audio"]["sha256"] for i in due}, {i: found[i]["audio"]["sha256"] for i in due})
        self.assert_kept(flushed, found)

    def assert_kept(self, flushed: dict[int, set[int]], found: dict[str, dict]):
        kept = defaultdict(list)
        for one in found.values():
            for stream in one["streams"]:
                kept[int(stream["ssrc"], 16)].append(stream["packets"])
        for ssrc, numbers in flushed.items():
            if len(numbers) >= FEW:
                self.assertEqual(1, len(kept[ssrc]), f"calls that hold the stream {ssrc:08x}")
                self.assertGreaterEqual(kept[ssrc][0], len(numbers), f"packets of the stream {ssrc:08x}")
