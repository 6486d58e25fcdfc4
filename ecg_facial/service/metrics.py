"""Figures for Prometheus.

Input: the ward's states. Output: the text that Prometheus reads. Patients are told apart by their pseudonyms; a quality
that is stale is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ecg_facial.live.state import Delay, PatientState
from ecg_facial.service.broadcast import Watched
from ecg_facial.version import __version__

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "ecg_facial"


class _States(Collector):
    def __init__(self, ward: Watched, n_listeners: Callable[[], int]) -> None:
        self._ward, self._n_listeners = ward, n_listeners

    def collect(self) -> Iterator[Metric]:
        states = self._ward.states()
        info = GaugeMetricFamily(f"{_PREFIX}_info", "Version of the software; research only", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield GaugeMetricFamily(f"{_PREFIX}_stream_clients", "Pages that are open", value=self._n_listeners())
        yield GaugeMetricFamily(
            f"{_PREFIX}_store_bytes", "Size of the store", value=max((s.store_bytes for s in states), default=0)
        )
        yield from _describe_delays(states)
        yield _count("frames_shed", "Frames that were not looked at", ((s.patient, s.frames_shed) for s in states))
        yield _count("gaps", "Gaps of the signals", ((s.patient, s.gaps) for s in states))
        yield _measure(
            "simulated", "1 where patient or model are SIMULATED", ((s.patient, s.simulated) for s in states)
        )
        yield _measure("stale", "1 where there is no estimate now", ((s.patient, s.shown is None) for s in states))
        yield _measure(
            "store_problem", "1 where the store cannot be written", ((s.patient, bool(s.store_problem)) for s in states)
        )
        yield _describe_quality(states)
        yield _describe_alarms(states)


def make_metrics(ward: Watched, *, n_listeners: Callable[[], int]) -> Callable[[], bytes]:
    """Make the function that writes all figures as they are now."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_States(ward, n_listeners))
    return lambda: generate_latest(registry)


def _describe_delays(states: Iterable[PatientState]) -> Iterator[Metric]:
    for name, about in (("estimate", "the estimate"), ("alarm", "the alarm that it raised")):
        metric = GaugeMetricFamily(
            f"{_PREFIX}_{name}_delay_seconds", f"From the last sensor sample to {about}", labels=["patient", "quantile"]
        )
        for state in states:
            delay: Delay | None = getattr(state, f"{name}_delay")
            if delay is not None:
                for quantile, value_ms in (("0.5", delay.p50_ms), ("0.99", delay.p99_ms), ("1", delay.max_ms)):
                    metric.add_metric([state.patient, quantile], value_ms / 1e3)
        yield metric


def _describe_quality(states: Iterable[PatientState]) -> Metric:
    metric = GaugeMetricFamily(f"{_PREFIX}_quality", "Signal quality, 0 to 1", labels=["patient", "signal"])
    for state in states:
        if state.shown is not None:
            for signal, value in (("face", state.shown.face_quality), ("ecg", state.shown.ecg_quality)):
                if value is not None:
                    metric.add_metric([state.patient, signal], value)
    return metric


def _describe_alarms(states: Iterable[PatientState]) -> Metric:
    metric = GaugeMetricFamily(
        f"{_PREFIX}_alarm", "1 for each alarm that is shown", labels=["patient", "alarm", "priority", "state"]
    )
    for state in states:
        for alarm in state.alarms:
            metric.add_metric([state.patient, alarm.name, alarm.priority, alarm.state.value], 1)
    return metric


def _count(name: str, about: str, values: Iterable[tuple[str, int]]) -> Metric:
    metric = CounterMetricFamily(f"{_PREFIX}_{name}", about, labels=["patient"])
    for patient, value in values:
        metric.add_metric([patient], value)
    return metric


def _measure(name: str, about: str, values: Iterable[tuple[str, float]]) -> Metric:
    metric = GaugeMetricFamily(f"{_PREFIX}_{name}", about, labels=["patient"])
    for patient, value in values:
        metric.add_metric([patient], float(value))
    return metric
