"""Columns by which people are grouped: sex, age in bands, BioVid's people without a visible reaction, and any other.

Input: a table of predictions. Output: the same with these columns, one value per person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ecg_facial.errors import CorruptDataError, SettingsError

AGE_BANDS = ((0, 35, "18-35"), (36, 50, "36-50"), (51, 200, "51+"))
MAX_STRATA = 12
_BIOVID_NAME = re.compile(r"^\d{6}_([mw])_(\d{2,3})$")


def add_strata(path: Path, table: pd.DataFrame, wanted: Sequence[str] | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Add columns to group people by, one value per subject; empty where it is unknown.

    Parameters
    ----------
    path : Path
        For messages.
    table : DataFrame
        With a column ``subject``.
    wanted : sequence of str or None
        Columns that were asked for; those that are known without it.

    Returns
    -------
    table : DataFrame
    names : tuple of str
        Its columns that group people.

    Raises
    ------
    CorruptDataError
        When a person has several values.
    SettingsError
        For a column that is not there, or has too many values.
    """
    table = table.drop(columns=[name for name in ("age_band",) if name in table])
    if "sex" not in table and "age_years" not in table:
        table = _read_names(table)
    if "reaction" not in table:
        table = _add_reaction(table)
    if "age_years" in table:
        table["age_band"] = [
            _band(age)
            for age in pd.to_numeric(table["age_years"], errors="coerce")
            .astype("Float64")
            .to_numpy(float, na_value=np.nan)
        ]
    if wanted is None:
        known = [name for name in ("sex", "age_band", "reaction") if name in table]
        names = [name for name in known if (table[name].fillna("") != "").any()]
    else:
        names = ["age_band" if name in ("age", "age_years") and "age_band" in table else name for name in wanted]
    for name in names:
        _check_stratum(path, table, name)
        table[name] = table[name].fillna("").astype(str)
    return table, tuple(names)


def _add_reaction(table: pd.DataFrame) -> pd.DataFrame:
    """Mark BioVid's 20 people without a visible reaction, where one of them is in the table."""
    subjects = table["subject"].astype(str)
    if not any(_BIOVID_NAME.match(subject) for subject in subjects.unique()):
        return table
    # the readers are slow to import, and most tables are not BioVid's
    from ecg_facial.datasets.readers.biovid import UNREACTIVE

    unreactive = subjects.isin(UNREACTIVE)
    return table.assign(reaction=np.where(unreactive, "none visible", "visible")) if unreactive.any() else table


def _read_names(table: pd.DataFrame) -> pd.DataFrame:
    """Sex and age where every subject bears a name of BioVid's form."""
    found = {subject: _BIOVID_NAME.match(str(subject)) for subject in table["subject"].unique()}
    if not all(found.values()):
        return table
    spelt = {subject: match.groups() for subject, match in found.items() if match}
    return table.assign(
        sex=[spelt[subject][0] for subject in table["subject"]],
        age_years=[int(spelt[subject][1]) for subject in table["subject"]],
    )


def _band(age_years: float) -> str:
    """Age band of an age; empty for an unknown one."""
    return next((name for low, high, name in AGE_BANDS if low <= age_years <= high), "")


def _check_stratum(path: Path, table: pd.DataFrame, name: str) -> None:
    """Refuse a column that is not there, differs within a person, or has too many values."""
    if name not in table:
        raise SettingsError(f"no column {name!r} to group people by; {path} has {', '.join(table.columns)}")
    several = table.groupby("subject")[name].nunique(dropna=False)
    if (several > 1).any():
        subject = several[several > 1].index[0]
        raise CorruptDataError(f"{path}: subject {subject!r} has several values of {name!r}; expected one per person")
    if table[name].nunique() > MAX_STRATA:
        raise SettingsError(
            f"column {name!r} has {table[name].nunique()} values; at most {MAX_STRATA} groups are shown"
        )
