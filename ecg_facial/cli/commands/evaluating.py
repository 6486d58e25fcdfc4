"""Commands that train and judge models.

Input: settings made of what was typed. Output: run folders, bundles, and text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from ecg_facial.cli.arguments import (
    AUDIT,
    BENCHMARK,
    DATA,
    DEMO,
    EXECUTOR,
    LABELS,
    TRAINING,
    CacheOption,
    DataFolder,
    PipelineOption,
    find_input,
    name_columns,
    open_folder,
    open_running,
    refuse_with_table,
    refuse_without_table,
)
from ecg_facial.cli.console import say
from ecg_facial.cli.options import make_option, with_options
from ecg_facial.datasets.settings import FeatureSettings, LabelSettings
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.settings import DECISIONS, Decisions
from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.runtime.extras import require_extras
from ecg_facial.workflow.settings import DataOptions, DemoSettings


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

    with open_running(running) as executor:
        result = run_demo(out, settings, executor=executor)
    say(show_result(result))


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
    folds: Annotated[
        Path | None, typer.Option(help="A folds.json to repeat, with its seeds and protocol.", callback=find_input)
    ] = None,
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
    with open_running(running) as executor:
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


@with_options(settings=AUDIT, running=EXECUTOR)
def audit(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.", callback=find_input)],
    settings: AuditSettings,
    running: ExecutorSettings,
    data: Annotated[
        Path | None,
        typer.Option(
            help="The data set, to look for copied files too, or a table that was moved.", callback=find_input
        ),
    ] = None,
    pipeline: PipelineOption = None,
) -> None:
    """Look for leakage in a run: refit folds with the test person's labels and signals replaced, and more.

    Exit code 1 if a leak is found.
    """
    require_extras("train")
    from ecg_facial.cli.wording import show_audit
    from ecg_facial.workflow.benchmarking import audit as audit_again

    with open_running(running) as executor:
        found = audit_again(run, settings=settings, data=data, pipelines=pipeline, executor=executor)
    say(show_audit(found))
    if found.verdict == "LEAK":
        raise typer.Exit(1)


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
    say("\n".join(describe_metrics(metrics, heading=metrics.task, simulated=metrics.simulated)))
    say("\n".join(f"note: {note}" for note in metrics.notes))
    say(f"report: {out / REPORT_FILE}")


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

    with open_running(running) as executor:
        train_dataset(data, out, options=options, settings=settings, cache=cache, executor=executor, show_progress=True)
    say(f"bundle written to {out}")
