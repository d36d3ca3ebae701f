"""What each real capture must give: tshark's word, and where it is wrong, ours with the reason."""
import subprocess

import truth

# AGAINST[truth file][Call-ID][field] = (what is right, why tshark is not). A field of a stream is "0x…/lost".
AGAINST: dict[str, dict[str, dict[str, tuple]]] = {}


def calls_of(row: dict) -> dict:
    calls = {c["call_id"]: truth.expected_call(c) for c in truth.truth_of(row)["calls"]}
    for call_id, fields in AGAINST.get(row["truth"], {}).items():
        for field, (right, _why) in fields.items():
            put(calls[call_id], field, right)
    return calls


def put(call: dict, field: str, right):
    head, _, rest = field.partition("/")
    if head.startswith("0x") and not rest:
        call["streams"].pop(head) if right is None else call["streams"].update({head: right})
    elif rest:
        call["streams"][head][rest] = right
    else:
        call[head] = right


def media_only_of(row: dict) -> dict:
    return {s["ssrc"]: truth.stream(s) for s in truth.truth_of(row)["streams_not_tied_to_a_call"]}


def frames_of(path) -> int:
    """How many frames the capture holds, as capinfos counts them."""
    run = subprocess.run(["capinfos", "-c", "-M", "-T", "-r", str(path)], capture_output=True, text=True, check=True)
    return int(run.stdout.split("\t")[1])
