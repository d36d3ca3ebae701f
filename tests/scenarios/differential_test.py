"""parse_sip against tshark: 10,000 damaged messages, and every disagreement is of a class that somebody thought about."""
import collections
import itertools
from pathlib import Path

from koegura import PROGRAM, Scenario, tool
from sip_differences import DIFFERENCES, FIELDS, with_line_ends
from sip_mutations import mutated_messages, write_capture

MESSAGES, SEED = 10_000, 3261
SIP_FIELDS = Path(PROGRAM).parents[1] / "tests/differential/sip_fields"
TSHARK_FIELDS = ("sip.Call-ID", "sip.From", "sip.from.addr", "sip.from.tag", "sip.To", "sip.to.addr", "sip.to.tag",
                 "sip.CSeq.seq", "sip.CSeq.method", "sip.Method", "sip.Status-Code")
MOST_AT_ONCE = 5  # oddities that together explain one difference


def shown(octets: bytes) -> str:
    """As tshark shows it: no further than a NUL."""
    text = octets.partition(b"\0")[0].decode("utf-8", "replace")
    return text.translate({ord(char): escape for char, escape in
                           (("\r", "\\r"), ("\n", "\\n"), ("\t", "\\t"), ("\f", "\\f"), ("\v", "\\v"), ("\b", "\\b"))})


def our_readings(capture) -> list:
    """FIELDS of each message, or the defect for which it was refused."""
    readings = []
    for line in tool(SIP_FIELDS, capture).splitlines():
        if line.startswith("!"):
            readings.append(line)
            continue
        words = line.split("\t")
        *texts, method, status = (word if place in (7, 9) else shown(bytes.fromhex(word)) for place, word in enumerate(words))
        is_request = status == "0"
        readings.append((*texts, method, method if is_request else "", "" if is_request else status))
    return readings


def tshark_readings(capture) -> list:
    command = ["tshark", "-r", capture, "-T", "fields", "-E", "occurrence=f"]
    rows = tool(*command, *(word for field in TSHARK_FIELDS for word in ("-e", field))).split("\n")
    return [tuple(row.split("\t")) for row in rows[:-1]]


def agree(ours, theirs) -> bool:
    """A message that we refuse is none for tshark."""
    return not any(theirs) if isinstance(ours, str) else ours == theirs


def differing(ours, theirs) -> set:
    if isinstance(ours, str):
        return set(FIELDS)
    return {name for name, our, their in zip(FIELDS, ours, theirs) if our != their}


def classes_of(message) -> list:
    """Those that would change something; damaged line ends may hide that."""
    whole = with_line_ends(message)
    return [d for d in DIFFERENCES if any(change(octets) != octets for octets in {message, whole}
                                          for change in {d.ours, d.theirs})]


def attempts(message, wanted, classes, size):
    """Every set of so many classes that names the fields that differ, and the message without its oddities."""
    for chosen in itertools.combinations(classes, size):
        if not wanted <= {field for difference in chosen for field in difference.fields}:
            continue
        ours = theirs = message
        for difference in chosen:
            ours, theirs = difference.ours(ours), difference.theirs(theirs)
        yield chosen, ours, theirs


class DifferentialTest(Scenario):

    def both_read(self, name, our_messages, their_messages):
        ours, theirs = self.folder / f"{name}-ours.pcap", self.folder / f"{name}-theirs.pcap"
        write_capture(ours, our_messages)
        write_capture(theirs, their_messages)
        return our_readings(ours), tshark_readings(theirs)

    def test_ten_thousand_messages(self):
        "10,000 damaged SIP messages: tshark agrees, or the difference is of a listed class"
        messages = mutated_messages(MESSAGES, SEED)
        ours, theirs = self.both_read("all", messages, messages)
        self.assertEqual((MESSAGES, MESSAGES), (len(ours), len(theirs)))
        wanted = {i: differing(ours[i], theirs[i]) for i in range(MESSAGES) if not agree(ours[i], theirs[i])}
        applying = {i: classes_of(messages[i]) for i in wanted}
        counted = collections.Counter(agree=MESSAGES - len(wanted))
        for size in range(1, MOST_AT_ONCE + 1):
            tries = [(i, *attempt) for i in wanted for attempt in attempts(messages[i], wanted[i], applying[i], size)]
            our_tries, their_tries = self.both_read(f"without-{size}", [t[2] for t in tries], [t[3] for t in tries])
            for (i, chosen, *_), our, their in zip(tries, our_tries, their_tries):
                if i in wanted and agree(our, their):
                    del wanted[i]
                    counted.update(difference.name for difference in chosen)
        for name, count in counted.most_common():
            print(f"   {count:6} {name}")
        examples = [(messages[i], ours[i], theirs[i]) for i in list(wanted)[:3]]
        self.assertFalse(examples, f"{len(wanted)} unlisted differences")
        self.assertFalse([d.name for d in DIFFERENCES if d.name not in counted], "listed, and does not occur")
