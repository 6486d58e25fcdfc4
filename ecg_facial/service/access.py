"""Who may do what: tokens, browsers that are signed in, and how often one may be wrong.

Input: the headers of a request and where it comes from. Output: a `Visitor`, or why there is none. Knows neither routes
nor answers.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ecg_facial.service.settings import ServiceSettings
from ecg_facial.service.tokens import KeptBrowser, KeptToken, TokenBook, hash_token

COOKIE = "ecg_facial_session"
# more addresses than ever guess; the oldest are forgotten
_MAX_ADDRESSES = 10_000
_PORTS = {"http": "80", "https": "443"}


class TooManyWrongError(Exception):
    """An address has shown too many wrong tokens; `wait_s` says how long it has to wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many wrong tokens: wait {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody with a valid token.

    Attributes
    ----------
    name : str
        Name of the token.
    expires_utc_s : float
    key : str
        Hash of the cookie of a browser that is signed in; empty for a program with a token.
    """

    name: str
    expires_utc_s: float
    key: str = ""


class Access:
    """What is known of tokens and browsers; used by one thread.

    Attributes
    ----------
    signed_in_s : float
        How long a browser stays signed in.

    Parameters
    ----------
    book : TokenBook
    settings : ServiceSettings
    utc, now : callable
        UTC and a clock that never steps, in seconds.
    """

    def __init__(
        self,
        book: TokenBook,
        settings: ServiceSettings,
        *,
        utc: Callable[[], float] = time.time,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book, self._utc, self.signed_in_s = book, utc, settings.signed_in_s
        self._wrong = _WrongTokens(settings, now)

    def sign_in(self, token: str, address: str) -> tuple[str, Visitor] | None:
        """Sign a browser in; return its cookie and who it is, None for a wrong token.

        Raises
        ------
        TooManyWrongError
        """
        known = self._check(token, address)
        if known is None:
            return None
        cookie, browser = self._book.sign_in(known, within_s=self.signed_in_s)
        return cookie, _make_visitor(browser)

    def sign_out(self, visitor: Visitor) -> None:
        """Forget a browser."""
        self._book.sign_out(visitor.key)

    def find(self, headers: Mapping[str, str], address: str) -> Visitor | None:
        """Find out who sends a request.

        Parameters
        ----------
        headers : mapping of str to str
            With names in small letters.
        address : str
            Of the client.

        Raises
        ------
        TooManyWrongError
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            known = self._check(token.strip(), address)
            return None if known is None else Visitor(name=known.name, expires_utc_s=known.expires_utc_s)
        browser = self._book.find_browser(hash_token(_read_cookie(headers.get("cookie", ""))))
        return None if browser is None else _make_visitor(browser)

    def is_valid(self, visitor: Visitor) -> bool:
        """Whether a visitor may still be here: neither expired nor signed out."""
        if visitor.key:
            return self._book.find_browser(visitor.key) is not None
        return visitor.expires_utc_s > self._utc()

    def _check(self, token: str, address: str) -> KeptToken | None:
        self._wrong.check(address)
        found = self._book.find(token)
        if found is None:
            self._wrong.note(address)
        return found


def _make_visitor(browser: KeptBrowser) -> Visitor:
    return Visitor(name=browser.name, expires_utc_s=browser.expires_utc_s, key=browser.sha256)


class _WrongTokens:
    """Wrong tokens per address."""

    def __init__(self, settings: ServiceSettings, now: Callable[[], float]) -> None:
        self._limit, self._within_s, self._now = settings.wrong_tokens, settings.wrong_within_s, now
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        times = self._times.get(address)
        if times is None or len(times) < self._limit or times[-1] - times[0] > self._within_s:
            return
        left_s = times[-1] + self._within_s - self._now()
        if left_s > 0:
            raise TooManyWrongError(left_s)
        del self._times[address]

    def note(self, address: str) -> None:
        self._times.setdefault(address, deque(maxlen=self._limit)).append(self._now())
        self._times.move_to_end(address)
        if len(self._times) > _MAX_ADDRESSES:
            self._times.popitem(last=False)


def is_same_origin(origin: str, *, host: str, scheme: str) -> bool:
    """Whether a page of an origin belongs to this service.

    Parameters
    ----------
    origin : str
        Header of the same name.
    host : str
        Header of the same name.
    scheme : {"http", "https"}
        Of the request.

    Examples
    --------
    >>> is_same_origin("http://127.0.0.1:8765", host="127.0.0.1:8765", scheme="http")
    True
    >>> is_same_origin("https://ward.example", host="ward.example:443", scheme="https")
    True
    >>> is_same_origin("http://ward.example.org", host="ward.example", scheme="http")
    False
    """
    try:
        parts, asked = urlsplit(origin), urlsplit(f"{scheme}://{host}")
        ports = [str(one.port) if one.port is not None else _PORTS.get(one.scheme, "") for one in (parts, asked)]
    except ValueError:
        return False
    known = parts.scheme == scheme and parts.hostname is not None and parts.hostname == asked.hostname
    return known and ports[0] == ports[1]


def _read_cookie(header: str) -> str:
    """Value of our cookie; empty without one."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
