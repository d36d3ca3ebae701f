"""Our records, in the shape that truth.py gives tshark's."""
import re

from koegura import Moment, moment


def user(raw: str) -> str:
    """The user part of a URI as written; none where the URI has none."""
    number, at, _ = re.sub(r"^(sips?|tel):", "", raw).partition("@")
    return number.split(";")[0] if at or raw.startswith("tel:") else ""


def stream(s: dict) -> dict:
    return {"source": s["source"], "destination": s["destination"], "codec": s["codec"],
            "packets": s.get("packets", 0), "lost": s.get("lost", 0),
            "first": Moment(moment(s["first"])), "last": Moment(moment(s["last"]))}


def streams(record: dict) -> dict:
    """By SSRC and destination: a relay sends one SSRC on under the same number."""
    return {f"{s['ssrc']} to {s['destination']}": stream(s) for s in record.get("streams", [])}


def ladder(steps: list[dict]) -> list[str]:
    """One line a message, in order of time: "1362685109.609803 INVITE", "… 180 INVITE"."""
    return sorted(f"{moment(s['time']):.6f} {int(s['status'])} {s['method']}".replace(" 0 ", " ") for s in steps)


def holds(spans: list[dict]) -> int:
    """A hold by the one, then by both, then by the other is three spans of one hold."""
    held = [s for s in spans if s["kind"] == "hold"]
    return len({s["from_s"] for s in held} - {s["to_s"] for s in held})


def observed_call(record: dict) -> dict:
    def at(key):
        return Moment(moment(record[key])) if record.get(key) else None

    return {
        "caller": user(record["caller"].get("raw", "")), "callee": user(record["callee"].get("raw", "")),
        "state": record["state"],
        "start": at("start"), "ringing": at("ringing"), "answered": at("answered"), "end": at("end"),
        "released_by": record["release"]["by"],
        "streams": streams(record),
        "digits": "".join(d["digit"] for d in record.get("digits", [])),
        "holds": holds(record.get("spans", [])),
    }
