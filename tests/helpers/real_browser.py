"""Chromium of the machine, driven by playwright; whoever needs it is skipped where it is not installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from ward_page import PageWard, ShownSession

from ecg_facial.live.state import PatientState
from ecg_facial.service.browser_source import BrowserLink

# as many patients as these, and the first of them by name
_SHOWS = """names => names.length === document.querySelectorAll('#patient-tabs li').length
  && document.querySelector('#patient-tabs').textContent.includes(names[0])"""
_NAMES = ("chromium", "chromium-browser", "google-chrome")
# nothing is asked of a network, and the camera is a test picture
_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start the browser, or skip."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra [dev])")
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(_NAMES)} is installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Bedside:
    """A page in a browser, and the ward that it shows.

    Attributes
    ----------
    ward : PageWard
    page : Page
        1920 x 1080 pixels, signed in.
    complaints : list of str
        Errors of the page's console, such as those of its security policy, and exceptions.
    """

    def __init__(
        self, browser: Any, ward: PageWard, *, address: str, token: str, links: dict[str, BrowserLink]
    ) -> None:
        self.browser, self.ward, self.address, self.token, self.links = browser, ward, address, token, links
        self.complaints: list[str] = []
        self._number = 0
        self.page = self.open_page()

    def open_page(self, *, before: Callable[[Any], None] = lambda page: None, **options: Any) -> Any:
        """Open another page and sign in; `before` prepares it."""
        # drawn once a second, which saves most of the work of a machine without graphics
        calm = {"viewport": {"width": 1920, "height": 1080}, "reduced_motion": "reduce"}
        page = self.browser.new_page(**{**calm, **options})
        page.set_default_timeout(60_000)
        before(page)
        page.goto(f"{self.address}/#token={self.token}")
        page.wait_for_selector("#patient:visible, #wall:visible")
        # on the way there was an answer 401: the sign-in page
        page.on("console", lambda message: self._take(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def show(self, *states: PatientState, page: Any = None) -> list[ShownSession]:
        """Show patients, each under a new name, and wait until the page has them."""
        self._number += 1
        # the names of `make_states` are one short one: every other keeps its length
        named = [
            replace(state, patient=f"{state.patient[2:]}P{self._number}{place}") for place, state in enumerate(states)
        ]
        sessions = self.ward.show(*named)
        (page or self.page).wait_for_function(_SHOWS, arg=[state.patient for state in named])
        return sessions

    def open_patient(self, number: int) -> None:
        """Open a patient by key."""
        self.page.keyboard.press(str(number))
        self.page.wait_for_selector("#patient:visible")

    def text(self, selector: str) -> str:
        """Text of an element; empty while it is hidden."""
        found = self.page.locator(selector)
        return found.inner_text().strip() if found.is_visible() else ""

    def _take(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)
