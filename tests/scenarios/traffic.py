"""Captures made with `koegura traffic`, and what their truth files say, in the shape of our records."""
import json

from koegura import koegura


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


def expected_call(call: dict) -> dict:
    released = call["release"]
    return {
        "state": call["state"] if released["code"] else "interrupted",
        "caller": call["caller"], "callee": call["callee"],
        "start": call["start"], "ringing": call.get("ringing"), "answered": call.get("answered"), "end": call["end"],
        "release": (released["code"], "recorder" if released["by"] == "none" else released["by"]),
        "digits": "".join(d["digit"] for d in call.get("digits", [])),
        "streams": [{key: s[key] for key in ("channel", "source", "destination", "ssrc", "codec", "clock_rate", "packets",
                                             "reordered", "duplicates", "first", "last")}
                    | {"lost": sum(packets for _, packets, _ in s["lost"])} for s in call.get("streams", [])],
    }


def observed_call(record: dict) -> dict:
    def number(party):
        return record[party]["raw"].split(":", 1)[1].split("@")[0]

    return {
        "state": record["state"], "caller": number("caller"), "callee": number("callee"),
        "start": record["start"], "ringing": record.get("ringing"), "answered": record.get("answered"),
        "end": record["end"], "release": (record["release"].get("code", 0), record["release"]["by"]),
        "digits": "".join(d["digit"] for d in record.get("digits", [])),
        "streams": [{"channel": s["channel"], "source": s["source"], "destination": s["destination"], "ssrc": s["ssrc"],
                     "codec": s["codec"], "clock_rate": s["clock_rate"], "packets": s["packets"],
                     "reordered": s.get("reordered", 0), "duplicates": s.get("duplicates", 0), "first": s["first"],
                     "last": s["last"], "lost": s.get("lost", 0)}
                    for s in sorted(record.get("streams", []), key=lambda s: s["channel"] != "caller")],
    }
