"""The monitor's command: what it connects, how it ends, and that it needs nothing of the training side."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from blocking import block_imports
from command_line import Said
from patient_states import make_state

from ecg_facial.cli.commands import monitoring
from ecg_facial.live import session
from ecg_facial.live.connecting import Connection
from ecg_facial.live.screen.keys import Action
from ecg_facial.live.sources.replay import EcgReplay, VideoReplay
from ecg_facial.live.state import PatientState, Phase


class Opened:
    """A ward that shows two estimates and ends; it notes how it was opened and closed."""

    def __init__(self, connections: Sequence[Connection], options: dict[str, Any]) -> None:
        self.connections, self.options, self.is_closed, self.failure = connections, options, False, ""
        self._looks = 0

    def states(self) -> tuple[PatientState, ...]:
        self._looks += 1
        phase = Phase.ENDED if self._looks > 2 else Phase.RUNNING
        row = {"time_s": float(self._looks)}
        return tuple(replace(make_state(row=row, phase=phase), patient=one.patient) for one in self.connections)

    def act(self, action: Action) -> None:
        raise AssertionError(action)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Opened]:
    """List the wards that the command opens."""
    wards: list[Opened] = []

    def open_ward(connections: Sequence[Connection], **options: Any) -> Opened:
        wards.append(Opened(connections, options))
        return wards[-1]

    monkeypatch.setattr(session, "open_ward", open_ward)
    return wards


def test_a_recording_is_watched_with_its_own_settings(
    run: Callable[..., Said], opened: list[Opened], tmp_path: Path
) -> None:
    said = run(
        "monitor", "--bundle", tmp_path, "--video", "a.mp4", "--ecg", "a.csv", "--fs-hz", "256", "--patient", "P7",
        "--rest-s", "0", "--pause-s", "60", "--speed", "10", "--store", tmp_path / "p7.sqlite",
    )  # fmt: skip
    assert said.code == 0, said.err
    (ward,) = opened
    (connection,) = ward.connections
    video, ecg = connection.sources
    assert isinstance(video, VideoReplay)
    assert isinstance(ecg, EcgReplay)
    assert video.pace is ecg.pace
    assert video.pace.speed == 10.0
    assert ward.options["settings"].rest_s == 0.0
    assert ward.options["alarms"].pause_s == 60.0
    assert ward.is_closed
    lines = said.out.splitlines()
    assert "P7, pain 1.7 of 3" in lines[0]
    assert lines[-1].startswith("kept in ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to watch"),
        (["--camera", "0", "--ecg", "a.csv"], "a recording and a device are not of one moment"),
        (["--lsl", "A", "--brainflow", "-1"], "--lsl and --brainflow: one patient has one ECG"),
        (["--camera", "0"], "no --bundle"),
        (["--demo", "--camera", "0"], "--demo watches simulated patients"),
        (["--camera", "0", "--bundle", "m", "--speed", "2"], "speed is 2"),
        (["--ecg", "a.csv", "--bundle", "m", "--speed", "0"], "expected a positive number"),
        (["--ecg", "a.csv", "--bundle", "m", "--rest-s", "-1"], "rest_s is -1"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_one_line(
    run: Callable[..., Said], opened: list[Opened], arguments: list[str], message: str
) -> None:
    said = run("monitor", *arguments)
    assert said.code == 2
    assert message in said.err
    assert said.err.count("\n") == 1
    assert opened == []


def test_a_demo_without_its_model_says_how_to_make_it(
    run: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("monitor", "--demo")
    assert said.code == 2
    assert "`ecg-facial demo` trains it" in said.err


def test_a_session_that_fails_is_one_line_and_2(
    run: Callable[..., Said], opened: list[Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = property(lambda self: "a broken network", lambda self, _: None)
    monkeypatch.setattr(Opened, "failure", failed, raising=False)
    said = run("monitor", "--bundle", "m", "--ecg", "a.csv")
    assert (said.code, said.err) == (2, "error: a broken network\n")
    assert opened[0].is_closed


def test_ctrl_c_closes_the_session_and_is_one_line_and_130(
    run: Callable[..., Said], opened: list[Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Opened, "states", lambda self: [signal.raise_signal(signal.SIGINT)] and [make_state()])
    said = run("monitor", "--bundle", "m", "--ecg", "a.csv")
    assert said.code == 130
    assert opened[0].is_closed
    assert said.err == "error: interrupted; the session is closed, and all of it is kept\n"


def test_the_session_is_closed_when_the_screen_fails(
    run: Callable[..., Said], opened: list[Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Opened) -> tuple[PatientState, ...]:
        raise OSError("no terminal")

    monkeypatch.setattr(Opened, "states", fail)
    assert run("monitor", "--bundle", "m", "--ecg", "a.csv").code == 2
    assert opened[0].is_closed


def test_it_ends_after_the_time_that_is_given(
    run: Callable[..., Said], opened: list[Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Opened, "states", lambda self: [make_state()])
    times = iter([0.0, 1.0, 61.0])
    monkeypatch.setattr(monitoring, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(times))}))
    assert run("monitor", "--bundle", "m", "--ecg", "a.csv", "--duration-s", "60").code == 0
    assert opened[0].is_closed


def test_the_program_imports_neither_torch_nor_pandas_nor_the_simulator_to_watch() -> None:
    program = (
        f"{block_imports('torch', 'sklearn', 'pandas', 'numba')}"
        "import sys\n"
        "from ecg_facial.live import connecting, session, ward\n"
        "from ecg_facial.live.demo import files, playing, story\n"
        "from ecg_facial.live.screen import terminal\n"
        "from ecg_facial.inference import bundle, predictor\n"
        "slow = ('ecg_facial.simulate', 'ecg_facial.evaluation.b', 'scipy.signal')\n"
        "print(*(name for name in sys.modules if name.startswith(slow)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
