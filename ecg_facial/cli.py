"""Command line: parse and delegate.

Every command imports what it needs when it runs, so that ``--help`` stays fast. Bad input is one line on standard error
and exit code 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg_facial.console import errors_as_one_line, format_table, say

app = typer.Typer(
    name="ecg-facial",
    help="Pain recognition from face video and ECG. For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

WorkersOption = Annotated[int, typer.Option(min=1, help="Processes.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of everything random.")]


@app.callback()
def _root() -> None:
    """Pain recognition from face video and ECG. For research; not a medical device."""


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write, in BioVid's shape.")],
    subjects: Annotated[int, typer.Option(min=1, help="People.")] = 12,
    trials_per_level: Annotated[int, typer.Option(min=1, help="Trials a level and person.")] = 20,
    preset: Annotated[str, typer.Option(help="Difficulty: clear.")] = "clear",
    seed: SeedOption = 0,
    workers: WorkersOption = 2,
) -> None:
    """Write a simulated cohort with known truth: videos, biosignals, samples.csv, truth.csv."""
    from ecg_facial.simulate.cohort import simulate_cohort

    folder = simulate_cohort(
        out,
        n_subjects=subjects,
        trials_per_level=trials_per_level,
        preset=preset,
        seed=seed,
        workers=workers,
        show_progress=True,
    )
    say(f"SIMULATED cohort of {subjects} people written to {folder}")


@app.command()
def beats(
    ecg: Annotated[Path, typer.Argument(help="ECG table (CSV or TSV).")],
    fs_hz: Annotated[float | None, typer.Option(help="Sampling rate in Hz, where the file has no time column.")] = None,
    column: Annotated[str, typer.Option(help="Name of the ECG column.")] = "ecg",
) -> None:
    """Print the R-peaks, mean heart rate and signal quality of an ECG file."""
    from ecg_facial.ecg.files import read_ecg
    from ecg_facial.ecg.intervals import mean_heart_rate
    from ecg_facial.ecg.quality import compute_sqi
    from ecg_facial.ecg.rpeaks import detect_r_peaks

    signal = read_ecg(ecg, fs_hz=fs_hz, column=column)
    peaks = detect_r_peaks(signal.samples, signal.fs_hz)
    rows = [[f"{time:.3f}", f"{trust:.2f}"] for time, trust in zip(peaks.times_s, peaks.confidence, strict=True)]
    say(format_table(rows, header=["R-peak s", "confidence"]))
    say(f"mean heart rate: {mean_heart_rate(peaks.times_s):.1f} bpm")
    say(f"signal quality: {compute_sqi(signal.samples, signal.fs_hz, peaks):.2f} (0..1)")


def main() -> None:
    """Run the command line."""
    with errors_as_one_line():
        app()


if __name__ == "__main__":
    main()
