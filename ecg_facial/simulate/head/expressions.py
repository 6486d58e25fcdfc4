"""Conversion of action units to weights of the mesh.

Input: intensities of action units, 0..1. Output: weights of the mesh's expression targets and of the wrinkle maps. The
units are those of the Facial Action Coding System (Ekman & Friesen 1978). AU45 (blink) and AU43 (eyes closed) move the
same lids; the stronger one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ecg_facial.errors import SettingsError

# mesh targets (ARKit's names) and their weights at intensity 1; "*" is Left and Right
_TARGETS: dict[str, tuple[tuple[str, float], ...]] = {
    "AU01": (("browInnerUp", 1.0),),
    "AU02": (("browOuterUp*", 1.0),),
    "AU04": (("browDown*", 1.7),),
    "AU05": (("eyeWide*", 0.8),),
    "AU06": (("cheekSquint*", 1.35), ("eyeSquint*", 0.35)),
    "AU07": (("eyeSquint*", 1.0),),
    "AU09": (("noseSneer*", 1.5),),
    "AU10": (("mouthUpperUp*", 1.0),),
    "AU12": (("mouthSmile*", 0.95), ("mouthUpperUp*", 0.35), ("mouthLowerDown*", 0.15), ("jawOpen", 0.06)),
    "AU18": (("mouthPucker", 0.8),),
    "AU20": (("mouthStretch*", 0.8),),
    "AU24": (("mouthPress*", 0.8),),
    "AU25": (("jawOpen", 0.22), ("mouthLowerDown*", 0.25)),
    "AU26": (("jawOpen", 0.6),),
    "AU27": (("jawOpen", 0.95),),
    "AU61": (("eyeLookOutLeft", 1.0), ("eyeLookInRight", 1.0)),
    "AU62": (("eyeLookInLeft", 1.0), ("eyeLookOutRight", 1.0)),
    "AU63": (("eyeLookUp*", 1.0),),
    "AU64": (("eyeLookDown*", 1.0), ("eyeBlink*", 0.2)),
}
# AU09 moves the same skin of the brow as AU04: together they move it less than the sum
_YIELDS = {"browDown*": 0.55}
_LID_UNITS = ("AU43", "AU45")
AU_NAMES = tuple(sorted((*_TARGETS, *_LID_UNITS)))
WRINKLES = ("glabella", "forehead", "crow", "nasolabial", "nose")


@dataclass(frozen=True)
class LidCurve:
    """Weight of a person's blink target for each closure of the eyes; it differs much between identities.

    Attributes
    ----------
    closures : tuple of float
        Hidden share of the eyes, increasing from 0 to 1.
    weights : tuple of float
        Weight of the blink target for each closure.
    """

    closures: tuple[float, ...] = (0.0, 1.0)
    weights: tuple[float, ...] = (0.0, 1.0)

    def weight(self, closure: float) -> float:
        """Compute the weight of the blink target for an intensity of AU43, 0..1."""
        return float(np.interp(closure, self.closures, self.weights))


def check_action_units(action_units: Mapping[str, float]) -> None:
    """Refuse unknown action units.

    Raises
    ------
    SettingsError
        When there is an unknown unit; lists the known ones.
    """
    unknown = sorted(set(action_units) - set(AU_NAMES))
    if unknown:
        raise SettingsError(f"unknown action unit {unknown[0]!r}: expected one of {', '.join(AU_NAMES)}")


def blendshape_weights(action_units: Mapping[str, float], *, lids: LidCurve) -> dict[str, float]:
    """Compute the weights of the mesh's expression targets.

    Parameters
    ----------
    action_units : mapping of str to float
        Intensities 0..1; units left out are 0.
    lids : LidCurve
        The person's blink target; a squint closes the lids in part.
    """
    weights: dict[str, float] = {}
    for unit, intensity in action_units.items():
        for target, gain in _TARGETS.get(unit, ()) if intensity else ():
            share = 1.0 - _YIELDS.get(target, 0.0) * action_units.get("AU09", 0.0)
            for side in ("Left", "Right") if target.endswith("*") else ("",):
                name = target.rstrip("*") + side
                weights[name] = weights.get(name, 0.0) + share * gain * intensity
    closure = max(action_units.get(unit, 0.0) for unit in _LID_UNITS)
    if closure:
        squint = min(action_units.get("AU07", 0.0) + 0.35 * action_units.get("AU06", 0.0), 1.0)
        for side in ("Left", "Right"):
            name = f"eyeBlink{side}"
            weights[name] = weights.get(name, 0.0) + lids.weight(closure) * (1.0 - 0.25 * squint)
    return weights


def wrinkle_weights(action_units: Mapping[str, float]) -> tuple[float, ...]:
    """Compute the strength of each wrinkle map, 0..1, in the order of `WRINKLES`."""

    def mix(**gains: float) -> float:
        return min(1.0, sum(gain * action_units.get(unit, 0.0) for unit, gain in gains.items()))

    return (
        mix(AU04=1.0, AU09=0.3),
        mix(AU01=1.0, AU02=0.5),
        mix(AU06=0.8, AU07=0.5, AU43=0.15),
        mix(AU10=0.7, AU09=0.5, AU12=0.9),
        mix(AU09=1.0),
    )
