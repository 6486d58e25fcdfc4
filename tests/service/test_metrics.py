"""Figures for Prometheus are those of the states."""

from __future__ import annotations

from patient_states import make_alarm, make_state
from prometheus_client.parser import text_string_to_metric_families
from watched import make_ward

from ecg_facial.service.metrics import make_metrics


def read(*states: object) -> dict[tuple[str, tuple[str, ...]], float]:
    text = make_metrics(make_ward(*states), n_listeners=lambda: 3)().decode()  # type: ignore[arg-type]
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {(one.name, tuple(value for _, value in sorted(one.labels.items()))): one.value for one in samples}


def test_figures_are_those_of_each_patient() -> None:
    found = read(
        make_state(simulated=True, frames_shed=4, gaps=2, store_bytes=4096, alarms=(make_alarm("pain", "high"),)),
        make_state(patient='P"8\n', is_stale=True, store_problem="full"),
    )
    expected = {
        ("ecg_facial_estimate_delay_seconds", ("P7", "0.5")): 0.112,
        ("ecg_facial_estimate_delay_seconds", ("P7", "1")): 0.3,
        ("ecg_facial_frames_shed_total", ("P7",)): 4,
        ("ecg_facial_gaps_total", ("P7",)): 2,
        ("ecg_facial_quality", ("P7", "face")): 0.97,
        ("ecg_facial_alarm", ("pain", "P7", "medium", "active")): 1,
        ("ecg_facial_store_bytes", ()): 4096,
        ("ecg_facial_stream_clients", ()): 3,
        ("ecg_facial_stale", ("P7",)): 0,
        ("ecg_facial_simulated", ("P7",)): 1,
        ("ecg_facial_stale", ('P"8\n',)): 1,
        ("ecg_facial_store_problem", ('P"8\n',)): 1,
    }
    assert {key: found[key] for key in expected} == expected
    # a stale quality is not given as if it were one of now
    assert ("ecg_facial_quality", ('P"8\n', "face")) not in found
