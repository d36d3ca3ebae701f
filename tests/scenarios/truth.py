"""What tshark says a capture holds (../shared/captures/truth), in the words of our records."""
import csv
import json
from decimal import Decimal

from koegura import CAPTURES, microseconds

CODECS = {"g711U": "PCMU", "g711A": "PCMA", "g722": "G722", "g729": "G729", "GSM": "GSM", "G726-32": "G726-32",
          "AMR-WB": "AMR-WB", "Speex": "speex", "opus": "opus"}
BUSY, MISSED = ("486", "600"), ("408", "480", "487", "603")


def captures() -> list[dict]:
    with open(CAPTURES / "INDEX.tsv", encoding="utf-8", newline="") as index:
        return list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))


def truth_of(row: dict) -> dict:
    """The truth file; numbers with a point stay exact."""
    if not row["truth"]:
        return {"calls": [], "streams_not_tied_to_a_call": []}
    return json.loads((CAPTURES / row["truth"]).read_text(encoding="utf-8"), parse_float=Decimal)


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
    """When the last packet of the call was seen."""
    return max([Decimal(line.split()[1]) for line in call.get("ladder", [])] + [s["last"] for s in call["streams"]])


def released_by(call: dict) -> str:
    if not call["release_by"]:
        return "recorder"
    return "caller" if call["release_by"] == call["caller"].rsplit(":", 1)[0] else "callee"


def stream(s: dict) -> dict:
    return {"source": s["src"], "destination": s["dst"], "codec": CODECS.get(s["codec"].split(",")[0], s["codec"]),
            "packets": s["packets"], "lost": s["lost"],
            "first": microseconds(s["first"]), "last": microseconds(s["last"])}


def digits(call: dict) -> str:
    pressed = [(d["first"], d["digit"]) for s in call["streams"] for d in s.get("dtmf", [])]
    pressed += [(d["t"], d["digit"]) for d in call.get("sip_info_dtmf", [])]
    return "".join(digit for _, digit in sorted(pressed))


def expected_call(call: dict) -> dict:
    """The comparable part of the record that this call must have."""
    def moment(key):
        return microseconds(call[key]) if call[key] is not None else None

    return {
        "caller": call["from_user"], "callee": call["to_user"],
        "state": state_of(call),
        "start": moment("start"), "ringing": moment("ringing_time"), "answered": moment("answer_time"),
        "end": microseconds(call["end"] if call["end"] is not None else last_seen(call)),
        "released_by": released_by(call),
        "streams": {s["ssrc"]: stream(s) for s in call["streams"]},
        "digits": digits(call),
        "holds": 0,
    }
