"""The neutral head mesh, with offsets for people and expressions.

Input: the packaged array file. Output: `HeadMesh`. Coordinates are model units of about a decimetre: x to the person's
left, y up, z to the front.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from ecg_facial.runtime.typing import Float16Array, Float32Array, Int32Array, StrArray, UInt8Array

BODY, LEFT_EYE, RIGHT_EYE, UPPER_TEETH, LOWER_TEETH, TONGUE = range(6)
ANCESTRIES = ("african", "asian", "caucasian")


@dataclass(frozen=True, eq=False, kw_only=True)
class HeadMesh:
    """A head with its shape and expression targets.

    Attributes
    ----------
    vertices : ndarray of float32, shape (n_vertices, 3)
        Base mesh; a weighted sum of `macro` is added for a person.
    triangles : ndarray of int32, shape (n_triangles, 3)
    group : ndarray of uint8, shape (n_vertices,)
        BODY, LEFT_EYE, RIGHT_EYE, UPPER_TEETH, LOWER_TEETH or TONGUE.
    macro : ndarray of float32, shape (3 ancestries, 2 sexes, 2 ages, n_vertices, 3)
        Sexes male, female; ages young, old.
    shapes, expressions : dict of str to ndarray of float32, shape (n_vertices, 3)
        Offsets at weight 1.
    template : ndarray of float32, shape (n_vertices, 3)
        The average person, to which texture coordinates refer.
    eye_centre : ndarray of float32, shape (3,)
        Midpoint of the eyes of the template.
    """

    vertices: Float32Array
    triangles: Int32Array
    group: UInt8Array
    macro: Float32Array
    shapes: dict[str, Float32Array]
    expressions: dict[str, Float32Array]
    template: Float32Array
    eye_centre: Float32Array

    def centre_of(self, vertices: Float32Array, group: int) -> Float32Array:
        """Mean position of one group's vertices."""
        centre: Float32Array = vertices[self.group == group].mean(axis=0)
        return centre


@lru_cache(maxsize=1)
def load_head() -> HeadMesh:
    """Load the packaged mesh, once per process."""
    with files("ecg_facial").joinpath("assets/head.npz").open("rb") as stream, np.load(stream) as archive:
        arrays = {name: archive[name] for name in archive.files}
    vertices = arrays["vertices"].astype(np.float32)
    macro = arrays["macro"].astype(np.float32).reshape(len(ANCESTRIES), 2, 2, *vertices.shape)
    template = vertices + macro.mean(axis=(0, 1, 2))
    group = arrays["group"]
    eyes = [template[group == side].mean(axis=0) for side in (LEFT_EYE, RIGHT_EYE)]
    return HeadMesh(
        vertices=vertices,
        triangles=np.ascontiguousarray(arrays["triangles"], dtype=np.int32),
        group=group,
        macro=macro,
        shapes=_by_name(arrays["shape_names"], arrays["shapes"]),
        expressions=_by_name(arrays["expression_names"], arrays["expressions"]),
        template=template.astype(np.float32),
        eye_centre=np.mean(eyes, axis=0).astype(np.float32),
    )


def _by_name(names: StrArray, offsets: Float16Array) -> dict[str, Float32Array]:
    return {str(name): offset.astype(np.float32) for name, offset in zip(names, offsets, strict=True)}
