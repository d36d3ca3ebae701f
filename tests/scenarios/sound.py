"""The samples of an exported call, and where in them a generated stream must stand."""
import hashlib
import wave
from array import array
from datetime import datetime
from pathlib import Path

from koegura import koegura

CHANNELS = {"caller": 0, "callee": 1}
RATE = 8000
SLACK = RATE // 50  # promise 6: placed within 20 ms


def channels_of(archive, call_id: str, folder: Path) -> dict[str, array]:
    """The two channels of a call, each as an array of samples."""
    path = folder / f"{call_id}.wav"
    koegura("audio", call_id, "-o", path, "--archive", archive)
    with wave.open(str(path)) as audio:
        assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (RATE, 2, 2), audio.getparams()
        samples = array("h", audio.readframes(audio.getnframes()))
    path.unlink()
    return {name: samples[index::2] for name, index in CHANNELS.items()}


def seconds_between(start: str, moment: str) -> float:
    """Between two RFC 3339 moments; datetime alone would drop the nanoseconds."""
    def parts(text):
        whole, _, fraction = text.removesuffix("Z").partition(".")
        return datetime.fromisoformat(whole), float("0." + (fraction or "0"))

    (day, fraction), (other_day, other_fraction) = parts(start), parts(moment)
    return (other_day - day).total_seconds() + other_fraction - fraction


def runs_at(channel: array, stream: dict, base: int) -> bytes:
    return b"".join(channel[base + begin:base + begin + count].tobytes() for begin, count in stream["audio"])


def find_exact(channel: array, call: dict, stream: dict, slack: int = SLACK) -> int | None:
    """Where the stream's timeline begins in the channel so that its audio is there sample by sample."""
    guess = round(seconds_between(call["start"], stream["first"]) * RATE)
    for distance in range(slack + 1):
        for base in {guess + distance, guess - distance}:
            if base >= 0 and hashlib.sha256(runs_at(channel, stream, base)).hexdigest() == stream["audio_sha256"]:
                return base
    return None
