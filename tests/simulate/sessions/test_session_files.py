"""Files of a session agree with it and with the clips; interrupted ones are completed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from sketched_cohort import HEIGHT, LEVELS, WIDTH, digests, write_cohort

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.ecg.reading import read_ecg
from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.runtime.executors.local import ProcessesExecutor
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.files.clips import trial_files
from ecg_facial.simulate.files.truth import read_truth
from ecg_facial.simulate.heart.artefacts import read_artefacts
from ecg_facial.simulate.people.population import (
    SimulatedTrial,
    TrialPlan,
    plan_rest,
    plan_trials,
    sample_cohort_person,
    simulate_rest,
    simulate_trial,
)
from ecg_facial.simulate.sessions.session import simulate_session
from ecg_facial.simulate.sessions.session_files import read_labels, read_session_truth, session_files
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import BIOVID_LIKE_SENSORS, PRESETS, EctopicSettings, Preset


def simulate_clip(settings: CohortSettings, plan: TrialPlan) -> SimulatedTrial:
    return simulate_trial(settings, plan, person=sample_cohort_person(settings, plan.subject_index))


def read_table(path: Path) -> Float64Array:
    return np.loadtxt(path, delimiter="\t", skiprows=1)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("session") / "out"
    return write_cohort(out, n_subjects=1, rest=2, continuous=True, continuous_video=True)


def test_rest_clips_lie_apart_from_the_trials_and_are_read_as_none(cohort: Path) -> None:
    settings = CohortSettings(
        n_subjects=1, trials_per_level=1, levels=LEVELS, preset="clear", seed=0, width=WIDTH, height=HEIGHT, rest=2
    )
    rows = list(read_truth(cohort / "rest"))
    assert [row.level for row in rows] == [None, None]
    assert [row.trial.split("-", 1)[1] for row in rows] == ["REST-001", "REST-002"]
    for row, trial in zip(rows, simulate_rest(settings), strict=True):
        np.testing.assert_allclose(row.beat_times_s, trial.heart.trial_beat_times_s, atol=1e-6)
        files = trial_files(cohort, trial.plan)
        assert files.video == cohort / "rest" / "video" / row.subject / f"{row.trial}.mp4"
        assert all(path.is_file() for path in files)
    assert len({row.beat_times_s[0] for row in rows}) == 2


def test_the_reader_takes_neither_rest_nor_sessions_for_trials(cohort: Path) -> None:
    index = index_dataset(cohort)
    assert (index.reader, index.problems) == ("biovid", ())
    assert sorted(trial.level.name for trial in index.trials) == ["BL1", "PA3"]
    assert not index_dataset(cohort / "rest", reader="biovid").trials


def test_session_files_hold_the_session(cohort: Path) -> None:
    settings = CohortSettings(
        n_subjects=1,
        trials_per_level=1,
        levels=LEVELS,
        preset="clear",
        seed=0,
        width=WIDTH,
        height=HEIGHT,
        rest=2,
        continuous=True,
        continuous_video=True,
    )
    session = simulate_session(settings, 0)
    files = session_files(cohort, session.subject.id)
    header = files.biosignals.read_text(encoding="utf-8").split("\n", 1)[0].split("\t")
    assert header == ["time", "gsr", "ecg", "emg_trapezius", "emg_corrugator", "emg_zygomaticus", "temperature"]
    table = read_table(files.biosignals)
    np.testing.assert_allclose(table[:, 0], np.arange(512 * session.plan.duration_s) * 1e6 / 512, atol=0.5)
    np.testing.assert_allclose(table[:, 6], session.plan.temperature_c(table[:, 0] / 1e6), atol=6e-4)
    truth = read_session_truth(files.truth)
    np.testing.assert_array_equal(truth.beat_times_s, session.beat_times_s)
    np.testing.assert_allclose(truth.action_units, session.action_units, atol=5.1e-4)
    np.testing.assert_allclose(truth.heart_rate_bpm, session.heart_rate_bpm, rtol=1e-6)
    labels = list(read_labels(cohort))
    assert [(row.trial, row.onset_s) for row in labels] == [(x.plan.name, x.onset_s) for x in session.labels]
    assert [row.level for row in labels if row.level is not None] == [x.plan.level for x in session.labels[-2:]]


def test_the_samples_of_a_trial_in_the_session_are_those_of_its_clip(cohort: Path) -> None:
    settings = CohortSettings(
        n_subjects=1, trials_per_level=1, levels=LEVELS, preset="clear", seed=0, width=WIDTH, height=HEIGHT
    )
    labels = {row.trial: row.onset_s for row in read_labels(cohort)}
    for plan in (*plan_trials(settings, 0), *plan_rest(settings, 0, n_clips=2)):
        first = round(labels[plan.name] * 512)
        clip = read_table(trial_files(cohort, plan).filtered)
        whole = read_table(session_files(cohort, plan.subject.id).biosignals)
        np.testing.assert_array_equal(whole[first : first + 2816, 1:6], clip[:, 1:])


def test_premature_beats_and_artefacts_of_clips_are_in_the_session_and_its_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ectopic = EctopicSettings(ventricular_share=1.0, atrial_share=1.0, median_per_min=8.0)
    sensors = replace(BIOVID_LIKE_SENSORS, inverted_share=1.0, muscle_per_min=6.0, lead_off_per_min=3.0)
    monkeypatch.setitem(PRESETS, "spoilt", Preset(name="spoilt", sensors=sensors, ectopic=ectopic))
    out = write_cohort(tmp_path / "out", n_subjects=1, rest=1, continuous=True, preset="spoilt")
    settings = CohortSettings(
        n_subjects=1,
        trials_per_level=1,
        levels=LEVELS,
        preset="spoilt",
        seed=0,
        width=WIDTH,
        height=HEIGHT,
        rest=1,
        continuous=True,
    )
    files = session_files(out, next(read_labels(out)).subject)
    truth, whole = read_session_truth(files.truth), read_table(files.biosignals)
    assert {"N", "V", "A"} == set(truth.ectopic.tolist())
    written = [*read_artefacts(out), *read_artefacts(out / "rest")]
    assert written
    onsets_s = {row.trial: row.onset_s for row in read_labels(out)}
    for row in written:
        start_s, end_s = (onsets_s[row.trial] + time_s for time_s in (row.artefact.start_s, row.artefact.end_s))
        alike = [item for item in truth.artefacts if item.kind == row.artefact.kind]
        assert any(item.start_s < start_s + 1e-5 and item.end_s > end_s - 1e-5 for item in alike), row
    assert all(0.0 <= item.start_s < item.end_s <= whole.shape[0] / 512 for item in truth.artefacts)
    for plan in (*plan_trials(settings, 0), *plan_rest(settings, 0)):
        inside = (truth.beat_times_s >= onsets_s[plan.name]) & (truth.beat_times_s < onsets_s[plan.name] + 5.5)
        assert truth.ectopic[inside].tolist() == simulate_clip(settings, plan).heart.trial_ectopic.tolist()
        first = round(onsets_s[plan.name] * 512)
        clip = read_table(trial_files(out, plan).filtered)
        np.testing.assert_array_equal(whole[first : first + 2816, 1:6], clip[:, 1:])
    # Leads stay swapped between the trials: R waves point down throughout.
    between = truth.ectopic == "N"
    for onset_s in onsets_s.values():
        between &= np.abs(truth.beat_times_s - onset_s - 2.75) > 4.0
    heights = whole[np.rint(truth.beat_times_s[between] * 512).astype(int), 2]
    assert np.median(heights) < -200.0


def test_detected_beats_of_a_session_are_the_true_ones_across_the_seams(cohort: Path) -> None:
    files = session_files(cohort, next(read_labels(cohort)).subject)
    signal = read_ecg(files.biosignals)
    found_s = detect_r_peaks(signal.samples, signal.fs_hz).times_s
    true_s = read_session_truth(files.truth).beat_times_s
    inner = true_s[(true_s > 0.5) & (true_s < true_s[-1] - 0.5)]
    nearest = np.abs(found_s[None] - inner[:, None]).min(axis=1)
    assert np.mean(nearest < 0.02) > 0.99
    assert abs(len(found_s) - len(true_s)) <= 2


def test_session_video_shows_the_clips_frames_at_the_clips_times(cohort: Path) -> None:
    row = next(row for row in read_labels(cohort) if row.level is not None)
    frames = {}
    video = session_files(cohort, row.subject).video
    for path in (video, cohort / "PartA" / "video" / row.subject / f"{row.trial}.mp4"):
        with av.open(str(path)) as container:
            frames[path] = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    whole, clip = frames.values()
    assert len(whole) == len(read_session_truth(session_files(cohort, row.subject).truth).heart_rate_bpm)
    first = round(row.onset_s * 25)
    for number in (0, 60, 137):
        # both are lossy, but show the same scene
        assert np.abs(whole[first + number].astype(int) - clip[number]).mean() < 3.0
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(whole)]
    assert max(steps) < 12.0


def test_an_interrupted_session_is_completed_and_bytes_do_not_depend_on_workers(cohort: Path, tmp_path: Path) -> None:
    wanted = {"n_subjects": 1, "rest": 2, "continuous": True, "continuous_video": True}
    out = write_cohort(tmp_path / "two", executor=ProcessesExecutor(2), **wanted)
    assert digests(out) == digests(cohort)
    files = session_files(out, next(read_labels(out)).subject)
    files.truth.unlink()
    (out / "PartC" / "labels.csv").unlink()
    next((out / "rest" / "video").glob("*/*002.mp4")).unlink()
    (files.biosignals.parent / ".half-written.csv").write_text("time", encoding="utf-8")
    before = files.biosignals.stat().st_mtime_ns
    write_cohort(out, **wanted)
    assert digests(out) == digests(cohort)
    assert files.biosignals.stat().st_mtime_ns == before
    with pytest.raises(SettingsError, match="rest is 2, not 3"):
        write_cohort(out, **(wanted | {"rest": 3}))
    with pytest.raises(SettingsError, match="continuous_video is True, not False"):
        write_cohort(out, **(wanted | {"continuous_video": False}))


def test_what_cannot_be_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="rest clips is -1"):
        CohortSettings(rest=-1)
    with pytest.raises(SettingsError, match="without the session"):
        CohortSettings(continuous_video=True)
    with pytest.raises(MissingDataError, match="labels"):
        next(read_labels(tmp_path))
    with pytest.raises(MissingDataError, match="truth"):
        read_session_truth(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(b"no archive")
    with pytest.raises(CorruptDataError, match="cannot be read"):
        read_session_truth(tmp_path / "a.npz")
    (tmp_path / "labels.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(CorruptDataError, match="columns"):
        next(read_labels(tmp_path / "labels.csv"))
