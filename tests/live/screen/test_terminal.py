"""The running screen: keys reach the monitor, other outputs get lines, and the terminal is restored."""

from __future__ import annotations

import io
import os
import pty
import termios
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from patient_states import GATED, make_alarm, make_state
from rich.console import Console

from ecg_facial.live.screen.keys import Action, Keys
from ecg_facial.live.screen.terminal import open_keyboard, run_screen
from ecg_facial.live.state import PatientState, Phase


class Played:
    """A monitor that gives prepared states, then ends."""

    def __init__(self, *states: PatientState) -> None:
        self._states = [*states, replace(states[-1], phase=Phase.ENDED)]
        self.actions: list[Action] = []

    def states(self) -> Sequence[PatientState]:
        return [self._states.pop(0) if len(self._states) > 1 else self._states[0]]

    def act(self, action: Action) -> None:
        self.actions.append(action)


def run(monitor: Played, *, pressed: str = "", is_terminal: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, force_terminal=is_terminal, color_system=None)
    waiting = iter(pressed)
    run_screen(
        monitor,
        console=console,
        keys=Keys(sign="AB", n_patients=1),
        read_keys=lambda timeout_s: next(waiting, ""),
        refresh_s=0.0,
    )
    return out.getvalue()


def at(second: int) -> PatientState:
    return make_state(row={"time_s": float(second)}, time_s=float(second), simulated=True)


def test_elsewhere_than_on_a_terminal_each_estimate_is_one_line() -> None:
    text = run(Played(at(7), at(7), at(8), replace(at(8), time_s=12.0, is_stale=True)))
    lines = text.splitlines()
    assert len(lines) == 3
    assert lines[0] == (
        "0:07 P7 SIMULATED, pain 1.7 of 3, trend 1.6 (1.2 to 2.1), heart 72 bpm, face ok 0.97, ECG ok 1.00, "
        "synchronised"
    )
    assert (
        lines[2] == "0:12 P7 SIMULATED, pain -- of 3, trend --, heart -- bpm, face --, ECG --, STALE: no new estimate"
    )
    assert "\x1b" not in text


def test_a_line_names_alarms_and_what_keeps_them_silent() -> None:
    alarms = (make_alarm("pain", "trend"), make_alarm("ecg", "lead off"))
    line = run(Played(make_state(row=GATED, alarms=alarms, pause_left_s=30.0, alarms_off=True)))
    assert "ALARM pain (medium, active), technical alarm ecg (low, active), PAUSED 0:30 left, sound OFF" in line


def test_keys_reach_the_monitor_until_a_person_quits() -> None:
    monitor = Played(*(at(second) for second in range(7, 20)))
    text = run(monitor, pressed="apqp", is_terminal=True)
    assert [action.kind for action in monitor.actions] == ["acknowledge", "pause"]
    assert "estimated pain" in text


def test_the_screen_ends_with_the_sessions() -> None:
    text = run(Played(at(7), at(8)), is_terminal=True)
    # the alternate screen is left
    assert text.rstrip().endswith("\x1b[?1049l\x1b[?25h") or "\x1b[?1049l" in text.splitlines()[-1]


@pytest.fixture
def terminal() -> Iterator[tuple[int, io.TextIOWrapper]]:
    main, side = pty.openpty()
    with os.fdopen(side, "r", encoding="utf-8") as stream:
        yield main, stream
    os.close(main)


def read_and_interrupt(main: int, stream: io.TextIOWrapper) -> None:
    with open_keyboard(stream) as read_keys:
        during = termios.tcgetattr(stream.fileno())
        assert not during[3] & (termios.ICANON | termios.ECHO)
        assert during[3] & termios.ISIG
        os.write(main, b"ap")
        assert read_keys(5.0) == "ap"
        # an arrow is no Escape
        os.write(main, b"\x1b[A")
        assert read_keys(5.0) == ""
        assert read_keys(0.0) == ""
        raise KeyboardInterrupt


def test_keys_are_read_without_enter_and_the_terminal_is_restored(terminal: tuple[int, io.TextIOWrapper]) -> None:
    main, stream = terminal
    before = termios.tcgetattr(stream.fileno())
    with pytest.raises(KeyboardInterrupt):
        read_and_interrupt(main, stream)
    assert termios.tcgetattr(stream.fileno())[:4] == before[:4]


def test_without_a_terminal_nothing_is_pressed() -> None:
    with open_keyboard(io.StringIO("q")) as read_keys:
        assert read_keys(0.0) == ""
