"""Premature (ectopic) heart beats: their rates, times and shapes.

Input: a population's settings, a person's regular beats. Output: the person's `Ectopy`, and beat times with kinds:
``N`` regular; ``V`` premature ventricular (wide, without P, T of opposite polarity, compensatory pause); ``A``
premature atrial (narrow, another P, resets the sinus node); ``I`` irregular, in atrial fibrillation. Premature beats
may form couplets and runs; every second or third beat may be ventricular (bigeminy, trigeminy).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ecg_facial.runtime.typing import Float64Array, Int64Array, StrArray
from ecg_facial.simulate.heart.ecg import Morphology, peak_at_zero
from ecg_facial.simulate.settings.presets import Range
from ecg_facial.simulate.settings.sensor_settings import EctopicSettings

NORMAL, VENTRICULAR, ATRIAL, IRREGULAR = "N", "V", "A", "I"
FREQUENT_PER_MIN = 3.0
"""Ventricular beats per minute from which a person may also have bigeminy."""

# shortest interval before a premature beat
_REFRACTORY_S = 0.33
# beats of a run; share of bigeminy against trigeminy
_RUN_BEATS = (3, 8)
_BIGEMINY_SHARE = 0.6
_P_WAVE = 3
# height of the P wave of atrial beats, relative to regular ones: it starts elsewhere in the atrium
_ATRIAL_P_SHARE = -0.6
_VENTRICULAR_SEARCH_S = 0.06
# Main deflection, slurred end, T: mV, s, s, s. The complex lasts 130 to 170 ms; T has the opposite polarity.
_VENTRICULAR_WAVES = np.array(
    [(1.30, 0.000, 0.0210, 0.0230), (-0.35, 0.058, 0.0170, 0.0210), (-0.40, 0.310, 0.0650, 0.0500)]
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Ectopy:
    """One person's premature beats.

    Attributes
    ----------
    ventricular_per_min, atrial_per_min : float
        Mean rates.
    ventricular_prematurity, atrial_prematurity, atrial_delay : (low, high)
        As in `EctopicSettings`.
    couplet_share, run_share, bigeminy_share : float
        As in `EctopicSettings`; the last one is 0 for people with few ventricular beats.
    run_interval, run_pause : (low, high)
        As in `EctopicSettings`.
    ventricular : Morphology, optional
        Shape of the ventricular beats; those of one person start at one place of the heart and look alike.
    """

    ventricular_per_min: float = 0.0
    atrial_per_min: float = 0.0
    ventricular_prematurity: Range = EctopicSettings.ventricular_prematurity
    atrial_prematurity: Range = EctopicSettings.atrial_prematurity
    atrial_delay: Range = EctopicSettings.atrial_delay
    ventricular: Morphology | None = None
    couplet_share: float = 0.0
    run_share: float = 0.0
    bigeminy_share: float = 0.0
    run_interval: Range = EctopicSettings.run_interval
    run_pause: Range = EctopicSettings.run_pause

    @property
    def occurs(self) -> bool:
        """Whether the person has premature beats."""
        return self.ventricular_per_min + self.atrial_per_min > 0.0

    def shapes(self, regular: Morphology) -> dict[str, Morphology]:
        """Make the shapes of all kinds; atrial beats differ from regular ones only in the P wave."""
        amplitude = regular.amplitude_mv.copy()
        amplitude[_P_WAVE] *= _ATRIAL_P_SHARE
        shapes = {NORMAL: regular, ATRIAL: replace(regular, amplitude_mv=amplitude)}
        return shapes if self.ventricular is None else {**shapes, VENTRICULAR: self.ventricular}


NO_ECTOPY = Ectopy()


def sample_ectopy(rng: np.random.Generator, settings: EctopicSettings) -> Ectopy:
    """Draw a person's premature beats.

    Parameters
    ----------
    rng : Generator
        The person's own stream.
    settings : EctopicSettings
        The population.
    """
    has = rng.random(2) < (settings.ventricular_share, settings.atrial_share)
    rates = settings.median_per_min * np.exp(settings.log_sd * rng.standard_normal(2))
    rates = np.where(has, np.minimum(rates, settings.limit_per_min), 0.0)
    if not has.any():
        return NO_ECTOPY
    return Ectopy(
        ventricular_per_min=float(rates[0]),
        atrial_per_min=float(rates[1]),
        ventricular_prematurity=settings.ventricular_prematurity,
        atrial_prematurity=settings.atrial_prematurity,
        atrial_delay=settings.atrial_delay,
        ventricular=_sample_ventricular(rng),
        couplet_share=settings.couplet_share,
        run_share=settings.run_share,
        bigeminy_share=settings.bigeminy_share if rates[0] > FREQUENT_PER_MIN else 0.0,
        run_interval=settings.run_interval,
        run_pause=settings.run_pause,
    )


def make_ventricular_morphology(
    *, amplitude_scale: Float64Array | None = None, width_scale: float = 1.0, sign: float = 1.0
) -> Morphology:
    """Make the shape of a premature ventricular beat.

    Parameters
    ----------
    amplitude_scale : ndarray of float64, shape (3,), optional
        Factor of the main deflection, of the slurred end and of T.
    width_scale : float
        Factor of every wave's width and time.
    sign : float
        Polarity of the complex, 1 or -1.
    """
    amplitude = sign * _VENTRICULAR_WAVES[:, 0] * (1.0 if amplitude_scale is None else amplitude_scale)
    centre, before, after = (width_scale * _VENTRICULAR_WAVES[:, 1:]).T
    # T does not depend on RR: repolarisation depends on the slow activation, not on the short interval before
    fixed = np.zeros(len(amplitude), dtype=np.bool_)
    return peak_at_zero(
        Morphology(
            amplitude_mv=amplitude, centre_s=centre, width_before_s=before, width_after_s=after, scales_with_rr=fixed
        ),
        search_s=_VENTRICULAR_SEARCH_S,
    )


def _sample_ventricular(rng: np.random.Generator) -> Morphology:
    scale = np.exp(rng.normal(0.0, 0.2, len(_VENTRICULAR_WAVES)))
    sign = 1.0 if rng.random() < 0.6 else -1.0
    return make_ventricular_morphology(amplitude_scale=scale, width_scale=float(rng.uniform(0.9, 1.15)), sign=sign)


def place_ectopic_beats(
    rng: np.random.Generator, beat_times_s: Float64Array, *, ectopy: Ectopy
) -> tuple[Float64Array, StrArray]:
    """Replace some regular beats by premature ones.

    Parameters
    ----------
    rng : Generator
        The trial's own stream; not used for a person without premature beats.
    beat_times_s : ndarray of float64, shape (n_beats,)
        Times of the regular beats, ascending.
    ectopy : Ectopy
        The person's premature beats.

    Returns
    -------
    beat_times_s : ndarray of float64, shape (n,)
        Times, increasing. Each atrial beat moves all later ones forward, so there may be more beats than before.
    kinds : ndarray of str, shape (n,)
        ``N``, ``V``, ``A``.
    """
    n_beats = len(beat_times_s)
    if n_beats < 3 or not ectopy.occurs:
        return beat_times_s, np.full(n_beats, NORMAL)
    # interpolation over positions keeps the heart-rate curve
    mean_rr_s = (beat_times_s[-1] - beat_times_s[0]) / (n_beats - 1)
    places = plan_ectopic_beats(
        rng, np.diff(beat_times_s, prepend=beat_times_s[0] - 1.0), ectopy=ectopy, mean_rr_s=mean_rr_s
    )
    if np.all(places.kinds == NORMAL):
        return beat_times_s, places.kinds
    n_more = int(places.shift) + 1
    place = np.concatenate([places.place, np.arange(n_beats, n_beats + n_more) - places.shift])
    kept = place <= n_beats - 1
    moved: Float64Array = np.interp(place[kept], np.arange(n_beats), beat_times_s)
    return moved, np.pad(places.kinds, (0, n_more), constant_values=NORMAL)[kept]


class Places(NamedTuple):
    """Positions of beats in units of regular beats, so that later ones still follow the heart-rate curve.

    Attributes
    ----------
    kinds : ndarray of str, shape (n_beats,)
    place : ndarray of float64, shape (n_beats,)
        Position; the beat's number if it is regular and no beat before it reset the sinus node.
    shift : float
        Shift of all later beats, in regular beats.
    """

    kinds: StrArray
    place: Float64Array
    shift: float


def plan_ectopic_beats(rng: np.random.Generator, rr_s: Float64Array, *, ectopy: Ectopy, mean_rr_s: float) -> Places:
    """Decide which beats are premature, and by how much; the first never is.

    Parameters
    ----------
    rng : Generator
        The trial's own stream.
    rr_s : ndarray of float64, shape (n_beats,)
        Interval before each regular beat.
    ectopy : Ectopy
        The person's premature beats.
    mean_rr_s : float
        Converts rates per minute to probabilities per beat.
    """
    n_beats = len(rr_s)
    chance, where = rng.random((2, n_beats))
    ventricular = chance < ectopy.ventricular_per_min * mean_rr_s / 60.0
    atrial = chance > 1.0 - ectopy.atrial_per_min * mean_rr_s / 60.0
    early = ventricular | atrial
    # The first beat has no interval before it. Two in a row would be a couplet, which is planned separately.
    early[0], early[1:] = False, early[1:] & ~early[:-1]
    kinds = np.full(n_beats, NORMAL)
    kinds[ventricular & early], kinds[atrial & early] = VENTRICULAR, ATRIAL
    order = np.zeros(n_beats, dtype=np.int64)
    if ectopy.couplet_share + ectopy.run_share + ectopy.bigeminy_share > 0.0:
        _group_beats(rng, kinds, order, ectopy)
    return _place_beats(kinds, order, rr_s, where=where, ectopy=ectopy)


def _group_beats(rng: np.random.Generator, kinds: StrArray, order: Int64Array, ectopy: Ectopy) -> None:
    """Extend premature beats to couplets and runs, or plan bigeminy; `order` is the number of a beat within a run."""
    if rng.random() < ectopy.bigeminy_share:
        period = 2 if rng.random() < _BIGEMINY_SHARE else 3
        kinds[:] = NORMAL
        kinds[1 + int(rng.integers(period)) :: period] = VENTRICULAR
        return
    # each premature beat may start a couplet or a run
    for beat in np.flatnonzero(kinds != NORMAL).tolist():
        if order[beat] > 0 or kinds[beat] == NORMAL:
            continue
        chance, length = rng.random(), int(rng.integers(*_RUN_BEATS, endpoint=True))
        if chance >= ectopy.run_share:
            length = 2 if chance < ectopy.run_share + ectopy.couplet_share else 1
        run = slice(beat, min(beat + length, len(kinds)))
        kinds[run], order[run] = kinds[beat], np.arange(run.stop - run.start)
        kinds[run.stop : run.stop + 1] = NORMAL


def _place_beats(
    kinds: StrArray, order: Int64Array, rr_s: Float64Array, *, where: Float64Array, ectopy: Ectopy
) -> Places:
    """Compute the positions; only a single ventricular beat does not move later beats."""
    atrial, soonest = kinds == ATRIAL, _REFRACTORY_S / rr_s
    share = np.where(atrial, _spread(where, ectopy.atrial_prematurity), _spread(where, ectopy.ventricular_prematurity))
    # first beat of the run of each beat
    first = np.arange(len(kinds)) - order
    step = np.maximum(0.0, 1.0 - np.maximum(_spread(where, ectopy.run_interval), soonest))
    advance = np.where(kinds == NORMAL, 0.0, np.maximum(0.0, 1.0 - np.maximum(share, soonest)))
    advance = advance[first] + order * step[first]
    # a reset of the sinus node shifts all later beats
    lasting = np.where(atrial, np.maximum(0.0, advance - _spread(where, ectopy.atrial_delay)), 0.0)
    # the end of a run of any kind resets the sinus node
    follows = np.append(order[1:], 0) > 0
    lasting = np.where(follows, 0.0, lasting)
    ends = (order > 0) & ~follows
    lasting[ends] = np.maximum(0.0, advance - _spread(where, ectopy.run_pause))[ends]
    shift = np.cumsum(lasting)
    return Places(kinds, np.arange(len(kinds)) - (advance + shift - lasting), float(shift[-1]))


def _spread(where: Float64Array, limits: Range) -> Float64Array:
    return limits[0] + (limits[1] - limits[0]) * where
