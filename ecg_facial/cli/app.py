"""Command line: the program with its commands.

Input: what was typed. Output: text, files, and an exit code. The options are made of settings, see `arguments`. Each
command imports what it needs when it runs, so that ``--help`` is fast. Bad input is one line on standard error and exit
code 2.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ecg_facial.cli.arguments import DATA, EXECUTOR, TRAINING, DataFolder, open_folder, open_running
from ecg_facial.cli.commands import evaluating, exporting, monitoring, recordings, serving, stores, using
from ecg_facial.cli.console import ctrl_c_as_one_line, errors_as_one_line, open_streams, refuse_empty, say
from ecg_facial.cli.options import with_options
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.runtime.extras import require_extras
from ecg_facial.workflow.settings import DataOptions

COMMANDS = (
    evaluating.demo,
    recordings.simulate,
    recordings.index,
    recordings.ecg,
    recordings.prepare,
    evaluating.benchmark,
    evaluating.audit,
    evaluating.score,
    evaluating.train,
    using.predict,
    monitoring.monitor,
    serving.serve,
    stores.sessions,
    exporting.export,
    using.doctor,
)
"""In the order of the help."""

app = typer.Typer(
    name="ecg-facial",
    help="Pain recognition from face video and ECG. For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _command in COMMANDS:
    app.command()(_command)


def main() -> None:
    """Run the command line."""
    open_streams()
    with errors_as_one_line(), ctrl_c_as_one_line():
        refuse_empty(sys.argv[1:])
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

        with open_running(running) as executor:
            result = benchmark_dataset(
                data, out, options=options, settings=settings, executor=executor, show_progress=True
            )
        say(show_accuracy(result))

    open_streams()
    with errors_as_one_line(), ctrl_c_as_one_line():
        refuse_empty(sys.argv[1:])
        single()


if __name__ == "__main__":
    main()
