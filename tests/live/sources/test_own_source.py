"""A source of one's own, as `docs/adding/source.md` shows it."""

from __future__ import annotations

import time

import numpy as np

# begin of the source
from ecg_facial.errors import SourceLostError
from ecg_facial.live.clock import SessionClock
from ecg_facial.live.rings.ecg import EcgRing
from ecg_facial.live.sources.contract import EcgBlock, Kind, SourceInfo
from ecg_facial.live.sources.running import RunningSource


class OwnAmplifier:
    """An amplifier with a driver of its own."""

    kind: Kind = "ecg"

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def open(self) -> SourceInfo:
        if not self.driver.is_plugged_in:
            raise SourceLostError("the amplifier is not plugged in")
        return SourceInfo(name="my amplifier", kind="ecg", clock="my amplifier", rate_hz=250.0, unit="mV")

    def read(self, timeout_s: float) -> EcgBlock | None:
        if not self.driver.is_plugged_in:
            raise SourceLostError("the amplifier was unplugged")
        pairs = self.driver.wait(timeout_s)
        if not pairs:
            return None
        samples, stamps_s = np.array(pairs).T
        return EcgBlock(samples=samples, stamps_s=stamps_s, arrived_s=time.monotonic())

    def close(self) -> None:
        pass


# end of the source
class Driver:
    """Gives a second of samples in ten parts."""

    def __init__(self) -> None:
        self.is_plugged_in = True
        self.parts = np.array_split(np.stack([np.arange(250.0), 9.0 + np.arange(250) / 250], axis=1), 10)

    def wait(self, timeout_s: float) -> list[tuple[float, float]]:
        return [(value, stamp_s) for value, stamp_s in self.parts.pop(0)] if self.parts else []


def test_a_source_of_ones_own_fills_the_ring() -> None:
    source = OwnAmplifier(Driver())
    running = RunningSource(source, kind="ecg")
    ring = EcgRing(SessionClock([source.open()])["ecg"])
    running.start()
    n_samples, until_s = 0, time.monotonic() + 30
    while n_samples < 250 and time.monotonic() < until_s:
        for block in running.take():
            assert isinstance(block, EcgBlock)
            n_samples += len(block.samples)
            ring.push(block)
        time.sleep(0.001)
    source.driver.is_plugged_in = False
    while not (events := running.take_events()) and time.monotonic() < until_s:
        time.sleep(0.001)
    running.stop()
    ring.flush()
    assert [(event.kind, event.message) for event in events] == [("lost", "the amplifier was unplugged")]
    found = ring.recent(1.0)
    assert found is not None
    assert np.array_equal(found.samples, np.arange(250.0))
