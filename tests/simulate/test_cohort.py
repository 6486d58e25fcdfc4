"""A cohort has BioVid's layout and a correct truth, and does not depend on the number of workers."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import av
import numpy as np
import pytest
from sketched_cohort import HEIGHT, LEVELS, WIDTH, digests, write_cohort

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.runtime.executors.local import ProcessesExecutor
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.files.clips import trial_files
from ecg_facial.simulate.files.encode import encode_video, format_biosignals
from ecg_facial.simulate.files.truth import HEART_RATE_TIMES_S, read_truth
from ecg_facial.simulate.grid import ACTION_UNITS
from ecg_facial.simulate.people.population import (
    plan_trials,
    rank_person,
    sample_cohort_person,
    sample_subject,
    simulate_features,
    simulate_trial,
)
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings


def read_ecg_column(path: Path) -> Float64Array:
    return np.loadtxt(path, delimiter="\t", skiprows=1, usecols=2)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("cohort") / "out")


def test_folder_has_the_shape_of_biovid(cohort: Path) -> None:
    names = set(digests(cohort))
    trials = [re.sub(r"^PartA/video/(.*)\.mp4$", r"\1", name) for name in names if name.endswith(".mp4")]
    assert len(trials) == 4
    expected = {"SIMULATED.json", "truth.csv", "artefacts.csv", "PartA/starting_point/samples.csv"}
    for trial in trials:
        assert re.fullmatch(r"(\d{6}_[mw]_\d\d)/\1-(BL1-081|PA3-041)", trial)
        expected |= {f"PartA/biosignals_{kind}/{trial}_bio.csv" for kind in ("filtered", "raw")}
        expected.add(f"PartA/video/{trial}.mp4")
    assert names == expected


def test_biosignals_have_biovids_header_rows_and_clock(cohort: Path) -> None:
    for path in (cohort / "PartA").glob("biosignals_*/*/*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].split("\t") == ["time", "gsr", "ecg", "emg_trapezius", "emg_corrugator", "emg_zygomaticus"]
        table = np.array([line.split("\t") for line in lines[1:]], dtype=np.float64)
        assert table.shape == (2816, 6)
        np.testing.assert_allclose(table[:, 0], np.arange(2816) * 1e6 / 512, atol=0.5)
        assert np.isfinite(table).all()


def test_video_is_h264_with_138_frames_at_25_per_second(cohort: Path) -> None:
    for path in (cohort / "PartA" / "video").glob("*/*.mp4"):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264"
            assert (stream.codec_context.width, stream.codec_context.height) == (WIDTH, HEIGHT)
            times = [frame.time for frame in container.decode(video=0)]
        np.testing.assert_allclose(times, np.arange(138) / 25)


def test_samples_table_lists_every_trial(cohort: Path) -> None:
    lines = (cohort / "PartA" / "starting_point" / "samples.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines, delimiter="\t"))
    assert lines[0].split("\t") == ["subject_id", "subject_name", "class_id", "class_name", "sample_id", "sample_name"]
    assert [(row["class_id"], row["class_name"]) for row in rows] == [("0", "BL1"), ("3", "PA3")] * 2
    for row in rows:
        assert (cohort / "PartA" / "video" / row["subject_name"] / f"{row['sample_name']}.mp4").is_file()


def test_marker_says_simulated_and_how(cohort: Path) -> None:
    marker = json.loads((cohort / "SIMULATED.json").read_text(encoding="utf-8"))
    assert marker["simulated"] is True
    assert {"preset": "clear", "seed": 0, "levels": ["BL1", "PA3"]}.items() <= marker.items()
    assert marker["generator_version"] >= 1


def test_true_beats_are_the_peaks_of_the_files(cohort: Path) -> None:
    for truth in read_truth(cohort):
        path = cohort / "PartA" / "biosignals_filtered" / truth.subject / f"{truth.trial}_bio.csv"
        ecg = read_ecg_column(path)
        for beat in truth.beat_times_s[(truth.beat_times_s > 0.05) & (truth.beat_times_s < 5.4)]:
            middle = round(beat * 512)
            peak = middle - 10 + int(np.argmax(ecg[middle - 10 : middle + 11]))
            before, top, after = ecg[peak - 1 : peak + 2]
            exact = peak + 0.5 * (before - after) / (before - 2.0 * top + after)
            assert abs(exact / 512 - beat) < 1e-3


def test_truth_equals_the_trials_at_feature_level(cohort: Path) -> None:
    settings = CohortSettings(
        n_subjects=2, trials_per_level=1, levels=LEVELS, preset="clear", seed=0, width=WIDTH, height=HEIGHT
    )
    for truth, trial in zip(read_truth(cohort), simulate_features(settings), strict=True):
        assert (truth.trial, truth.level) == (trial.plan.name, trial.plan.level)
        np.testing.assert_allclose(truth.beat_times_s, trial.heart.trial_beat_times_s, atol=1e-6)
        np.testing.assert_allclose(truth.action_units, trial.action_units, atol=5.1e-4)
        expected = np.interp(HEART_RATE_TIMES_S, trial.heart.times_s, trial.heart.heart_rate_bpm)
        np.testing.assert_allclose(truth.heart_rate_bpm, expected, atol=5.1e-3)
        assert truth.face_intensity == pytest.approx(trial.intensity.face, abs=1e-6)


def test_frames_show_the_eye_closure_of_the_truth(tmp_path: Path) -> None:
    out = write_cohort(tmp_path / "out", n_subjects=1, trials_per_level=4)
    shut_in_truth, seen = [], []
    for truth in read_truth(out):
        lid = truth.action_units[[ACTION_UNITS.index("AU43"), ACTION_UNITS.index("AU45")]].max(axis=0)
        with av.open(str(out / "PartA" / "video" / truth.subject / f"{truth.trial}.mp4")) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        shut_in_truth += lid.tolist()
        seen += [float(np.mean(frame < 45)) for frame in frames]
    assert np.corrcoef(shut_in_truth, seen)[0, 1] < -0.8


def test_bytes_do_not_depend_on_the_number_of_workers(cohort: Path, tmp_path: Path) -> None:
    assert digests(write_cohort(tmp_path / "two", executor=ProcessesExecutor(2))) == digests(cohort)


def test_another_seed_gives_other_signals(cohort: Path, tmp_path: Path) -> None:
    other = write_cohort(tmp_path / "other", n_subjects=1, seed=1)
    ours, theirs = (next((root / "PartA").glob("biosignals_filtered/*/*BL1*.csv")) for root in (cohort, other))
    assert ours.read_bytes() != theirs.read_bytes()


def test_an_interrupted_cohort_is_completed_without_touching_the_rest(cohort: Path, tmp_path: Path) -> None:
    out = write_cohort(tmp_path / "out")
    kept = next((out / "PartA" / "video").glob("*/*BL1*.mp4"))
    before = kept.stat().st_mtime_ns
    lost = next((out / "PartA" / "biosignals_raw").glob("*/*PA3*.csv"))
    lost.unlink()
    for path in (out / "PartA" / "video" / lost.parent.name).glob("*PA3*"):
        path.unlink()
    (out / "truth.csv").unlink()
    (lost.parent / ".half-written.csv").write_text("time", encoding="utf-8")
    write_cohort(out)
    assert digests(out) == digests(cohort)
    assert kept.stat().st_mtime_ns == before


def test_a_folder_with_something_else_is_refused(cohort: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="seed is 0, not 7"):
        write_cohort(cohort, seed=7)
    (tmp_path / "PartA").mkdir()
    with pytest.raises(SettingsError, match="not empty"):
        write_cohort(tmp_path)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SettingsError, match="is a file"):
        write_cohort(tmp_path / "file")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "SIMULATED.json").write_text("{", encoding="utf-8")
    with pytest.raises(CorruptDataError, match="cannot be read"):
        write_cohort(broken)


def test_trials_do_not_change_with_the_size_of_the_cohort() -> None:
    small, large = CohortSettings(n_subjects=2, trials_per_level=2), CohortSettings(n_subjects=9, trials_per_level=20)
    plan = plan_trials(small, 1)[3]
    twin = next(other for other in plan_trials(large, 1) if other.name == plan.name)
    trials = [simulate_trial(s, p, person=sample_cohort_person(s, 1)) for s, p in ((small, plan), (large, twin))]
    np.testing.assert_array_equal(trials[0].heart.beat_times_s, trials[1].heart.beat_times_s)
    np.testing.assert_array_equal(trials[0].action_units, trials[1].action_units)


def test_subjects_are_balanced_adults_with_names_of_their_own() -> None:
    settings = CohortSettings(n_subjects=400)
    subjects = [sample_subject(settings, index) for index in range(400)]
    assert len({subject.id for subject in subjects}) == 400
    assert sum(subject.sex == "w" for subject in subjects) == 200
    ages = [subject.age_years or 0 for subject in subjects]
    assert (min(ages), max(ages)) == (20, 65)
    for subject in subjects:
        identity, sex, age = subject.id.split("_")
        assert (sex, int(age)) == (subject.sex, subject.age_years)
        # BioVid's own recordings are from July to December.
        assert 1 <= int(identity[:2]) <= 6


def test_as_many_people_are_silent_as_the_preset_says_in_every_cohort() -> None:
    # 0, 24 and 46 % of 30, 29 and 28 people of three age groups; free draws would spread by 3.7 people
    for seed in range(20):
        settings = CohortSettings(n_subjects=87, preset="biovid-like", seed=seed)
        people = [sample_cohort_person(settings, index) for index in range(87)]
        silent = sum(person.expressiveness == 0 for person in people)
        assert abs(silent - (0.24 * 29 + 0.46 * 28)) <= 2.5, seed


def test_ranks_are_even_between_0_and_1_in_every_age_group() -> None:
    settings = CohortSettings(n_subjects=600, seed=3)
    ranks = np.array([rank_person(settings, index) for index in range(600)])
    for group in range(3):
        mine = np.sort(ranks[[index for index in range(600) if index // 2 % 3 == group]], axis=0)
        np.testing.assert_allclose(mine, np.tile((np.arange(200)[:, None] + 0.5) / 200, ranks.shape[1]), atol=0.03)
    assert np.abs(np.corrcoef(ranks.T) - np.eye(ranks.shape[1])).max() < 0.1


def test_sample_names_are_numbered_as_in_biovid() -> None:
    names = [plan.name for plan in plan_trials(CohortSettings(), 0)]
    assert len(set(names)) == 100
    subject = sample_subject(CohortSettings(), 0).id
    assert (names[0], names[19], names[20], names[-1]) == (
        f"{subject}-BL1-081", f"{subject}-BL1-100", f"{subject}-PA1-001", f"{subject}-PA4-080",
    )  # fmt: skip
    assert trial_files(Path("out"), plan_trials(CohortSettings(), 0)[0]).video.parent.name == subject


def test_random_streams_are_kept_apart_by_their_tags() -> None:
    paths: list[tuple[str | int, ...]] = [
        ("cohort", 1),
        ("cohort", 2),
        ("pretraining", 1),
        ("cohort", 1, 0),
        ("cohort",),
    ]
    assert len({make_rng(0, *path).random() for path in paths}) == len(paths)
    assert make_rng(0, "cohort", 1).random() != make_rng(1, "cohort", 1).random()


@pytest.mark.parametrize(
    "settings",
    [
        {"n_subjects": 0},
        {"trials_per_level": 0},
        {"seed": -1},
        {"width": 63},
        {"levels": ()},
        {"preset": "foggy"},
    ],
)
def test_settings_outside_their_limits_are_refused(settings: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        write_cohort(tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_truth_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="truth"):
        next(read_truth(tmp_path))
    (tmp_path / "truth.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CorruptDataError, match="columns"):
        next(read_truth(tmp_path))


def test_a_damaged_row_of_the_truth_is_named(cohort: Path, tmp_path: Path) -> None:
    text = (cohort / "truth.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "truth.csv").write_text("\n".join([text[0], text[1], text[2][:80]]) + "\n", encoding="utf-8")
    rows = read_truth(tmp_path)
    next(rows)
    with pytest.raises(CorruptDataError, match="row 2"):
        next(rows)


def test_frames_and_columns_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(SettingsError, match="frame 0"):
        encode_video([np.zeros((10, 10, 3), np.uint8)], width=64, height=48)
    with pytest.raises(SettingsError, match="expected"):
        format_biosignals(np.zeros((4, 10)), fs_hz=512.0)


def test_biosignals_are_written_with_three_decimals() -> None:
    text = format_biosignals(np.array([[1.23456], [-0.0001], [0.0], [-2.0], [3.5]]), fs_hz=512.0)
    assert text.splitlines()[1] == "0\t1.235\t0.000\t0.000\t-2.000\t3.500"
