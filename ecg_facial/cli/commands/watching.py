"""What is watched: options that `monitor` and `serve` share.

Input: what was typed. Output: a ward that runs. The simulator is imported only where the demo's patients are recorded
first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecg_facial.cli.arguments import open_file, open_running
from ecg_facial.cli.options import FunctionOptions, make_option
from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.live.settings import MonitorSettings, WatchSettings
from ecg_facial.recording import EcgRef, VideoRef
from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.workflow.settings import DataOptions

if TYPE_CHECKING:
    from ecg_facial.live.alarms.settings import AlarmSettings
    from ecg_facial.live.connecting import Connection, Wanted
    from ecg_facial.live.ward import Ward

DEMO_BUNDLE, DEMO_PATIENTS = Path("runs/demo/model"), Path("runs/monitor")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked to be watched.

    Attributes
    ----------
    wanted : Wanted or None
        None for the demo's patients, or for none but those of browsers.
    demo : bool
    bundle : Path or None
    patient : str
    speed : float
    store, detector_path : Path or None
    """

    wanted: Wanted | None
    demo: bool
    bundle: Path | None
    patient: str
    speed: float
    store: Path | None
    detector_path: Path | None


def _read_asked(
    *,
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
    speed: Annotated[float, make_option(WatchSettings, "speed")] = WatchSettings.speed,
    detector_path: Annotated[Path | None, make_option(DataOptions, "detector_path")] = None,
) -> Asked:
    """Read the options."""
    from ecg_facial.live.connecting import Wanted

    WatchSettings(patient=patient, speed=speed)
    is_any = any(one is not None for one in (camera, lsl, brainflow, video, ecg))
    if demo and is_any:
        raise SettingsError("--demo watches simulated patients: leave cameras, amplifiers and recordings out")
    wanted = None
    if is_any:
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
    return Asked(
        wanted=wanted, demo=demo, bundle=bundle, patient=patient, speed=speed, store=store, detector_path=detector_path
    )


WATCHED = FunctionOptions(_read_asked)
"""Options of what is watched."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What is watched.

    Attributes
    ----------
    ward : Ward
    n_patients : int
    bundle : Path
        Folder of the bundle.
    """

    ward: Ward
    n_patients: int
    bundle: Path


def open_asked(
    asked: Asked,
    *,
    settings: MonitorSettings,
    alarms: AlarmSettings,
    browsers: Sequence[Connection] = (),
) -> Opened:
    """Open the bundle and the store, and watch the patients.

    Parameters
    ----------
    asked : Asked
    settings : MonitorSettings
    alarms : AlarmSettings
    browsers : sequence of Connection
        Patients who are watched by browsers. The one who has the name of `asked` has its amplifier too.
    """
    from ecg_facial.live.connecting import Wanted
    from ecg_facial.live.session import open_ward

    describe: list[Callable[[float], str]] | None = None
    if asked.demo:
        bundle = _find_demo_bundle(asked.bundle)
        connections, describe = _connect_demo(speed=asked.speed)
        connections += browsers
        describe += [lambda _: ""] * len(browsers)
    else:
        # without anything to watch the settings say what can be given
        wanted = asked.wanted if asked.wanted is not None or browsers else Wanted()
        if asked.bundle is None:
            raise SettingsError("no --bundle: name the folder of a trained model, such as RUN/model of a benchmark")
        bundle, connections = asked.bundle, _join(asked, wanted, browsers)
    ward = open_ward(
        connections, bundle=bundle, settings=settings, alarms=alarms, store=asked.store, describe=describe,
        detector_path=asked.detector_path,
    )  # fmt: skip
    return Opened(ward=ward, n_patients=len(connections), bundle=bundle)


def _join(asked: Asked, wanted: Wanted | None, browsers: Sequence[Connection]) -> list[Connection]:
    """Connect all patients; a browser's camera joins the amplifier of the same patient."""
    from ecg_facial.live.connecting import Connection, connect

    if wanted is None:
        return list(browsers)
    own = connect(wanted, patient=asked.patient, speed=asked.speed)
    same = [one for one in browsers if one.patient == own.patient]
    if not same:
        return [own, *browsers]
    sources = (*same[0].sources, *own.sources)
    if wanted.is_recorded or len({source.kind for source in sources}) < len(sources):
        raise SettingsError(
            f"--browser {own.patient}: this patient has a camera or a recording already; a browser is the camera of "
            "one with --lsl or --brainflow, or of another patient"
        )
    return [Connection(patient=own.patient, sources=sources), *(one for one in browsers if one is not same[0])]


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
