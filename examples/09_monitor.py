"""
Watching a patient
==================

The live monitor without a terminal: a recording is replayed as if it were live, as fast as possible, and the session is
drawn as it was kept. ``ecg-facial monitor`` does the same with a camera and an amplifier, in real time. Everything here
is SIMULATED.
"""

# %%
# A model and a patient
# ---------------------
# A small model is trained on four simulated people. The patient is somebody else, who rests, feels heat twice, and
# whose camera and electrode fail for some seconds each.

import math
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import pandas as pd

from ecg_facial import (
    BenchmarkSettings,
    CohortSettings,
    TrainingSettings,
    WindowSettings,
    load_bundle,
    open_predictor,
    simulate_cohort,
)
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.labels import PainLevel
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.demo.files import patient_files
from ecg_facial.live.demo.recording import record_patients
from ecg_facial.live.demo.story import Fault, Series, Story
from ecg_facial.live.engine import PatientEngine
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.live.sources.contract import VideoBlock
from ecg_facial.live.sources.replay import EcgReplay, Pace, VideoReplay, read_in_turn
from ecg_facial.live.store.rows import AlarmRow, EstimateRow
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.workflow.benchmarking import train_dataset
from ecg_facial.workflow.settings import DataOptions

scratch = TemporaryDirectory()
levels = (PainLevel.BL1, PainLevel.PA4)
known = simulate_cohort(
    Path(scratch.name, "known"),
    CohortSettings(n_subjects=4, trials_per_level=2, levels=levels, seed=1),
)
training = TrainingSettings(epochs=12, batch_size=8, learning_rate=2e-3)
settings = BenchmarkSettings(
    task="binary",
    models=ModelSettings(
        facial=FacialSettings(hidden=16, n_layers=1),
        ecg=EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=32),
        facial_training=training,
        ecg_training=training,
    ),
)
bundle = train_dataset(
    known,
    Path(scratch.name, "model"),
    options=DataOptions(windows=WindowSettings(n_frames=6)),
    settings=settings,
)

story = Story(
    patient="SIM-1",
    index=5000,
    series=(Series(level="PA4", start_s=14, count=2),),
    faults=(
        Fault(kind="cloth", start_s=32, end_s=38),
        Fault(kind="lead off", start_s=40, end_s=45),
    ),
    duration_s=52,
)
record_patients(Path(scratch.name), [story])

# %%
# The session
# -----------
# Blocks of both sources go in, the time passes, rows come out. The monitor keeps them in a store; here they are only
# collected. Nothing looks ahead: with the same blocks, the live monitor gives the same rows.

files = patient_files(Path(scratch.name), story.patient)
pace = Pace(speed=math.inf)
sources = (
    VideoReplay(files.video, pace=pace, simulated=True),
    EcgReplay(files.ecg, pace=pace, simulated=True),
)
predictor = open_predictor(load_bundle(bundle))
engine = PatientEngine(
    story.patient,
    predictor,
    [source.open() for source in sources],
    settings=MonitorSettings(rest_s=5.0),
    # a model of four people is not sure of itself: limits below the usual ones
    alarms=AlarmSettings(
        pain_raise=0.4, pain_clear=0.3, pain_raise_after_s=3.0, pain_clear_after_s=4.0
    ),
    now=lambda: 0.0,
    detector=load_detector(predictor.info.windows.detector),
)
rows = []
for block in read_in_turn(*sources):
    engine.push(block)
    is_frame = isinstance(block, VideoBlock)
    rows += engine.tick(block.frame.time_s if is_frame else block.stamps_s[-1], utc_s=0.0)
rows += engine.end(float(story.duration_s), utc_s=0.0)
estimates = pd.DataFrame([asdict(row) for row in rows if isinstance(row, EstimateRow)])
alarms = [row for row in rows if isinstance(row, AlarmRow)]
for row in alarms:
    print(f"{row.time_s:5.1f} s  {row.alarm:5} {row.priority:6} {row.change:8} {row.message}")

# %%
# What was kept
# -------------
# Gaps are seconds for which nothing was estimated, or in which a signal could not be used.

fig, axes = plt.subplots(
    4, 1, figsize=(8, 6.4), sharex=True, height_ratios=(3, 1.6, 1.6, 1.2), layout="constrained"
)
pain, heart, quality, log = axes
for series in story.series:
    for number in range(series.count):
        start_s = series.start_s + 8 * number
        pain.axvspan(start_s, start_s + 4, color="tab:red", alpha=0.15, linewidth=0)
pain.fill_between(estimates.time_s, estimates.low, estimates.high, alpha=0.25, linewidth=0)
pain.plot(estimates.time_s, estimates.trend, label="trend with its 90 % interval")
pain.plot(estimates.time_s, estimates.estimate, ".", color="0.3", label="estimate of a window")
pain.set(ylabel=f"pain, 0 to {len(levels) - 1}", ylim=(-0.05, 1.05))
pain.legend(loc="upper right", fontsize="small")
heart.plot(estimates.time_s, estimates.heart_rate_bpm, color="tab:red")
heart.set(ylabel="heart rate\nbpm")
quality.plot(estimates.time_s, estimates.face_quality, label="face")
quality.plot(estimates.time_s, estimates.ecg_quality, label="ECG")
quality.set(ylabel="quality", ylim=(-0.05, 1.05))
quality.legend(loc="lower left", fontsize="small", ncols=2)
names = ("pain", "face", "ecg")
for place, name in enumerate(reversed(names)):
    since_s = None
    for row in (row for row in alarms if row.alarm == name):
        if row.change == "raised":
            since_s = row.time_s
        elif row.change == "cleared" and since_s is not None:
            log.barh(
                place,
                row.time_s - since_s,
                left=since_s,
                color="tab:red" if name == "pain" else "tab:orange",
            )
            since_s = None
    if since_s is not None:
        log.barh(place, story.duration_s - since_s, left=since_s, color="tab:red")
log.set(
    yticks=range(len(names)),
    yticklabels=reversed(names),
    ylabel="alarms",
    xlabel="time, s",
    xlim=(0, story.duration_s),
    ylim=(-0.6, len(names) - 0.4),
)
fig.suptitle("A session; shaded: heat of PA4 - SIMULATED", color="tab:red")
plt.show()

scratch.cleanup()
