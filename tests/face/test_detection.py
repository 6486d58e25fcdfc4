"""All detectors: faces are found in real and rendered clips that show one, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ecg_facial.face.detection import Face, FaceDetector, overlap, small_search_side
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import RgbFrame, read_frames
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.typing import UInt8Array
from ecg_facial.simulate.files.encode import encode_video
from ecg_facial.simulate.grid import PAIN_AUS
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer, Light, Pose
from tests.helpers.following import follow_person

YUNET = "face_detection_yunet_2026may.onnx"
N_RENDERED = 40


@pytest.fixture(scope="session", params=["mtcnn", "yunet"])
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    if request.param == "mtcnn":
        return load_detector()
    return load_detector("yunet", model_path=request.getfixturevalue("shared_models") / YUNET)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Old people of dark and of pale skin who turn their heads while all pain action units rise to their full."""
    folder = tmp_path_factory.mktemp("rendered")
    for seed in (2, 3, 7):
        rng = np.random.default_rng(seed)
        renderer, light = FaceRenderer(sample_identity(rng, age_years=62)), Light.sample(rng)
        strengths = np.clip(np.linspace(-0.2, 1.3, N_RENDERED), 0, 1)
        turns = np.linspace(0, 6, N_RENDERED)
        pictures = (
            renderer.render(
                dict.fromkeys(PAIN_AUS, float(strength)),
                pose=Pose(
                    yaw=0.2 * np.sin(turn), pitch=0.08 * np.cos(turn), roll=0.06 * np.sin(2 * turn), x=8 * np.sin(turn)
                ),
                light=light,
            )
            for strength, turn in zip(strengths, turns, strict=True)
        )
        (folder / f"{seed}.mp4").write_bytes(encode_video(pictures, width=320, height=240))
    return folder


def track(path: Path, detector: FaceDetector) -> list[Face | None]:
    return follow_person(detector, read_frames(VideoRef(path=path)))


def count(faces: list[Face | None]) -> int:
    return sum(face is not None for face in faces)


def test_a_rendered_face_in_pain_is_found_in_every_frame(rendered: Path, detector: FaceDetector) -> None:
    clips = [track(path, detector) for path in sorted(rendered.glob("*.mp4"))]
    assert [len(faces) for faces in clips] == [N_RENDERED] * 3
    assert sum(count(faces) for faces in clips) >= 0.99 * 3 * N_RENDERED


def test_landmarks_of_a_rendered_face_follow_its_shift(detector: FaceDetector) -> None:
    renderer = FaceRenderer(sample_identity(np.random.default_rng(5)))
    (here,), (there,) = (
        follow_person(detector, [RgbFrame(renderer.render({}, pose=Pose(x=shift, y=-shift / 2)), 0.0)])
        for shift in (0.0, 20.0)
    )
    assert here is not None
    assert there is not None
    left_eye, right_eye, nose, left_mouth, right_mouth = here.landmarks
    tolerance = 0.1 * float(right_eye[0] - left_eye[0])
    np.testing.assert_allclose(there.landmarks - here.landmarks, np.tile([20.0, -10.0], (5, 1)), atol=tolerance)
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_verifying_finds_the_detected_face_and_refuses_an_empty_place(detector: FaceDetector) -> None:
    frame = RgbFrame(FaceRenderer(sample_identity(np.random.default_rng(5))).render({}, pose=Pose(x=40.0)), 0.0)
    found = detector.detect(frame)[0]
    again = detector.verify(frame, found)
    assert again is not None
    assert overlap(again.box, found.box) > 0.7
    wall = Face(box=np.array([5.0, 5.0, 60.0, 60.0]), landmarks=np.zeros((5, 2)), confidence=1.0)
    assert detector.verify(frame, wall) is None


@pytest.fixture(scope="module")
def large_pictures() -> list[np.ndarray]:
    """Five people, drawn once for all detectors."""
    people = [sample_identity(np.random.default_rng(seed)) for seed in (1, 5, 7, 9, 11)]
    return [FaceRenderer(person, width=960, height=720).render({}) for person in people]


def test_a_larger_picture_gives_the_same_face_in_its_own_pixels(
    detector: FaceDetector, large_pictures: list[np.ndarray]
) -> None:
    """The same picture three times as large: only its scale may tell, so that nothing but rounding is allowed."""
    for picture in large_pictures:
        shrunk = np.asarray(cv2.resize(picture, (320, 240), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        large, small = (detector.detect(RgbFrame(image, 0.0))[0] for image in (picture, shrunk))
        np.testing.assert_allclose(large.landmarks / 3, small.landmarks, atol=1e-6)
        np.testing.assert_allclose(large.box / 3, small.box, atol=1e-6)


@pytest.mark.parametrize("picture", [np.zeros((240, 320, 3)), np.full((20, 20, 3), 90), np.zeros((1, 1, 3))])
def test_a_picture_without_a_face_has_none(detector: FaceDetector, picture: np.ndarray) -> None:
    assert detector.detect(RgbFrame(picture.astype(np.uint8), 0.0)) == []


@pytest.mark.parametrize("name", ["single_face.mp4", "WolfgangLanger_Pexels.mp4"])
def test_a_real_face_is_found_in_99_percent_of_the_frames(shared_data: Path, detector: FaceDetector, name: str) -> None:
    faces = track(shared_data / "face_video" / name, detector)
    assert count(faces) >= 0.99 * len(faces)


def test_no_face_is_found_where_there_is_none(shared_data: Path, detector: FaceDetector) -> None:
    assert count(track(shared_data / "face_video" / "no_face.mp4", detector)) == 0


def test_a_face_that_leaves_is_lost_within_five_frames(shared_data: Path, detector: FaceDetector) -> None:
    faces = track(shared_data / "face_video" / "face_noface.mov", detector)
    assert len(faces) == 169
    assert count(faces[:72]) >= 71
    assert count(faces[77:]) == 0


@pytest.mark.parametrize(
    ("name", "n_faces"), [("single_face.jpg", 1), ("multi_face.jpg", 5), ("free-mountain-vector-01.jpg", 0)]
)
def test_faces_of_real_pictures_are_counted(shared_data: Path, detector: FaceDetector, name: str, n_faces: int) -> None:
    (tmp,) = [frame for frame in _pictures(shared_data / "face_image") if frame[0] == name]
    assert len(detector.detect(tmp[1])) == n_faces


def _pictures(folder: Path) -> list[tuple[str, RgbFrame]]:
    names = sorted(path.name for path in folder.glob("*.jpg"))
    frames = read_frames(VideoRef(path=folder))
    return [(name, frame) for name, frame in zip(names, frames, strict=True) if isinstance(frame, RgbFrame)]


def faces_of(shared_data: Path, detector: FaceDetector) -> list[tuple[UInt8Array, Face]]:
    """Upright faces of four people, real and rendered."""
    pictures = [FaceRenderer(sample_identity(np.random.default_rng(seed))).render({}) for seed in (1, 5)]
    for name in ("single_face.mp4", "WolfgangLanger_Pexels.mp4"):
        pictures.append(next(read_frames(shared_data / "face_video" / name)).small_rgb(10_000)[0])
    return [(picture, detector.detect(RgbFrame(picture, 0.0))[0]) for picture in pictures]


def turn(picture: UInt8Array, face: Face, degrees: float) -> RgbFrame:
    """Turn a picture about the face."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((float(face.centre[0]), float(face.centre[1])), degrees, 1.0)
    turned = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return RgbFrame(np.asarray(turned, dtype=np.uint8), 0.0)


@pytest.mark.parametrize(
    ("degrees", "is_found"), [(0, True), (25, True), (-25, True), (75, False), (-75, False), (180, False), (160, False)]
)
def test_a_face_is_found_if_it_is_upright(
    shared_data: Path, detector: FaceDetector, degrees: int, is_found: bool
) -> None:
    for picture, face in faces_of(shared_data, detector):
        (found,) = follow_person(detector, [turn(picture, face, degrees)])
        assert (found is not None) == is_found


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_clip_that_lies_on_its_side_or_head_shows_no_face(turns: int) -> None:
    """Frame after frame is searched in vain: one that is taken for a face by chance would be followed to the end."""
    detector = load_detector()
    renderer = FaceRenderer(sample_identity(np.random.default_rng(5)))
    pictures = [renderer.render({}, pose=Pose(x=float(shift), y=-shift / 2)) for shift in range(-12, 12, 2)]
    lying = [RgbFrame(np.ascontiguousarray(np.rot90(picture, turns)), n / 25) for n, picture in enumerate(pictures)]
    assert follow_person(detector, lying) == [None] * len(lying)


@pytest.mark.parametrize(("width", "height", "size_px"), [(1280, 720, 48), (3840, 2160, 48), (3840, 2160, 120)])
def test_small_faces_of_large_pictures_are_found_and_followed(
    shared_data: Path, detector: FaceDetector, width: int, height: int, size_px: int
) -> None:
    # a search of a picture of 3840 x 2160 takes a quarter of a second
    for picture, face in faces_of(shared_data, detector)[2 if width > 2000 else 0 :: 2]:
        zoom = size_px / face.size_px
        small = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        frames = []
        for step in range(2):
            scene = np.full((height, width, 3), 120, np.uint8)
            scene[50 : 50 + len(small), 300 + step : 300 + step + small.shape[1]] = small
            frames.append(RgbFrame(scene, step / 25))
        for found in follow_person(detector, frames):
            assert found is not None
            assert np.abs(found.centre - face.centre * zoom - [300, 50]).max() < size_px / 3


def test_small_faces_are_not_searched_in_small_pictures(detector: FaceDetector) -> None:
    """There the usual search finds faces of 48 px and less already."""
    assert small_search_side(RgbFrame(np.zeros((240, 320, 3), np.uint8), 0.0)) is None
    assert small_search_side(RgbFrame(np.zeros((360, 540, 3), np.uint8), 0.0)) is None
    assert small_search_side(RgbFrame(np.zeros((2160, 3840, 3), np.uint8), 0.0)) == 2240
    assert detector.detect_small(RgbFrame(np.zeros((240, 320, 3), np.uint8), 0.0)) == []


def test_no_small_face_is_found_where_there_is_none(shared_data: Path, detector: FaceDetector) -> None:
    frames = list(read_frames(shared_data / "face_video" / "no_face.mp4"))[::12]
    assert [detector.detect_small(frame) for frame in frames] == [[]] * len(frames)


def test_overlap_is_intersection_over_union() -> None:
    box = np.array([0.0, 0.0, 10.0, 10.0])
    assert overlap(box, box) == 1.0
    assert overlap(box, np.array([5.0, 0.0, 10.0, 10.0])) == pytest.approx(1 / 3)
    assert overlap(box, np.array([20.0, 0.0, 10.0, 10.0])) == 0.0
    assert overlap(np.zeros(4), np.zeros(4)) == 0.0
