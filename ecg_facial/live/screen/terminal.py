"""The terminal: keys as they are pressed, and the running screen.

Input: a monitor that gives states and takes actions. Output: a live screen with keys on a terminal, one line per
estimate elsewhere. The terminal is as it was when this ends, however it ends.
"""

from __future__ import annotations

import importlib.util
import os
import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Protocol

from rich.console import Console
from rich.live import Live

from ecg_facial.live.screen.keys import Action, Keys
from ecg_facial.live.screen.lines import format_line
from ecg_facial.live.screen.view import MonitorView
from ecg_facial.live.state import PatientState, Phase

_REFRESH_S = 0.25
ReadKeys = Callable[[float], str]
"""Wait up to some seconds for keys and give what was pressed."""


class Shown(Protocol):
    """What the screen needs of a monitor."""

    def states(self) -> Sequence[PatientState]:
        """Give the present state of every patient, always in the same order; also runs what is due."""

    def act(self, action: Action) -> None:
        """Do what a person wants."""


@contextmanager
def open_keyboard(stream: IO[str]) -> Iterator[ReadKeys]:
    """Read single keys of a terminal without echo; elsewhere, and on Windows, nothing is ever pressed."""
    if not (stream.isatty() and importlib.util.find_spec("termios")):
        yield _wait
        return
    import termios
    import tty

    handle = stream.fileno()
    before = termios.tcgetattr(handle)
    try:
        # Ctrl-C still interrupts
        tty.setcbreak(handle)
        yield lambda timeout_s: _read_keys(handle, timeout_s)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _wait(timeout_s: float) -> str:
    time.sleep(timeout_s)
    return ""


def _read_keys(handle: int, timeout_s: float) -> str:
    ready, _, _ = select.select([handle], [], [], timeout_s)
    pressed = os.read(handle, 256).decode("utf-8", errors="ignore") if ready else ""
    # arrows and function keys are sequences that begin with Escape
    return "" if pressed.startswith("\x1b") and len(pressed) > 1 else pressed


def run_screen(
    monitor: Shown,
    *,
    console: Console,
    keys: Keys,
    read_keys: ReadKeys,
    is_over: Callable[[], bool] = lambda: False,
    refresh_s: float = _REFRESH_S,
    address: str = "",
) -> None:
    """Show the monitor until a person quits, every patient's session has ended, or it is over for another reason.

    Parameters
    ----------
    monitor : Shown
    console : Console
        A terminal gets a screen, anything else one line per estimate.
    keys : Keys
    read_keys : callable
        From `open_keyboard`.
    is_over : callable
        Asked after each look.
    refresh_s : float
        Time between two looks at the monitor.
    address : str
        Of the page that shows the same; empty without one.
    """
    with ExitStack() as stack:
        show = _show_screen(stack, console, address) if console.is_terminal else _Lines(console)
        while True:
            states = monitor.states()
            show(states, keys)
            if is_over() or (states and all(state.phase is Phase.ENDED for state in states)):
                return
            for character in read_keys(refresh_s):
                action = keys.press(character)
                if action is not None and action.kind == "quit":
                    return
                if action is not None:
                    monitor.act(action)


def _show_screen(stack: ExitStack, console: Console, address: str) -> Callable[[Sequence[PatientState], Keys], None]:
    live = stack.enter_context(Live(console=console, screen=True, auto_refresh=False))

    def show(states: Sequence[PatientState], keys: Keys) -> None:
        view = MonitorView(states=states, selected=keys.selected, foot=keys.foot, address=address)
        live.update(view, refresh=True)

    return show


class _Lines:
    """Lines instead of a screen: one whenever a patient has a new estimate."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: dict[str, tuple[float | None, bool]] = {}

    def __call__(self, states: Sequence[PatientState], keys: Keys) -> None:
        for state in states:
            now = (None if state.last is None else state.last.time_s, state.is_stale)
            if now != self._last.get(state.patient, (None, False)):
                # not wrapped: whoever reads lines decides how wide they are
                self._console.print(format_line(state), soft_wrap=True, markup=False, highlight=False)
            self._last[state.patient] = now
