"""What tshark says a capture holds (../shared/captures/truth), in the words of our records."""
import csv
import functools
import json
from decimal import Decimal

from koegura import CAPTURES, Moment

CODECS = {"g711U": "PCMU", "g711A": "PCMA", "g722": "G722", "g729": "G729", "GSM": "GSM", "G726-32": "G726-32",
          "AMR-WB": "AMR-WB", "Speex": "speex", "opus": "opus"}
BUSY, MISSED = ("486", "600"), ("408", "480", "487", "603")


def captures() -> list[dict]:
    with open(CAPTURES / "INDEX.tsv", encoding="utf-8", newline="") as index:
        return list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))


@functools.cache
def of(path: str) -> dict:
    """A truth file; numbers with a point stay exact. No path, no calls."""
    if not path:
        return {"calls": [], "streams_not_tied_to_a_call": []}
    return json.loads((CAPTURES / path).read_text(encoding="utf-8"), parse_float=Decimal)


def state_of(call: dict) -> str:
    if call["answered"]:
        return "answered" if call["end"] and call["start"] else "interrupted"
    if call.get("cancel"):
        return "cancelled"
    final = call["final_codes"][-1] if call["final_codes"] else ""
    if final in BUSY:
        return "busy"
    return "missed" if final in MISSED else "failed" if final else "interrupted"


def last_seen(call: dict) -> Decimal:
    """When the last packet of the call was seen; a compact truth file has no ladder, and the answer was the last."""
    seen = [Decimal(line.split()[1]) for line in call.get("ladder", [])] + [s["last"] for s in call["streams"]]
    return max(seen, default=call["answer_time"])


def ladder(call: dict) -> list[str]:
    """One line a message, in order of time: "1362685109.609803 INVITE", "… 180 INVITE"."""
    steps = []
    for line in call["ladder"]:
        _, at, _, _, _, what, _, _, method = line.split()[:9]
        steps.append(f"{Decimal(at):.6f} {what} {method}" if what.isdigit() else
                     f"{Decimal(at):.6f} {what}")
    return sorted(steps)


def ringing(call: dict) -> Moment | None:
    """The first 180 or 183 to an INVITE on any hop; tshark's ringing_time knows no 183."""
    rang = [step.split()[0] for step in ladder(call) if step.split()[1:] in (["180", "INVITE"], ["183", "INVITE"])
            ] if "ladder" in call else []
    return Moment(min(rang)) if rang else Moment(call["ringing_time"]) if call["ringing_time"] else None


def holds(call: dict) -> int:
    """How often a re-INVITE asked for silence; both hops show it."""
    held, count = False, 0
    for one in sorted(call["reinvites"], key=lambda r: r["t"]):
        silent = bool({"sendonly", "inactive"} & set(one["direction_attr"])) or one["conn"] == "0.0.0.0"
        count += silent and not held
        held = silent
    return count


def released_by(call: dict) -> str:
    if not call["release_by"]:
        return "recorder"
    return "caller" if call["release_by"] == call["caller"].rsplit(":", 1)[0] else "callee"


def stream(s: dict) -> dict:
    codec = s["codec"].split(",")[0].replace("RTPType-", "PT ")
    return {"source": s["src"], "destination": s["dst"], "codec": CODECS.get(codec, codec),
            "packets": s["packets"], "lost": s["lost"],
            "first": Moment(s["first"]), "last": Moment(s["last"])}


def streams(found: list[dict]) -> dict:
    """By SSRC and destination: a relay sends one SSRC on under the same number."""
    return {f"{s['ssrc']} to {s['dst']}": stream(s) for s in found}


def digits(call: dict) -> str:
    pressed = [(d["first"], d["digit"]) for s in call["streams"] for d in s.get("dtmf", [])]
    pressed += [(d["t"], d["digit"]) for d in call.get("sip_info_dtmf", [])]
    return "".join(digit for _, digit in sorted(pressed))


def expected_call(call: dict) -> dict:
    """The comparable part of the record that this call must have."""
    def at(key):
        return Moment(call[key]) if call[key] is not None else None

    return {
        "caller": call["from_user"], "callee": call["to_user"],
        "state": state_of(call),
        "start": at("start"), "ringing": ringing(call), "answered": at("answer_time"),
        "end": Moment(call["end"] if call["end"] is not None else last_seen(call)),
        "released_by": released_by(call),
        "streams": streams(call["streams"]),
        "digits": digits(call),
        "holds": holds(call),
    }
