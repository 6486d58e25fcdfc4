"""Tables, names and paths: a study is the same however people, spreadsheets and systems write it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
from ecg_files import damage
from fuzzing import attempt, attempt_and_read

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.evaluation.judging.predictions_table import PredictionsTable, read_predictions

PEOPLE = ("Jürgen", "anna b", "S-01", "071309_w_21")
SEPARATORS = {",": ".", ";": ",", "\t": ".", "|": "."}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
ENDS = ("\n", "\r\n", "\r")
MISSING = ("", "nan", "NA", "n/a", "null", "-")


def respell(name: str, rng: np.random.Generator, encoding: str) -> str:
    """Spell a name in another way that is still the same name."""
    spellings = [name, name.upper(), f" {name}", name.replace(" ", "  "), f"{name}\u00a0"]
    if encoding != "cp1252":
        spellings += [unicodedata.normalize("NFD", name), f"{name}\u200b", name.replace("-", "\u2013")]
    return str(rng.choice(spellings))


def write(path: Path, rows: list[list[str]], rng: np.random.Generator, separator: str, encoding: str) -> Path:
    """Write a table with what may stand around it."""
    if rng.random() < 0.3:
        rows = [[*cells, ""] for cells in rows]
    lines = [separator.join(cells) for cells in rows]
    if rng.random() < 0.2:
        # tables that were joined
        lines.insert(int(rng.integers(2, len(lines) + 1)), lines[0])
    elif rng.random() < 0.2 and any(cells[-1] for cells in rows[1:]):
        # R's row numbers, without a name
        lines[1:] = [f"{number}{separator}{line}" for number, line in enumerate(lines[1:], start=1)]
    if rng.random() < 0.3:
        lines.insert(int(rng.integers(1, len(lines) + 1)), "")
    head = [f"sep={separator}"] if rng.random() < 0.3 else []
    path.write_bytes(str(rng.choice(ENDS)).join([*head, *lines, ""]).encode(encoding))
    return path


def draw_predictions(rng: np.random.Generator, path: Path) -> tuple[Path, pd.DataFrame]:
    separator = str(rng.choice(list(SEPARATORS)))
    encoding, decimal = str(rng.choice(ENCODINGS)), SEPARATORS[separator]
    rows, truth = [], []
    for subject in PEOPLE:
        for trial in range(3):
            label, share = int(rng.integers(2)), round(float(rng.uniform(0.05, 0.45)), 3)
            answered = rng.random() < 0.9 or not rows
            cells = [f"{1 - share:.3f}", f"{share:.3f}"] if answered else ["", ""]
            truth.append((subject, str(trial), str(label), "0" if answered else ""))
            spelt = str(rng.choice([f"{label}", f"{label}.0", f"{label}.000000e+00", f" {label}"]))
            number = str(rng.choice([f"{trial}", f"{trial}.0"]))
            cells = [cell.replace(".", decimal) for cell in (number, spelt, *cells)]
            rows.append([respell(subject, rng, encoding), *cells])
    names = [str(rng.choice([name, name.upper(), name.title()])) for name in ("subject", "trial", "label")]
    header = [*names, "p_0", "p_1"]
    expected = pd.DataFrame(truth, columns=["subject", "trial", "label", "predicted"])
    return write(path, [header, *rows], rng, separator, encoding), expected


def test_predictions_read_the_same_however_they_are_written(rng: np.random.Generator, tmp_path: Path) -> None:
    path, expected = draw_predictions(rng, tmp_path / "p.csv")
    found = attempt_and_read(lambda: read_predictions(path)).table
    assert found["subject"].nunique() == len(PEOPLE)
    for name in ("trial", "label", "predicted"):
        assert found[name].tolist() == expected[name].tolist(), name


def test_a_damaged_table_of_predictions_is_read_or_one_line(rng: np.random.Generator, tmp_path: Path) -> None:
    path, _ = draw_predictions(rng, tmp_path / "p.csv")
    path.write_bytes(damage(path.read_bytes(), rng))
    found = attempt(lambda: read_predictions(path))
    if isinstance(found, PredictionsTable):
        assert set(found.table["predicted"]) <= {*found.class_names, ""}


def respell_path(place: Path, root: Path, rng: np.random.Generator) -> str:
    """Spell the path of a file as another system, or a person, would."""
    inner = place.relative_to(root).as_posix()
    spellings = [
        inner,
        inner.replace("/", "\\"),
        "C:\\data\\" + root.name + "\\" + inner.replace("/", "\\"),
        f"/Users/anna/{root.name}/{inner}",
        f"file:///Users/anna/{inner}",
        inner.swapcase(),
        inner.replace(" ", "%20"),
        inner.replace(" ", "\\ "),
        f"PosixPath('{inner}')",
        f"file:{inner}",
        f'"{inner}"'.replace('"', "'"),
        str(place),
        unicodedata.normalize("NFC", inner),
    ]
    return str(rng.choice(spellings))


def test_a_manifest_finds_its_people_and_files_however_they_are_spelt(rng: np.random.Generator, tmp_path: Path) -> None:
    root, encoding = tmp_path / "study", str(rng.choice(ENCODINGS))
    separator = str(rng.choice([",", ";", "\t"]))
    rows, files = [["subject", "trial", "label", "video", "ecg", "fs_hz"]], []
    for subject in PEOPLE:
        for trial in range(2):
            place = root / "Clips A" / f"{subject}_{trial}.mp4"
            if encoding != "cp1252":
                place = place.with_name(unicodedata.normalize(str(rng.choice(["NFC", "NFD"])), place.name))
            place.parent.mkdir(parents=True, exist_ok=True)
            for leftover in ("", "._"):
                place.with_name(leftover + place.name).write_bytes(b"x")
            video = unicodedata.normalize("NFC", respell_path(place, root, rng))
            missing = [str(rng.choice(MISSING)) for _ in range(2)]
            rows.append([respell(subject, rng, encoding), str(trial), "BL1", video, *missing])
            files.append(place)
    write(root / "manifest.csv", rows, rng, separator, encoding)
    found: DatasetIndex = attempt_and_read(lambda: index_dataset(root, check_files=False))
    assert len(found.subjects) == len(PEOPLE)
    assert found.problems == ()
    assert {trial.video.path.resolve() for trial in found.trials if trial.video} == set(files)
