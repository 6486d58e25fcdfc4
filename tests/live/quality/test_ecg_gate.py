"""The ECG's gate: each fault is flagged in 2 s, a clean signal never, and it opens again within 5 s."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from bedside import FS_HZ, draw_ecg

from ecg_facial.live.quality.ecg_gate import LOOK_S, EcgGate
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array

CHECK_S = 0.25
BEGIN_S, END_S, STOP_S = 10.0, 18.0, 26.0


def make_ecg(rng: np.random.Generator, *, rate_bpm: float, seconds: float = STOP_S) -> Float64Array:
    return draw_ecg(rng, seconds=seconds, rate_bpm=rate_bpm)


def _lead_off(wave: Float64Array, rng: np.random.Generator) -> Float64Array:
    return np.full(len(wave), np.nan)


def _loose(wave: Float64Array, rng: np.random.Generator) -> Float64Array:
    return np.where(rng.random(len(wave)) < 0.7, np.nan, wave)


def _held(wave: Float64Array, rng: np.random.Generator) -> Float64Array:
    return np.full(len(wave), wave[0])


def _flat(wave: Float64Array, rng: np.random.Generator) -> Float64Array:
    return rng.normal(0.0, 0.0005, len(wave))


def _rails(wave: Float64Array, rng: np.random.Generator) -> Float64Array:
    return np.clip(200.0 * (wave - 0.1), -3.3, 3.3)


def _one_rail(wave: Float64Array, rng: np.random.Generator) -> Float64Array:
    # beats can still be told, but nothing below them
    return np.maximum(wave, 0.02)


def _muscle(wave: Float64Array, rng: np.random.Generator) -> Float64Array:
    return wave + rng.normal(0.0, 1.0, len(wave))


def _motion(wave: Float64Array, rng: np.random.Generator) -> Float64Array:
    knots = np.arange(0, len(wave) + 40, 40)
    return wave + np.interp(np.arange(len(wave)), knots, rng.normal(0.0, 4.0, len(knots)))


FAULTS: dict[str, tuple[Callable[[Float64Array, np.random.Generator], Float64Array], set[str]]] = {
    "lead off": (_lead_off, {"lead off"}),
    "loose contact": (_loose, {"lead off"}),
    "held value": (_held, {"flat"}),
    "flat with noise": (_flat, {"flat"}),
    "rails": (_rails, {"saturated", "noisy"}),
    "one rail": (_one_rail, {"saturated"}),
    "muscle": (_muscle, {"noisy"}),
    "motion": (_motion, {"noisy"}),
}


def watch(wave: Float64Array) -> Iterator[tuple[float, str]]:
    """Give the gate's state four times a second."""
    gate = EcgGate(1.0)
    for end in range(round(CHECK_S * FS_HZ), len(wave) + 1, round(CHECK_S * FS_HZ)):
        first = max(0, end - round(LOOK_S * FS_HZ))
        yield (
            end / FS_HZ,
            gate.update(EcgSignal(samples=wave[first:end], fs_hz=FS_HZ, start_s=first / FS_HZ), end / FS_HZ),
        )


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("rate_bpm", [48.0, 75.0, 120.0])
def test_a_fault_is_flagged_within_two_seconds_and_forgotten_within_five(name: str, rate_bpm: float) -> None:
    damage, expected = FAULTS[name]
    rng = np.random.default_rng(round(rate_bpm))
    wave = make_ecg(rng, rate_bpm=rate_bpm)
    fault = slice(round(BEGIN_S * FS_HZ), round(END_S * FS_HZ))
    wave[fault] = damage(wave[fault], rng)
    for now_s, state in watch(wave):
        if now_s < BEGIN_S or now_s > END_S + 5.0:
            assert state == "ok", (now_s, state)
        elif BEGIN_S + 2.0 <= now_s <= END_S:
            assert state in expected, (now_s, state)


@pytest.mark.parametrize("rate_bpm", [38.0, 60.0, 150.0])
def test_a_clean_signal_is_never_flagged(rate_bpm: float) -> None:
    wave = make_ecg(np.random.default_rng(1), rate_bpm=rate_bpm)
    assert {state for _, state in watch(wave)} == {"ok"}


def test_a_heart_that_doubles_its_rate_is_not_noise() -> None:
    rng = np.random.default_rng(3)
    wave = np.concatenate([make_ecg(rng, rate_bpm=60, seconds=12), make_ecg(rng, rate_bpm=130, seconds=12)])
    assert {state for _, state in watch(wave)} == {"ok"}


def test_an_electrode_that_was_moved_is_taken_up_again() -> None:
    rng = np.random.default_rng(4)
    wave = np.concatenate([make_ecg(rng, rate_bpm=70, seconds=12), 6 * make_ecg(rng, rate_bpm=70, seconds=12)])
    states = dict(watch(wave))
    assert all(states[now_s] == "ok" for now_s in states if now_s >= 18.0)


def test_nothing_new_for_a_second_is_no_signal() -> None:
    gate = EcgGate(1.0)
    wave = make_ecg(np.random.default_rng(5), rate_bpm=70, seconds=4)
    signal = EcgSignal(samples=wave, fs_hz=FS_HZ, start_s=0.0)
    assert gate.update(signal, 4.9) == "ok"
    assert gate.update(signal, 5.1) == "no signal"
    assert gate.update(None, 5.1) == "no signal"
