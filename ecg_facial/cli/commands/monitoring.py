"""The live monitor.

Input: settings made of what was typed. Output: a screen or lines, and a store. Nothing of the training side and no
torch is imported when it runs; the simulator only where the demo's patients are recorded first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecg_facial.cli.arguments import ALARMS, MONITOR, open_file, open_running
from ecg_facial.cli.console import ctrl_c_as_wish, exit_interrupted, say
from ecg_facial.cli.options import make_option, with_options
from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.settings import MonitorSettings, WatchSettings
from ecg_facial.recording import EcgRef, VideoRef
from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.workflow.settings import DataOptions

if TYPE_CHECKING:
    from ecg_facial.live.connecting import Connection
    from ecg_facial.live.ward import Ward

DEMO_BUNDLE, DEMO_PATIENTS = Path("runs/demo/model"), Path("runs/monitor")


@with_options(settings=MONITOR, alarms=ALARMS)
def monitor(
    settings: MonitorSettings,
    alarms: AlarmSettings,
    demo: Annotated[bool, typer.Option("--demo", help="Watch two simulated patients.")] = False,
    bundle: Annotated[
        Path | None, typer.Option(help=f"Bundle folder, such as RUN/model [of --demo: {DEMO_BUNDLE}].")
    ] = None,
    camera: Annotated[int | None, typer.Option(min=0, help="Number of a camera.")] = None,
    lsl: Annotated[
        str | None, typer.Option(help='Name of an LSL stream with an ECG; "" for any of type ECG.', metavar="NAME")
    ] = None,
    lsl_channel: Annotated[str, typer.Option(help="Its channel, by label or by number from 1.")] = "",
    brainflow: Annotated[
        int | None, typer.Option(help="BrainFlow's number of a board with an ECG; -1 is its synthetic one.")
    ] = None,
    serial_port: Annotated[str, typer.Option(help="Of the board, where it has one.")] = "",
    address: Annotated[str, typer.Option(help="Bluetooth address of the board, where it has one.")] = "",
    video: Annotated[Path | None, typer.Option(help="Recorded face video, replayed.")] = None,
    ecg: Annotated[Path | None, typer.Option(help="Recorded ECG of any format that `ecg` reads, replayed.")] = None,
    fs_hz: Annotated[float | None, typer.Option(help="Sampling rate in Hz, if the ECG's file does not say it.")] = None,
    ecg_column: Annotated[str, typer.Option(help="Name of the ECG's column or channel.")] = EcgRef.column,
    patient: Annotated[str, make_option(WatchSettings, "patient")] = WatchSettings.patient,
    store: Annotated[
        Path | None, typer.Option(help="File to keep estimates, alarms and ratings in.", callback=open_file)
    ] = None,
    duration_s: Annotated[float | None, typer.Option(min=0.0, help="End after so many seconds.")] = None,
    speed: Annotated[float, make_option(WatchSettings, "speed")] = WatchSettings.speed,
    sign: Annotated[str, make_option(WatchSettings, "sign")] = WatchSettings.sign,
    detector_path: Annotated[Path | None, make_option(DataOptions, "detector_path")] = None,
) -> None:
    """Watch a face and an ECG: a pain estimate with its interval, signal quality, alarms; kept in a store.

    Keys: a acknowledges, p pauses, o switches the alarms' sound off, r keeps a rating, n a note, q ends.
    """
    from ecg_facial.live.connecting import Wanted, connect
    from ecg_facial.live.session import open_ward

    WatchSettings(patient=patient, sign=sign, speed=speed)

    describe: list[Callable[[float], str]] | None = None
    if demo:
        if any(one is not None for one in (camera, lsl, brainflow, video, ecg)):
            raise SettingsError("--demo watches simulated patients: leave cameras, amplifiers and recordings out")
        chosen = _find_demo_bundle(bundle)
        connections, describe = _connect_demo(speed=speed)
    else:
        wanted = Wanted(
            video=None if video is None else VideoRef(path=video),
            ecg=None if ecg is None else EcgRef(path=ecg, fs_hz=fs_hz, column=ecg_column),
            camera=camera,
            lsl=lsl,
            lsl_channel=lsl_channel,
            brainflow=brainflow,
            serial_port=serial_port,
            address=address,
        )
        if bundle is None:
            raise SettingsError("no --bundle: name the folder of a trained model, such as RUN/model of a benchmark")
        chosen = bundle
        connections = [connect(wanted, patient=patient, speed=speed)]
    ward = open_ward(
        connections, bundle=chosen, settings=settings, alarms=alarms, store=store, describe=describe,
        detector_path=detector_path,
    )  # fmt: skip
    _watch(ward, sign=sign, n_patients=len(connections), duration_s=duration_s)
    if store is not None:
        say(f"kept in {store}: see `ecg-facial sessions {store}`")


def _find_demo_bundle(bundle: Path | None) -> Path:
    if bundle is None and not DEMO_BUNDLE.is_dir():
        raise MissingDataError(
            f"{DEMO_BUNDLE} is not there: `ecg-facial demo` trains it in some minutes (with the extras simulate and "
            "train); or name a bundle with --bundle"
        )
    return DEMO_BUNDLE if bundle is None else bundle


def _connect_demo(*, speed: float) -> tuple[list[Connection], list[Callable[[float], str]]]:
    """Record the simulated patients unless they are there, and connect them."""
    from ecg_facial.live.connecting import Connection
    from ecg_facial.live.demo.files import is_recorded
    from ecg_facial.live.demo.playing import play_patient
    from ecg_facial.live.demo.story import STORIES
    from ecg_facial.live.sources.replay import Pace

    if not is_recorded(DEMO_PATIENTS):
        from ecg_facial.runtime.extras import require_extras

        require_extras("simulate")
        from ecg_facial.live.demo.recording import record_patients

        with open_running(ExecutorSettings()) as executor:
            record_patients(DEMO_PATIENTS, executor=executor, show_progress=True)
    connections = [
        Connection(patient=story.patient, sources=play_patient(DEMO_PATIENTS, story, pace=Pace(speed=speed)))
        for story in STORIES
    ]
    return connections, [story.describe for story in STORIES]


def _watch(ward: Ward, *, sign: str, n_patients: int, duration_s: float | None) -> None:
    """Show the ward until a person quits, Ctrl-C, the end of the recordings, or for some time."""
    import sys

    from rich.console import Console

    from ecg_facial.live.screen.keys import Keys
    from ecg_facial.live.screen.terminal import open_keyboard, run_screen

    ends_s = None if duration_s is None else time.monotonic() + duration_s
    with ctrl_c_as_wish() as is_wished:
        try:
            with open_keyboard(sys.stdin) as read_keys:
                run_screen(
                    ward,
                    console=Console(),
                    keys=Keys(sign=sign, n_patients=n_patients),
                    read_keys=read_keys,
                    is_over=lambda: is_wished() or (ends_s is not None and time.monotonic() >= ends_s),
                )
        finally:
            ward.close()
        if is_wished():
            exit_interrupted("the session is closed, and all of it is kept")
