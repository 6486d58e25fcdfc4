"""Hair of a simulated head: a shell of locks that hang from the crown.

Input: an identity, and the head's vertices. Output: vertices, triangles and texture coordinates, drawn together with
the head, so that hair rotates with it, hides parts of it and casts shadows. Coordinates are model units from the head's
pivot (`PIVOT` is its offset from the midpoint of the eyes). The texture of hair is the strip `STRIP` of the skin's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from ecg_facial.simulate.head.identity import Identity

HairName = Literal["bald", "cropped", "short", "tied", "bob", "long"]

PIVOT = np.array([0.0, -0.35, -0.9], dtype=np.float32)
STRIP = (0.01, 0.115)
"""First and last row of the hair's texture, in heights of the skin texture: above every head."""

_CENTRE = np.array([0.0, 0.2, -0.85]) - PIVOT
# locks around the head, and points along each
_N_LOCKS, _N_ROWS = 64, 10
# width of the kernel that smooths the skull
_KERNEL_RAD = 0.13
# azimuths from the front in degrees at which heights are given: forehead, temple, whiskers, ear, nape
_PLACES_DEG = (0.0, 40.0, 57.0, 64.0, 76.0, 82.0, 104.0, 112.0, 180.0)
_TEMPLE_Y, _EAR_TOP_Y = 0.45, 0.16
# thickness at the root, and length from which a lock is drawn
_THIN, _SHORTEST = 0.015, 0.08
# height of the average crown, and power of the mean that measures the skull
_USUAL_CROWN = 1.07
_BOW = 10
# share of each cut by sex
_SHARES: dict[str, tuple[tuple[HairName, float], ...]] = {
    "w": (("long", 0.4), ("bob", 0.3), ("tied", 0.16), ("short", 0.1), ("cropped", 0.04)),
    "m": (("cropped", 0.4), ("short", 0.5), ("bob", 0.06), ("long", 0.04)),
}
# share of people with a fringe
_FRINGE_SHARE = {"w": 0.35, "m": 0.2}


@dataclass(frozen=True, kw_only=True)
class HairStyle:
    """Cut of the hair; heights in model units above the eyes.

    Attributes
    ----------
    name : str
    hairline, front : float
        Height of the hairline at the forehead, and of the hair's end there (lower for a fringe).
    whiskers, ear, nape : float
        Height of the hair's end in front of, over and behind the ears.
    thickness : float
        Thickness of the shell.
    raggedness : float
        Spread of the locks' ends.
    start : float or None
        Height at which a bald crown ends; None if it is covered.
    """

    name: HairName
    hairline: float
    front: float
    whiskers: float
    ear: float
    nape: float
    thickness: float
    raggedness: float
    start: float | None = None

    @property
    def covers_ears(self) -> bool:
        """Whether hair falls over the ears."""
        return self.ear < 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Hair:
    """Mesh of the hair.

    Attributes
    ----------
    vertices : ndarray of float32, shape (n_vertices, 3)
    triangles : ndarray of int32, shape (n_triangles, 3)
    uv : ndarray of float32, shape (n_vertices, 2)
    is_lining : ndarray of bool, shape (n_vertices,)
        True on the side towards the head, which is dark.
    """

    vertices: Float32Array
    triangles: Int32Array
    uv: Float32Array
    is_lining: BoolArray


def choose_style(identity: Identity, hairline: float, *, is_bald: bool, name: HairName | None = None) -> HairStyle:
    """Choose a person's hair; the same identity gives the same hair.

    Parameters
    ----------
    identity : Identity
    hairline : float
        Height of the hairline above the eyes.
    is_bald : bool
        Whether the crown is bald.
    name : str, optional
        The cut; random by sex if None.
    """
    rng = np.random.default_rng([identity.appearance_seed, 1])
    names, shares = zip(*_SHARES[identity.sex], strict=True)
    drawn = names[int(rng.choice(len(names), p=shares))]
    has_fringe = rng.random() < _FRINGE_SHARE[identity.sex]
    style = _cut("bald" if is_bald else drawn, hairline, rng) if name is None else _cut(name, hairline, rng)
    if has_fringe and style.name in ("short", "bob", "long"):
        return replace(style, front=float(rng.uniform(0.45, 0.55)), raggedness=max(style.raggedness, 0.03))
    return style


def _cut(name: HairName, hairline: float, rng: np.random.Generator) -> HairStyle:
    """Draw the parameters of a cut."""
    u = rng.uniform
    front = hairline - 0.02
    if name in ("long", "bob"):
        ends = float(u(-1.75, -1.25) if name == "long" else u(-0.85, -0.55))
        nape = ends - float(u(0.0, 0.12))
        return HairStyle(
            name=name,
            hairline=hairline,
            front=front,
            whiskers=ends,
            ear=ends,
            nape=nape,
            thickness=float(u(0.13, 0.2)),
            raggedness=float(u(0.01, 0.05)),
        )
    whiskers = float(u(-0.22, 0.1))
    thickness = {"bald": (0.01, 0.03), "cropped": (0.015, 0.04), "tied": (0.03, 0.06), "short": (0.07, 0.14)}[name]
    nape = float(u(-0.1, 0.1) if name == "tied" else u(-0.65, -0.45))
    style = HairStyle(
        name=name,
        hairline=hairline,
        front=front,
        whiskers=whiskers,
        ear=_EAR_TOP_Y,
        nape=nape,
        thickness=float(u(*thickness)),
        raggedness=float(u(0.01, 0.03)),
    )
    return replace(style, start=float(u(0.55, 0.75))) if name == "bald" else style


def grow_hair(style: HairStyle, vertices: Float32Array, rng: np.random.Generator) -> Hair:
    """Make the mesh of the hair on a head.

    Parameters
    ----------
    style : HairStyle
        The cut.
    vertices : ndarray of float32, shape (n, 3)
        The head's skin, from its pivot.
    rng : numpy.random.Generator
        Of the locks' ends.
    """
    # no lock exactly in front, where the mirrored texture coordinates meet
    azimuth = 2 * np.pi * (np.arange(_N_LOCKS) + 0.5) / _N_LOCKS
    azimuth = np.where(azimuth > np.pi, azimuth - 2 * np.pi, azimuth)
    degrees = np.abs(np.degrees(azimuth))
    # heights are for the average head: they are scaled by the height of this one
    crown = float(vertices[:, 1].max() + PIVOT[1]) / _USUAL_CROWN
    end = _find_ends(style, degrees)
    end = np.where(end > 0, crown * end, end)
    end += style.raggedness * np.where(degrees < _PLACES_DEG[2], 0.5, 1.0) * rng.standard_normal(_N_LOCKS)
    shell = _hang_locks(style, azimuth, end, vertices)
    shares = np.broadcast_to(np.linspace(0, 1, _N_ROWS), shell.shape[:2])
    uv = np.stack([np.broadcast_to(np.abs(azimuth[:, None]) / np.pi, shares.shape), _strip_row(shares)], axis=-1)
    triangles = _join_locks(np.ptp(shell, axis=1).max(axis=-1) > _SHORTEST)
    points, coordinates = shell.reshape(-1, 3), uv.reshape(-1, 2)
    # the inside of the shell, visible beside the neck and the temples
    lining = np.repeat([False, True], len(points))
    triangles = np.concatenate([triangles, triangles[:, ::-1] + len(points)])
    points, coordinates = np.tile(points, (2, 1)), np.tile(coordinates, (2, 1))
    return Hair(
        vertices=points.astype(np.float32),
        triangles=triangles.astype(np.int32),
        uv=coordinates.astype(np.float32),
        is_lining=lining,
    )


def _strip_row(share: Float64Array) -> Float64Array:
    return STRIP[0] + share * (STRIP[1] - STRIP[0])


def _find_ends(style: HairStyle, degrees: Float64Array) -> Float64Array:
    """Height above the eyes at which the locks at an azimuth end."""
    front = style.front
    temple = _TEMPLE_Y if not style.covers_ears else 0.5 * (front + style.whiskers)
    heights = (front, front, temple, style.whiskers, style.whiskers, style.ear, style.ear, style.nape, style.nape)
    return np.interp(degrees, _PLACES_DEG, heights)


def _hang_locks(style: HairStyle, azimuth: Float64Array, end: Float64Array, vertices: Float32Array) -> Float64Array:
    """Compute the points of the locks, (n_locks, n_rows, 3): along the skull, and below its middle straight down."""
    above = end - (_CENTRE[1] + PIVOT[1])
    reach = _measure_skull(vertices, azimuth, np.full(len(azimuth), 1.1))
    end_polar = np.arccos(np.clip(above / reach, 0.0, 1.0))
    start_polar = np.zeros(len(azimuth))
    if style.start is not None:
        start_polar = np.arccos(np.clip((style.start - (_CENTRE[1] + PIVOT[1])) / reach, 0.0, 1.0))
        end_polar = np.maximum(end_polar, start_polar)
    arc = reach * (end_polar - start_polar)
    share = np.linspace(0, 1, _N_ROWS)
    # distance from the crown along the lock, first on the skull, then falling
    walked = share * (arc + np.maximum(-above, 0.0))[:, None]
    polar = start_polar[:, None] + np.minimum(walked, arc[:, None]) / reach[:, None]
    fall = np.maximum(walked - arc[:, None], 0.0)
    radius = _measure_skull(vertices, np.broadcast_to(azimuth[:, None], polar.shape), polar)
    radius = radius + _THIN + style.thickness * _taper(share, fall[:, -1], from_crown=style.start is None)
    across = radius * np.sin(polar) * (1.0 - _draw_in(style, np.abs(np.degrees(azimuth)))[:, None] * fall)
    return np.stack(
        [
            across * np.sin(azimuth)[:, None],
            _CENTRE[1] + radius * np.cos(polar) - fall,
            _CENTRE[2] + across * np.cos(azimuth)[:, None],
        ],
        axis=-1,
    )


def _draw_in(style: HairStyle, degrees: Float64Array) -> Float64Array:
    """How much locks approach the neck per unit of fall: short ones lie on it."""
    return np.full(len(degrees), 0.05) if style.covers_ears else np.interp(degrees, (70.0, 130.0), (0.15, 0.5))


def _taper(share: Float64Array, fall: Float64Array, *, from_crown: bool) -> Float64Array:
    """Relative thickness along locks: it decreases to the end of locks that end on the skin, not of those that fall."""
    lies = np.clip(1.0 - fall / 0.5, 0.0, 1.0)[:, None]
    thick = 1.0 - lies * share**4
    return thick if from_crown else thick * np.minimum(share * 4.0, 1.0)


def _measure_skull(vertices: Float32Array, azimuth: Float64Array, polar: Float64Array) -> Float64Array:
    """Distance of the skin from the skull's centre in given directions: a smooth mean of the vertices near each."""
    offsets = vertices[vertices[:, 1] > _CENTRE[1] - 0.05].astype(np.float64) - _CENTRE
    distance = np.linalg.norm(offsets, axis=1)
    ways = np.stack(
        [np.sin(polar) * np.sin(azimuth), np.broadcast_to(np.cos(polar), polar.shape), np.sin(polar) * np.cos(azimuth)],
        axis=-1,
    )
    apart = np.arccos(np.clip(ways @ (offsets / distance[:, None]).T, -1.0, 1.0))
    weights = np.exp(-((apart / _KERNEL_RAD) ** 2)) + 1e-9
    # a power mean, which prefers farther vertices, so that hair does not sink into the skin
    return np.asarray(((weights * distance**_BOW).sum(axis=-1) / weights.sum(axis=-1)) ** (1 / _BOW))


def _join_locks(is_grown: BoolArray) -> Int64Array:
    """Make the triangles between neighbouring locks, counter-clockwise from outside; (n_triangles, 3)."""
    grown = np.flatnonzero(is_grown & np.roll(is_grown, -1))
    lock, row = (grid.ravel() for grid in np.meshgrid(grown, np.arange(_N_ROWS - 1), indexing="ij"))
    here, there = lock * _N_ROWS + row, (lock + 1) % _N_LOCKS * _N_ROWS + row
    return np.concatenate([np.stack([here, here + 1, there + 1], axis=1), np.stack([here, there + 1, there], axis=1)])
