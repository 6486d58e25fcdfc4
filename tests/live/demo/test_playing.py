"""The demo's patients are played over and over: time goes on where a story begins again."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ecg_facial.live.demo.files import patient_files
from ecg_facial.live.demo.playing import play_patient
from ecg_facial.live.demo.story import Story
from ecg_facial.live.sources.contract import Block, EcgBlock, Source, VideoBlock
from ecg_facial.live.sources.replay import Pace
from ecg_facial.simulate.files.encode import write_video

FS_HZ, FPS, DURATION_S = 100, 5, 4
STORY = Story(patient="SIM-8", index=1, series=(), faults=(), duration_s=DURATION_S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("patients")
    files = patient_files(made, STORY.patient)
    pictures = [np.full((64, 64, 3), 10 * number, np.uint8) for number in range(FPS * DURATION_S)]
    write_video(files.video, pictures, width=64, height=64, fps=FPS)
    np.savez(files.ecg, ecg=np.arange(FS_HZ * DURATION_S, dtype=np.float32), fs=np.float64(FS_HZ))
    return made


def read_until(source: Source, end_s: float) -> list[Block]:
    """Read a source up to a time, which stands in the last block."""
    blocks: list[Block] = []
    while not blocks or newest_s(blocks[-1]) < end_s:
        block = source.read(0.0)
        if block is not None:
            blocks.append(block)
    return blocks


def newest_s(block: Block) -> float:
    return block.frame.time_s if isinstance(block, VideoBlock) else float(block.stamps_s[-1])


def test_samples_go_on_without_a_gap_and_begin_again(folder: Path) -> None:
    _, ecg = play_patient(folder, STORY, pace=Pace(speed=math.inf))
    ecg.open()
    blocks = [block for block in read_until(ecg, 2.5 * DURATION_S) if isinstance(block, EcgBlock)]
    stamps_s = np.concatenate([block.stamps_s for block in blocks])
    samples = np.concatenate([block.samples for block in blocks])
    assert np.allclose(stamps_s, np.arange(len(stamps_s)) / FS_HZ)
    assert samples.tolist() == (np.arange(len(samples)) % (FS_HZ * DURATION_S)).tolist()


def test_frames_go_on_without_a_gap(folder: Path) -> None:
    video, _ = play_patient(folder, STORY, pace=Pace(speed=math.inf))
    assert video.open().simulated
    times_s = [newest_s(block) for block in read_until(video, 2.5 * DURATION_S)]
    assert np.allclose(times_s, np.arange(len(times_s)) / FPS)
    video.close()


def test_each_round_waits_for_its_time(folder: Path) -> None:
    now_s = [100.0]
    pace = Pace(speed=2.0, now=lambda: now_s[0], sleep=lambda seconds: None)
    _, ecg = play_patient(folder, STORY, pace=pace)
    ecg.open()
    # two seconds at twice the speed: the first round, and nothing of the second
    for _ in range(2 * FS_HZ * DURATION_S):
        ecg.read(0.0)
        now_s[0] = min(now_s[0] + 0.01, 100.0 + DURATION_S / 2)
    assert ecg.read(0.0) is None
    now_s[0] += 0.5
    block = ecg.read(0.0)
    assert isinstance(block, EcgBlock)
    assert block.stamps_s[0] == pytest.approx(DURATION_S)
    assert block.arrived_s == now_s[0]
