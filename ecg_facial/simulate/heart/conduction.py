"""Beats of hearts with abnormal conduction, or with an axis perpendicular to the lead.

Input: a population's shares. Output: the shape of a person's regular beats. Shapes follow the definitions of Surawicz
et al. [1]_ as the modified lead II of Holter recordings [2]_ shows them. Complexes have the same width at any heart
rate.

References
----------
.. [1] Surawicz, Childers, Deal, Gettes, "AHA/ACCF/HRS recommendations for the standardization and interpretation of the
   electrocardiogram, part III: intraventricular conduction disturbances", Circulation 119(10), 2009.
.. [2] Moody, Mark, "The impact of the MIT-BIH Arrhythmia Database", IEEE Engineering in Medicine and Biology Magazine
   20(3), 2001.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import Morphology, shape_beats
from ecg_facial.simulate.settings.sensor_settings import ConductionSettings

# broad complexes have their peak further from the main wave's
_PEAK_SEARCH_S = 0.06
# spread over people of the logarithm of heights, and range of the factor of widths
_SCALE_SD = 0.2
_WIDTH = (0.92, 1.12)
# Main wave, waves before and after it, P, T, and a sixth: mV, s, s, s, whether it depends on RR. P is the fourth, as in
# the normal families.
_Wave = tuple[float, float, float, float, bool]
_FAMILIES: dict[str, tuple[_Wave, ...]] = {
    # A broad, notched R without q, discordant T; complexes of 120 ms and more.
    "left block": (
        (1.40, 0.000, 0.0160, 0.0160, False),
        (0.25, -0.030, 0.0110, 0.0110, False),
        (-0.45, 0.072, 0.0140, 0.0190, False),
        (0.10, -0.200, 0.0240, 0.0200, True),
        (-0.32, 0.320, 0.0700, 0.0500, True),
        (0.85, 0.036, 0.0130, 0.0140, False),
    ),
    # The same with left axis deviation: a broad QS with a high T.
    "left block, axis left": (
        (-1.20, 0.000, 0.0170, 0.0180, False),
        (0.06, -0.050, 0.0080, 0.0080, False),
        (-0.60, 0.038, 0.0130, 0.0170, False),
        (0.08, -0.210, 0.0240, 0.0200, True),
        (0.42, 0.290, 0.0900, 0.0700, True),
        (0.15, 0.140, 0.0400, 0.0600, False),
    ),
    # A narrow R with a broad, slurred S.
    "right block": (
        (1.40, 0.000, 0.0130, 0.0130, False),
        (0.25, -0.028, 0.0090, 0.0090, False),
        (-0.75, 0.044, 0.0160, 0.0240, False),
        (0.12, -0.185, 0.0230, 0.0200, True),
        (0.22, 0.290, 0.0560, 0.0420, True),
        (-0.12, 0.150, 0.0400, 0.0400, False),
    ),
    # R and S of less than half the usual height, slurred upstroke, P half as high as R.
    "biphasic": (
        (0.42, 0.000, 0.0150, 0.0080, False),
        (0.12, -0.032, 0.0130, 0.0100, False),
        (-0.34, 0.022, 0.0080, 0.0150, False),
        (0.20, -0.180, 0.0240, 0.0150, True),
        (-0.09, 0.240, 0.0500, 0.0500, True),
        (0.05, 0.420, 0.0600, 0.0600, True),
    ),
    # A depressed ST segment that ends in an inverted T.
    "strain": (
        (1.20, 0.000, 0.0120, 0.0120, False),
        (-0.06, -0.028, 0.0080, 0.0080, False),
        (-0.30, 0.030, 0.0090, 0.0120, False),
        (0.11, -0.170, 0.0230, 0.0200, True),
        (-0.24, 0.230, 0.0600, 0.0500, True),
        (-0.14, 0.110, 0.0400, 0.0600, True),
    ),
    # T more than half as high as R, and a high P.
    "tall T": (
        (0.85, 0.000, 0.0110, 0.0110, False),
        (-0.10, -0.027, 0.0080, 0.0080, False),
        (-0.35, 0.028, 0.0090, 0.0100, False),
        (0.20, -0.170, 0.0250, 0.0200, True),
        (0.62, 0.250, 0.0480, 0.0360, True),
        (0.00, 0.110, 0.0400, 0.0600, True),
    ),
}
CONDUCTION_FAMILIES = tuple(_FAMILIES)


def make_conduction_morphology(
    family: str, *, amplitude_scale: Float64Array | None = None, width_scale: float = 1.0
) -> Morphology:
    """Make the beats of one family.

    Parameters
    ----------
    family : str
        One of `CONDUCTION_FAMILIES`.
    amplitude_scale : ndarray of float64, shape (6,), optional
        Factor of each wave.
    width_scale : float
        Factor of every wave's width and time.

    Raises
    ------
    SettingsError
        When there is no such family.
    """
    if family not in _FAMILIES:
        raise SettingsError(f"unknown kind of beats {family!r}: expected one of {', '.join(_FAMILIES)}")
    waves = _FAMILIES[family]
    return shape_beats(waves, amplitude_scale=amplitude_scale, width_scale=width_scale, search_s=_PEAK_SEARCH_S)


def sample_conduction(rng: np.random.Generator, settings: ConductionSettings, *, regular: Morphology) -> Morphology:
    """Draw the shape of a person's regular beats.

    Parameters
    ----------
    rng : Generator
        The person's own stream; not used for a population with normal conduction.
    settings : ConductionSettings
    regular : Morphology
        The person's beats with normal conduction.
    """
    shares = _list_shares(settings)
    if not any(shares.values()):
        return regular
    edges = np.cumsum(list(shares.values()))
    number = int(np.searchsorted(edges, rng.random(), side="right"))
    scale = np.exp(_SCALE_SD * rng.standard_normal(6))
    width = float(rng.uniform(*_WIDTH))
    if number == len(edges):
        return regular
    return make_conduction_morphology(list(shares)[number], amplitude_scale=scale, width_scale=width)


def _list_shares(settings: ConductionSettings) -> dict[str, float]:
    return {
        "left block": settings.left_block_share / 2.0,
        "left block, axis left": settings.left_block_share / 2.0,
        "right block": settings.right_block_share,
        "biphasic": settings.biphasic_share,
        "strain": settings.strain_share,
        "tall T": settings.tall_t_share,
    }
