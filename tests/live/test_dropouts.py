"""Signals that drop out: flagged within 2 s, no estimate from a dead one, the other carries on, back within 5 s."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bedside import FS_HZ, Bed, Person
from chaos import times

from ecg_facial.runtime.typing import Float64Array

N_PATTERNS = times(ordinary=4, full=50)
FLAGGED_S, BACK_S = 2.0, 5.0

_Face = Callable[[Person, float, float], None]
_Ecg = Callable[[Float64Array, np.random.Generator], Float64Array]


def _during(begin_s: float, end_s: float, value: int | None) -> Callable[[float], int | None]:
    return lambda time_s: value if begin_s <= time_s < end_s else 1


def _no_face(person: Person, begin_s: float, end_s: float) -> None:
    person.n_faces = _during(begin_s, end_s, 0)


def _second_face(person: Person, begin_s: float, end_s: float) -> None:
    person.n_faces = _during(begin_s, end_s, 2)


def _no_frames(person: Person, begin_s: float, end_s: float) -> None:
    person.n_faces = _during(begin_s, end_s, None)


def _freezes(person: Person, begin_s: float, end_s: float) -> None:
    person.freezes = lambda time_s: begin_s <= time_s < end_s


FACE: dict[str, tuple[_Face, set[str]]] = {
    "face lost": (_no_face, {"no face"}),
    "second face": (_second_face, {"two faces"}),
    "no frames": (_no_frames, {"no signal"}),
    "frozen": (_freezes, {"frozen"}),
}
ECG: dict[str, tuple[_Ecg, set[str]]] = {
    "lead off": (lambda wave, _: np.full(len(wave), np.nan), {"lead off"}),
    "held": (lambda wave, _: np.full(len(wave), wave[0]), {"flat"}),
    "flat": (lambda wave, rng: rng.normal(0.0, 0.0005, len(wave)), {"flat"}),
    "saturated": (lambda wave, _: np.clip(200.0 * (wave - 0.1), -3.3, 3.3), {"saturated", "noisy"}),
    "noise": (lambda wave, rng: wave + rng.normal(0.0, 1.0, len(wave)), {"noisy"}),
}


def _draw_times(rng: np.random.Generator) -> tuple[float, float, float]:
    """Begin and end of a drop-out, and the end of the session."""
    begin_s = rng.uniform(7.0, 9.0)
    end_s = begin_s + rng.uniform(3.0, 8.0)
    return begin_s, end_s, end_s + BACK_S + 2.5


@pytest.mark.parametrize("name", FACE)
@pytest.mark.parametrize("seed", range(N_PATTERNS))
def test_a_face_that_drops_out_is_flagged_left_out_and_taken_up_again(name: str, seed: int) -> None:
    begin_s, end_s, seconds = _draw_times(np.random.default_rng(seed))
    person = Person(seconds=seconds, seed=seed)
    damage, expected = FACE[name]
    damage(person, begin_s, end_s)
    for row in Bed().watch(person):
        if row.time_s < begin_s or row.time_s >= end_s + BACK_S:
            assert (row.face_state, row.used) == ("ok", "facial+ecg"), row
        elif begin_s + FLAGGED_S <= row.time_s <= end_s:
            assert row.face_state in expected, row
            assert row.used == "ecg", row
            assert row.estimate is not None
            assert row.face_quality is None


@pytest.mark.parametrize("name", ECG)
@pytest.mark.parametrize("seed", range(N_PATTERNS))
def test_an_ecg_that_drops_out_is_flagged_left_out_and_taken_up_again(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    begin_s, end_s, seconds = _draw_times(rng)
    person = Person(seconds=seconds, seed=seed)
    assert person.ecg is not None
    damage, expected = ECG[name]
    inside = slice(round(begin_s * FS_HZ), round(end_s * FS_HZ))
    person.ecg[inside] = damage(person.ecg[inside], rng)
    for row in Bed().watch(person):
        if row.time_s < begin_s or row.time_s >= end_s + BACK_S:
            assert (row.ecg_state, row.used) == ("ok", "facial+ecg"), row
        elif begin_s + FLAGGED_S <= row.time_s <= end_s:
            assert row.ecg_state in expected, row
            assert row.used == "facial", row
            assert row.heart_rate_bpm is None


def test_with_both_signals_dead_there_is_no_estimate_and_the_screen_shows_none() -> None:
    person = Person(seconds=20)
    assert person.ecg is not None
    person.n_faces = _during(8.0, 14.0, 0)
    person.ecg[round(8 * FS_HZ) : round(14 * FS_HZ)] = np.nan
    bed = Bed()
    for block in person.blocks():
        bed.take(block)
        if 10.0 <= bed.now_s <= 13.9:
            shown = bed.engine.state().shown
            assert shown is None or (shown.time_s < 10.0 and bed.now_s - shown.time_s < 1.5) or shown.estimate is None
    dead = [row for row in bed.estimates if 10.0 <= row.time_s <= 14.0]
    assert dead
    for row in dead:
        assert (row.estimate, row.probabilities, row.trend, row.low, row.high) == (None,) * 5
        assert (row.used, row.heart_rate_bpm) == ("", None)
    assert bed.estimates[-1].used == "facial+ecg"
