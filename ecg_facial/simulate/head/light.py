"""Light of a simulated room: coloured lamps, and the colours of the wall.

Input: random streams. Output: `Light` for the renderer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ecg_facial.runtime.typing import Float32Array, Float64Array

# share of the lamps' light on a surface of average direction
_DIFFUSE = np.float32(0.7)


@dataclass(frozen=True, kw_only=True)
class Light:
    """Lamps (direction towards the lamp, RGB strength), ambient light, and colours of the wall.

    Attributes
    ----------
    lamps : tuple of 6-tuples
        x, y, z of the direction, then RGB strength.
    ambient : tuple of float, length 3
    wall_top, wall_bottom : tuple of float, length 3
        RGB of the background, 0..255.
    shadow : float
        Strength of the first lamp's shadows, 0 (no shadow) to 1 (none of its light).
    """

    lamps: tuple[tuple[float, ...], ...] = ((0.35, 0.55, 0.75, 0.5, 0.5, 0.48), (-0.6, 0.2, 0.75, 0.22, 0.22, 0.24))
    ambient: tuple[float, float, float] = (0.38, 0.38, 0.39)
    wall_top: tuple[float, float, float] = (176.0, 180.0, 182.0)
    wall_bottom: tuple[float, float, float] = (128.0, 132.0, 136.0)
    shadow: float = 0.0

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Light:
        """Draw the light of a room: a key lamp above, a weaker fill lamp on the other side, warm or cold."""
        side = 1.0 if rng.random() < 0.5 else -1.0
        warmth = rng.normal(0.0, 0.04)
        tint = np.array([1 + warmth, 1.0, 1 - warmth])
        key, fill = rng.uniform(0.35, 0.6) * tint, rng.uniform(0.1, 0.3) / tint
        direction = (side * rng.uniform(0.1, 0.8), rng.uniform(0.25, 0.8), rng.uniform(0.6, 1.0))
        other = (-side * rng.uniform(0.3, 0.8), rng.uniform(-0.1, 0.4), rng.uniform(0.5, 1.0))
        ambient = rng.uniform(0.3, 0.42) * tint
        wall = rng.uniform(70, 215) + rng.normal(0, 7, 3)
        fall = rng.uniform(0.55, 0.95)
        return cls(
            lamps=((*direction, *key.tolist()), (*other, *fill.tolist())),
            ambient=_triple(ambient),
            wall_top=_triple(np.clip(wall, 20, 240)),
            wall_bottom=_triple(np.clip(wall * fall, 15, 235)),
        )

    def add_lamps(self, rng: np.random.Generator, *, n_lamps: tuple[int, int], shadow: float) -> Light:
        """Add coloured lamps, and scale all so that the total strength does not change.

        Parameters
        ----------
        rng : numpy.random.Generator
            The person's own stream.
        n_lamps : (int, int)
            Smallest and largest number of lamps to add.
        shadow : float
            Strength of the first lamp's shadows.
        """
        added = [_sample_lamp(rng) for _ in range(int(rng.integers(n_lamps[0], n_lamps[1] + 1)))]
        if not added:
            return replace(self, shadow=shadow)
        lamps = [*self.lamps, *added]
        share = sum(sum(lamp[3:]) for lamp in self.lamps) / sum(sum(lamp[3:]) for lamp in lamps)
        dimmed = tuple((*lamp[:3], *(share * strength for strength in lamp[3:])) for lamp in lamps)
        return replace(self, lamps=dimmed, shadow=shadow)

    def arrays(self) -> tuple[Float32Array, Float32Array]:
        """Convert to arrays: lamps with unit directions (n_lamps, 6), and ambient light (3,)."""
        lamps = np.array(self.lamps, dtype=np.float32)
        lamps[:, :3] /= np.linalg.norm(lamps[:, :3], axis=1, keepdims=True)
        return lamps, np.array(self.ambient, dtype=np.float32)

    def level(self) -> Float32Array:
        """Compute the light on a surface of average direction (cloth, walls): RGB, shape (3,)."""
        strengths = np.array([lamp[3:] for lamp in self.lamps], dtype=np.float32)
        return np.asarray(np.array(self.ambient, dtype=np.float32) + _DIFFUSE * strengths.sum(axis=0))


# direction and RGB: a window at the side, a warm lamp above, a screen below, a coloured sign
_LAMP_KINDS = (
    ((1.0, 0.25, 0.35), (0.72, 0.86, 1.0)),
    ((0.3, 1.0, 0.35), (1.0, 0.8, 0.55)),
    ((0.25, -0.45, 0.85), (0.55, 0.75, 1.0)),
    ((0.9, 0.1, 0.2), (1.0, 0.55, 0.6)),
)


def _sample_lamp(rng: np.random.Generator) -> tuple[float, ...]:
    direction, colour = _LAMP_KINDS[int(rng.integers(len(_LAMP_KINDS)))]
    side = 1.0 if rng.random() < 0.5 else -1.0
    strength = rng.uniform(0.15, 0.45) * np.array(colour)
    return (side * direction[0], *direction[1:], *strength.tolist())


def _triple(values: Float64Array) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
