"""Commands that use a trained model, and the one that looks at the installation.

Input: what was typed. Output: text. Nothing of the training side is imported when they run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg_facial.cli.arguments import find_input
from ecg_facial.cli.console import say
from ecg_facial.cli.options import make_option
from ecg_facial.recording import EcgRef
from ecg_facial.workflow.settings import DataOptions


def predict(
    bundle: Annotated[Path, typer.Argument(help="Bundle folder, such as RUN/model.", callback=find_input)],
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


def doctor() -> None:
    """Show what is installed and usable."""
    from ecg_facial.cli.doctor import examine
    from ecg_facial.cli.wording import show_installation

    say(show_installation(examine()))
