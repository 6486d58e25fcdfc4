"""The monitor over HTTP: a page for people, JSON for programs.

Input: settings made of what was typed. Output: a running service. The web framework is imported when it starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecg_facial.cli.arguments import ALARMS, MONITOR, SERVICE
from ecg_facial.cli.commands.watching import WATCHED, Asked, Opened, open_asked
from ecg_facial.cli.console import ctrl_c_as_wish, exit_interrupted, say
from ecg_facial.cli.options import with_options
from ecg_facial.errors import EcgFacialError, SettingsError
from ecg_facial.live.alarms.settings import AlarmSettings
from ecg_facial.live.settings import MonitorSettings
from ecg_facial.runtime.extras import require_extras
from ecg_facial.service.settings import ServiceSettings

if TYPE_CHECKING:
    from ecg_facial.service.browser_source import BrowserLink
    from ecg_facial.service.tokens import TokenBook

_LOOK_S = 0.25
# of `--browser PATIENT:ecg`
_WITH_ECG = ":ecg"


@with_options(service=SERVICE, asked=WATCHED, settings=MONITOR, alarms=ALARMS)
def serve(
    service: ServiceSettings,
    asked: Asked,
    settings: MonitorSettings,
    alarms: AlarmSettings,
    tokens: Annotated[
        Path | None, typer.Option(help="File of the tokens, for its owner alone [default: one for this process].")
    ] = None,
    new_token: Annotated[
        str | None, typer.Option(help="Add a token of this name to the file, and show it once.", metavar="NAME")
    ] = None,
    browser: Annotated[
        list[str] | None,
        typer.Option(help="Patient whom a browser's camera watches, with an ECG as PATIENT:ecg; may be repeated."),
    ] = None,
    duration_s: Annotated[float | None, typer.Option(min=0.0, help="End after so many seconds.")] = None,
) -> None:
    """Serve the monitor over HTTP: a page that shows the patients, JSON, metrics, predictions and exports."""
    if new_token is not None and tokens is None:
        raise SettingsError("--new-token needs --tokens: name the file to keep it in")
    links = _make_links(browser or [])
    check_service(service)
    ends_s = None if duration_s is None else time.monotonic() + duration_s
    with ctrl_c_as_wish() as is_wished:
        with ExitStack() as stack:
            book = _open_tokens(tokens)
            opened = open_asked(asked, settings=settings, alarms=alarms, browsers=_connect(links))
            stack.callback(opened.ward.close)
            address, is_running = _start(stack, opened, asked, settings=service, book=book, links=links, logs=True)
            # made when all is well: it cannot be shown a second time
            token = _make_token(book, name=new_token, days=service.token_days)
            say(f"page: {address}/" + (f"#token={token}" if token else ""))
            if token and tokens is not None:
                say(f"the token is shown this once; its hash is in {tokens}, valid for {service.token_days:g} days")
            while is_running() and not is_wished() and (ends_s is None or time.monotonic() < ends_s):
                # with nobody left to watch it ends, so that a system that watches it starts it again
                if failure := opened.ward.failure:
                    raise EcgFacialError(failure)
                time.sleep(_LOOK_S)
        if is_wished():
            exit_interrupted("the sessions are closed, and all of them are kept")


def check_service(settings: ServiceSettings) -> None:
    """Check that a service can be started, before anything else is; import it before sessions share the processor.

    Raises
    ------
    MissingDependencyError
        Without the extra ``service``.
    SettingsError
        When the port or the certificate cannot be used.
    """
    require_extras("service")
    import ecg_facial.service.app  # noqa: F401  # used when the sessions have begun
    from ecg_facial.service.running import check_address

    check_address(settings)


def start_page(stack: ExitStack, opened: Opened, asked: Asked, *, settings: ServiceSettings, any_port: bool) -> str:
    """Serve the page beside a terminal, with a token for this process; give its address with the token.

    Parameters
    ----------
    stack : ExitStack
        Ends it.
    opened : Opened
    asked : Asked
    settings : ServiceSettings
    any_port : bool
        Whether another port is taken where this one cannot be used.

    Raises
    ------
    MissingDependencyError
        Without the extra ``service``.
    SettingsError
        When the port cannot be used.
    """
    require_extras("service")
    book = _open_tokens(None)
    token = _make_token(book, name=None, days=1.0)

    def start(settings: ServiceSettings) -> str:
        return _start(stack, opened, asked, settings=settings, book=book, links={}, logs=False)[0]

    try:
        address = start(settings)
    except SettingsError:
        if not any_port:
            raise
        address = start(replace(settings, port=0))
    return f"{address}/#token={token}"


def _start(
    stack: ExitStack,
    opened: Opened,
    asked: Asked,
    *,
    settings: ServiceSettings,
    book: TokenBook,
    links: Mapping[str, BrowserLink],
    logs: bool,
) -> tuple[str, Callable[[], bool]]:
    from ecg_facial.service.app import make_app
    from ecg_facial.service.running import run_service

    app = make_app(
        opened.ward, book=book, settings=settings, store=asked.store, bundle=opened.bundle,
        detector_path=asked.detector_path, links=links,
    )  # fmt: skip
    running = stack.enter_context(run_service(app, settings, logs=logs))
    return running.address, lambda: running.is_running


def _open_tokens(path: Path | None) -> TokenBook:
    from ecg_facial.service.tokens import TokenBook

    return TokenBook(path)


def _make_token(book: TokenBook, *, name: str | None, days: float) -> str:
    """Make a token where one is asked for, or none can be used; empty otherwise."""
    made = name or ("" if book.is_usable else "first")
    return book.add(made, days=days) if made else ""


def _make_links(browsers: list[str]) -> dict[str, BrowserLink]:
    """Make the links of the patients whom browsers watch."""
    from ecg_facial.service.browser_source import BrowserLink

    links: dict[str, BrowserLink] = {}
    for text in browsers:
        patient = text.removesuffix(_WITH_ECG)
        if not patient.strip() or patient in links:
            raise SettingsError(f"--browser is {text!r}: expected the pseudonym of a patient, each once")
        links[patient] = BrowserLink(patient, takes_ecg=text.endswith(_WITH_ECG))
    return links


def _connect(links: Mapping[str, BrowserLink]) -> list[Any]:
    from ecg_facial.live.connecting import Connection

    return [Connection(patient=link.patient, sources=link.sources) for link in links.values()]
