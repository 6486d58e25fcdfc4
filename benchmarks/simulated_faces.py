"""Simulated faces for face detectors: the share of uncovered frames in which they find the face.

Run as ``python benchmarks/simulated_faces.py [--identities N] [--frames N] [--yunet FILE] [--landmarker FILE]``.
People, rooms, lamps, hands and cameras are those of the settings `BIOVID_LIKE_NUISANCE` and `BIOVID_LIKE_SCENE`; each
person is seen in one trial, half of them in strong pain, after JPEG about as coarse as the trial's video. A frame is
covered where the hand hides any of the face. With MediaPipe's face landmarker (``--landmarker``; ``--no-mtcnn`` where
the environment that has MediaPipe has no MTCNN) also: the share of people whose blendshapes rise with AU04 and with
AU43. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from ecg_facial.face.detection import Face, FaceDetector
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import RgbFrame
from ecg_facial.runtime.typing import UInt8Array
from ecg_facial.simulate.grid import N_FRAMES
from ecg_facial.simulate.head.drawing import make_person_drawer
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer
from ecg_facial.simulate.head.scene import simulate_scene
from ecg_facial.simulate.people.nuisance import combine_action_units, shown_action_units, simulate_nuisance
from ecg_facial.simulate.people.response import sample_person, simulate_face
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.presets import BIOVID_LIKE_NUISANCE, BIOVID_LIKE_SCENE, Preset

PRESET = Preset(name="pictures", nuisance=BIOVID_LIKE_NUISANCE, scene=BIOVID_LIKE_SCENE)
WIDTH, HEIGHT = 320, 240
LANDMARKER_WIDTH, LANDMARKER_HEIGHT = 640, 480
STRONG_PAIN = 1.2
COVERED_SHARE = 0.01
NEAR_SHARE = 0.35
LEAST_RISE = 0.02
SHAPES = {"AU04": ("browDownLeft", "browDownRight"), "AU43": ("eyeBlinkLeft", "eyeBlinkRight")}


@dataclass(frozen=True, eq=False)
class View:
    """A frame and what is known about it."""

    picture: UInt8Array
    cover: float
    middle_px: tuple[float, float]
    zoom: float


def jpeg_quality(crf: int) -> int:
    """JPEG quality about as coarse as x264's rate factor."""
    return int(np.clip(100 - 2.2 * (crf - 10), 20, 95))


def draw_views(n_identities: int, n_frames: int, *, seed: int, preset: Preset = PRESET) -> Iterator[View]:
    """Draw frames spread over one trial of each person."""
    for number in range(n_identities):
        streams = partial(make_rng, seed, "faces", number)
        identity = sample_identity(streams("identity"))
        draw = make_person_drawer(identity, preset.scene, streams=streams, width=WIDTH, height=HEIGHT)
        person = sample_person(streams("person"), preset, sex=identity.sex, age_years=identity.age_years)
        intensity = STRONG_PAIN * (number % 2)
        face = simulate_face(streams("face"), person, intensity=intensity, settings=preset.face)
        nuisance = simulate_nuisance(streams("nuisance"), preset.nuisance, blinks_per_s=person.blinks_per_s)
        units = combine_action_units(face, nuisance)
        scene = simulate_scene(streams("scene"), preset.scene)
        for frame in np.linspace(0, N_FRAMES - 1, n_frames).astype(int).tolist():
            picture = draw(shown_action_units(units, frame), scene, frame)
            _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality(scene.camera.crf)])
            middle = (WIDTH * (0.5 + scene.x[frame]), HEIGHT * 0.5 + WIDTH * scene.y[frame])
            yield View(cv2.imdecode(coded, 1), float(scene.hand_cover[frame]), middle, float(scene.zoom[frame]))


def is_found(faces: list[Face], view: View) -> bool:
    """Whether the most confident face is the one that was drawn, and of its size."""
    if not faces:
        return False
    offset = np.hypot(*(faces[0].centre - np.array(view.middle_px))) / HEIGHT
    return bool(offset < NEAR_SHARE * view.zoom and 0.2 < faces[0].size_px / HEIGHT / view.zoom < 0.8)


def measure_detection(detector: FaceDetector, views: list[View]) -> dict[str, float]:
    """Share of frames in which a detector finds the face, uncovered and covered."""
    found = [is_found(detector.detect(RgbFrame(view.picture, 0.0)), view) for view in views]
    covered = np.array([view.cover > COVERED_SHARE for view in views])
    hits = np.array(found)
    return {
        "uncovered": float(hits[~covered].mean()),
        "covered": float(hits[covered].mean()) if covered.any() else float("nan"),
    }


@contextlib.contextmanager
def open_landmarker(path: Path) -> Iterator[Callable[[UInt8Array], dict[str, float]]]:
    """Open MediaPipe's landmarker; the function gives the blendshapes of a picture, none where it finds no face."""
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(path)), output_face_blendshapes=True
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker:

        def read(picture: UInt8Array) -> dict[str, float]:
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
            shapes = landmarker.detect(image).face_blendshapes
            return {shape.category_name: shape.score for shape in shapes[0]} if shapes else {}

        yield read


def measure_blendshapes(path: Path, n_identities: int, *, seed: int) -> dict[str, float]:
    """Share of people whose blendshapes rise when the action unit is shown, the face frontal and well lit."""
    rises: dict[str, list[float]] = {unit: [] for unit in SHAPES}
    with open_landmarker(path) as read:
        for number in range(n_identities):
            identity = sample_identity(make_rng(seed, "faces", number, "identity"))
            renderer = FaceRenderer(identity, width=LANDMARKER_WIDTH, height=LANDMARKER_HEIGHT)
            rest = read(renderer.render({}))
            for unit, names in SHAPES.items():
                shown = read(renderer.render({unit: 1.0}))
                is_read = bool(rest) and bool(shown)
                rises[unit].append(np.mean([shown[name] - rest[name] for name in names]) if is_read else np.nan)
    result = {}
    for unit, values in rises.items():
        result[f"{unit}_right_sign"] = float(np.mean(np.array(values) > LEAST_RISE))
        result[f"{unit}_median_rise"] = float(np.nanmedian(values))
        result[f"{unit}_not_found"] = float(np.isnan(values).mean())
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--identities", type=int, default=100)
    parser.add_argument("--frames", type=int, default=6, help="frames of each person's trial")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-mtcnn", action="store_true", help="leave MTCNN out, where it is not installed")
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file")
    parser.add_argument("--landmarker", type=Path, help="MediaPipe's face_landmarker.task; needs mediapipe")
    arguments = parser.parse_args()
    views = list(draw_views(arguments.identities, arguments.frames, seed=arguments.seed))
    covered = np.mean([view.cover > COVERED_SHARE for view in views])
    result: dict[str, object] = {
        "identities": arguments.identities,
        "frames": len(views),
        "covered_share": float(covered),
        "simulated": True,
    }
    if not arguments.no_mtcnn:
        result["mtcnn"] = measure_detection(load_detector("mtcnn"), views)
    if arguments.yunet is not None:
        result["yunet"] = measure_detection(load_detector("yunet", model_path=arguments.yunet), views)
    if arguments.landmarker is not None:
        result["mediapipe"] = measure_blendshapes(arguments.landmarker, arguments.identities, seed=arguments.seed)
    print(json.dumps(result, default=lambda value: round(float(value), 4)))


if __name__ == "__main__":
    main()
