"""Damaged files agree with the table of pathologies, trials do not change, and readers continue."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import pytest
from sketched_cohort import HEIGHT, WIDTH, digests, write_cohort

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import RgbFrame
from ecg_facial.labels import PainLevel
from ecg_facial.prepared.making import prepare
from ecg_facial.runtime.executors.local import ProcessesExecutor
from ecg_facial.runtime.typing import Float64Array, UInt8Array
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.files.clips import TrialFiles, draw_clip_frames, trial_files
from ecg_facial.simulate.files.pathology import Pathology, plan_pathology, read_pathologies
from ecg_facial.simulate.head.drawing import FrameDrawer, make_face_drawer
from ecg_facial.simulate.head.scene import Scene
from ecg_facial.simulate.pathology_kinds import PATHOLOGY_KINDS
from ecg_facial.simulate.people.population import plan_trials, sample_cohort_person, simulate_features, simulate_trial
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.windows.settings import WindowSettings

LEVEL = (PainLevel.PA4,)
N_CLIPS = 3
_STEPS, _GREY = 12, 20


def make_counter(settings: CohortSettings, index: int) -> FrameDrawer:
    """Two grey halves that say the number of the frame, and survive the encoder."""

    def draw(action_units: Mapping[str, float], scene: Scene, frame: int) -> UInt8Array:
        picture = np.zeros((settings.height, settings.width, 3), dtype=np.uint8)
        picture[:, : settings.width // 2] = _GREY * (frame % _STEPS)
        picture[:, settings.width // 2 :] = _GREY * (frame // _STEPS)
        return picture

    return draw


def write_clips(out: Path, *kinds: str, **settings: object) -> Path:
    chosen = {"n_subjects": 1, "trials_per_level": N_CLIPS, "levels": LEVEL, "width": WIDTH, "height": HEIGHT}
    wanted = chosen | {"pathologies": kinds, "pathology_share": 1.0} | settings
    cohort = CohortSettings(**wanted)  # type: ignore[arg-type]  # on purpose
    return simulate_cohort(out, cohort, renderer_factory=make_counter)


def read_damage(out: Path) -> list[tuple[TrialFiles, Pathology]]:
    plans = {
        plan.name: plan for plan in plan_trials(CohortSettings(n_subjects=1, trials_per_level=N_CLIPS, levels=LEVEL), 0)
    }
    return [(trial_files(out, plans[row.trial]), row.pathology) for row in read_pathologies(out)]


def read_video(path: Path) -> tuple[Float64Array, list[int]]:
    """Times of the frames, and the numbers that they show."""
    times, numbers = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            halves = frame.to_ndarray(format="rgb24").reshape(HEIGHT, 2, WIDTH // 2, 3).mean(axis=(0, 2, 3))
            low, high = np.rint(halves / _GREY).astype(int)
            times.append(frame.time or 0.0)
            numbers.append(int(high * _STEPS + low))
    return np.array(times), numbers


def read_columns(path: Path) -> Float64Array:
    return np.loadtxt(path, delimiter="\t", skiprows=1).T


def locate_beats(ecg: Float64Array, near_s: Float64Array) -> Float64Array:
    """Exact places of the R waves, by a parabola through the highest three samples."""
    found = []
    for beat_s in near_s:
        middle = round(beat_s * 512)
        peak = middle - 10 + int(np.argmax(ecg[middle - 10 : middle + 11]))
        before, top, after = ecg[peak - 1 : peak + 2]
        found.append((peak + 0.5 * (before - after) / (before - 2.0 * top + after)) / 512)
    return np.array(found)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clean") / "out")


def test_without_pathologies_there_is_no_table_and_nothing_is_damaged(clean: Path) -> None:
    with pytest.raises(MissingDataError, match="pathologies"):
        next(read_pathologies(clean))
    times, numbers = read_video(next((clean / "PartA" / "video").glob("*/*.mp4")))
    np.testing.assert_allclose(times, np.arange(138) / 25)
    assert numbers == list(range(138))


@pytest.mark.parametrize("kind", PATHOLOGY_KINDS)
def test_trials_and_truth_stay_what_they_are(kind: str, clean: Path, tmp_path: Path) -> None:
    out = write_clips(tmp_path / "out", kind)
    ours, theirs = digests(out), digests(clean)
    changed = {name for name in ours | theirs if ours.get(name) != theirs.get(name)}
    changed -= {"SIMULATED.json", "pathologies.csv"}
    folders = {name.split("/")[1] for name in changed}
    if kind == "face_lost":
        # The counting sketch shows no face that could be lost.
        assert not folders
    elif kind in ("clock_offset", "clock_drift", "truncated_ecg", "missing_ecg"):
        assert folders == {"biosignals_filtered", "biosignals_raw"}
    else:
        assert folders == {"video"}
    assert [pathology.kind for _, pathology in read_damage(out)] == [kind] * N_CLIPS


def test_dropped_frames_leave_a_gap_in_the_times(tmp_path: Path) -> None:
    for files, damage in read_damage(write_clips(tmp_path / "out", "dropped_frames")):
        times, numbers = read_video(files.video)
        lost = set(range(138)) - set(numbers)
        assert lost == set(range(round(damage.start_s * 25), round(damage.end_s * 25)))
        assert len(lost) == damage.value
        np.testing.assert_allclose(times, np.array(numbers) / 25)


def test_a_frozen_frame_stands_while_time_goes_on(tmp_path: Path) -> None:
    for files, damage in read_damage(write_clips(tmp_path / "out", "frozen_frame")):
        times, numbers = read_video(files.video)
        np.testing.assert_allclose(times, np.arange(138) / 25)
        first, end = round(damage.start_s * 25), round(damage.end_s * 25)
        assert numbers == [first if first <= number < end else number for number in range(138)]
        assert end - first == damage.value


@pytest.mark.parametrize("kind", ["clock_offset", "clock_drift"])
def test_biosignals_of_a_clock_that_is_off_show_beats_where_the_table_says(kind: str, tmp_path: Path) -> None:
    out = write_clips(tmp_path / "out", kind)
    trials = {
        trial.plan.name: trial
        for trial in simulate_features(CohortSettings(n_subjects=1, trials_per_level=N_CLIPS, levels=LEVEL))
    }
    seen = set()
    for (files, damage), trial in zip(read_damage(out), trials.values(), strict=True):
        true_s = trial.heart.beat_times_s
        shown_s = true_s + damage.value if kind == "clock_offset" else true_s * (1.0 + damage.value / 1e6)
        inside = (shown_s > 0.1) & (shown_s < 5.4)
        for path in (files.filtered, files.raw):
            columns = read_columns(path)
            np.testing.assert_allclose(columns[0], np.arange(2816) * 1e6 / 512, atol=0.5)
        found_s = locate_beats(read_columns(files.filtered)[2], shown_s[inside])
        np.testing.assert_allclose(found_s, shown_s[inside], atol=1e-3)
        seen.add(damage.value)
        limits = (0.1, 2.0) if kind == "clock_offset" else (200.0, 1000.0)
        assert limits[0] <= abs(damage.value) <= limits[1]
    assert len(seen) == N_CLIPS


def test_cut_recordings_end_when_the_table_says(clean: Path, tmp_path: Path) -> None:
    for files, damage in read_damage(write_clips(tmp_path / "video", "truncated_video")):
        times, numbers = read_video(files.video)
        assert numbers == list(range(round(damage.value * 25)))
        assert times[-1] + 0.04 == pytest.approx(damage.start_s)
    for files, damage in read_damage(write_clips(tmp_path / "ecg", "truncated_ecg")):
        left = read_columns(files.filtered)
        whole = read_columns(clean / files.filtered.relative_to(tmp_path / "ecg"))
        assert left.shape[1] == pytest.approx(damage.start_s * 512, abs=1e-3)
        np.testing.assert_array_equal(left, whole[:, : left.shape[1]])


def test_missing_files_are_not_there_and_not_made_again(tmp_path: Path) -> None:
    for kind in ("missing_video", "missing_ecg"):
        out = write_clips(tmp_path / kind, kind)
        before = digests(out)
        for files, _ in read_damage(out):
            there = [path.exists() for path in files]
            assert there == ([True, True, False] if kind == "missing_video" else [False, False, True])
        assert digests(write_clips(out, kind)) == before


def test_no_face_is_found_while_it_is_lost_and_two_while_there_is_a_second_person() -> None:
    detector = load_detector("mtcnn")
    for kind, n_inside in (("face_lost", 0), ("second_person", 2)):
        settings = CohortSettings(trials_per_level=4, levels=LEVEL, pathologies=(kind,), pathology_share=1.0)
        starts = ((plan, plan_pathology(settings, plan)) for plan in plan_trials(settings, 0))
        plan = next(plan for plan, found in starts if found is not None and found.start_s > 0)
        damage = plan_pathology(settings, plan)
        assert damage is not None
        trial = simulate_trial(settings, plan, person=sample_cohort_person(settings, 0))
        drawer = make_face_drawer(settings, 0)
        frames = [frame for frame in draw_clip_frames(settings, trial, drawer) if frame is not None]
        first, end = damage.frames.start, damage.frames.stop
        edge = 0 if kind == "face_lost" else 10
        for number in (first + edge, (first + end) // 2, end - 1 - edge):
            assert len(detector.detect(RgbFrame(frames[number], number / 25))) == n_inside, (kind, number)
        for number in (0, 137):
            assert len(detector.detect(RgbFrame(frames[number], number / 25))) == 1


def test_a_second_person_is_in_view_in_the_interval_alone(tmp_path: Path, clean: Path) -> None:
    for files, damage in read_damage(write_clips(tmp_path / "out", "second_person")):
        plain = clean / files.video.relative_to(tmp_path / "out")
        pairs = []
        for path in (files.video, plain):
            with av.open(str(path)) as container:
                pairs.append([frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)])
        changed = [number for number in range(138) if np.mean(np.abs(pairs[0][number] - pairs[1][number]) > 12) > 0.02]
        assert changed == list(damage.frames)


def test_plans_depend_on_the_seed_and_the_trial_alone() -> None:
    small = CohortSettings(n_subjects=2, trials_per_level=2, pathologies=PATHOLOGY_KINDS, pathology_share=0.5)
    large = CohortSettings(n_subjects=50, trials_per_level=20, pathologies=PATHOLOGY_KINDS, pathology_share=0.5)
    for plan in plan_trials(small, 1):
        twin = next(other for other in plan_trials(large, 1) if other.name == plan.name)
        assert plan_pathology(small, plan) == plan_pathology(large, twin)
    found = [plan_pathology(large, plan) for index in range(50) for plan in plan_trials(large, index)]
    assert abs(np.mean([damage is not None for damage in found]) - 0.5) < 0.03
    counts = Counter(damage.kind for damage in found if damage is not None)
    assert set(counts) == set(PATHOLOGY_KINDS)
    assert min(counts.values()) > 0.7 * max(counts.values())
    other = CohortSettings(n_subjects=2, trials_per_level=2, seed=1, pathologies=PATHOLOGY_KINDS, pathology_share=0.5)
    pairs = [(plan_pathology(small, plan), plan_pathology(other, plan)) for plan in plan_trials(small, 1)]
    assert any(ours != theirs for ours, theirs in pairs)


def test_a_larger_share_keeps_what_a_smaller_one_has_hit() -> None:
    few, many = (
        CohortSettings(n_subjects=4, trials_per_level=5, pathologies=PATHOLOGY_KINDS, pathology_share=share)
        for share in (0.2, 0.8)
    )
    for plan in plan_trials(few, 3):
        hit = plan_pathology(few, plan)
        assert hit is None or hit == plan_pathology(many, plan)
    none = CohortSettings(n_subjects=4, trials_per_level=5, pathologies=PATHOLOGY_KINDS, pathology_share=0.0)
    assert all(plan_pathology(none, plan) is None for plan in plan_trials(none, 0))


def test_a_damaged_cohort_is_indexed_by_name_and_prepared_without_a_crash(tmp_path: Path) -> None:
    out = write_clips(tmp_path / "out", *PATHOLOGY_KINDS, levels=tuple(PainLevel), trials_per_level=4)
    rows = list(read_pathologies(out))
    assert {row.pathology.kind for row in rows} >= {"truncated_video", "truncated_ecg", "missing_video", "missing_ecg"}
    index = index_dataset(out)
    expected = {
        (row.trial, "missing" if row.pathology.kind.startswith("missing") else "too_short")
        for row in rows
        if row.pathology.kind.startswith(("missing", "truncated"))
    }
    assert {(problem.trial, problem.kind) for problem in index.problems} == expected
    assert len(index.trials) == 20
    prepared = prepare(index, tmp_path / "cache", settings=WindowSettings(n_frames=2, crop_px=32))
    assert sorted(prepared.table["trial"]) == sorted(trial.id for trial in index.trials)


def test_bytes_of_damaged_cohorts_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    kinds = {"pathologies": PATHOLOGY_KINDS, "pathology_share": 0.7, "trials_per_level": 2, "rest": 1}
    one = write_cohort(tmp_path / "one", **kinds)
    two = write_cohort(tmp_path / "two", executor=ProcessesExecutor(2), **kinds)
    assert digests(one) == digests(two)
    assert json.loads((one / "SIMULATED.json").read_text(encoding="utf-8"))["pathologies"] == list(PATHOLOGY_KINDS)
    with pytest.raises(SettingsError, match=r"pathology_share is 0\.7, not 0\.6"):
        write_cohort(one, **(kinds | {"pathology_share": 0.6}))


def test_the_same_request_in_another_order_is_the_same_cohort(tmp_path: Path) -> None:
    out = write_clips(tmp_path / "out", "missing_ecg", "face_lost", "missing_ecg")
    before = digests(out)
    assert digests(write_clips(out, "face_lost", "missing_ecg")) == before


def test_rest_clips_are_never_damaged(tmp_path: Path) -> None:
    out = write_clips(tmp_path / "out", "missing_video", rest=2)
    assert len(list((out / "rest" / "video").glob("*/*.mp4"))) == 2


def test_what_is_no_pathology_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown pathology 'fog'"):
        CohortSettings(pathologies=("fog",))
    with pytest.raises(SettingsError, match=r"is 1\.5: expected 0 to 1"):
        CohortSettings(pathology_share=1.5)
    table = tmp_path / "pathologies.csv"
    table.write_text("a,b\n", encoding="utf-8")
    with pytest.raises(CorruptDataError, match="columns"):
        next(read_pathologies(tmp_path))
    table.write_text("subject,trial,kind,start_s,end_s,value\na,b,fog,0,1,2\n", encoding="utf-8")
    with pytest.raises(CorruptDataError, match="row 1"):
        next(read_pathologies(tmp_path))
