"""One browser, one service and one page per file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from real_browser import Bedside, open_browser
from ward_page import PageWard, serve_page


@pytest.fixture(scope="module")
def served() -> Iterator[Bedside]:
    """A page that is signed in, beside the ward that it shows."""
    ward = PageWard()
    with open_browser() as browser, serve_page(ward, "camera-1") as (address, token, links):
        yield Bedside(browser, ward, address=address, token=token, links=links)


@pytest.fixture
def bedside(served: Bedside) -> Iterator[Bedside]:
    """The page of the file; whatever it complains about fails the test."""
    yield served
    complaints, served.complaints[:] = list(served.complaints), []
    assert complaints == []
