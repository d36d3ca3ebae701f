"""How like two recordings of one voice are, a stretch at a time: lag, correlation and level."""
import math
import warnings
import wave
from dataclasses import dataclass
from pathlib import Path
from statistics import median

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

WIDTH = 2  # bytes a sample
STRETCH_S, REACH_S, AROUND_S = 0.3, 0.6, 0.03
LEAST_RMS = 500  # of a stretch with a voice in it
MOST_RATE = 16000  # in Hz; of a higher one a part is enough


@dataclass
class Sound:
    """One channel."""
    samples: bytes
    rate: int

    @classmethod
    def read(cls, path: Path, channel=None) -> "Sound":
        """channel: 0 or 1; None: all of them, mixed."""
        with wave.open(str(path)) as audio:
            assert audio.getsampwidth() == WIDTH, audio.getparams()
            samples, rate, count = audio.readframes(audio.getnframes()), audio.getframerate(), audio.getnchannels()
        if count == 2:
            shares = (0.5, 0.5) if channel is None else (1 - channel, channel)
            samples = audioop.tomono(samples, WIDTH, *shares)
        return cls(samples, rate).at(min(rate, MOST_RATE))

    def at(self, rate: int) -> "Sound":
        if rate == self.rate:
            return self
        return Sound(audioop.ratecv(self.samples, WIDTH, 1, self.rate, rate, None)[0], rate)

    def part(self, begin: int, count: int) -> bytes:
        return self.samples[max(begin, 0) * WIDTH:(begin + count) * WIDTH]

    def __len__(self):
        return len(self.samples) // WIDTH


@dataclass
class Fit:
    """Where a stretch of the one stands in the other."""
    lag_ms: float
    correlation: float
    level_db: float  # of the recording against the other


def fits(recorded: Sound, other: Sound) -> list[Fit]:
    """For each stretch of the other that has a voice in it."""
    other = other.at(recorded.rate)
    size = round(STRETCH_S * other.rate)
    found, lag, reach = [], 0, round(REACH_S * other.rate)
    for begin in range(0, len(other) - size, size):
        stretch = other.part(begin, size)
        if audioop.rms(stretch, WIDTH) < LEAST_RMS:
            continue
        start = max(0, begin + lag - reach)
        room = recorded.part(start, begin + lag + reach + size - start)
        if len(room) < len(stretch):
            continue
        at, _ = audioop.findfit(room, stretch)
        same = room[at * WIDTH:at * WIDTH + len(stretch)]
        lag, reach = start + at - begin, round(AROUND_S * other.rate)
        ratio = audioop.rms(same, WIDTH) / audioop.rms(stretch, WIDTH)
        correlation = audioop.findfactor(same, stretch) / ratio if ratio else 0
        found.append(Fit(1000 * lag / other.rate, correlation, 20 * math.log10(ratio) if ratio else -math.inf))
    return found


def steady(found: list[Fit], most_ms: float) -> list[Fit]:
    """Those whose lag is the usual one."""
    usual = median(fit.lag_ms for fit in found)
    return [fit for fit in found if abs(fit.lag_ms - usual) <= most_ms]
