"""The monitor under a supervisor, as the service file in the documentation has it: killed, and after a power cut.

There is no systemd here: `Supervisor` does what it does with ``Restart=always``. Of the command all is as documented
but the places of its files and its port; camera, amplifier and face detector are played.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bedside import ECG, VIDEO, BedSource, MarkedDetector, Person
from killed_monitors import tell_rows

DOCUMENT = Path(__file__).parents[2] / "docs" / "monitor.md"
# systemd's own, where a service file says nothing
_LIMIT_INTERVAL_S, _LIMIT_BURST = 10.0, 5


@dataclass(frozen=True, kw_only=True)
class ServiceFile:
    """What a service file says.

    Attributes
    ----------
    command : list of str
    restart : str
    restart_s : float
        Pause before a restart.
    limit_interval_s : float
        So many starts (`limit_burst`) within it, and the service is given up; 0 for never.
    limit_burst : int
    """

    command: list[str]
    restart: str
    restart_s: float
    limit_interval_s: float
    limit_burst: int


def read_service_file(document: Path = DOCUMENT) -> ServiceFile:
    """Read the service file of the documentation."""
    (text,) = [block for block in re.findall(r"```ini\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
               if "[Service]" in block]  # fmt: skip
    found = configparser.ConfigParser(interpolation=None, strict=True)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # names are in capitals and small letters
    found.read_string(text)
    unit, service = found["Unit"], found["Service"]
    return ServiceFile(
        command=shlex.split(service["ExecStart"]), restart=service["Restart"],
        restart_s=float(service.get("RestartSec", "0.1")),
        limit_interval_s=float(unit.get("StartLimitIntervalSec", str(_LIMIT_INTERVAL_S))),
        limit_burst=int(unit.get("StartLimitBurst", str(_LIMIT_BURST))),
    )  # fmt: skip


def place_command(service: ServiceFile, places: Mapping[str, Path], *, told: Path, port: int) -> list[str]:
    """Make a command that runs here: with other places, on another port, with played devices."""
    program, *arguments = service.command
    assert Path(program).name == "ecg-facial"
    placed = []
    for argument in arguments:
        for documented, here in places.items():
            argument = argument.replace(documented, str(here))
        placed.append(argument)
    run = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), *filter(None, sys.path)]!r}; "
    run += f"import rebooting; rebooting.serve({str(told)!r})"
    return [sys.executable, "-c", run, *placed, "--port", str(port)]


def serve(told: str) -> None:
    """Run the command line with played devices; rows that are acknowledged are told to the end of a file."""
    from ecg_facial.cli.app import main
    from ecg_facial.live import connecting, session
    from ecg_facial.live.connecting import Wanted
    from ecg_facial.live.sources.contract import Source

    def open_devices(wanted: Wanted) -> tuple[Source, ...]:
        assert (wanted.camera, wanted.lsl) == (0, "Amplifier")
        person = Person(seconds=600)
        return BedSource(VIDEO, person), BedSource(ECG, person)

    connecting._open_devices = open_devices
    session.load_detector = lambda *_, **__: MarkedDetector()
    with open(told, "a", encoding="utf-8") as out:
        tell_rows(out)
        main()


class Supervisor:
    """Runs a command as systemd does with ``Restart=always``: in a process group of its own, without a terminal."""

    def __init__(self, command: Sequence[str], service: ServiceFile, *, folder: Path) -> None:
        self._command, self._service, self._folder = list(command), service, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self.exit_codes: list[int] = []
        self.is_given_up = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """Kill all processes of the service."""
        self._send(signal.SIGKILL)

    def cut_power(self) -> None:
        """Kill them, and start none any more."""
        self._stopping.set()
        while self._thread.is_alive():
            self._send(signal.SIGKILL)
            self._thread.join(0.05)

    def stop(self) -> None:
        """Stop the service, as ``systemctl stop`` and a shutdown do."""
        self._stopping.set()
        self._send(signal.SIGTERM)
        self._thread.join()

    def _send(self, how: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)

    def _run(self) -> None:
        service, starts = self._service, list[float]()
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "OMP_NUM_THREADS")}
        with (self._folder / "journal").open("ab") as journal:
            while not self._stopping.is_set():
                starts.append(time.monotonic())
                self._process = subprocess.Popen(
                    self._command, cwd="/", env={**kept, "HOME": str(self._folder)}, stdin=subprocess.DEVNULL,
                    stdout=journal, stderr=journal, start_new_session=True,
                )  # fmt: skip
                self.exit_codes.append(self._process.wait())
                recent = [at for at in starts if starts[-1] - at < service.limit_interval_s]
                self.is_given_up = service.restart != "always" or len(recent) >= service.limit_burst
                if self.is_given_up or self._stopping.wait(service.restart_s):
                    return


def tear_log(store: Path) -> None:
    """Leave the log of a store as a power cut does that comes while a page is written to it."""
    log = store.with_name(store.name + "-wal")
    page = log.read_bytes()[-4096 - 24 :]
    with log.open("ab") as stream:
        stream.write(page[: len(page) // 2])
    # what was shared between processes is in memory, and gone
    store.with_name(store.name + "-shm").unlink(missing_ok=True)
