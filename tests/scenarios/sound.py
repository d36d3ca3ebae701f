"""The samples of an exported call, and where in them a generated stream must stand."""
import hashlib
import wave
from array import array
from pathlib import Path

from koegura import koegura, moment

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


def seconds_between(start: str, end: str) -> float:
    return float(moment(end) - moment(start))


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


def assert_sample_exact(test, archive, folder: Path, pairs, **slack):
    """Promise 5, for each call of the truth beside its record: the decoded samples are there, and every other sample is
    silence."""
    for call, one in pairs:
        channels = channels_of(archive, one["id"], folder) if call["streams"] else {}
        for stream in call["streams"]:
            channel = channels[stream["channel"]]
            base = find_exact(channel, call, stream, **slack)
            test.assertIsNotNone(base, f"{one['id']}: the {stream['channel']}'s samples are not there")
            for begin, count in stream["audio"]:
                for i in range(base + begin, base + begin + count):
                    channel[i] = 0
            test.assertFalse(any(channel), f"{one['id']}: sound that was not on the wire")
