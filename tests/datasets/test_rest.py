"""Rest outside the scored trials: clips of its own, and what is cut out of whole sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from sketched_cohort import write_cohort

from ecg_facial.cli.wording import describe_index
from ecg_facial.datasets.indexing import MARKER_NAME, index_dataset
from ecg_facial.datasets.readers.cutting import MAX_REST_WINDOWS, SETTLE_S, find_rest
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.datasets.store import read_index, summarise, write_index
from ecg_facial.ecg.stretches import read_ecg_stretch
from ecg_facial.errors import AmbiguousDataError, CorruptDataError
from ecg_facial.labels import REST_CODE, PainLevel
from ecg_facial.recording import RestRecording
from ecg_facial.runtime.storage import fingerprint_file, sha256_json
from ecg_facial.simulate.observer.ceiling import read_cohort_settings
from ecg_facial.simulate.sessions.session_files import SESSION_PART, read_labels
from ecg_facial.simulate.sessions.session_plan import plan_session

LEVELS = (PainLevel.BL1, PainLevel.PA4)
TRIAL_S, WINDOW_S = 5.5, 5.5


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with a trial a level and two rest clips each."""
    return write_cohort(tmp_path_factory.mktemp("clips"), levels=LEVELS, rest=2)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with three trials per level, two rest clips, and whole sessions without video."""
    return write_cohort(tmp_path_factory.mktemp("sessions"), levels=LEVELS, trials_per_level=3, rest=2, continuous=True)


def names(index: DatasetIndex) -> list[str]:
    return [item.id for item in index.rest]


def copy_without(root: Path, out: Path, *left_out: str) -> Path:
    """Link everything but some top folders."""
    out.mkdir(exist_ok=True)
    for path in root.iterdir():
        if path.name not in left_out:
            (out / path.name).symlink_to(path)
    return out


def test_rest_clips_are_beside_the_trials_and_not_among_them(clips: Path) -> None:
    index = index_dataset(clips)
    people = [subject.id for subject in index.subjects]
    assert names(index) == [f"{person}-REST-{number:03d}" for person in people for number in (1, 2)]
    assert index.problems == ()
    for item in index.rest:
        assert isinstance(item, RestRecording)
        assert item.code == REST_CODE
        assert item.video is not None
        assert item.ecg is not None
        assert read_ecg_stretch(item.ecg).duration_s == pytest.approx(5.5)
    assert not {trial.id for trial in index.trials} & set(names(index))
    assert set(summarise(index)["level"]) == {"BL1", "PA4"}


def test_the_folder_of_part_a_finds_the_rest_beside_it(clips: Path) -> None:
    assert names(index_dataset(clips / "PartA")) == names(index_dataset(clips))


def test_no_level_is_called_rest() -> None:
    assert REST_CODE not in PainLevel.__members__


def test_a_data_set_without_rest_keeps_its_fingerprint(clips: Path, tmp_path: Path) -> None:
    index = index_dataset(copy_without(clips, tmp_path / "data", "rest"))
    base, described = tmp_path / "data" / "PartA", []
    assert index.rest == ()
    for trial in index.trials:
        assert trial.video is not None
        assert trial.ecg is not None
        described.append(
            {
                "subject": asdict(trial.subject),
                "trial": trial.id,
                "level": trial.level.name,
                "video": [str(trial.video.path.relative_to(base)), None],
                "ecg": [str(trial.ecg.path.relative_to(base)), None, "ecg"],
            }
        )
    signals = [signal.path for trial in index.trials for signal in (trial.video, trial.ecg) if signal]
    paths = [*signals, base / "starting_point" / "samples.csv"]
    files = sorted((str(path.relative_to(base)), fingerprint_file(path)) for path in paths)
    options = {"reader": "biovid", "signals": "filtered", "subjects": "all"}
    # as it was before rest was read: windows that were prepared then stay valid
    assert index.fingerprint == sha256_json({"options": options, "trials": described, "files": files})
    assert index.fingerprint != index_dataset(clips).fingerprint


def test_the_fingerprint_follows_rest_wherever_the_data_lie(sessions: Path, tmp_path: Path) -> None:
    copy = copy_without(sessions, tmp_path / "copy")
    before = index_dataset(sessions).fingerprint
    assert index_dataset(copy).fingerprint == before
    assert index_dataset(copy, window_s=5.0).fingerprint != before


def test_rest_comes_back_from_disk(sessions: Path, tmp_path: Path) -> None:
    index, path = index_dataset(sessions), tmp_path / "index.parquet"
    write_index(index, path)
    assert read_index(path) == index


def test_sessions_give_rest_that_touches_no_trial_no_heat_and_no_clip(sessions: Path) -> None:
    index = index_dataset(sessions)
    cut = [item for item in index.rest if "-REST-C" in item.id]
    assert {item.subject.id for item in cut} == {subject.id for subject in index.subjects}
    labels = list(read_labels(sessions))
    for item in cut:
        assert item.ecg is not None
        assert item.video is None
        begin_s, end_s = item.ecg.start_s, item.ecg.start_s + WINDOW_S
        clips = set(names(index))
        for label in (label for label in labels if label.subject == item.subject.id):
            if label.level is not None or label.trial in clips:
                assert end_s <= label.onset_s or begin_s >= label.onset_s + TRIAL_S
    assert index.problems == ()


def test_rest_of_sessions_is_at_baseline_temperature_and_long_after_heat(sessions: Path) -> None:
    cohort = read_cohort_settings(sessions / MARKER_NAME)
    assert cohort is not None
    index = index_dataset(sessions)
    for number, subject in enumerate(index.subjects):
        plan = plan_session(cohort, number)
        assert plan.labels[0].plan.subject == subject
        for item in (item for item in index.rest if item.subject == subject and "-REST-C" in item.id):
            assert item.ecg is not None
            times_s = item.ecg.start_s + np.arange(-SETTLE_S + 0.1, WINDOW_S, 0.01)
            assert np.ptp(plan.temperature_c(times_s[times_s >= 0])) < 0.6


def test_sessions_alone_give_rest_too(sessions: Path, tmp_path: Path) -> None:
    index = index_dataset(copy_without(sessions, tmp_path / "data", "rest"))
    assert len(index.rest) >= 8
    assert index.rest[0].ecg is not None
    # a minute of rest comes first, and now nothing of it is a clip of its own
    assert index.rest[0].ecg.start_s == 0.0


def test_sessions_without_labels_give_no_rest(sessions: Path, tmp_path: Path) -> None:
    root = copy_without(sessions, tmp_path / "data", "rest", SESSION_PART)
    part = root / SESSION_PART
    part.mkdir()
    (part / "biosignals").symlink_to(sessions / SESSION_PART / "biosignals")
    index = index_dataset(root)
    assert index.rest == ()
    assert [(problem.kind, problem.path.name) for problem in index.problems] == [("missing", "labels.csv")]
    assert "no rest is cut" in index.problems[0].message
    lines = (sessions / SESSION_PART / "labels.csv").read_text().splitlines(keepends=True)
    person = index.subjects[1].id
    (part / "labels.csv").write_text("".join(line for line in lines if person not in line))
    index = index_dataset(root)
    assert {item.subject.id for item in index.rest} == {index.subjects[0].id}
    assert [(problem.kind, problem.subject) for problem in index.problems] == [("unreadable", person)]
    (part / "labels.csv").write_text("subject,trial,level,onset_s\na,b,BL1,soon\n")
    with pytest.raises(CorruptDataError, match="row 2 has onset_s 'soon'"):
        index_dataset(root)


def test_a_clip_that_is_not_rest_is_refused_in_the_folder_of_rest(clips: Path, tmp_path: Path) -> None:
    root = copy_without(clips, tmp_path / "data", "rest")
    index = index_dataset(clips)
    video = index.trials[0].video
    assert video is not None
    folder = root / "rest" / "video" / index.trials[0].subject.id
    folder.mkdir(parents=True)
    (folder / f"{index.trials[0].subject.id}-PA1-009.mp4").symlink_to(video.path)
    (problem,) = index_dataset(root).problems
    assert (problem.kind, "expected REST" in problem.message) == ("unknown_label", True)
    (folder / f"{index.trials[0].subject.id}-REST-001.mp4").symlink_to(video.path)
    (folder / f"{index.trials[0].subject.id}-REST-001.avi").symlink_to(video.path)
    with pytest.raises(AmbiguousDataError, match="2 videos"):
        index_dataset(root)


def test_the_index_is_shown_with_its_rest(clips: Path, tmp_path: Path) -> None:
    shown = describe_index(index_dataset(clips))
    assert "rest recordings, outside the trials: 4 of 2 of 2 subjects (4 with video, 4 with ECG)" in shown
    shown = describe_index(index_dataset(copy_without(clips, tmp_path / "data", "rest")))
    assert "rest recordings, outside the trials: none" in shown
    # simulated people are nobody's property
    assert "access" not in shown


@pytest.mark.parametrize(
    ("stimuli", "taken", "expected"),
    [
        ([], [], [0.0, 5.0, 10.0, 15.0]),
        ([(5.0, 8.0)], [], [0.0]),
        ([], [(2.0, 7.0), (6.0, 9.0)], [9.0, 14.0]),
        ([(0.0, 1.0)], [], [11.0]),
        ([(0.0, 20.0)], [], []),
        ([(-5.0, -1.0)], [(30.0, 35.0)], [9.0, 14.0]),
    ],
)
def test_rest_is_found_where_nothing_else_is(
    stimuli: Sequence[tuple[float, float]], taken: Sequence[tuple[float, float]], expected: list[float]
) -> None:
    assert find_rest(20.0, stimuli=stimuli, taken=taken, window_s=5.0) == expected


def test_rest_is_never_more_than_a_few_windows() -> None:
    assert len(find_rest(3600.0, stimuli=[], taken=[], window_s=5.0)) == MAX_REST_WINDOWS
