"""Command line: parse and delegate.

Input: what was typed. Output: text, files, and an exit code. The options are made of settings, see `arguments`. Each
command imports what it needs when it runs, so that ``--help`` is fast. Bad input is one line on standard error and exit
code 2.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, cast

import typer

from ecg_facial.cli.arguments import (
    AUDIT,
    BENCHMARK,
    COHORT,
    DATA,
    DEMO,
    EXECUTOR,
    INSPECTION,
    LABELS,
    READING,
    TRAINING,
    CacheOption,
    DataFolder,
    PipelineOption,
    name_columns,
    open_file,
    open_folder,
    refuse_with_table,
    refuse_without_table,
)
from ecg_facial.cli.console import ctrl_c_as_one_line, errors_as_one_line, say
from ecg_facial.cli.options import make_option, with_options
from ecg_facial.datasets.settings import FeatureSettings, LabelSettings
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.settings import DECISIONS, Decisions
from ecg_facial.inspection.settings import InspectionSettings
from ecg_facial.labels import TASKS, get_task
from ecg_facial.recording import EcgRef
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.opening import open_executor
from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.runtime.extras import require_extras
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.workflow.settings import DataOptions, DemoSettings

app = typer.Typer(
    name="ecg-facial",
    help="Pain recognition from face video and ECG. For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
@with_options(settings=DEMO, running=EXECUTOR)
def demo(
    settings: DemoSettings,
    running: ExecutorSettings,
    out: Annotated[Path, typer.Option(help="Run folder to write.", callback=open_folder)] = Path("runs/demo"),
) -> None:
    """Simulate a cohort, prepare, train, evaluate leave-one-subject-out, and write a report."""
    require_extras("simulate", "train")
    from ecg_facial.cli.wording import show_result
    from ecg_facial.workflow.demo import run_demo

    with _open(running) as executor:
        result = run_demo(out, settings, executor=executor)
    say(show_result(result))


@app.command()
@with_options(settings=COHORT, running=EXECUTOR)
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write, in BioVid's layout.", callback=open_folder)],
    settings: CohortSettings,
    running: ExecutorSettings,
) -> None:
    """Write a simulated cohort with known truth: videos, biosignals, samples.csv, truth.csv.

    Damage is listed in pathologies.csv; truth.csv describes the undamaged trials.
    """
    require_extras("simulate")
    from ecg_facial.simulate.cohort import simulate_cohort

    with _open(running) as executor:
        folder = simulate_cohort(out, settings, executor=executor, show_progress=True)
    say(f"SIMULATED cohort of {settings.n_subjects} people written to {folder}")


@app.command()
@with_options(options=READING, running=EXECUTOR)
def index(
    data: DataFolder,
    options: DataOptions,
    running: ExecutorSettings,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write the index to.", callback=open_file)] = None,
) -> None:
    """Show what a data folder holds per subject and level, its rest recordings, and what cannot be used."""
    from ecg_facial.cli.wording import describe_index
    from ecg_facial.datasets.store import write_index
    from ecg_facial.workflow.preparing import index_data

    with _open(running) as executor:
        found = index_data(data, options=options, executor=executor, show_progress=True)
    say(describe_index(found))
    if out is not None:
        write_index(found, out)
        say(f"index written to {out}")


@app.command()
@with_options(settings=INSPECTION, running=EXECUTOR)
def ecg(
    file: Annotated[
        Path, typer.Argument(help="CSV, TSV, WFDB (.hea), EDF, BDF, XDF, .mat, .npy or .npz; or a folder of these.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for beats.csv, summary.json, strip.png and strip.svg; of a folder collection.csv and .html.",
            callback=open_folder,
        ),
    ],
    settings: InspectionSettings,
    running: ExecutorSettings,
) -> None:
    """Find the beats of an ECG file, or of all in a folder: heart rate, signal quality, strips on ECG paper.

    A folder is looked at again without its files that were done and have not changed.
    """
    if file.is_dir():
        from ecg_facial.inspection.collection import PAGE_FILE, TABLE_FILE, inspect_collection
        from ecg_facial.inspection.overview import describe_collection

        with _open(running) as executor:
            rows = inspect_collection(file, out, settings, executor=executor, show_progress=True)
        say(describe_collection(rows))
        say(f"written to       {out / TABLE_FILE}, {out / PAGE_FILE}")
        return
    from ecg_facial.cli.wording import show_findings
    from ecg_facial.inspection.running import inspect_ecg

    say(show_findings(inspect_ecg(file, out, settings)))
    say(f"written to       {out}")


@app.command()
@with_options(options=DATA, running=EXECUTOR)
def prepare(
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Folder for the cached windows.", callback=open_folder)],
    options: DataOptions,
    running: ExecutorSettings,
    task: Annotated[
        str | None, typer.Option(help="Prepare only the levels of this task.", metavar="|".join(TASKS))
    ] = None,
) -> None:
    """Make a window of face crops and heart-rate tokens of every trial, once, on disk."""
    from ecg_facial.workflow.preparing import prepare_dataset

    with _open(running) as executor:
        chosen = None if task is None else get_task(task)
        found = prepare_dataset(data, out, options=options, task=chosen, executor=executor, show_progress=True)
    say(f"{len(found.prepared)} windows in {found.prepared.folder}")


@app.command()
@with_options(options=DATA, settings=BENCHMARK, running=EXECUTOR)
def benchmark(
    data: DataFolder,
    out: Annotated[
        Path, typer.Option(help="Run folder to write; an interrupted run is resumed.", callback=open_folder)
    ],
    options: DataOptions,
    settings: BenchmarkSettings,
    running: ExecutorSettings,
    test_data: Annotated[Path | None, typer.Option(help="Data set to test on (cross-dataset).")] = None,
    folds: Annotated[Path | None, typer.Option(help="A folds.json to repeat, with its seeds and protocol.")] = None,
    cache: CacheOption = None,
    pipeline: PipelineOption = None,
    features: Annotated[str | None, make_option(FeatureSettings, "features", "--features")] = None,
    label: Annotated[str | None, typer.Option(help="Of a table of features: column of each trial's class.")] = None,
    subject: Annotated[str | None, typer.Option(help="Of a table of features: column of who was recorded.")] = None,
    trial: Annotated[str | None, typer.Option(help="Of a table of features: column of the trial's name.")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Mark results of a table as SIMULATED.")] = False,
) -> None:
    """Evaluate models of face and ECG by a protocol; write predictions, metrics, audit, report and a bundle.

    A folder of recordings is judged by the facial, the ECG and the fused model. A table of features (--features,
    --label, --subject) is judged by forests and logistic regressions of each modality and of all, and their late
    fusion.
    """
    require_extras("train")
    from ecg_facial.cli.wording import show_result

    columns = name_columns(features, label=label, subject=subject, trial=trial)
    with _open(running) as executor:
        if columns is None:
            from ecg_facial.workflow.benchmarking import benchmark_dataset

            refuse_without_table(simulated=simulated)
            result = benchmark_dataset(
                data,
                out,
                options=options,
                settings=settings,
                pipelines=pipeline or (),
                cache=cache,
                test_data=test_data,
                folds=folds,
                executor=executor,
                show_progress=True,
            )
        else:
            from ecg_facial.workflow.tabular import benchmark_table

            refuse_with_table(test_data=test_data, cache=cache)
            result = benchmark_table(
                data,
                out,
                columns=columns,
                labels=options.labels,
                settings=settings,
                pipelines=pipeline or (),
                folds=folds,
                simulated=simulated,
                executor=executor,
                show_progress=True,
            )
    say(show_result(result))


@app.command()
@with_options(settings=AUDIT, running=EXECUTOR)
def audit(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    settings: AuditSettings,
    running: ExecutorSettings,
    data: Annotated[
        Path | None, typer.Option(help="The data set, to look for copied files too, or a table that was moved.")
    ] = None,
    pipeline: PipelineOption = None,
) -> None:
    """Look for leakage in a run: refit folds with the test person's labels and signals replaced, and more.

    Exit code 1 if a leak is found.
    """
    require_extras("train")
    from ecg_facial.cli.wording import show_audit
    from ecg_facial.workflow.benchmarking import audit as audit_again

    with _open(running) as executor:
        found = audit_again(run, settings=settings, data=data, pipelines=pipeline, executor=executor)
    say(show_audit(found))
    if found.verdict == "LEAK":
        raise typer.Exit(1)


@app.command()
@with_options(labels=LABELS)
def score(
    predictions: Annotated[Path, typer.Argument(help="CSV: subject,trial,label, and p_<class> columns or predicted.")],
    out: Annotated[Path, typer.Option(help="Folder to write: report, metrics and tables.", callback=open_folder)],
    labels: LabelSettings,
    strata: Annotated[str | None, typer.Option(help="Columns to group people by, separated by commas.")] = None,
    decisions: Annotated[
        str, typer.Option(help="What decides where a row has both: predicted, or probabilities (its p_ columns).")
    ] = DECISIONS,
    simulated: Annotated[bool, typer.Option("--simulated", help="Mark all results as SIMULATED.")] = False,
) -> None:
    """Judge a predictions file of any program: figures over subjects, comparisons, calibration, report and tables."""
    require_extras("evaluate")
    from ecg_facial.evaluation.report.terminal import describe_metrics
    from ecg_facial.workflow.scoring import REPORT_FILE
    from ecg_facial.workflow.scoring import score as score_predictions

    groups = None if strata is None else tuple(name.strip() for name in strata.split(","))
    # the reader refuses any other word
    chosen = cast(Decisions, decisions)
    metrics = score_predictions(predictions, out, labels=labels, strata=groups, decisions=chosen, simulated=simulated)
    say("\n".join(describe_metrics(metrics, heading=predictions.name, simulated=metrics.simulated)))
    say("\n".join(f"note: {note}" for note in metrics.notes))
    say(f"report: {out / REPORT_FILE}")


@app.command()
@with_options(options=DATA, settings=TRAINING, running=EXECUTOR)
def train(
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Bundle folder to write.", callback=open_folder)],
    options: DataOptions,
    settings: BenchmarkSettings,
    running: ExecutorSettings,
    cache: CacheOption = None,
) -> None:
    """Train on all subjects (some of them choose the epoch) and write a bundle for `predict`."""
    require_extras("train")
    from ecg_facial.workflow.benchmarking import train_dataset

    with _open(running) as executor:
        train_dataset(data, out, options=options, settings=settings, cache=cache, executor=executor, show_progress=True)
    say(f"bundle written to {out}")


@app.command()
def predict(
    bundle: Annotated[Path, typer.Argument(help="Bundle folder, such as RUN/model.")],
    video: Annotated[Path | None, typer.Option(help="Face video.")] = None,
    ecg: Annotated[Path | None, typer.Option(help="ECG of any format that `ecg` reads.")] = None,
    fs_hz: Annotated[float | None, typer.Option(help="Sampling rate in Hz, if the file does not state it.")] = None,
    ecg_column: Annotated[str, typer.Option(help="Name of the ECG's column or channel.")] = EcgRef.column,
    start_s: Annotated[float, typer.Option(min=0.0, help="Start of the window in seconds.")] = 0.0,
    fps: Annotated[float | None, typer.Option(help="Frames per second of a folder of frames, or a raw stream.")] = None,
    frame_times: Annotated[Path | None, typer.Option(help="Text file that lists the time of each frame.")] = None,
    detector_path: Annotated[Path | None, make_option(DataOptions, "detector_path")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate the pain level, as the classes of the bundle, of one window from a video, an ECG or both."""
    import json

    from ecg_facial.cli.wording import show_prediction
    from ecg_facial.inference.bundle import load_bundle
    from ecg_facial.inference.predictor import open_predictor, predict_files

    predictor = open_predictor(load_bundle(bundle), detector_path=detector_path)
    prediction = predict_files(
        predictor,
        video=video,
        ecg=ecg,
        fs_hz=fs_hz,
        ecg_column=ecg_column,
        start_s=start_s,
        fps=fps,
        frame_times=frame_times,
    )
    say(json.dumps(prediction.to_dict(), indent=2) if as_json else show_prediction(prediction))


@app.command()
def doctor() -> None:
    """Show what is installed and usable."""
    from ecg_facial.cli.doctor import examine
    from ecg_facial.cli.wording import show_installation

    say(show_installation(examine()))


def _open(running: ExecutorSettings) -> AbstractContextManager[Executor]:
    return open_executor(running.executor, workers=running.workers, address=running.address)


def main() -> None:
    """Run the command line."""
    with errors_as_one_line(), ctrl_c_as_one_line():
        app()


def fusion_main() -> None:
    """Run ``python -m ecg_facial.fusion_model DATA``: the overall accuracy, leave-one-subject-out."""
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

    @single.command()
    @with_options(options=DATA, settings=TRAINING, running=EXECUTOR)
    def fused(
        data: DataFolder,
        options: DataOptions,
        settings: BenchmarkSettings,
        running: ExecutorSettings,
        out: Annotated[
            Path, typer.Option(help="Run folder to write; an interrupted run is resumed.", callback=open_folder)
        ] = Path("runs/fusion"),
    ) -> None:
        """Print the fused model's overall accuracy, leave-one-subject-out."""
        require_extras("train")
        from ecg_facial.cli.wording import show_accuracy
        from ecg_facial.workflow.benchmarking import benchmark_dataset

        with _open(running) as executor:
            result = benchmark_dataset(
                data, out, options=options, settings=settings, executor=executor, show_progress=True
            )
        say(show_accuracy(result))

    with errors_as_one_line(), ctrl_c_as_one_line():
        single()


if __name__ == "__main__":
    main()
