"""A reader is one file and one line of registration: `index` finds its data, the command line offers its settings."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tiny_files import write_ecg

from ecg_facial.datasets.readers.contract import NoSettings, Reader
from ecg_facial.datasets.readers.registry import READERS, list_settings, make_settings, register
from ecg_facial.datasets.records import Card, Scan
from ecg_facial.errors import SettingsError

TOY = '''
"""Tables named after subject and level, such as anna-PA1.csv."""

from dataclasses import dataclass
from typing import Literal

from ecg_facial.datasets.readers.contract import Reader
from ecg_facial.datasets.records import Card, Entry, Scan
from ecg_facial.recording import EcgRef, Subject


@dataclass(frozen=True, kw_only=True)
class ToySettings:
    """Settings of toys.

    Attributes
    ----------
    toy_colour : {"red", "blue"}
        Colour of the toys. Others are left out.
    max_toys : int
        Largest number of toys.
    broken : bool
        Take broken toys too.
    """

    toy_colour: Literal["red", "blue"] = "red"
    max_toys: int = 9
    broken: bool = False


CARD = Card(title="Toys", source="a test", access="open", needs="tables", layout="<colour>.toy/*.csv")


def fits(root):
    return any(root.glob("*.toy"))


def scan(root, settings, *, window_s):
    paths = sorted((root / f"{settings.toy_colour}.toy").glob("*.csv"))
    paths = [path for path in paths if settings.broken or "broken" not in path.name][: settings.max_toys]
    entries = [
        Entry(
            subject=Subject(id=path.stem.split("-")[0]),
            trial=path.stem,
            code=path.stem.split("-")[1],
            origin=path,
            ecg=EcgRef(path=path),
        )
        for path in paths
    ]
    return Scan(base=root, entries=tuple(entries), expects_video=False)


READER = Reader(name="toy", card=CARD, fits=fits, scan=scan, settings=ToySettings)
'''
PROGRAM = """
import toy
from ecg_facial.datasets.readers.registry import register
register(toy.READER)
from ecg_facial.cli.app import main
main()
"""


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """A folder with three red toys and a blue one, and the reader beside it."""
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    root = tmp_path / "data"
    for name in ("red.toy/anna-BL1", "red.toy/anna-PA1", "red.toy/ben-PA1-broken", "blue.toy/carl-PA4"):
        write_ecg(root / f"{name}.csv")
    return root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root.parent)!r}){PROGRAM}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_registered_reader_is_found_by_index(toys: Path) -> None:
    done = run(toys, "index", str(toys))
    assert done.returncode == 0, done.stderr
    assert "toy, 2 usable trials" in done.stdout
    assert "Toys; access: open" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--toy-colour blue", "1 usable trials"),
        ("--max-toys 1", "1 usable trials"),
        ("--broken", "3 usable trials"),
        ("--reader toy --broken --max-toys 2", "2 usable trials"),
    ],
)
def test_settings_of_a_registered_reader_reach_it_from_the_command_line(words: str, expected: str, toys: Path) -> None:
    done = run(toys, "index", str(toys), *words.split())
    assert expected in done.stdout, done.stderr


def test_the_help_of_every_command_on_data_offers_them(toys: Path) -> None:
    text = " ".join(run(toys, "benchmark", "--help").stdout.split())
    assert "--toy-colour red|blue Colour of the toys. [toy; default: red]" in text
    assert "--reader auto|biovid|original|pmed|unbc|manifest|toy" in text


def test_settings_of_another_reader_are_refused_by_name(toys: Path) -> None:
    done = run(toys, "index", str(toys), "--pspi-pain", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: pspi_pain is 2.0: a setting of other readers (unbc), not of toy\n"


def make_reader(name: str, settings: type = NoSettings) -> Reader:
    card = Card(title="x", source="x", access="x", needs="x", layout="x")
    return Reader(
        name=name,
        card=card,
        fits=lambda root: False,
        scan=lambda root, settings, *, window_s: Scan(base=root, entries=()),
        settings=settings,
    )


@dataclass(frozen=True, kw_only=True)
class Unstorable:
    """Settings that no file can hold.

    Attributes
    ----------
    sizes : list of int
        Sizes.
    """

    sizes: list[int] = field(default_factory=list)


def test_a_name_that_is_taken_and_settings_that_cannot_be_stored_are_refused() -> None:
    with pytest.raises(SettingsError, match="'unbc' is there already"):
        register(make_reader("unbc"))
    with pytest.raises(SettingsError, match=r"Unstorable\.sizes is of type"):
        register(make_reader("other", Unstorable))
    assert "other" not in READERS


def test_what_is_not_given_is_the_readers_own_default() -> None:
    biovid = READERS["biovid"]
    assert make_settings(biovid, {}) == biovid.settings()
    assert make_settings(biovid, {"signals": "raw"}) == biovid.settings(signals="raw")
    assert list_settings()["signals"] == [biovid]


def test_readers_are_light_to_import() -> None:
    """The command line imports every reader for its settings."""
    program = (
        "import sys, ecg_facial.datasets.readers.registry\n"
        "print([name for name in ('numpy', 'pandas', 'scipy', 'cv2', 'av', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
