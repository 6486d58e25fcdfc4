"""Premature heart beats: how often a person has them, when they come and what they look like.

Enters: a population's settings, a person's regular beats. Leaves: the person's `Ectopy`, and beat times with kinds:
``N`` regular, ``V`` premature ventricular (wide, without P, opposite T, compensatory pause), ``A`` premature atrial
(narrow, another P, the sinus node starts anew). Runs, couplets and bigeminy are not simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecg_facial.simulate.ecg import FloatArray, Morphology, peak_at_zero
from ecg_facial.simulate.presets import Range
from ecg_facial.simulate.sensor_settings import EctopicSettings

NORMAL, VENTRICULAR, ATRIAL = "N", "V", "A"
KindArray = NDArray[np.str_]
_REFRACTORY_S = 0.33
_P_WAVE = 3
_ATRIAL_P_SHARE = -0.6
_VENTRICULAR_SEARCH_S = 0.06
# Main deflection, slurred end, T: mV, s, s, s. The complex lasts 130-170 ms; T points the other way.
_VENTRICULAR_WAVES = np.array(
    [(1.30, 0.000, 0.0210, 0.0230), (-0.35, 0.058, 0.0170, 0.0210), (-0.40, 0.310, 0.0650, 0.0500)]
)


@dataclass(frozen=True, eq=False)
class Ectopy:
    """One person's premature beats.

    Attributes
    ----------
    ventricular_per_min, atrial_per_min : float
        Mean rates.
    ventricular_prematurity, atrial_prematurity, atrial_delay : (low, high)
        As in `EctopicSettings`.
    ventricular : Morphology, optional
        Shape of the ventricular ones: one person's come from one place of the heart and look alike.
    """

    ventricular_per_min: float = 0.0
    atrial_per_min: float = 0.0
    ventricular_prematurity: Range = EctopicSettings.ventricular_prematurity
    atrial_prematurity: Range = EctopicSettings.atrial_prematurity
    atrial_delay: Range = EctopicSettings.atrial_delay
    ventricular: Morphology | None = None

    def shapes(self, regular: Morphology) -> dict[str, Morphology]:
        """Shape of each kind of beat; atrial ones differ from the regular ones in the P wave only."""
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
        float(rates[0]),
        float(rates[1]),
        settings.ventricular_prematurity,
        settings.atrial_prematurity,
        settings.atrial_delay,
        _sample_ventricular(rng),
    )


def make_ventricular_morphology(
    *, amplitude_scale: FloatArray | None = None, width_scale: float = 1.0, sign: float = 1.0
) -> Morphology:
    """Shape of a premature ventricular beat.

    Parameters
    ----------
    amplitude_scale : ndarray of float64, shape (3,), optional
        Factor of the main deflection, of the slurred end and of T.
    width_scale : float
        Factor of every wave's width and time.
    sign : float
        1 where the complex points up, -1 where it points down.
    """
    amplitude = sign * _VENTRICULAR_WAVES[:, 0] * (1.0 if amplitude_scale is None else amplitude_scale)
    centre, before, after = (width_scale * _VENTRICULAR_WAVES[:, 1:]).T
    # Its repolarisation follows its own slow activation, not the short interval before it.
    fixed = np.zeros(len(amplitude), dtype=np.bool_)
    return peak_at_zero(Morphology(amplitude, centre, before, after, fixed), search_s=_VENTRICULAR_SEARCH_S)


def _sample_ventricular(rng: np.random.Generator) -> Morphology:
    scale = np.exp(rng.normal(0.0, 0.2, len(_VENTRICULAR_WAVES)))
    sign = 1.0 if rng.random() < 0.6 else -1.0
    return make_ventricular_morphology(amplitude_scale=scale, width_scale=float(rng.uniform(0.9, 1.15)), sign=sign)


def place_ectopic_beats(
    rng: np.random.Generator, beat_times_s: FloatArray, *, ectopy: Ectopy
) -> tuple[FloatArray, KindArray]:
    """Let some beats come early.

    Parameters
    ----------
    rng : Generator
        The trial's own stream; not touched for a person without premature beats.
    beat_times_s : ndarray of float64, shape (n_beats,)
        Times of the regular beats, ascending.
    ectopy : Ectopy
        The person's premature beats.

    Returns
    -------
    beat_times_s : ndarray of float64, shape (n,)
        Times, ascending. Each atrial beat moves all later ones forward, so that there may be more of them.
    kinds : ndarray of str, shape (n,)
        ``N``, ``V``, ``A``.
    """
    n_beats = len(beat_times_s)
    kinds = np.full(n_beats, NORMAL)
    if n_beats < 3 or ectopy.ventricular_per_min + ectopy.atrial_per_min == 0.0:
        return beat_times_s, kinds
    chance, where = rng.random((2, n_beats))
    mean_rr_s = (beat_times_s[-1] - beat_times_s[0]) / (n_beats - 1)
    ventricular = chance < ectopy.ventricular_per_min * mean_rr_s / 60.0
    atrial = chance > 1.0 - ectopy.atrial_per_min * mean_rr_s / 60.0
    early = ventricular | atrial
    # The first has no interval before it; one after another would be a run.
    early[0], early[1:] = False, early[1:] & ~early[:-1]
    if not early.any():
        return beat_times_s, kinds
    ventricular, atrial = ventricular & early, atrial & early
    kinds[ventricular], kinds[atrial] = VENTRICULAR, ATRIAL
    return _bring_forward(beat_times_s, kinds, where=where, ectopy=ectopy)


def _bring_forward(
    beat_times_s: FloatArray, kinds: KindArray, *, where: FloatArray, ectopy: Ectopy
) -> tuple[FloatArray, KindArray]:
    """Move beats on an axis that counts regular beats: later ones still follow the heart-rate curve that way."""
    n_beats, atrial = len(kinds), kinds == ATRIAL
    share = np.where(atrial, _spread(where, ectopy.atrial_prematurity), _spread(where, ectopy.ventricular_prematurity))
    share = np.maximum(share, _REFRACTORY_S / np.diff(beat_times_s, prepend=beat_times_s[0] - 1.0))
    advance = np.where(kinds == NORMAL, 0.0, np.maximum(0.0, 1.0 - share))
    lasting = np.where(atrial, np.maximum(0.0, advance - _spread(where, ectopy.atrial_delay)), 0.0)
    shift = np.cumsum(lasting)
    n_more = int(shift[-1]) + 1
    place = np.arange(n_beats + n_more, dtype=np.float64)
    place[:n_beats] -= advance + shift - lasting
    place[n_beats:] -= shift[-1]
    kept = place <= n_beats - 1
    moved: FloatArray = np.interp(place[kept], np.arange(n_beats), beat_times_s)
    return moved, np.pad(kinds, (0, n_more), constant_values=NORMAL)[kept]


def _spread(where: FloatArray, limits: Range) -> FloatArray:
    return limits[0] + (limits[1] - limits[0]) * where
