"""What a patient is connected to, from what was asked for.

Input: names of files or devices. Output: a `Connection` per patient. Each kind of source is imported when it is asked
for: its package may be an extra.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.live.sources.contract import Source
from ecg_facial.recording import EcgRef, VideoRef


@dataclass(frozen=True, eq=False, kw_only=True)
class Connection:
    """A patient and the sources, not opened yet.

    Attributes
    ----------
    patient : str
        Pseudonym.
    sources : tuple of Source
        One video, one ECG, or both.
    """

    patient: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Sources of one patient by name; recordings or devices, not both.

    Attributes
    ----------
    video : VideoRef or None
    ecg : EcgRef or None
    camera : int or None
        Number of a camera.
    lsl : str or None
        Name of an LSL stream with an ECG; empty for any of type ``ECG``.
    lsl_channel : str
        Its channel by label, or by number from 1; empty for the one that is named like an ECG, or the only one.
    brainflow : int or None
        BrainFlow's number of a board; -1 is its synthetic one.
    serial_port, address : str
        How the board is connected, where it needs that.

    Raises
    ------
    SettingsError
        For nothing, for two of a kind, and for a recording beside a device.
    """

    video: VideoRef | None = None
    ecg: EcgRef | None = None
    camera: int | None = None
    lsl: str | None = None
    lsl_channel: str = ""
    brainflow: int | None = None
    serial_port: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        recorded = [flag for flag, one in (("--video", self.video), ("--ecg", self.ecg)) if one is not None]
        hearts = [flag for flag, one in (("--lsl", self.lsl), ("--brainflow", self.brainflow)) if one is not None]
        devices = [*(["--camera"] if self.camera is not None else []), *hearts]
        if not recorded and not devices:
            raise SettingsError(
                "nothing to watch: give --camera and --lsl (or --brainflow), or --video and --ecg of a recording, "
                "one of them or both; or --demo for simulated patients"
            )
        if recorded and devices:
            given = ", ".join([*recorded, *devices])
            raise SettingsError(f"{given}: a recording and a device are not of one moment; give one kind of them")

        if len(hearts) > 1:
            raise SettingsError(f"{' and '.join(hearts)}: one patient has one ECG; leave one of them out")

    @property
    def is_recorded(self) -> bool:
        """Whether a recording is replayed."""
        return self.video is not None or self.ecg is not None


def connect(wanted: Wanted, *, patient: str, speed: float) -> Connection:
    """Make the sources of a patient.

    Parameters
    ----------
    wanted : Wanted
    patient : str
    speed : float
        Of a recording: 1 in real time.

    Raises
    ------
    SettingsError
        For another speed than 1 of a device.
    DataError
        For an XDF file whose stamps of frames do not fit the video.
    """
    if not wanted.is_recorded and speed != 1:
        raise SettingsError(f"speed is {speed:g}: only recordings are played faster or slower than they happen")
    return Connection(patient=patient, sources=_replay(wanted, speed) if wanted.is_recorded else _open_devices(wanted))


def _replay(wanted: Wanted, speed: float) -> tuple[Source, ...]:
    from ecg_facial.live.sources.replay import EcgReplay, Pace, VideoReplay

    pace = Pace(speed=speed)
    if wanted.video is not None and wanted.ecg is not None:
        from ecg_facial.live.sources.paired import find_pair

        pair = find_pair(wanted.video, wanted.ecg, pace=pace)
        if pair is not None:
            return pair
    sources: list[Source] = []
    if wanted.video is not None:
        sources.append(VideoReplay(wanted.video, pace=pace))
    if wanted.ecg is not None:
        sources.append(EcgReplay(wanted.ecg, pace=pace))
    return tuple(sources)


def _open_devices(wanted: Wanted) -> tuple[Source, ...]:
    sources: list[Source] = []
    if wanted.camera is not None:
        from ecg_facial.live.sources.camera import CameraSource

        sources.append(CameraSource(wanted.camera))
    if wanted.lsl is not None:
        from ecg_facial.live.sources.lsl import LslSource

        sources.append(LslSource(name=wanted.lsl, channel=wanted.lsl_channel))
    if wanted.brainflow is not None:
        from ecg_facial.live.sources.brainflow import BrainFlowSource

        sources.append(BrainFlowSource(wanted.brainflow, serial_port=wanted.serial_port, address=wanted.address))
    return tuple(sources)
