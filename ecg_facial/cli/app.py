"""Command line: parse and delegate.

Every command imports what it needs when it runs, so that ``--help`` stays fast. Bad input is one line on standard error
and exit code 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg_facial.cli.console import errors_as_one_line, say
from ecg_facial.cli.options import (
    CacheOption,
    DataArguments,
    DataFolder,
    DetectorPathOption,
    ExecutorArguments,
    ModelArguments,
    PermuteOption,
    ProtocolArguments,
    PspiOption,
    ReaderOption,
    SeedOption,
    SignalsOption,
    SubjectsOption,
    TaskName,
    with_options,
)
from ecg_facial.runtime.extras import require_extras
from ecg_facial.runtime.text import format_table
from ecg_facial.simulate.kinds import PATHOLOGY_KINDS
from ecg_facial.simulate.settings.presets import PRESETS

app = typer.Typer(
    name="ecg-facial",
    help="Pain recognition from face video and ECG. For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
@with_options(running=ExecutorArguments)
def demo(
    out: Annotated[Path, typer.Option(help="Run folder to write.")] = Path("runs/demo"),
    subjects: Annotated[int, typer.Option(min=4, help="Simulated people.")] = 12,
    *,
    running: ExecutorArguments,
    seed: SeedOption = 0,
    permute_labels: PermuteOption = False,
) -> None:
    """Simulate a cohort, prepare, train, evaluate leave-one-subject-out, and write a report."""
    require_extras("simulate", "train")
    from ecg_facial.cli.wording import show_result
    from ecg_facial.workflow.demo import run_demo

    with running.open() as executor:
        result = run_demo(out, n_subjects=subjects, seed=seed, permute_labels=permute_labels, executor=executor)
    say(show_result(result))


@app.command()
@with_options(running=ExecutorArguments)
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write, in BioVid's shape.")],
    running: ExecutorArguments,
    subjects: Annotated[int, typer.Option(min=1, help="People.")] = 12,
    trials_per_level: Annotated[int, typer.Option(min=1, help="Trials a level and person.")] = 20,
    preset: Annotated[str, typer.Option(help=f"Difficulty: {', '.join(PRESETS)}.")] = "clear",
    rest: Annotated[int, typer.Option(min=0, help="Rest clips a person, in OUT/rest, outside the scored trials.")] = 0,
    continuous: Annotated[
        bool, typer.Option("--continuous", help="Also each person's whole session as one recording, in OUT/PartC.")
    ] = False,
    continuous_video: Annotated[
        bool, typer.Option("--continuous-video", help="With the session's video too: some minutes a person.")
    ] = False,
    pathology: Annotated[
        list[str] | None, typer.Option(help=f"Damage to files, may be repeated: {', '.join(PATHOLOGY_KINDS)}.")
    ] = None,
    pathology_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of trials with damage.")] = 0.3,
    seed: SeedOption = 0,
) -> None:
    """Write a simulated cohort with known truth: videos, biosignals, samples.csv, truth.csv.

    Damage is listed in pathologies.csv; the trials in truth.csv stay what they are.
    """
    require_extras("simulate")
    from ecg_facial.simulate.cohort import simulate_cohort
    from ecg_facial.simulate.settings.cohort_settings import CohortSettings

    with running.open() as executor:
        folder = simulate_cohort(
            out,
            CohortSettings(
                n_subjects=subjects,
                trials_per_level=trials_per_level,
                preset=preset,
                rest=rest,
                continuous=continuous,
                continuous_video=continuous_video,
                pathologies=tuple(pathology or ()),
                pathology_share=pathology_share,
                seed=seed,
            ),
            executor=executor,
            show_progress=True,
        )
    say(f"SIMULATED cohort of {subjects} people written to {folder}")


@app.command()
@with_options(running=ExecutorArguments)
def index(
    data: DataFolder,
    running: ExecutorArguments,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write the index to.")] = None,
    reader: ReaderOption = "auto",
    signals: SignalsOption = "filtered",
    subjects: SubjectsOption = "all",
    pspi_pain: PspiOption = 3.0,
) -> None:
    """Print what a data folder holds per subject and level, rest beside the trials, and what cannot be used."""
    from ecg_facial.cli.wording import describe_index
    from ecg_facial.datasets.indexing import index_dataset
    from ecg_facial.datasets.store import write_index

    with running.open() as executor:
        found = index_dataset(
            data,
            reader=reader,
            signals=signals,
            subjects=subjects,
            pspi_pain=pspi_pain,
            executor=executor,
            show_progress=True,
        )
    say(describe_index(found))
    if out is not None:
        write_index(found, out)
        say(f"index written to {out}")


@app.command()
def ecg(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, WFDB (.hea), EDF, BDF, XDF, .npy or .npz.")],
    out: Annotated[Path, typer.Option(help="Folder for beats.csv, summary.json, strip.png and strip.svg.")],
    fs_hz: Annotated[float | None, typer.Option(help="Sampling rate in Hz, where the file says none.")] = None,
    channel: Annotated[str, typer.Option("--channel", "--column", help="Name or number of the channel.")] = "ecg",
    start_s: Annotated[float, typer.Option(min=0.0, help="Start of the strip in seconds.")] = 0.0,
    duration_s: Annotated[float, typer.Option(help="Seconds that the strip shows, in rows of 10, up to 60.")] = 10.0,
) -> None:
    """Find the beats of an ECG file: heart rate, signal quality, and a strip on ECG paper."""
    from ecg_facial.inspection.running import inspect_ecg
    from ecg_facial.inspection.wording import describe_findings

    found = inspect_ecg(file, out, fs_hz=fs_hz, channel=channel, start_s=start_s, duration_s=duration_s)
    say("\n".join(describe_findings(found)))
    say(f"written to       {out}")


@app.command()
@with_options(reading=DataArguments, running=ExecutorArguments)
def prepare(
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Folder for the cached windows.")],
    reading: DataArguments,
    running: ExecutorArguments,
    task: Annotated[TaskName | None, typer.Option("--task", help="Keep only this task's levels.")] = None,
) -> None:
    """Cut every trial into a window of face crops and heart-rate tokens, once, on disk."""
    from ecg_facial.workflow.preparing import prepare_dataset

    with running.open() as executor:
        found = prepare_dataset(
            data,
            out,
            options=reading.make(),
            task=None if task is None else task.value,
            executor=executor,
            show_progress=True,
        )
    say(f"{len(found.prepared)} windows in {found.prepared.folder}")


@app.command()
@with_options(reading=DataArguments, models=ModelArguments, protocol=ProtocolArguments, running=ExecutorArguments)
def benchmark(
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Run folder to write; the same folder resumes.")],
    reading: DataArguments,
    models: ModelArguments,
    protocol: ProtocolArguments,
    running: ExecutorArguments,
    cache: CacheOption = None,
    permute_labels: PermuteOption = False,
) -> None:
    """Evaluate facial, ECG and fused models by a protocol; write predictions, metrics, folds, report and a bundle."""
    require_extras("train")
    from ecg_facial.cli.wording import show_result
    from ecg_facial.workflow.benchmarking import benchmark_dataset

    settings = models.make(permute_labels=permute_labels, **protocol.make())
    with running.open() as executor:
        result = benchmark_dataset(
            data,
            out,
            options=reading.make(),
            settings=settings,
            cache=cache,
            test_data=protocol.test_data,
            folds=protocol.folds,
            executor=executor,
            show_progress=True,
        )
    say(show_result(result))


@app.command()
@with_options(running=ExecutorArguments)
def audit(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    running: ExecutorArguments,
    folds: Annotated[int, typer.Option(min=0, help="Folds that are fitted again on altered data.")] = 3,
    permutations: Annotated[int, typer.Option(min=0, help="Whole runs with labels permuted within subject.")] = 20,
    data: Annotated[Path | None, typer.Option(help="The data set, to compare stretches of files too.")] = None,
) -> None:
    """Look for leakage in a run: repeat folds with the test person's labels and signals replaced, and more.

    Exit code 1 where a leak is found.
    """
    require_extras("train")
    from ecg_facial.evaluation.audit.settings import AuditSettings
    from ecg_facial.workflow.benchmarking import audit as audit_again

    amount = AuditSettings(n_folds=folds, order=True, permutations=permutations)
    with running.open() as executor:
        found = audit_again(run, settings=amount, data=data, executor=executor)
    for check in found.checks:
        mark = "not made" if check.passed is None else "passed" if check.passed else "FAILED"
        say(f"{mark:8s} {check.name}: {check.message}")
    say("\n".join(found.describe()))
    if found.verdict == "LEAK":
        raise typer.Exit(1)


@app.command()
def score(
    predictions: Annotated[Path, typer.Argument(help="CSV: subject,trial,label, and p_<class> columns or predicted.")],
    out: Annotated[Path, typer.Option(help="Folder to write: report, metrics and tables.")],
    classes: Annotated[
        str | None, typer.Option(help="The classes in their order, comma separated: steps of one scale.")
    ] = None,
    strata: Annotated[str | None, typer.Option(help="Columns to group people by, comma separated.")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Mark everything as simulated.")] = False,
) -> None:
    """Judge anybody's predictions: figures over subjects, comparisons, calibration, report and tables."""
    require_extras("evaluate")
    from ecg_facial.evaluation.report.terminal import describe_metrics
    from ecg_facial.workflow.scoring import REPORT_FILE
    from ecg_facial.workflow.scoring import score as score_predictions

    split = [None if text is None else tuple(name.strip() for name in text.split(",")) for text in (classes, strata)]
    metrics = score_predictions(predictions, out, classes=split[0], strata=split[1], simulated=simulated)
    say("\n".join(describe_metrics(metrics, heading=predictions.name, simulated=metrics.simulated)))
    say(f"report: {out / REPORT_FILE}")


@app.command()
@with_options(reading=DataArguments, models=ModelArguments, running=ExecutorArguments)
def train(
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Bundle folder to write.")],
    reading: DataArguments,
    models: ModelArguments,
    running: ExecutorArguments,
    cache: CacheOption = None,
) -> None:
    """Train on everybody (inner subjects choose the epoch) and write a bundle that `predict` uses."""
    require_extras("train")
    from ecg_facial.workflow.benchmarking import train_dataset

    with running.open() as executor:
        train_dataset(
            data,
            out,
            options=reading.make(),
            settings=models.make(),
            cache=cache,
            executor=executor,
            show_progress=True,
        )
    say(f"bundle written to {out}")


@app.command()
def predict(
    bundle: Annotated[Path, typer.Argument(help="Bundle folder, such as RUN/model.")],
    video: Annotated[Path | None, typer.Option(help="Face video.")] = None,
    ecg: Annotated[Path | None, typer.Option(help="ECG of any format that `ecg` reads.")] = None,
    fs_hz: Annotated[float | None, typer.Option(help="Sampling rate in Hz, where the file says none.")] = None,
    ecg_column: Annotated[str, typer.Option(help="Name of the ECG's column or channel.")] = "ecg",
    start_s: Annotated[float, typer.Option(min=0.0, help="Start of the window in seconds.")] = 0.0,
    detector_path: DetectorPathOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate the stimulus level of one clip from video, ECG or both."""
    import json

    from ecg_facial.inference.bundle import load_bundle
    from ecg_facial.inference.predictor import describe_prediction, open_predictor, predict_files

    predictor = open_predictor(load_bundle(bundle), detector_path=detector_path)
    prediction = predict_files(predictor, video=video, ecg=ecg, fs_hz=fs_hz, ecg_column=ecg_column, start_s=start_s)
    say(json.dumps(prediction.to_dict(), indent=2) if as_json else describe_prediction(prediction))


@app.command()
def doctor() -> None:
    """Say what is installed and usable."""
    from ecg_facial.cli.doctor import examine

    findings = examine()
    say(
        format_table(
            [[item.name, item.status, item.detail] for item in findings], header=["what", "status", "detail"], n_left=3
        )
    )


def main() -> None:
    """Run the command line."""
    with errors_as_one_line():
        app()


def fusion_main() -> None:
    """Run ``python -m ecg_facial.fusion_model DATA``: the overall accuracy, leave-one-subject-out."""
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

    @single.command()
    @with_options(reading=DataArguments, models=ModelArguments, running=ExecutorArguments)
    def fused(
        data: DataFolder,
        reading: DataArguments,
        models: ModelArguments,
        running: ExecutorArguments,
        out: Annotated[Path, typer.Option(help="Run folder to write; the same folder resumes.")] = Path("runs/fusion"),
    ) -> None:
        """Print the fused model's overall accuracy, leave-one-subject-out."""
        require_extras("train")
        from ecg_facial.cli.wording import show_accuracy
        from ecg_facial.workflow.benchmarking import benchmark_dataset

        with running.open() as executor:
            result = benchmark_dataset(
                data, out, options=reading.make(), settings=models.make(), executor=executor, show_progress=True
            )
        say(show_accuracy(result))

    with errors_as_one_line():
        single()


if __name__ == "__main__":
    main()
