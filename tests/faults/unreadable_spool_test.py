"""A recorder that starts on a spool that its disk cannot read any more."""
import os
import unittest

from koegura import Scenario
from lab import wait_for
from load import Kind, Load, Wire
from victim import NO_SHIM, Victim, shimmed, sound_archive


@unittest.skipUnless(os.geteuid() == 0, "needs root for network namespaces: tools/check runs it with sudo")
@unittest.skipIf(NO_SHIM, NO_SHIM)
class UnreadableSpool(Scenario):
    def load(self, seed: int) -> Load:
        folder = self.folder / f"load-{seed}"
        folder.mkdir()
        return Load(folder, [Kind(talk=2, at_once=2, seconds=4), Kind(talk=3, at_once=2, seconds=4, codec="G722")], seed=seed)

    def test_live(self):
        "what was left in the spool, and the note of what was archived, cannot be read: it starts, says so, and hears what comes"
        first, second, flag = self.load(1), self.load(2), self.folder / "unreadable.flag"
        with Wire(self.folder) as wire:
            victim = Victim(wire, self.folder / "archive")
            victim.start()
            player = wire.play(first)
            wait_for(lambda: any(path.stat().st_size > 50_000 for path in victim.archive.glob("spool/*.pcapng")), 20,
                     "packets are on disk")
            victim.kill()
            player.finish()
            flag.touch()
            victim.environment = shimmed(victim.archive / "spool", fail="read:1+:EIO", only_while=flag)
            victim.start()
            wait_for(victim.is_recovered, 30, "the spool was gone through")
            wait_for(lambda: "spool_damaged" in victim.findings(), 20, "it is said")
            flag.unlink()
            wire.play(second).finish()
            wait_for(victim.is_idle, 60, "what came is archived")
            victim.end()
            found = {one["call_id"] for one in sound_archive(self, victim.archive)}
        self.assertEqual(set(second.calls), found & set(second.calls), "calls that are lost")
