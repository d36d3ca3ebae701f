"""Conversations through a back-to-back user agent: every leg archived, and those that belong together joined.

No two legs of different conversations may bear one conversation's id. Found whole is a conversation all of whose
joinable legs do. Not joinable are legs that nothing on the wire ties to another one: a phone that rang in vain and was
cancelled without a Reason, before any sound. They bear the number of a conversation that goes on at the same time, but
so do other conversations here, and numbers and times alone never join: such a leg must stay by itself.
"""
from collections import Counter, defaultdict

from accounting import assert_balanced
from koegura import Scenario, calls, record
from sound import assert_sample_exact
from traffic import expected_call, generate, observed_call

KINDS = ("twin", "transcoded", "fork", "blind", "attended", "reinvite", "pickup", "hold", "announcement", "session-id",
         "direct", "internal", "single")
LOSSLESS = ("PCMU", "PCMA")


class Conversations(Scenario):
    def generate_and_record(self, name, **options):
        """Gives the truth, and our records by Call-ID."""
        path = self.folder / name
        truth = generate(path.with_suffix(".pcap"), path.with_suffix(".json"), **options)
        self.archive = path
        assert_balanced(self, record(path, path.with_suffix(".pcap")))
        path.with_suffix(".pcap").unlink()
        found = {one["call_id"]: one for one in calls(path)}
        self.assertEqual({leg["call_id"] for leg in truth["calls"]}, set(found), "not every leg is archived once")
        return truth, found

    def test_legs(self):
        "every leg of every kind of conversation has a record that is right, and G.711 in it is sample-exact"
        for kind in KINDS:
            with self.subTest(kind=kind):
                truth, found = self.generate_and_record(kind, conversations=2, talk="8s", ring="500ms", kind=kind)
                pairs = [(leg, found[leg["call_id"]]) for leg in truth["calls"]]
                if kind == "direct":  # both legs name the endpoints: both calls have the audio
                    pairs = [(leg | {"streams": self.streams_of(leg["conversation"], truth)}, one) for leg, one in pairs]
                for leg, one in pairs:
                    self.assertEqual(expected_call(leg), observed_call(one))
                lossless = [(leg, one) for leg, one in pairs
                            if all(s["codec"] in LOSSLESS for s in leg["streams"])]
                assert_sample_exact(self, self.archive, self.folder, lossless)

    def streams_of(self, conversation, truth) -> list:
        """Of whichever of its legs the truth file gives them to."""
        return next(leg["streams"] for leg in truth["calls"] if leg["conversation"] == conversation and leg["streams"])

    def test_joining(self):
        "500 conversations, 30 % of them sharing number and time: none joined to another, 99 % found whole"
        truth, found = self.generate_and_record("many", conversations=500, concurrency=14, talk="30s", ring="800ms",
                                                seed=20261121, shared_numbers=0.35, no_rtcp=True)
        totals = truth["totals"]
        self.assertGreaterEqual(totals["sharing_a_number"], 0.3 * totals["conversations"])
        false = self.false_merges(truth, found)
        missed = self.misses(truth, found)
        self.print_counts(truth, found, missed)
        self.assertEqual([], false, "legs of different conversations were joined")
        self.assertEqual([], self.joined_without_evidence(truth, found))
        self.assertEqual([], self.wrongly_named(truth, found, missed))
        self.assertLessEqual(len(missed), 0.01 * totals["conversations"], "\n".join(missed.values()))

    def false_merges(self, truth, found) -> list:
        """Of each id that legs of several conversations bear: those legs, with why they were joined."""
        together = defaultdict(list)
        for leg in truth["calls"]:
            together[found[leg["call_id"]]["conversation"]].append(leg)
        return [[(leg["conversation"], leg["kind"], leg["call_id"], ties(found[leg["call_id"]])) for leg in legs]
                for legs in together.values() if len({leg["conversation"] for leg in legs}) > 1]

    def joinable(self, truth) -> dict[int, list]:
        legs = defaultdict(list)
        for leg in truth["calls"]:
            if leg["joinable"]:
                legs[leg["conversation"]].append(leg)
        return legs

    def misses(self, truth, found) -> dict[int, str]:
        """By number of each conversation that was not found whole: what it fell into."""
        missed = {}
        for index, legs in self.joinable(truth).items():
            parts = defaultdict(list)
            for leg in legs:
                parts[found[leg["call_id"]]["conversation"]].append(leg["call_id"])
            if len(parts) > 1:
                ambiguous = [found[leg["call_id"]].get("joining", {}).get("ambiguous", []) for leg in legs]
                missed[index] = f"{index} {legs[0]['kind']}: {list(parts.values())}, ambiguous: {ambiguous}"
        return missed

    def joined_without_evidence(self, truth, found) -> list:
        return [leg["call_id"] for leg in truth["calls"]
                if not leg["joinable"] and found[leg["call_id"]]["conversation"] != found[leg["call_id"]]["id"]]

    def wrongly_named(self, truth, found, missed) -> list:
        """A conversation's id is that of its first leg."""
        firsts = {c["index"]: found[c["legs"][0]]["id"] for c in truth["conversations"] if c["index"] not in missed}
        return [(index, firsts[index]) for index, legs in self.joinable(truth).items()
                if index in firsts and found[legs[0]["call_id"]]["conversation"] != firsts[index]]

    def print_counts(self, truth, found, missed):
        kinds = Counter(c["kind"] for c in truth["conversations"])
        missed_kinds = Counter(c["kind"] for c in truth["conversations"] if c["index"] in missed)
        by = Counter(tie["by"] for one in found.values() for tie in one.get("joining", {}).get("ties", []))
        lone = sum(not leg["joinable"] for leg in truth["calls"])
        totals = truth["totals"]
        print(f"{totals['conversations']} conversations of {len(truth['calls'])} legs, {lone} of them not joinable; "
              f"{totals['sharing_a_number']} share number and time with another")
        print("found whole: " + ", ".join(f"{kind} {count - missed_kinds[kind]}/{count}"
                                          for kind, count in kinds.most_common()))
        print("joined by: " + ", ".join(f"{name} {count}" for name, count in by.most_common()))
        for line in missed.values():
            print("missed: " + line)


def ties(one: dict) -> list[str]:
    return [f"{tie['by']} {tie['call']}" for tie in one.get("joining", {}).get("ties", [])]
