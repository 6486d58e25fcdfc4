"""Tokens are kept as hashes, for their owner alone, and end."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg_facial.errors import CorruptDataError, SettingsError
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


@pytest.mark.parametrize(("name", "days"), [(" ", 1.0), ("ward", 0.0), ("ward", float("nan"))])
def test_a_token_needs_a_name_and_an_end(name: str, days: float) -> None:
    with pytest.raises(SettingsError, match="expected a name"):
        TokenBook().add(name, days=days)
