"""Settings of the service: where it listens, and what it takes from clients.

Input: values. Output: `ServiceSettings`, checked. Imports no web framework: the command line is made from it.
"""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass, fields
from pathlib import Path

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings

MIB = 1 << 20


@strict_settings
@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """Where the service listens, how its connection is protected, and its limits.

    Attributes
    ----------
    host : str
        Address to listen on; another one than this machine's own needs TLS.
    port : int
        0 for any that is free.
    certificate, key : Path or None
        PEM files of TLS.
    behind_proxy : str
        Address of a reverse proxy that speaks TLS to the outside; requests from elsewhere are refused. Empty for none.
    token_days : float
        Days for which a new token is valid.
    signed_in_s : float
        How long a browser stays signed in.
    wrong_tokens : int
        Wrong tokens from one address within `wrong_within_s` after which it has to wait for as long.
    wrong_within_s : float
    max_body_bytes : int
        Largest body of a request, but for recordings.
    max_upload_bytes : int
        Largest body with recordings to predict from.
    max_message_bytes : int
        Largest WebSocket message from a browser.
    max_header_bytes : int
        Largest request line with headers.
    max_connections : int
        More are closed at once.
    header_s : float
        Time for the headers of a request, and for the greeting of TLS.
    body_bytes_per_s : int
        Slower bodies are cut off, after the first `body_grace_s`.
    body_grace_s : float
    write_s : float
        How long a client may take nothing of an answer.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: str = ""
    token_days: float = 90.0
    signed_in_s: float = 12 * 3600.0
    wrong_tokens: int = 10
    wrong_within_s: float = 60.0
    max_body_bytes: int = 64 << 10
    max_upload_bytes: int = 64 * MIB
    max_message_bytes: int = 2 * MIB
    max_header_bytes: int = 16 << 10
    max_connections: int = 2000
    header_s: float = 10.0
    body_bytes_per_s: int = 1024
    body_grace_s: float = 10.0
    write_s: float = 30.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port is {self.port}: expected 0 to 65535")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and field.name != "port" and not (math.isfinite(value) and value > 0):
                raise SettingsError(f"{field.name} is {value}: expected a positive number")
        if (self.certificate is None) is not (self.key is None):
            raise SettingsError("--certificate and --key belong together: give the PEM file of each")
        if self.certificate is not None and self.behind_proxy:
            raise SettingsError("--behind-proxy is for a proxy that speaks TLS: leave --certificate and --key out")
        if not (is_loopback(self.host) or self.certificate is not None or self.behind_proxy):
            raise SettingsError(
                f"host is {self.host!r}: tokens and pictures would cross the network in the clear; give --certificate "
                "and --key, or put a TLS proxy in front (--behind-proxy ADDRESS), or listen on 127.0.0.1"
            )

    @property
    def scheme(self) -> str:
        """Scheme of addresses that are asked of the service itself."""
        return "http" if self.certificate is None else "https"


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "ward.example")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
