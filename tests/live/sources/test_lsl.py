"""An ECG over LSL: real streams, which do not leave this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_facial.errors import MissingDependencyError, SettingsError, SourceLostError
from ecg_facial.live.sources.contract import MACHINE, EcgBlock
from ecg_facial.live.sources.lsl import LslSource, choose_place

# liblsl reads it once, when it is first used
LOCAL = """
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
AddressesOverride = {127.0.0.1}
ListenAddress = 127.0.0.1
[lab]
KnownPeers = {127.0.0.1}
SessionID = bedside
[log]
level = -3
"""


@pytest.fixture(scope="module")
def lsl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("lsl") / "lsl_api.cfg"
    path.write_text(LOCAL)
    os.environ["LSLAPICFG"] = str(path)
    yield pytest.importorskip("pylsl")
    del os.environ["LSLAPICFG"]


class Amplifier:
    """An outlet with two channels: breathing, and an ECG in microvolts that counts up."""

    def __init__(self, lsl: Any, name: str, *, rate_hz: float = 512.0) -> None:
        # unique, so that the workers of a test run do not find each other's
        self.name = f"{name} {os.getpid()}"
        about = lsl.StreamInfo(self.name, "ECG", 2, rate_hz, "float32", f"id {self.name}")
        about.set_channel_labels(["RESP", "ECG II"])
        about.set_channel_units(["au", "microvolts"])
        self.outlet = lsl.StreamOutlet(about)
        self.lsl = lsl
        self.n_sent = 0

    def send(self, number: int = 16, *, stamp_s: float | None = None) -> None:
        ecg = np.arange(self.n_sent, self.n_sent + number)
        self.n_sent += number
        chunk = np.stack([np.zeros(number), ecg], axis=1).astype(np.float32)
        self.outlet.push_chunk(chunk, self.lsl.local_clock() if stamp_s is None else stamp_s)


def read_samples(source: LslSource, number: int) -> list[EcgBlock]:
    blocks: list[EcgBlock] = []
    until_s = time.monotonic() + 20
    while sum(len(block.samples) for block in blocks) < number and time.monotonic() < until_s:
        block = source.read(0.1)
        blocks += [block] if block is not None else []
    return blocks


def test_a_stream_is_read_on_the_clock_of_the_machine(lsl: Any) -> None:
    amplifier = Amplifier(lsl, "plain")
    amplifier.outlet.push_sample([0.0, -1.0])
    source = LslSource(name=amplifier.name)
    info = source.open()
    assert (info.name, info.kind, info.rate_hz, info.unit) == (f"LSL stream {amplifier.name}", "ecg", 512.0, "mV")
    assert info.clock == MACHINE
    sent_s = time.monotonic()
    for _ in range(4):
        amplifier.send()
    blocks = read_samples(source, 64)
    samples, stamps_s = (np.concatenate([getattr(one, name) for one in blocks]) for name in ("samples", "stamps_s"))
    np.testing.assert_allclose(samples[-64:], np.arange(64) / 1000)
    # the last sample of a chunk is stamped when it is sent
    assert sent_s - 1 < stamps_s[-1] <= blocks[-1].arrived_s
    np.testing.assert_allclose(np.diff(stamps_s[-16:]), 1 / 512, atol=1e-6)
    source.close()


def test_stamps_are_on_the_monitors_clock_where_that_is_another_than_lsls(lsl: Any) -> None:
    amplifier = Amplifier(lsl, "other clock")
    amplifier.outlet.push_sample([0.0, -1.0])
    source = LslSource(name=amplifier.name, now=lambda: time.monotonic() + 1000.0)
    assert source.open().clock == MACHINE
    amplifier.send()
    blocks = read_samples(source, 16)
    # sent before, by less than anything here takes
    assert all(0.0 <= one.arrived_s - one.stamps_s[-1] < 60.0 for one in blocks)
    source.close()


def test_a_sender_that_does_not_answer_is_asked_for_its_clock_once(lsl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    amplifier = Amplifier(lsl, "silent")
    amplifier.outlet.push_sample([0.0, -1.0])
    now_s = [0.0]
    source = LslSource(name=amplifier.name, now=lambda: now_s[0])
    source.open()
    asked = []

    def refuse(timeout: float) -> float:
        asked.append(timeout)
        raise lsl.util.TimeoutError("no answer")

    monkeypatch.setattr(source._inlet, "time_correction", refuse)
    for _ in range(3):
        amplifier.send()
        read_samples(source, 16)
        now_s[0] += 10.0
    assert len(asked) == 1
    source.close()


def test_stamps_of_a_device_stay_on_its_clock(lsl: Any) -> None:
    amplifier = Amplifier(lsl, "own stamps")
    source = LslSource(source_id=f"id {amplifier.name}", channel="ecg ii")
    from threading import Thread

    def keep_sending() -> None:
        while not amplifier.outlet.wait_for_consumers(0.1):
            pass
        for number in range(4):
            amplifier.send(stamp_s=1e6 + number)

    sender = Thread(target=keep_sending)
    sender.start()
    info = source.open()
    sender.join()
    assert info.clock != MACHINE
    stamps_s = np.concatenate([block.stamps_s for block in read_samples(source, 64)])
    assert stamps_s[-1] == 1e6 + 3
    source.close()


def test_a_stream_that_ends_is_lost_and_can_come_back(lsl: Any) -> None:
    amplifier = Amplifier(lsl, "dies")
    amplifier.outlet.push_sample([0.0, -1.0])
    source = LslSource(name=amplifier.name)
    source.open()
    name = amplifier.name
    del amplifier
    with pytest.raises(SourceLostError, match="the LSL stream ended"):
        read_samples(source, 1000)
    with pytest.raises(SourceLostError, match="start the amplifier's program"):
        source.open()
    again = Amplifier(lsl, "dies")
    assert again.name == name
    source.open()
    again.send()
    assert len(read_samples(source, 16)[-1].samples) > 0
    source.close()


def test_a_stream_without_a_rate_is_refused(lsl: Any) -> None:
    amplifier = Amplifier(lsl, "irregular", rate_hz=0.0)
    with pytest.raises(SettingsError, match="states no rate"):
        LslSource(name=amplifier.name).open()


def test_the_channel_is_chosen_by_label_number_or_what_an_ecg_is_called() -> None:
    labels = ["RESP", "Lead II", "EMG"]
    assert [choose_place(labels, 3, wanted, stream="x") for wanted in ("", "emg", "1")] == [1, 2, 0]
    assert choose_place([], 1, "", stream="x") == 0
    for names, number, wanted in ((["RESP", "EMG"], 2, ""), (labels, 3, "V5"), (labels, 3, "4"), ([], 2, "")):
        with pytest.raises(SettingsError, match="give its label or number"):
            choose_place(names, number, wanted, stream="x")


def test_a_name_cannot_change_the_question_to_the_network() -> None:
    with pytest.raises(SettingsError, match="without quotation marks"):
        LslSource(name="x' or name!='")


def test_without_the_extra_its_name_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'ecg-facial\[live\]'"):
        LslSource(name="x").open()
