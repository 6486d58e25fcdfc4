"""Textures of a simulated head: skin, brows, beard, hair, eyes and wrinkles.

Input: an identity and the mesh. Output: `Appearance`, the arrays of the rasteriser. Textures are projections of the
average head from the front; `X_SPAN` and `Y_SPAN` are their sizes in model units.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import expit

from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, IntpArray, UInt8Array
from ecg_facial.simulate.head.glasses import Glasses, choose_glasses
from ecg_facial.simulate.head.hair import STRIP, HairName, HairStyle, choose_style
from ecg_facial.simulate.head.head import (
    ANCESTRIES,
    BODY,
    LEFT_EYE,
    LOWER_TEETH,
    RIGHT_EYE,
    TONGUE,
    UPPER_TEETH,
    HeadMesh,
)
from ecg_facial.simulate.head.identity import Identity
from ecg_facial.simulate.head.wrinkles import draw_wrinkles

# about 1.5 times the resolution of a head in pictures of 320 x 240
TEXTURE_WIDTH, TEXTURE_HEIGHT, EYE_PX = 320, 444, 96
X_SPAN, Y_TOP, Y_SPAN = 2.6, 1.6, 3.6
# darkening from which a pixel has wrinkles
_MIN_CREASE = 0.01
# inner mouth: half width of bright teeth; how its vertices are found, and its colour
_MOUTH_REACH = 0.17
_MOUTH_CELL, _MOUTH_DEPTH, _MOUTH_RGB = 0.05, 0.07, (44.0, 18.0, 18.0)
_LONG_HAIR_Y = -1.1
_LOWER_LIP_Y, _MOUTH_CORNER = -0.785, (0.205, -0.668)
# RGB of skin by ancestry, of hair, of irises and of clothes
_SKIN = np.array([[104, 70, 52], [216, 174, 140], [228, 184, 160]], dtype=np.float64)
_HAIR = np.array(
    [[28, 22, 20], [58, 40, 27], [104, 74, 46], [22, 20, 20], [70, 52, 40], [148, 114, 72]], dtype=np.float64
)
# indices of light colours
_LIGHT_HAIR, _LIGHT_IRIS = (2, 5), (1, 2)
_CAUCASIAN = ANCESTRIES.index("caucasian")
_GREY_HAIR = np.array([168, 163, 158], dtype=np.float64)
_IRIS = np.array([[70, 45, 25], [88, 112, 138], [80, 92, 62], [50, 34, 22], [42, 30, 22]], dtype=np.float64)
_CLOTHES = np.array([[52, 60, 78], [120, 120, 124], [66, 84, 72], [110, 62, 58], [200, 200, 202]], dtype=np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Appearance:
    """Textures and colours of a person.

    Attributes
    ----------
    skin : ndarray of uint8, shape (TEXTURE_HEIGHT, TEXTURE_WIDTH, 4)
        RGB reflectance, and 1 where there may be a wrinkle.
    wrinkles : ndarray of float32, shape (TEXTURE_HEIGHT, TEXTURE_WIDTH, n_wrinkles)
        Logarithm of the darkening at strength 1.
    wrinkle_rest, wrinkle_gain : ndarray of float32, shape (n_wrinkles,)
        Strength at rest (by age), and its increase with the expression.
    eye : ndarray of float32, shape (EYE_PX, EYE_PX, 3)
    vertex_colour : ndarray of float32, shape (n_vertices, 4)
        RGB and opacity over the skin texture: teeth, tongue, hair at the sides.
    hair_share : ndarray of float32, shape (n_vertices,)
        Opacity of painted hair on each vertex.
    style : HairStyle
    glasses : Glasses or None
    hair : ndarray of float32, shape (3,)
        RGB of the hair.
    tone, cloth : tuple of float, length 3
        RGB of skin and clothes, for the hand and the cloth.
    """

    skin: UInt8Array
    wrinkles: Float32Array
    wrinkle_rest: Float32Array
    wrinkle_gain: Float32Array
    eye: Float32Array
    vertex_colour: Float32Array
    hair_share: Float32Array
    style: HairStyle
    glasses: Glasses | None
    hair: Float32Array
    tone: tuple[float, float, float]
    cloth: tuple[float, float, float]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Canvas:
    """Model coordinates of every texture pixel, relative to the eyes' midpoint."""

    x: Float32Array
    y: Float32Array
    rng: np.random.Generator

    def noise(self, blur_px: float, *, stretch: float = 1.0) -> Float32Array:
        """Draw smooth noise of unit variance; `stretch` above 1 stretches it vertically."""
        white = self.rng.standard_normal(self.x.shape, dtype=np.float32)
        smooth = cv2.GaussianBlur(white, (0, 0), sigmaX=blur_px, sigmaY=blur_px * stretch)
        return np.asarray(smooth / (smooth.std() + 1e-6), dtype=np.float32)


def make_appearance(identity: Identity, head: HeadMesh, *, hair: HairName | None = None) -> Appearance:
    """Draw a person's textures; the same identity gives the same arrays. `hair` replaces the person's own cut."""
    rng = np.random.default_rng(identity.appearance_seed)
    column, row = np.meshgrid(np.arange(TEXTURE_WIDTH), np.arange(TEXTURE_HEIGHT))
    x = ((column + 0.5) / TEXTURE_WIDTH - 0.5) * X_SPAN
    y = Y_TOP - (row + 0.5) / TEXTURE_HEIGHT * Y_SPAN
    canvas = _Canvas(x=x.astype(np.float32), y=y.astype(np.float32), rng=rng)
    eye_x = float(abs(head.centre_of(head.template, LEFT_EYE)[0]))
    tone = np.array(identity.ancestry) @ _SKIN * rng.uniform(0.86, 1.06) + rng.normal(0.0, 3.0, 3)
    hair_colour = _hair_colour(identity, rng)
    skin = _draw_skin(canvas, tone, eye_x)
    skin = _draw_lips(canvas, skin, head, tone, identity)
    skin = _draw_brows(canvas, skin, hair_colour, eye_x, identity)
    skin = _draw_beard(canvas, skin, hair_colour, identity)
    # men have higher hairlines, and may go bald
    hairline = float(rng.uniform(0.66, 0.86) + (0.1 * rng.random() if identity.sex == "m" else 0.0))
    balding = identity.sex == "m" and rng.random() < 0.12 + 0.004 * max(identity.age_years - 30, 0)
    skin = _draw_fringe(canvas, skin, hair_colour, hairline + (0.35 if balding else 0.0))
    style = choose_style(identity, hairline, is_bald=balding, name=hair)
    wrinkles, gain = draw_wrinkles(canvas.x, canvas.y, rng, eye_x=eye_x)
    creased = np.abs(wrinkles * np.maximum(gain, 0.35)).max(axis=-1) > _MIN_CREASE
    aged = max(0.0, (identity.age_years - 30) / 50)
    # wrinkles at rest increase from 30 years on
    rest = rng.uniform(0.0, 0.35, len(gain)) * aged
    share = _hair_share(head, hairline + (0.45 if balding else 0.0), covers_ears=style.covers_ears)
    eye = _draw_eye(identity, rng)
    vertex_colour = _colour_vertices(head, hair_colour, share, rng)
    cloth = _CLOTHES[rng.integers(len(_CLOTHES))] + rng.normal(0, 8, 3)
    skin = _draw_shirt(canvas, skin, cloth)
    _draw_locks(skin, creased, hair_colour, canvas)
    return Appearance(
        skin=np.dstack([np.clip(skin, 3, 255), creased]).astype(np.uint8),
        wrinkles=wrinkles,
        wrinkle_rest=rest.astype(np.float32),
        wrinkle_gain=gain,
        eye=eye,
        vertex_colour=vertex_colour,
        hair_share=share,
        style=style,
        glasses=choose_glasses(rng),
        hair=hair_colour.astype(np.float32),
        tone=_triple(tone),
        cloth=_triple(cloth),
    )


def _triple(colour: Float64Array) -> tuple[float, float, float]:
    red, green, blue = np.clip(colour, 5, 250).tolist()
    return red, green, blue


def texture_coordinates(head: HeadMesh) -> Float32Array:
    """Compute texture coordinates 0..1 of all vertices, float32 of shape (n_vertices, 2)."""
    relative = head.template - head.eye_centre
    uv = np.stack([relative[:, 0] / X_SPAN + 0.5, (Y_TOP - relative[:, 1]) / Y_SPAN], axis=1)
    for side in (LEFT_EYE, RIGHT_EYE):
        chosen = head.group == side
        ball = head.template[chosen]
        centre, radius = ball.mean(axis=0), np.ptp(ball[:, 0]) / 2
        uv[chosen, 0] = (ball[:, 0] - centre[0]) / radius / 2 + 0.5
        uv[chosen, 1] = -(ball[:, 1] - centre[1]) / radius / 2 + 0.5
    return np.ascontiguousarray(uv, dtype=np.float32)


def _pick(colours: Float64Array, light: tuple[int, ...], identity: Identity, rng: np.random.Generator) -> Float64Array:
    """Draw a colour; light hair and eyes are as likely as the square of the Caucasian part of the ancestry."""
    weights = np.ones(len(colours))
    weights[list(light)] = identity.ancestry[_CAUCASIAN] ** 2
    return np.asarray(colours[int(rng.choice(len(colours), p=weights / weights.sum()))])


def _hair_colour(identity: Identity, rng: np.random.Generator) -> Float64Array:
    """Draw a hair colour that turns grey with age."""
    # brightness and warmth vary; independent noise of the three channels would make dark hair purple
    warmth = rng.normal(0.0, 0.05)
    colour = _pick(_HAIR, _LIGHT_HAIR, identity, rng) * rng.uniform(0.8, 1.3) * np.array([1 + warmth, 1.0, 1 - warmth])
    grey = float(np.clip((identity.age_years - rng.uniform(35, 60)) / 20, 0.0, 0.9))
    return np.asarray(np.clip(colour * (1 - grey) + _GREY_HAIR * grey, 5, 230), dtype=np.float64)


def _over(image: Float32Array, colour: Float64Array, opacity: Float32Array) -> Float32Array:
    alpha = np.clip(opacity, 0, 1)[..., None]
    return np.asarray(image * (1 - alpha) + colour * alpha, dtype=np.float32)


def _draw_skin(canvas: _Canvas, tone: Float64Array, eye_x: float) -> Float32Array:
    """Draw the skin: mottled, with red cheeks and nose, dark lids and bags under the eyes."""
    x, y, rng = canvas.x, canvas.y, canvas.rng
    skin: Float32Array = np.ones((*x.shape, 3), np.float32) * tone.astype(np.float32)
    mottle = canvas.noise(rng.uniform(8, 20)) * rng.uniform(1.5, 4) + canvas.noise(1.0) * rng.uniform(0.8, 3)
    skin = skin + mottle[..., None]
    blush = rng.uniform(2, 14) * np.array([1.0, -0.25, -0.2])
    for side in (-1, 1):
        cheek = np.exp(-(((x - side * 0.5) / 0.26) ** 2 + ((y + 0.5) / 0.24) ** 2))
        skin += cheek[..., None] * blush.astype(np.float32)
        lid = np.exp(-((((x - side * eye_x) / 0.24) ** 2 + (y / 0.13) ** 2) ** 2))
        bag = np.exp(-(((x - side * eye_x) / 0.2) ** 2 + ((y + 0.17) / 0.06) ** 2))
        skin *= (1 - rng.uniform(0.04, 0.22) * lid - rng.uniform(0, 0.14) * bag)[..., None]
    nose = np.exp(-((x / 0.2) ** 2 + ((y + 0.45) / 0.2) ** 2))
    return np.asarray(skin + nose[..., None] * (0.5 * blush).astype(np.float32), dtype=np.float32)


def _draw_lips(
    canvas: _Canvas, skin: Float32Array, head: HeadMesh, tone: Float64Array, identity: Identity
) -> Float32Array:
    """Draw the lips, where the targets that roll the lips move the mesh most."""
    rng = canvas.rng
    motion = np.linalg.norm(head.expressions["mouthRollUpper"] + head.expressions["mouthRollLower"], axis=1)
    relative = head.template - head.eye_centre
    # the skin above moves much less, but the groove under the lower lip moves as much as the lip: excluded by its
    # height
    red = (motion > 0.5 * motion.max()) & (np.abs(relative[:, 0]) < 0.3) & (head.group == 0)
    red &= relative[:, 1] > _LOWER_LIP_Y
    weight = np.zeros(skin.shape[:2], np.float32)
    # lips taper to the corners of the mouth, which hardly move
    points = np.concatenate([relative[red, :2], [[-_MOUTH_CORNER[0], _MOUTH_CORNER[1]], _MOUTH_CORNER]])
    columns = ((points[:, 0] / X_SPAN + 0.5) * TEXTURE_WIDTH).astype(int)
    rows = ((Y_TOP - points[:, 1]) / Y_SPAN * TEXTURE_HEIGHT).astype(int)
    hull = cv2.convexHull(np.stack([columns, rows], axis=1).astype(np.int32))
    cv2.fillConvexPoly(weight, hull, 1.0)
    soft = cv2.GaussianBlur(weight, (0, 0), 2.0)
    strength = rng.uniform(0.35, 0.6) + (rng.uniform(0.0, 0.35) if identity.sex == "w" else 0.0)
    colour = tone * np.array([rng.uniform(0.86, 0.98), rng.uniform(0.58, 0.72), rng.uniform(0.58, 0.74)])
    return _over(skin, colour, np.asarray(soft * strength, dtype=np.float32))


def _draw_brows(
    canvas: _Canvas, skin: Float32Array, hair: Float64Array, eye_x: float, identity: Identity
) -> Float32Array:
    """Draw the brows: an arched band of strands that is thinner on the outside."""
    x, y, rng = canvas.x, canvas.y, canvas.rng
    height, half = rng.normal(0.215, 0.02), rng.uniform(0.03, 0.06) * (1.15 if identity.sex == "m" else 0.85)
    reach, arch, tilt = rng.uniform(0.19, 0.26), rng.uniform(0.02, 0.08), rng.normal(0.06, 0.03)
    strength, strands = rng.uniform(0.5, 0.9), canvas.noise(0.7)
    for side in (-1, 1):
        along = side * x - eye_x
        line = height + arch * np.cos(along * 3.2) - arch - tilt * along - np.maximum(along - 0.12, 0) * 0.3
        thin = np.clip(1.15 - 0.9 * np.maximum(along, 0) / reach, 0.35, 1.0)
        brow = np.exp(-(((y - line) / (half * thin)) ** 2)) * expit((reach - np.abs(along - 0.02)) * 40)
        brow *= (side * x > 0) * np.clip(0.85 + 0.25 * strands, 0, 1.2)
        skin = _over(skin, hair * 0.9, np.asarray(brow * strength, dtype=np.float32))
    return skin


def _draw_beard(canvas: _Canvas, skin: Float32Array, hair: Float64Array, identity: Identity) -> Float32Array:
    """Draw a beard, stubble or nothing, for men; free around the lips."""
    x, y, rng = canvas.x, canvas.y, canvas.rng
    kind = rng.random()
    if identity.sex != "m" or kind > 0.6:
        return skin
    jaw = expit(-(y + 0.72 + 0.35 * np.abs(x) - 0.6 * np.abs(x) ** 3) * 22)
    jaw *= (np.abs(x) < 0.95) * expit((y + 1.22) * 30)
    mouth = np.exp(-(((x / 0.24) ** 2 + ((y + 0.86) / 0.075) ** 2) ** 2))
    strength = rng.uniform(0.06, 0.22) if kind < 0.35 else rng.uniform(0.35, 0.8)
    if kind > 0.5:
        jaw *= np.exp(-((x / 0.36) ** 4))
    opacity = jaw * (1 - 0.9 * mouth) * strength * np.clip(0.85 + 0.2 * canvas.noise(0.8), 0, 1.1)
    return _over(skin, hair, np.asarray(cv2.GaussianBlur(opacity, (0, 0), 0.8), dtype=np.float32))


def _draw_fringe(canvas: _Canvas, skin: Float32Array, hair: Float64Array, hairline: float) -> Float32Array:
    """Draw the hair at the forehead in the texture, because the mesh is too coarse for a hairline."""
    x, y, rng = canvas.x, canvas.y, canvas.rng
    parting, recede = rng.uniform(-0.35, 0.35), rng.uniform(0.1, 0.5)
    edge = hairline + recede * 0.12 * np.cos(3.2 * (x - parting)) - 0.62 * np.maximum(np.abs(x) - 0.42, 0)
    ragged = edge + 0.025 * canvas.noise(1.2, stretch=6) + 0.03 * canvas.noise(8)
    opacity = expit((y - ragged) * 38)
    strands = 1 + 0.16 * canvas.noise(0.9, stretch=9) + 0.1 * canvas.noise(4, stretch=5)
    painted = hair * np.clip(strands, 0.5, 1.5)[..., None]
    alpha = opacity[..., None]
    return np.asarray(skin * (1 - alpha) + painted * alpha, dtype=np.float32)


def _draw_locks(skin: Float32Array, creased: BoolArray, hair: Float64Array, canvas: _Canvas) -> None:
    """Draw strands into the strip of the texture for the hair: columns are locks, rows go from root to end."""
    top, bottom = (round(share * TEXTURE_HEIGHT) for share in STRIP)
    rows = slice(max(top - 3, 0), bottom + 4)
    strands = 0.15 * canvas.noise(0.8, stretch=16) + 0.06 * canvas.noise(3.5, stretch=8)
    along = np.clip((np.arange(rows.start, rows.stop) - top) / (bottom - top), 0, 1)
    # darker at roots and ends, brighter at the top
    bow = 0.78 + 0.3 * np.sin(np.pi * np.clip(1.25 * along, 0, 1)) ** 0.7
    skin[rows] = hair * np.clip(bow[:, None] * (1 + strands[rows]), 0.4, 1.6)[..., None]
    creased[rows] = False


def _draw_shirt(canvas: _Canvas, skin: Float32Array, cloth: Float64Array) -> Float32Array:
    """Draw a shirt with a round neckline in the texture, because the mesh is too coarse for an edge."""
    below = -(canvas.y + 1.78 - 0.12 * np.abs(canvas.x))
    collar = np.exp(-(((below - 0.03) / 0.02) ** 2))
    painted = cloth * (1.0 - 0.25 * collar[..., None])
    alpha = expit(below * 160)[..., None]
    return np.asarray(skin * (1 - alpha) + painted * alpha, dtype=np.float32)


def _hair_share(head: HeadMesh, hairline: float, *, covers_ears: bool) -> Float32Array:
    """Opacity of painted hair on each vertex."""
    relative = head.template - head.eye_centre
    behind = np.maximum(head.template[:, 2].max() - 0.78 - head.template[:, 2], 0)
    slope, lowest = (2.1, _LONG_HAIR_Y) if covers_ears else (1.05, -0.12)
    # short hair leaves the ears free, which are beside the eyes
    share = expit((relative[:, 1] - hairline + slope * behind - 0.12 * np.abs(relative[:, 0])) * 16)
    share *= expit((relative[:, 1] - lowest) * 14)
    share[head.group != 0] = 0
    return np.asarray(share, dtype=np.float32)


def _colour_vertices(
    head: HeadMesh, hair: Float64Array, hair_share: Float32Array, rng: np.random.Generator
) -> Float32Array:
    """Colours of vertices over the texture: hair at the sides, teeth, tongue, inside of the mouth."""
    colour = np.zeros((len(head.template), 4), np.float32)
    shade = 1 + 0.07 * rng.standard_normal(len(head.template))
    colour[:, :3] = hair * shade[:, None]
    colour[:, 3] = hair_share
    # teeth and tongue are darker further back and towards the corners of the mouth
    relative = head.template - head.eye_centre
    reach = np.exp(-((relative[:, 0] / _MOUTH_REACH) ** 4)) * np.clip(0.75 + 2.0 * relative[:, 2], 0.15, 1.0)
    for group, tint in ((UPPER_TEETH, (208, 202, 188)), (LOWER_TEETH, (190, 184, 172)), (TONGUE, (140, 66, 66))):
        inside = head.group == group
        colour[inside, :3] = np.array(tint) * rng.uniform(0.85, 1.05) * (0.08 + 0.78 * reach[inside, None])
        colour[inside, 3] = 1.0
    inner = _find_inner_mouth(head)
    colour[inner] = (*_MOUTH_RGB, 1.0)
    colour[np.isin(head.group, (LEFT_EYE, RIGHT_EYE)), 3] = 0
    return colour


def _find_inner_mouth(head: HeadMesh) -> IntpArray:
    """Find the vertices inside the mouth: near it, and behind other skin at the same place."""
    relative = head.template - head.eye_centre
    x, y = np.abs(relative[:, 0]), relative[:, 1]
    # excludes nostrils, chin and neck
    inside = (x < 0.34) & (y > -0.87) & (y < np.where(x < 0.17, -0.57, -0.46)) & (relative[:, 2] > -0.9)
    about = np.flatnonzero((head.group == BODY) & inside)
    apart = np.linalg.norm(relative[about, None, :2] - relative[None, about, :2], axis=-1)
    front = np.where(apart < _MOUTH_CELL, relative[about, 2], -np.inf).max(axis=1)
    return np.asarray(about[front - relative[about, 2] > _MOUTH_DEPTH])


def _draw_eye(identity: Identity, rng: np.random.Generator) -> Float32Array:
    """Draw the texture of an eye: white, iris, pupil, reflection, shade of the lids."""
    row, column = np.mgrid[0:EYE_PX, 0:EYE_PX] / EYE_PX - 0.5
    radius = 2 * np.hypot(row, column)
    eye = np.ones((EYE_PX, EYE_PX, 3)) * np.array([226, 220, 214]) * rng.uniform(0.8, 0.98)
    iris = _pick(_IRIS, _LIGHT_IRIS, identity, rng) + rng.normal(0, 7, 3)
    eye[radius < 0.45] = iris * 0.55
    eye[radius < 0.41] = iris
    eye[radius < rng.uniform(0.16, 0.22)] = 8
    glint = np.hypot(row + 0.09, column - rng.uniform(-0.09, 0.09)) * 2
    eye[glint < rng.uniform(0.05, 0.09)] = 250
    eye[: int(EYE_PX * rng.uniform(0.3, 0.4))] *= 0.72
    # darker towards the corners, where the ball turns away from the light
    eye *= 1.0 - 0.5 * np.clip((np.abs(column)[..., None] - 0.2) / 0.28, 0, 1) ** 1.5
    return np.asarray(cv2.GaussianBlur(eye.clip(0, 255), (0, 0), 0.7), dtype=np.float32)
