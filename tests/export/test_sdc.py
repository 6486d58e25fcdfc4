"""The SDC provider, as another program's consumer sees it on this machine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from killing import wait_until
from stored_sessions import START_UTC_S, draw_estimate

from ecg_facial.errors import SettingsError
from ecg_facial.export.sdc import KnownAddress, SdcPatient, name_alarm
from ecg_facial.live.alarms.alarm import AlarmState
from ecg_facial.live.alarms.panel import ShownAlarm
from ecg_facial.live.state import PatientState
from ecg_facial.live.store.rows import EstimateRow
from ecg_facial.recording import EcgSignal

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    sdc11073 = pytest.importorskip("sdc11073", reason="the extra sdc is not installed")
    from sdc11073.consumer.consumerimpl import SdcConsumer
    from sdc11073.definitions_sdc import SdcV1Definitions
    from sdc11073.mdib.consumermdib import ConsumerMdib

FS_HZ = 250.0


@pytest.fixture(scope="module")
def provider() -> Iterator[SdcPatient]:
    patient = SdcPatient("P7", fs_hz=FS_HZ)
    yield patient
    patient.close()


@pytest.fixture(scope="module")
def seen(provider: SdcPatient) -> Iterator[Any]:
    """What a consumer knows of the provider."""
    consumer = SdcConsumer(provider.address, SdcV1Definitions, None)
    consumer.start_all()
    mdib = ConsumerMdib(consumer, max_realtime_samples=2_000)
    mdib.init_mdib()
    yield mdib
    consumer.stop_all()


def make_estimate(**changes: Any) -> EstimateRow:
    sound = {
        "used": "facial+ecg", "face_state": "ok", "ecg_state": "ok", "estimate": 0.75, "face_quality": 0.9,
        "ecg_quality": 0.8, "heart_rate_bpm": 71.5, "clock_state": "one clock",
    }  # fmt: skip
    return replace(draw_estimate(np.random.default_rng(0), 5.5, ("BL1", "PA4")), **{**sound, **changes})


def make_state(row: EstimateRow | None, **changes: Any) -> PatientState:
    return PatientState(patient="P7", time_s=6.0, class_names=("BL1", "PA4"), last=row, **changes)


GATED = {"estimate": None, "used": ""}


@pytest.mark.parametrize(
    ("changes", "stale", "expected"),
    [
        ({}, False, (Decimal("0.75"), "Vld")),
        ({"used": "facial", "ecg_state": "lead off"}, False, (Decimal("0.75"), "Qst")),
        ({"estimate": 0.5}, True, (None, "NA")),
        ({**GATED, "face_state": "no face", "ecg_state": "noisy"}, False, (None, "Inv")),
        ({**GATED, "face_state": "no signal", "ecg_state": "no signal"}, False, (None, "NA")),
        ({"estimate": 0.25}, False, (Decimal("0.25"), "Vld")),
    ],
)
def test_the_estimate_has_its_validity_and_nothing_stays_that_is_stale(
    provider: SdcPatient, seen: Any, changes: dict[str, Any], stale: bool, expected: tuple[Decimal | None, str]
) -> None:
    provider.update(make_state(make_estimate(**changes), is_stale=stale, simulated=True))

    def read() -> tuple[Decimal | None, str]:
        value = seen.entities.by_handle("estimate").state.MetricValue
        return (None, "") if value is None else (value.Value, value.MetricQuality.Validity.value)

    assert wait_until(lambda: read() == expected)
    # SIMULATED
    assert seen.entities.by_handle("estimate").state.MetricValue.MetricQuality.Mode.value == "Demo"


def test_heart_rate_alarms_and_patient_are_seen(provider: SdcPatient, seen: Any) -> None:
    shown = (
        ShownAlarm(name="pain", priority="medium", state=AlarmState.ACTIVE, message="trend is high"),
        ShownAlarm(name="ecg", priority="low", state=AlarmState.ACKNOWLEDGED, message="noisy", by="RN1"),
        ShownAlarm(name="face", priority="low", state=AlarmState.PAST, message="no face"),
    )
    provider.update(make_state(make_estimate(heart_rate_bpm=72.25), alarms=shown))
    assert wait_until(lambda: seen.entities.by_handle("heart_rate").state.MetricValue.Value == Decimal("72.25"))
    present = {name: seen.entities.by_handle(name_alarm(name)).state for name in ("pain", "ecg", "face", "store")}
    assert wait_until(lambda: bool(seen.entities.by_handle(name_alarm("pain")).state.Presence))
    present = {name: seen.entities.by_handle(name_alarm(name)).state.Presence for name in present}
    assert present == {"pain": True, "ecg": True, "face": False, "store": False}
    (patient,) = seen.entities.by_handle("patient").states.values()
    assert [one.Extension for one in patient.Identification] == ["P7"]


def test_the_ecg_is_sent_once_and_without_what_was_lost(provider: SdcPatient, seen: Any) -> None:
    samples = np.round(np.random.default_rng(0).normal(size=1_000), 4)
    samples[300] = np.nan
    for start in (0, 250, 500):
        # stretches of 2 s each second
        part = EcgSignal(samples=samples[start : start + 500], fs_hz=FS_HZ, unit="mV", start_s=start / FS_HZ)
        provider.send_ecg(part, utc_s=START_UTC_S, simulated=False)
    assert wait_until(lambda: "ecg" in seen.rt_buffers and len(seen.rt_buffers["ecg"].rt_data) >= 999)
    found = list(seen.rt_buffers["ecg"].rt_data)
    assert [float(one.value) for one in found] == samples[np.isfinite(samples)].tolist()
    times_s = [one.determination_time - START_UTC_S for one in found]
    assert times_s == pytest.approx((np.flatnonzero(np.isfinite(samples)) / FS_HZ).tolist(), abs=1e-3)


def test_without_tls_only_this_machine_is_served() -> None:
    with pytest.raises(SettingsError, match=r"address is 10\.0\.0\.5, without TLS"):
        SdcPatient("P7", fs_hz=FS_HZ, discovery=KnownAddress(active_address="10.0.0.5"))
