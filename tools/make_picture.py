"""Make the picture of the README: ``python tools/make_picture.py runs/demo/model docs/overview.png``.

Input: the bundle that ``make demo`` leaves. Output: two trials of one SIMULATED person whom that model has not seen:
the first without a stimulus and the first with the strongest of its classes, with faces, the ECG and its beats, and
probabilities. Nothing is chosen by its result.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MultipleLocator

from ecg_facial import Prediction, detect_r_peaks, load_bundle, make_window, open_predictor
from ecg_facial.face.video import RgbFrame
from ecg_facial.inference.predictor import Predictor
from ecg_facial.labels import PainLevel
from ecg_facial.recording import EcgSignal
from ecg_facial.simulate.files.biosignals import FS_HZ
from ecg_facial.simulate.files.clips import compute_columns, draw_clip_frames
from ecg_facial.simulate.files.encode import BIOSIGNAL_COLUMNS
from ecg_facial.simulate.grid import FPS, TRIAL_S
from ecg_facial.simulate.head.drawing import make_face_drawer
from ecg_facial.simulate.people.population import plan_trials, sample_cohort_person, simulate_trial
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

LEVELS = (PainLevel.BL1, PainLevel.PA3)
SETTINGS = CohortSettings(
    n_subjects=1, trials_per_level=1, levels=LEVELS, preset="clear", seed=1, width=640, height=480
)
TITLES = ("no stimulus (BL1)", "strong heat (PA3)")
SHOWN_S = (0.6, 2.2, 3.8, 5.2)
INK, MARK, FAINT, GRID = "#222222", "#C0392B", "#777777", ("#F6D5D5", "#EDB4B4")
COLOURS = {"face": "#9DB8D2", "ECG": "#D8A7A0", "both": "#2C5F8A"}
_ECG = BIOSIGNAL_COLUMNS.index("ecg") - 1  # the columns have no time
_UV_PER_MV = 1000.0


@dataclass(frozen=True, kw_only=True)
class StripPart:
    """One trial of the picture."""

    frames: list[RgbFrame]
    ecg: EcgSignal
    prediction: Prediction


def simulate(level: PainLevel, predictor: Predictor) -> StripPart:
    """Simulate a trial and predict it."""
    plan = next(plan for plan in plan_trials(SETTINGS, 0) if plan.level == level)
    trial = simulate_trial(SETTINGS, plan, person=sample_cohort_person(SETTINGS, 0))
    pictures = draw_clip_frames(SETTINGS, trial, make_face_drawer(SETTINGS, 0))
    frames = [RgbFrame(picture, number / FPS) for number, picture in enumerate(pictures) if picture is not None]
    filtered, _ = compute_columns(SETTINGS, trial)
    ecg = EcgSignal(samples=filtered[_ECG] / _UV_PER_MV, fs_hz=FS_HZ, unit="mV")
    window = make_window(frames, ecg, settings=predictor.info.windows, detector=predictor.detector)
    return StripPart(frames=frames, ecg=ecg, prediction=predictor.predict(window))


def draw(shown: list[StripPart]) -> Figure:
    """Draw the trials side by side."""
    figure = plt.figure(figsize=(13, 6.6))
    figure.text(
        0.5, 0.955, "SIMULATED person, simulated training data", color=MARK, ha="center", fontsize=15, weight="bold"
    )
    for number, (trial, title) in enumerate(zip(shown, TITLES, strict=True)):
        left = 0.055 + 0.49 * number
        grid = figure.add_gridspec(
            3, len(SHOWN_S), left=left, right=left + 0.44, top=0.87, bottom=0.085, hspace=0.3, wspace=0.04
        )
        grid.set_height_ratios((1.0, 0.95, 1.15))
        figure.text(left, 0.895, title, fontsize=13, weight="bold", color=INK)
        _draw_faces(figure, grid, trial)
        _draw_ecg(figure.add_subplot(grid[1, :]), trial)
        _draw_probabilities(figure.add_subplot(grid[2, :]), trial.prediction, legend=number == 1)
    return figure


def _draw_faces(figure: Figure, grid: GridSpec, trial: StripPart) -> None:
    for place, time_s in enumerate(SHOWN_S):
        ax = figure.add_subplot(grid[0, place])
        image = trial.frames[round(time_s * FPS)].image
        margin = (image.shape[1] - image.shape[0]) // 2
        ax.imshow(image[:, margin:-margin], aspect="auto")
        ax.text(0.04, 0.05, f"{time_s:.1f} s", transform=ax.transAxes, color="white", fontsize=9)
        ax.axis("off")


def _draw_ecg(ax: Axes, trial: StripPart) -> None:
    """Draw the ECG on paper of 0.2 s and 0.5 mV, with the beats that are found."""
    ecg = trial.ecg
    beats = detect_r_peaks(ecg.samples, ecg.fs_hz)
    low, high = ecg.samples.min() - 0.15, ecg.samples.max() + 0.45
    for which, (time_step, mv_step), colour in zip(("minor", "major"), ((0.04, 0.1), (0.2, 0.5)), GRID, strict=True):
        getattr(ax.xaxis, f"set_{which}_locator")(MultipleLocator(time_step))
        getattr(ax.yaxis, f"set_{which}_locator")(MultipleLocator(mv_step))
        ax.grid(which=which, color=colour, linewidth=0.4 if which == "minor" else 0.8)
    ax.plot(np.arange(len(ecg.samples)) / ecg.fs_hz, ecg.samples, color=INK, linewidth=1.0)
    ax.plot(beats.times_s, np.full(len(beats), high - 0.15), "v", color=MARK, markersize=6)
    ax.set(xlim=(0, TRIAL_S), ylim=(low, high))
    rate = trial.prediction.heart_rate_bpm
    ax.set_title(
        f"ECG, {rate:.0f} bpm, quality {trial.prediction.ecg_quality:.2f}", loc="left", fontsize=10, color=FAINT
    )
    ax.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
    for side in ax.spines.values():
        side.set_color(GRID[1])


def _draw_probabilities(ax: Axes, prediction: Prediction, *, legend: bool) -> None:
    rows = {"face": prediction.facial, "ECG": prediction.ecg, "both": prediction.probabilities}
    places = np.arange(len(prediction.class_names))
    for number, (name, values) in enumerate(rows.items()):
        bars = ax.bar(places + 0.27 * (number - 1), values, width=0.25, color=COLOURS[name], label=name)
        if name == "both":
            ax.bar_label(bars, [f"{100 * value:.0f} %" for value in values], padding=2, fontsize=9, color=INK)
    ax.set_xticks(places, prediction.class_names)
    ax.set_title("probability of each level", loc="left", fontsize=10, color=FAINT)
    ax.set(ylim=(0, 1.12), yticks=(0, 0.5, 1))
    ax.spines[["top", "right"]].set_visible(False)
    if legend:
        ax.legend(loc="upper left", frameon=False, ncols=3, fontsize=9)


def main(bundle: Path, out: Path) -> None:
    """Write the picture."""
    predictor = open_predictor(load_bundle(bundle))
    draw([simulate(level, predictor) for level in LEVELS]).savefig(out, dpi=110)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
