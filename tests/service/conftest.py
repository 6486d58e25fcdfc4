"""A service in this process, with a ward that stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from patient_states import make_state
from set_clock import SetClock
from watched import make_ward

from ecg_facial.live.ward import Ward
from ecg_facial.service.app import make_app
from ecg_facial.service.tokens import TokenBook


@pytest.fixture
def ward() -> Ward:
    return make_ward(make_state(), make_state(patient="P8"))


@pytest.fixture
def clock() -> SetClock:
    """Clock of tests in which time matters."""
    return SetClock()


@pytest.fixture
def book() -> TokenBook:
    return TokenBook()


@pytest.fixture
def client(ward: Ward, book: TokenBook) -> Iterator[TestClient]:
    """Client with a valid token."""
    token = book.add("test")
    app = make_app(ward, book=book)
    with TestClient(app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False) as client:
        yield client
