"""Who a simulated head is: constants of shape and appearance.

Input: a random generator, and sex and age where they are given. Output: a frozen `Identity`, from which the renderer
derives mesh and textures without further chance. Streams of cohorts (`make_rng(seed, "cohort", ...)`) and of
pretraining (`make_rng(seed, "pretraining", ...)`) never coincide, so no pretraining identity is in a cohort.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ecg_facial.runtime.typing import Float32Array
from ecg_facial.simulate.head.head import HeadMesh, load_head

Sex = Literal["m", "w"]
_YOUNG_YEARS, _OLD_YEARS = 22.0, 85.0
_SHAPE_SD, _SHAPE_LIMIT, _SHAPE_SHARE = 0.25, 0.55, 0.35
# targets that make a cone of a bald head
_TAME = {"forehead-scale-vert-incr": 0.4, "head-scale-vert-incr": 0.6}


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A simulated head.

    Attributes
    ----------
    sex : {"m", "w"}
    age_years : int
    ancestry : tuple of float, length 3
        Mix of the mesh's African, Asian and Caucasian averages; sums to 1.
    masculinity : float
        Mix of the mesh's female (0) and male (1) averages.
    shapes : tuple of (str, float)
        Weights of local shape targets.
    appearance_seed : int
        Stream of skin, hair, brows, beard, lashes, eyes and glasses.
    """

    sex: Sex
    age_years: int
    ancestry: tuple[float, float, float]
    masculinity: float
    shapes: tuple[tuple[str, float], ...]
    appearance_seed: int

    def mesh(self, head: HeadMesh) -> Float32Array:
        """Neutral vertices of this person, float32 of shape (n_vertices, 3)."""
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
        Consumed; the same state gives the same person.
    sex, age_years
        Drawn (evenly; 20..65 years) where None.
    """
    drawn_sex: Sex = "m" if rng.random() < 0.5 else "w"
    drawn_age = int(rng.integers(20, 66))
    sex = drawn_sex if sex is None else sex
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
    """Draw local shapes; left and right of a pair share their weight, since faces are nearly symmetric."""
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
