"""Captures made with `koegura traffic`, and what their truth files say, in the shape of our records."""
import json

from koegura import koegura, nanoseconds


def generate(path, truth=None, **options) -> dict:
    """generate(path, calls=3, talk="4s", no_rtcp=True): options are those of `koegura traffic`; a list repeats."""
    words = []
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            words += ["--" + name.replace("_", "-")] + ([] if one is True else [one])
    if truth:
        words += ["--truth", truth]
    koegura("traffic", "--write", path, "--force", *words)
    return json.loads(truth.read_text()) if truth else {}


def stream(s: dict) -> dict:
    same = ("channel", "source", "destination", "ssrc", "codec", "clock_rate", "packets", "lost", "reordered", "duplicates")
    return {key: s[key] for key in same} | {key: nanoseconds(s[key]) for key in ("first", "last")}


def times(one: dict) -> dict:
    """Of a cancelled call, the truth's end is the CANCEL, a record's the final response that follows it."""
    keys = ("start", "ringing", "answered") + (("end",) if one["state"] != "cancelled" else ())
    return {key: nanoseconds(one[key]) if one.get(key) else None for key in keys}


def expected_call(call: dict) -> dict:
    """The comparable part of the record that this call must have."""
    released = call["release"]
    return {
        "state": call["state"] if released["code"] else "interrupted",
        "caller": call["caller"], "callee": call["callee"],
        **times(call),
        "release": (released["code"], "recorder" if released["by"] == "none" else released["by"]),
        "digits": "".join(d["digit"] for d in call.get("digits", [])),
        "streams": [stream(s | {"lost": sum(packets for _, packets, _ in s["lost"])}) for s in call.get("streams", [])],
    }


def observed_call(record: dict) -> dict:
    def number(party):
        return record[party]["raw"].split(":", 1)[1].split("@")[0]

    return {
        "state": record["state"], "caller": number("caller"), "callee": number("callee"),
        **times(record), "release": (record["release"].get("code", 0), record["release"]["by"]),
        "digits": "".join(d["digit"] for d in record.get("digits", [])),
        "streams": [stream(s) for s in sorted(record["streams"], key=lambda s: s["channel"] != "caller")],
    }
