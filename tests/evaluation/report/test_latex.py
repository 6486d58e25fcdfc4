"""Tables in LaTeX: their width, their length, and what LaTeX makes of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from ecg_facial.evaluation.report.latex import (
    MOST_COLUMNS,
    TEXT_WIDTH_PT,
    escape,
    measure_column,
    pack_columns,
    to_latex,
)

HEAD = r"""\documentclass{article}
\usepackage[a4paper]{geometry}\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}
\usepackage{booktabs,array,longtable}\setlength{\textwidth}{345pt}
\begin{document}
"""
WIDE = pd.DataFrame(
    {"model": ["a_very_long_name_of_a_model:with_a_variant", "w" * 60]}
    | {f"figure number {number} (%)": ["12.3 to 45.6", "< 0.0001"] for number in range(20)}
)
LONG = pd.DataFrame({"model": [f"m{number}" for number in range(120)], "accuracy (%)": ["50.0"] * 120})


def write(table: pd.DataFrame, *, n_names: int = 1) -> str:
    return to_latex(table, n_names=n_names, caption="SIMULATED data. 95 % of _it_.", label="tab:x")


def test_a_wide_table_becomes_several_that_fit_the_page() -> None:
    parts = pack_columns(WIDE, n_names=1)
    assert [name for part in parts for name in part] == list(WIDE.columns[1:])
    for part in parts:
        shown = ["model", *part]
        assert len(shown) <= MOST_COLUMNS
        assert sum(measure_column(WIDE, name, is_name=name == "model") for name in shown) <= TEXT_WIDTH_PT
    text = write(WIDE)
    assert text.count("\\begin{table}") == text.count("SIMULATED data.") == len(parts)
    assert len(set(re.findall(r"\\label\{(.*?)\}", text))) == len(parts)


def test_a_long_table_goes_on_on_the_next_page() -> None:
    text = write(LONG)
    assert "\\begin{longtable}" in text
    assert "\\begin{table}" not in text
    assert text.count("\\\\\n") >= 120


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a_b", r"a\_b"), ("5 %", r"5 \%"), ("< 0.1", "$<$ 0.1"), ("−3", "$-$3"),
     ("a\\b", r"a\textbackslash{}b"), ("#&$", r"\#\&\$")],
)  # fmt: skip
def test_special_signs_are_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_long_names_may_break_at_their_joints() -> None:
    assert escape("a_b:c", breaking=True) == r"a\_\allowbreak{}b:\allowbreak{}c"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not here")
@pytest.mark.parametrize("table", [WIDE, LONG], ids=["wide", "long"])
def test_latex_sets_the_tables_without_leaving_the_text_width(table: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(HEAD + write(table) + "\\end{document}\n", encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:]
    wide = [float(width) for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", run.stdout)]
    assert not wide, run.stdout[-2000:]
