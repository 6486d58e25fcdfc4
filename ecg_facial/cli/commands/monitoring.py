"""The live monitor.

Input: settings made of what was typed. Output: a screen or lines, a store, and a page where that is asked for. Nothing
of the training side and no torch is imported when it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated

import typer

from ecg_facial.cli.arguments import ALARMS, MONITOR
from ecg_facial.cli.commands.serving import check_service, start_page
from ecg_facial.cli.commands.watching import WATCHED, Asked, Opened, open_asked
from ecg_facial.cli.console import ctrl_c_as_wish, exit_interrupted, say, warn
from ecg_facial.cli.options import make_option, with_options
from ecg_facial.errors import EcgFacialError, MissingDependencyError
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.settings import MonitorSettings, WatchSettings
from ecg_facial.service.settings import ServiceSettings


@with_options(asked=WATCHED, settings=MONITOR, alarms=ALARMS)
def monitor(
    asked: Asked,
    settings: MonitorSettings,
    alarms: AlarmSettings,
    duration_s: Annotated[float | None, typer.Option(min=0.0, help="End after so many seconds.")] = None,
    sign: Annotated[str, make_option(WatchSettings, "sign")] = WatchSettings.sign,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help=f"Show a page too, at this port [of --demo: {ServiceSettings.port}]."),
    ] = None,
) -> None:
    """Watch a face and an ECG: a pain estimate with its interval, signal quality, alarms; kept in a store.

    Keys: a acknowledges, p pauses, o switches the alarms' sound off, r keeps a rating, n a note, q ends.
    """
    WatchSettings(sign=sign)
    if port is not None:
        check_service(ServiceSettings(port=port))
    with ctrl_c_as_wish() as is_wished:
        with ExitStack() as stack:
            opened = open_asked(asked, settings=settings, alarms=alarms)
            stack.callback(opened.ward.close)
            address = _show_page(stack, opened, asked, port)
            _watch(opened, sign=sign, address=address, duration_s=duration_s, is_wished=is_wished)
            if failure := opened.ward.failure:
                raise EcgFacialError(failure)
        if address:
            # its token has ended with this process
            say(f"the page was at {address.partition('#')[0]}")
        if is_wished():
            exit_interrupted("the session is closed, and all of it is kept")
    if asked.store is not None:
        say(f"kept in {asked.store}: see `ecg-facial sessions {asked.store}`")


def _show_page(stack: ExitStack, opened: Opened, asked: Asked, port: int | None) -> str:
    """Serve the page where a port is given, and for the demo; give its address, empty without a page."""
    if port is None and not asked.demo:
        return ""
    # a second demo beside the first one takes another port
    settings = ServiceSettings(port=ServiceSettings.port if port is None else port)
    try:
        address = start_page(stack, opened, asked, settings=settings, any_port=port is None)
    except MissingDependencyError as error:
        warn(f"no page beside the terminal: {error}")
        return ""
    say(f"page: {address}")
    return address


def _watch(opened: Opened, *, sign: str, address: str, duration_s: float | None, is_wished: Callable[[], bool]) -> None:
    """Show the ward until a person quits, Ctrl-C, the end of the recordings, or for some time."""
    import sys

    from rich.console import Console

    from ecg_facial.live.screen.keys import Keys
    from ecg_facial.live.screen.terminal import open_keyboard, run_screen

    ends_s = None if duration_s is None else time.monotonic() + duration_s
    with open_keyboard(sys.stdin) as read_keys:
        run_screen(
            opened.ward,
            console=Console(),
            keys=Keys(sign=sign, n_patients=opened.n_patients),
            read_keys=read_keys,
            is_over=lambda: is_wished() or (ends_s is not None and time.monotonic() >= ends_s),
            address=address,
        )
