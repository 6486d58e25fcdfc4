"""A service on this machine: in this process, on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ecg_facial.live.ward import Ward
from ecg_facial.service.app import make_app
from ecg_facial.service.running import run_service
from ecg_facial.service.settings import ServiceSettings
from ecg_facial.service.tokens import TokenBook


@dataclass(frozen=True, kw_only=True)
class Served:
    """Where it answers, and a valid token."""

    address: str
    token: str

    @property
    def place(self) -> tuple[str, int]:
        parts = urlsplit(self.address)
        return str(parts.hostname), int(parts.port or 0)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def stream(self) -> str:
        return self.address.replace("http", "ws", 1) + "/v1/stream"


@contextmanager
def serve_here(
    ward: Ward, *, settings: dict[str, Any] | None = None, logs: bool = False, **options: Any
) -> Iterator[Served]:
    """Serve a ward; `settings` are fields of `ServiceSettings`, `options` those of `make_app`."""
    chosen, book = ServiceSettings(**{"port": 0, **(settings or {})}), TokenBook()
    token = book.add("test")
    with run_service(make_app(ward, book=book, settings=chosen, **options), chosen, logs=logs) as running:
        yield Served(address=running.address, token=token)
