"""Tokens: who may use the service.

Input: a token that a client shows, or the cookie of a browser that signed in with one. Output: whether it is valid, and
until when. Both are 256 random bits, of which only the SHA-256 is kept, with a name and an expiry, in a file for its
owner alone or in memory. A token is shown once, when it is made.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import stat
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.outputs import check_output_file
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.storage import atomic_path, sha256_bytes
from ecg_facial.service.settings import ServiceSettings

_TOKEN_BYTES = 32
_DAY_S = 86_400.0
# more browsers than are ever signed in; the oldest are forgotten
_MAX_BROWSERS = 1000
_ANYONE_ELSE = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, kw_only=True)
class KeptToken(Record):
    """What is kept of a token.

    Attributes
    ----------
    name : str
        Whose it is.
    sha256 : str
    expires_utc_s : float
    """

    name: str
    sha256: str
    expires_utc_s: float


@dataclass(frozen=True, kw_only=True)
class KeptBrowser(Record):
    """What is kept of a browser that is signed in.

    Attributes
    ----------
    name : str
        Of the token that it signed in with.
    token_sha256 : str
        Without that token it is not signed in.
    sha256 : str
        Of its cookie.
    expires_utc_s : float
    """

    name: str
    token_sha256: str
    sha256: str
    expires_utc_s: float


@dataclass(frozen=True, kw_only=True)
class TokenFile(Record):
    """All tokens and browsers, as a file.

    Attributes
    ----------
    tokens : tuple of KeptToken
    browsers : tuple of KeptBrowser
    """

    format_version: ClassVar[int] = 1
    optional: ClassVar[tuple[str, ...]] = ("browsers",)

    tokens: tuple[KeptToken, ...] = ()
    browsers: tuple[KeptBrowser, ...] = ()


class TokenBook:
    """Tokens and browsers that are known; used by one thread.

    Parameters
    ----------
    path : Path, optional
        File that keeps them; without one they are valid for this process alone.
    utc : callable
        Now, in seconds since 1970.

    Raises
    ------
    SettingsError
        For a file that others may read or write.
    CorruptDataError
        For a file that holds no tokens.
    """

    def __init__(self, path: Path | None = None, *, utc: Callable[[], float] = time.time) -> None:
        self._path, self._utc = path, utc
        self._tokens: tuple[KeptToken, ...] = ()
        self._browsers: OrderedDict[str, KeptBrowser] = OrderedDict()
        if path is None:
            return
        if path.exists():
            if os.name == "posix" and path.stat().st_mode & _ANYONE_ELSE:
                raise SettingsError(f"{path}: others may read or change the tokens in it; run `chmod 600 {path}`")
            found = TokenFile.read(path)
            self._tokens = found.tokens
            known = {token.sha256 for token in found.tokens}
            self._browsers.update((one.sha256, one) for one in found.browsers if one.token_sha256 in known)
        else:
            check_output_file(path)

    @property
    def is_usable(self) -> bool:
        """Whether any token is valid now."""
        return any(token.expires_utc_s > self._utc() for token in self._tokens)

    def add(self, name: str, *, days: float = ServiceSettings.token_days) -> str:
        """Make a token and keep its hash; return the token, which cannot be had again.

        Raises
        ------
        SettingsError
            For an empty name, or no days.
        """
        if not name.strip() or not days > 0:
            raise SettingsError(f"token of {name!r} for {days:g} days: expected a name, and more than 0 days")
        token, now_s = secrets.token_urlsafe(_TOKEN_BYTES), self._utc()
        kept = KeptToken(name=name, sha256=hash_token(token), expires_utc_s=now_s + _DAY_S * days)
        self._tokens = (*(one for one in self._tokens if one.expires_utc_s > now_s), kept)
        self._save()
        return token

    def find(self, token: str) -> KeptToken | None:
        """Find a token that is valid now; takes as long whether it is there or not."""
        shown, found = hash_token(token), None
        for kept in self._tokens:
            if hmac.compare_digest(kept.sha256, shown):
                found = kept
        return found if found is not None and found.expires_utc_s > self._utc() else None

    def sign_in(self, token: KeptToken, *, within_s: float) -> tuple[str, KeptBrowser]:
        """Sign a browser in for a time, no longer than its token; return its cookie, which cannot be had again."""
        cookie = secrets.token_urlsafe(_TOKEN_BYTES)
        browser = KeptBrowser(
            name=token.name, token_sha256=token.sha256, sha256=hash_token(cookie),
            expires_utc_s=min(token.expires_utc_s, self._utc() + within_s),
        )  # fmt: skip
        self._browsers[browser.sha256] = browser
        if len(self._browsers) > _MAX_BROWSERS:
            self._browsers.popitem(last=False)
        self._save_browsers()
        return cookie, browser

    def sign_out(self, sha256: str) -> None:
        """Forget a browser, by the hash of its cookie."""
        if self._browsers.pop(sha256, None) is not None:
            self._save_browsers()

    def find_browser(self, sha256: str) -> KeptBrowser | None:
        """Find a browser that is signed in now, by the hash of its cookie."""
        found = self._browsers.get(sha256)
        return found if found is not None and found.expires_utc_s > self._utc() else None

    def _save_browsers(self) -> None:
        """Write the file; where the disk is full browsers are signed in for this process alone."""
        with contextlib.suppress(OSError):
            self._save()

    def _save(self) -> None:
        if self._path is not None:
            now_s = self._utc()
            browsers = tuple(one for one in self._browsers.values() if one.expires_utc_s > now_s)
            _write_private(self._path, TokenFile(tokens=self._tokens, browsers=browsers))


def hash_token(token: str) -> str:
    """SHA-256 of a token, in hexadecimal digits."""
    return sha256_bytes(token.encode("utf-8", "surrogatepass"))


def _write_private(path: Path, content: TokenFile) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.chmod(0o600)
        temporary.write_text(json.dumps(content.to_dict(), indent=2) + "\n")
