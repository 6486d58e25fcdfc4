"""Uploads are predicted as the command does it, and nothing of them stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from fuzzing import bounded_memory
from patient_states import make_state
from watched import make_ward

from ecg_facial import load_example
from ecg_facial.inference.bundle import load_bundle
from ecg_facial.inference.predictor import open_predictor, predict_files
from ecg_facial.service.app import make_app
from ecg_facial.service.messages import to_plain
from ecg_facial.service.tokens import TokenBook

MP4 = b"\x00\x00\x00\x18ftypmp42"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def client(small_bundle: Path) -> Iterator[TestClient]:
    book = TokenBook()
    headers = {"Authorization": f"Bearer {book.add('test')}"}
    app = make_app(make_ward(make_state()), book=book, bundle=small_bundle)
    with TestClient(app, headers=headers, raise_server_exceptions=False) as client:
        yield client


def test_an_upload_is_predicted_as_the_command_does_it(client: TestClient, small_bundle: Path, place: Path) -> None:
    example = load_example()
    rows = [f"{number / example.ecg.fs_hz:.6f},{value:.4f}" for number, value in enumerate(example.ecg.samples)]
    ecg = "\n".join(["time,ecg", *rows]) + "\n"
    files = {"video": ("her name.mp4", example.video.read_bytes()), "ecg": ("her name.csv", ecg.encode())}
    answer = client.post("/v1/predict", files=files, data={"fs_hz": "512", "column": "ecg"})
    assert answer.status_code == 200, answer.text
    assert list(place.iterdir()) == []
    path = place / "ecg.csv"
    path.write_text(ecg)
    predictor = open_predictor(load_bundle(small_bundle), threads=1)
    expected = predict_files(predictor, video=example.video, ecg=path, fs_hz=512.0, ecg_column="ecg")
    assert answer.json() == json.loads(json.dumps(to_plain(expected.to_dict())))
    assert answer.json()["probabilities"] is not None


@pytest.mark.parametrize(
    ("files", "data", "message"),
    [
        ({}, {}, "neither video nor ECG"),
        ({"video": ("a.mp4", b"#EXTM3U\nfile:///etc/passwd\n")}, {}, "no MP4"),
        ({"video": ("a.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n")}, {}, "no MP4"),
        ({"video": ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(20))}, {}, "no MP4"),
        ({"video": ("a.mp4", MP4 + bytes(99))}, {}, "video.mp4"),
        ({"ecg": ("../../a.hea", b"a 1 250 10\n../../etc/passwd 16\n")}, {}, ".hea"),
        ({"ecg": ("a.mat", b"MATLAB 5.0")}, {}, ".mat"),
        ({"ecg": ("a.csv", b"\x00\xff" * 50)}, {}, ""),
        ({"ecg": ("a.csv", b"ecg\n" + b"1\n2\n" * 999)}, {"fs_hz": "fast"}, "fs_hz is no number"),
        ({"ecg": ("a.csv", b"ecg\n" + b"1\n2\n" * 999)}, {"fs_hz": "nan"}, ""),
        ({"ecg": ("a.csv", b"ecg\n" + b"1\n2\n" * 999)}, {"fs_hz": "250", "start_s": "-1"}, "start_s is -1"),
        ({"ecg": ("a.csv", b"ecg\n" + b"1\n2\n" * 999)}, {"fs_hz": "250", "column": "other"}, "other"),
    ],
)
def test_what_cannot_be_read_is_a_problem_without_paths(
    client: TestClient, place: Path, files: dict[str, tuple[str, bytes]], data: dict[str, str], message: str
) -> None:
    answer = client.post("/v1/predict", files=files or {"none": ("a", b"")}, data=data)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert message in answer.json()["detail"]
    assert str(place) not in answer.text
    assert list(place.iterdir()) == []


def test_a_header_that_claims_a_million_channels_is_refused_in_little_memory(client: TestClient, place: Path) -> None:
    head = b"0".ljust(8) + b" " * 160 + b"01.01.2601.01.01" + str((10**6 + 1) * 256).encode().ljust(8)
    for claimed in (b"1000000 ", b"9999"):
        edf = head + b" " * 44 + b"1".ljust(8) + b"1".ljust(8) + claimed[:4] + claimed[4:]
        with bounded_memory(100 << 20):
            answer = client.post("/v1/predict", files={"ecg": ("a.edf", edf + np.zeros(4000, "<i2").tobytes())})
        assert answer.status_code == 422, answer.text


def test_a_picture_in_a_film_that_claims_to_be_too_large_is_not_decoded(client: TestClient, place: Path) -> None:
    import av

    path = place / "film.avi"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for _ in range(60):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        film.mux(stream.encode(None))
    content = path.read_bytes()
    path.unlink()
    # the size in each picture, behind the mark of a frame, its length and its depth
    bomb = content.replace(b"\x08\x00\x30\x00\x40\x03", b"\x08" + (30_000).to_bytes(2, "big") * 2 + b"\x03")
    assert bomb != content
    with bounded_memory(100 << 20):
        answer = client.post("/v1/predict", files={"video": ("film.avi", bomb)})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert answer.json()["n_frames_with_face"] == 0


def test_bodies_that_are_no_form_are_problems(client: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for content in (b"", b"--b", b"--b\r\nContent-Disposition: x\r\n\r\n", b"--b\r\n" + b"x" * 100_000):
        answer = client.post("/v1/predict", content=content, headers=headers)
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.post("/v1/predict", json={"video": "/etc/passwd"}).status_code == 422
    assert client.post("/v1/predict", data={"video": "/etc/passwd"}).status_code == 422
