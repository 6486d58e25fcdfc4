"""Identity of a simulated head: parameters of shape and appearance.

Input: a random generator, optionally sex and age. Output: a frozen `Identity`, which determines mesh and textures.
Random streams of cohorts (`make_rng(seed, "cohort", ...)`) and of pretraining (`make_rng(seed, "pretraining", ...)`)
never coincide, so no identity of pretraining is in a cohort.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ecg_facial.runtime.typing import Float32Array
from ecg_facial.simulate.head.head import HeadMesh, load_head

Sex = Literal["m", "w"]
# ages of the mesh's young and old averages
_YOUNG_YEARS, _OLD_YEARS = 22.0, 85.0
# weights of local shapes: spread, limit, and share of shapes that a person has
_SHAPE_SD, _SHAPE_LIMIT, _SHAPE_SHARE = 0.25, 0.55, 0.35
# factors of shapes that make a bald head look like a cone
_TAME = {"forehead-scale-vert-incr": 0.4, "head-scale-vert-incr": 0.6}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A simulated head.

    Attributes
    ----------
    sex : {"m", "w"}
    age_years : int
    ancestry : tuple of float, length 3
        Weights of the mesh's African, Asian and Caucasian averages; they sum to 1.
    masculinity : float
        Weight of the mesh's male average against the female one.
    shapes : tuple of (str, float)
        Weights of local shape targets.
    appearance_seed : int
        Seed of skin, hair, brows, beard, eyes and glasses.
    """

    sex: Sex
    age_years: int
    ancestry: tuple[float, float, float]
    masculinity: float
    shapes: tuple[tuple[str, float], ...]
    appearance_seed: int

    def mesh(self, head: HeadMesh) -> Float32Array:
        """Compute the neutral vertices of this person, float32 of shape (n_vertices, 3)."""
        age = float(np.clip((self.age_years - _YOUNG_YEARS) / (_OLD_YEARS - _YOUNG_YEARS), 0.0, 1.0))
        sexes = np.array([self.masculinity, 1.0 - self.masculinity])
        weights = np.einsum("a,s,y->asy", np.array(self.ancestry), sexes, np.array([1.0 - age, age]))
        vertices = head.vertices + np.tensordot(weights.astype(np.float32), head.macro, axes=3)
        for name, weight in self.shapes:
            vertices += np.float32(weight) * head.shapes[name]
        return np.asarray(vertices, dtype=np.float32)


def sample_identity(rng: np.random.Generator, *, sex: Sex | None = None, age_years: int | None = None) -> Identity:
    """Draw a person.

    Parameters
    ----------
    rng : numpy.random.Generator
        The same state gives the same person.
    sex, age_years
        Random (uniform; 20 to 65 years) if None.
    """
    drawn_sex: Sex = "m" if rng.random() < 0.5 else "w"
    drawn_age = int(rng.integers(20, 66))
    sex = drawn_sex if sex is None else sex
    # mixed ancestries are frequent, so that skin and shape vary continuously
    ancestry = rng.dirichlet([0.6, 0.6, 0.9])
    return Identity(
        sex=sex,
        age_years=drawn_age if age_years is None else age_years,
        ancestry=(float(ancestry[0]), float(ancestry[1]), float(ancestry[2])),
        masculinity=float(rng.uniform(0.7, 1.0) if sex == "m" else rng.uniform(0.0, 0.3)),
        shapes=_sample_shapes(rng, sorted(load_head().shapes)),
        appearance_seed=int(rng.integers(2**62)),
    )


def _sample_shapes(rng: np.random.Generator, names: list[str]) -> tuple[tuple[str, float], ...]:
    """Draw weights of local shapes; left and right of a pair are equal, since faces are nearly symmetric."""
    weights: list[tuple[str, float]] = []
    for name in names:
        if name.startswith("r-"):
            continue
        active = rng.random() < _SHAPE_SHARE
        weight = float(min(abs(rng.normal(0.0, _SHAPE_SD)), _SHAPE_LIMIT)) * _TAME.get(name, 1.0)
        if not active:
            continue
        weights.append((name, weight))
        if name.startswith("l-") and "r-" + name[2:] in names:
            weights.append(("r-" + name[2:], weight))
    return tuple(weights)
