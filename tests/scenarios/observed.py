"""Our records, in the shape that truth.py gives tshark's."""
import re

from koegura import microseconds


def user(raw: str) -> str:
    """The user part of a URI as written."""
    return re.sub(r"^sips?:|^tel:", "", raw.strip("<>")).split("@")[0].split(";")[0]


def stream(s: dict) -> dict:
    return {"source": s["source"], "destination": s["destination"], "codec": s["codec"],
            "packets": s.get("packets", 0), "lost": s.get("lost", 0),
            "first": microseconds(s["first"]), "last": microseconds(s["last"])}


def observed_call(record: dict) -> dict:
    def moment(key):
        return microseconds(record[key]) if record.get(key) else None

    return {
        "caller": user(record["caller"].get("raw", "")), "callee": user(record["callee"].get("raw", "")),
        "state": record["state"],
        "start": moment("start"), "ringing": moment("ringing"), "answered": moment("answered"), "end": moment("end"),
        "released_by": record["release"]["by"],
        "streams": {s["ssrc"]: stream(s) for s in record.get("streams", [])},
        "digits": "".join(d["digit"] for d in record.get("digits", [])),
        "holds": sum(s["kind"] == "hold" for s in record.get("spans", [])),
    }
