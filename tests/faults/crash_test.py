"""Promise 3, under kill -9: an archived call is never lost, doubled or half-written; audio is lost only while the
recorder is away, and in the last second before."""
import functools
import os
import shutil
import statistics
import subprocess
import time
import unittest
from dataclasses import dataclass, field
from pathlib import Path

from koegura import PROGRAM, Scenario, calls, koegura, record
from lab import wait_for
from load import Call, Kind, Load, Wire, packets_by_stream
from traffic import generate
from victim import FLUSH_S, KILLS, Victim, chance, sound_archive

MISSING = [name for name in ("ip", "ethtool") if not shutil.which(name)]
SLACK_S = 0.5  # until the writer's turn has come, and from being ready to being seen to be ready
TAIL_S = 0.12  # of a call's end nobody can tell whether more was to come
LIFE_S = 2.2   # of a recorder, on average


@dataclass
class Life:
    """When a recorder ran, in seconds of the load; ready is None if it did not live so long."""
    launched: float
    ready: float | None = None
    killed: float = float("inf")


@dataclass
class Lives:
    lives: list[Life] = field(default_factory=list)

    def deaf(self) -> list[tuple[float, float]]:
        """The spans of which something may be missing."""
        spans, since = [], float("-inf")
        for life in self.lives:
            if life.ready is None:
                continue
            spans.append((since, life.ready + SLACK_S))
            since = life.killed - FLUSH_S - SLACK_S
        return spans

    def safe(self, *moments: float) -> bool:
        return not any(begin <= at <= end for begin, end in self.deaf() for at in moments)


@unittest.skipUnless(os.geteuid() == 0, "needs root for network namespaces: tools/check runs it with sudo")
@unittest.skipIf(MISSING, f"not installed: {MISSING}; tools/packages/install tests")
class Killed(Scenario):
    def test_live(self):
        "a live recorder killed with -9 at random moments, again and again: every call once, and whole but for the outages"
        seconds = KILLS * LIFE_S
        load = Load(self.folder, [
            Kind(talk=2, at_once=6, seconds=seconds), Kind(talk=6, at_once=10, seconds=seconds),
            Kind(talk=17, at_once=10, seconds=seconds), Kind(talk=3, at_once=4, seconds=seconds, codec="G722"),
            Kind(talk=12, at_once=4, seconds=seconds, codec="G722"), Kind(talk=seconds - 2, at_once=3, seconds=1),
            Kind(talk=seconds - 2, at_once=2, seconds=1, codec="G722")])
        with Wire(self.folder) as wire:
            victim = Victim(wire, self.folder / "live")
            lives = self.kill_again_and_again(wire, victim, load)
            found = victim.archive_all(self)
        self.assertGreater(len(lives.lives), KILLS // 2)
        self.check_calls(load, lives, found)
        for one in load.calls.values():
            if lives.safe(one.start):
                self.check_media(one, lives, found, victim)

    def kill_again_and_again(self, wire: Wire, victim: Victim, load: Load) -> Lives:
        random, lives = chance("kills"), Lives()
        player = wire.play(load)
        while not player.is_over() and len(lives.lives) < KILLS:
            lives.lives.append(life := Life(player.now()))
            victim.launch()
            kind = random.random()
            if kind < 0.2:  # while it starts
                time.sleep(random.uniform(0, 0.4))
            else:
                wait_for(victim.is_ready, 60, "the recorder runs")
                life.ready = player.now()
                time.sleep(random.uniform(0, 2.5) if kind < 0.8 else random.uniform(2.5, 8))
            life.killed = player.now()
            victim.kill()
        lives.lives.append(life := Life(player.now()))
        victim.start()
        life.ready = player.now()
        sent = player.finish()
        self.assertLess(sent["latest_s"], SLACK_S / 2, "this machine is too slow: the sender came late")
        time.sleep(2 * FLUSH_S)
        victim.kill()
        starts = [one.ready - one.launched for one in lives.lives if one.ready is not None]
        print(f"   {len(lives.lives)} kills in {load.seconds:.0f} s, {sent['sent']} packets of {len(load.calls)} calls; a start "
              f"took {statistics.median(starts):.2f} s, at most {max(starts):.2f} s")
        return lives

    def check_calls(self, load: Load, lives: Lives, found: list[dict]):
        records = {one["call_id"]: one for one in found if one["call_id"]}
        self.assertEqual(set(), set(records) - set(load.calls), "calls that nobody made")
        begun = {i: one for i, one in load.calls.items() if lives.safe(one.start)}
        self.assertGreater(len(begun), 10, "hardly a call began while the recorder ran")
        self.assertEqual(set(), set(begun) - set(records), "calls that are lost")
        whole = {i: one.state for i, one in begun.items() if lives.safe(one.end, one.end + 0.1)}
        self.assertEqual(whole, {i: records[i]["state"] for i in whole})

    def check_media(self, call: Call, lives: Lives, found: list[dict], victim: Victim):
        """Of a call whose INVITE was heard: no packet twice, none missing that was flushed."""
        for ssrc, sent in call.streams.items():
            holding = [(one, stream) for one in found for stream in one["streams"] if int(stream["ssrc"], 16) == ssrc]
            safe = {number for number, at in sent.items() if lives.safe(at)}
            with self.subTest(call_id=call.call_id, ssrc=f"{ssrc:08x}"):
                self.assertLessEqual(len(holding), 1, "a stream is in several calls")
                if not safe:
                    continue
                self.assertTrue(holding, f"the stream is lost, {len(safe)} packets of it")
                one, stream = holding[0]
                self.assertEqual(call.call_id, one["call_id"])
                self.assertLessEqual(stream["packets"], len(sent))
                self.assertGreaterEqual(stream["packets"], len(safe), f"lost beyond the outages, of {len(sent)}")
                if call.lossless:
                    continue
                kept = self.packets_of(victim.archive, one["id"])[ssrc]
                self.assertEqual(set(), safe - kept, "packets that are lost")
                self.check_outages(one, {at - call.start for number, at in sent.items() if number not in kept})

    def check_outages(self, one: dict, missing: set[float]):
        """What is missing stands in the record as an outage, but for what came after its end, or just before."""
        outages = [(s["from_s"] - SLACK_S, s["to_s"] + SLACK_S) for s in one["spans"] if s["kind"] == "outage"]
        untold = [at for at in missing if at < one["duration_s"] - TAIL_S and not any(b <= at <= e for b, e in outages)]
        self.assertEqual([], sorted(untold)[:5], f"missing outside of the outages {outages}")

    @functools.cache
    def packets_of(self, archive: Path, call: str) -> dict[int, set[int]]:
        path = self.folder / "packets.pcapng"
        koegura("packets", call, "-o", path, "--force", "--archive", archive)
        return packets_by_stream(path.read_bytes())


class KilledReplay(Scenario):
    def test_replay(self):
        "record --read killed with -9 at random moments, and run again until it is through: the same calls, each once"
        capture = self.folder / "calls.pcap"
        generate(capture, calls=40, concurrency=40, talk="30s", codec=["PCMU"])
        record(self.folder / "whole", capture)
        wanted = [comparable(one) for one in calls(self.folder / "whole")]
        random, archive, kills = chance("replay"), self.folder / "killed", 0
        longest = 0.2
        for _ in range(3 * KILLS):
            process = subprocess.Popen([PROGRAM, "record", "--archive", archive, "--read", capture],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(random.uniform(0, longest))
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
        record(archive, capture)
        print(f"   {kills} kills")
        self.assertEqual(wanted, [comparable(one) for one in sound_archive(self, archive)])


def comparable(one: dict) -> dict:
    return {key: value for key, value in one.items() if key != "retention"}
