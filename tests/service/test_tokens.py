"""Tokens are kept as hashes, for their owner alone, and end."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import NoReturn

import pytest

from ecg_facial.errors import CorruptDataError, SettingsError
from ecg_facial.service import tokens
from ecg_facial.service.tokens import TokenBook


def test_a_token_is_kept_as_its_hash_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = TokenBook(path).add("ward")
    assert path.stat().st_mode & 0o777 == 0o600
    assert token not in path.read_text()
    assert len(token) >= 43
    again = TokenBook(path)
    found = again.find(token)
    assert found is not None
    assert found.name == "ward"
    assert again.find(token + "x") is None
    assert again.find("") is None
    assert again.find("\ud800") is None


def test_tokens_end_and_are_forgotten_when_a_new_one_is_made(tmp_path: Path) -> None:
    path, now_s = tmp_path / "tokens.json", [1e9]
    book = TokenBook(path, utc=lambda: now_s[0])
    assert not book.is_usable
    first = book.add("first", days=1)
    assert book.is_usable
    now_s[0] += 86_400
    assert book.find(first) is None
    assert not book.is_usable
    book.add("second", days=1)
    assert "first" not in path.read_text()


def test_a_file_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    TokenBook(path).add("ward")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        TokenBook(path)


def test_a_file_that_holds_no_tokens_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("{}")
    path.chmod(0o600)
    with pytest.raises(CorruptDataError):
        TokenBook(path)


def sign_in(book: TokenBook, token: str, *, within_s: float = 3600.0) -> tuple[str, str]:
    """Cookie of a browser, and its hash."""
    found = book.find(token)
    assert found is not None
    cookie, browser = book.sign_in(found, within_s=within_s)
    return cookie, browser.sha256


def test_a_browser_stays_signed_in_when_the_service_starts_anew(tmp_path: Path) -> None:
    path, now_s = tmp_path / "tokens.json", [1e9]
    book = TokenBook(path, utc=lambda: now_s[0])
    token = book.add("ward")
    cookie, stays = sign_in(book, token)
    _, leaves = sign_in(book, token)
    book.sign_out(leaves)
    assert cookie not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    again = TokenBook(path, utc=lambda: now_s[0])
    found = again.find_browser(stays)
    assert found is not None
    assert (found.name, found.expires_utc_s, again.find_browser(leaves)) == ("ward", 1e9 + 3600.0, None)
    now_s[0] += 3600.0
    assert again.find_browser(stays) is None
    sign_in(again, token)
    assert stays not in path.read_text()


def test_a_browser_ends_with_the_token_that_is_taken_out_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    book = TokenBook(path)
    browsers = [sign_in(book, book.add(name))[1] for name in ("ward", "lost tablet")]
    content = json.loads(path.read_text())
    content["tokens"] = [one for one in content["tokens"] if one["name"] == "ward"]
    path.write_text(json.dumps(content))
    again = TokenBook(path)
    assert [again.find_browser(one) is not None for one in browsers] == [True, False]


def test_a_browser_signs_in_though_the_file_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = TokenBook(tmp_path / "tokens.json")
    token = book.add("ward")

    def fail(path: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(tokens, "atomic_path", fail)
    _, browser = sign_in(book, token)
    assert book.find_browser(browser) is not None
    assert TokenBook(tmp_path / "tokens.json").find_browser(browser) is None


@pytest.mark.parametrize(("name", "days"), [(" ", 1.0), ("ward", 0.0), ("ward", float("nan"))])
def test_a_token_needs_a_name_and_an_end(name: str, days: float) -> None:
    with pytest.raises(SettingsError, match="expected a name"):
        TokenBook().add(name, days=days)
