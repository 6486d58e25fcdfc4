"""Tables in LaTeX that fit a page, for documents that use the packages booktabs, array and longtable.

Input: a DataFrame of text, with names in its first columns. Output: LaTeX. A wide table becomes several, each with the
names again, at most 8 columns and no wider than the text of an A4 page; a long one goes on on the next page.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

MOST_COLUMNS = 8
# text of `article` at 10 pt is 345 pt wide, the narrowest of the usual classes with one column
TEXT_WIDTH_PT = 345.0
# footnotesize: a digit of Computer Modern is 4.3 pt wide, a letter 4.4 on average, a capital up to 6
_CHARACTER_PT, _GAP_PT = 4.8, 6.0
# names are broken where they are longer
_NAME_PT = 92.0
# rows of footnotesize that fit a page beside a caption
_MOST_ROWS = 45
_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_\allowbreak{}", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", ":": r":\allowbreak{}",
    "-": r"-\allowbreak{}", "−": r"$-$", "–": "--", "±": r"$\pm$", "…": r"\ldots{}",
}  # fmt: skip
_BREAK = r"\allowbreak{}"
# characters of a name without a joint that fit its column
_LONGEST_RUN = 14
_PLAIN = {"_": r"\_", ":": ":", "-": "-"}


def to_latex(table: pd.DataFrame, *, n_names: int, caption: str, label: str) -> str:
    """Write a table, in parts where it is too wide.

    Parameters
    ----------
    table : DataFrame of str
        The titles of its columns are those of the table.
    n_names : int
        Leading columns that name a row; every part repeats them.
    caption, label : str
        Of the first part; the others say that they go on.
    """
    names = [str(name) for name in table.columns[:n_names]]
    parts = pack_columns(table, n_names=n_names)
    texts = []
    for number, part in enumerate(parts):
        more = f" (part {number + 1} of {len(parts)})" if len(parts) > 1 else ""
        one = label if not number else f"{label}-{number + 1}"
        texts.append(_write_part(table[[*names, *part]], n_names=n_names, caption=caption + more, label=one))
    return "\n".join(texts)


def pack_columns(table: pd.DataFrame, *, n_names: int) -> list[list[str]]:
    """Deal the columns that follow the names out to tables that fit, in their order."""
    room = TEXT_WIDTH_PT - sum(measure_column(table, name, is_name=True) for name in table.columns[:n_names])
    parts: list[list[str]] = [[]]
    left = room
    for name in table.columns[n_names:]:
        width = measure_column(table, name, is_name=False)
        if parts[-1] and (width > left or len(parts[-1]) + n_names >= MOST_COLUMNS):
            parts.append([])
            left = room
        parts[-1].append(str(name))
        left -= width
    return parts


def measure_column(table: pd.DataFrame, name: str, *, is_name: bool) -> float:
    """Width of a column with its gap, pt: its longest text, or the longest word of its title."""
    title = max((len(word) for word in str(name).split()), default=1)
    longest = max([title, *(len(text) for text in table[name])]) * _CHARACTER_PT
    return (min(longest, _NAME_PT) if is_name else longest) + _GAP_PT


def _write_part(table: pd.DataFrame, *, n_names: int, caption: str, label: str) -> str:
    long = len(table) > _MOST_ROWS
    places = "".join(_place(table, name, is_name=number < n_names) for number, name in enumerate(table.columns))
    titles = " & ".join(
        _stack(str(name), "l" if number < n_names else "r") for number, name in enumerate(table.columns)
    )
    rows = [
        " & ".join(escape(text, breaking=number < n_names) for number, text in enumerate(row)) + r" \\"
        for row in table.itertuples(index=False, name=None)
    ]
    named = f"\\caption{{{escape(caption)}}}\\label{{{label}}}"
    head = ["\\toprule", f"{titles} \\\\", "\\midrule"]
    style = ["\\footnotesize", "\\setlength{\\tabcolsep}{3pt}"]
    if long:
        body = [f"\\begin{{longtable}}{{{places}}}", f"{named} \\\\", *head, "\\endfirsthead", *head, "\\endhead"]
        body += ["\\bottomrule", "\\endlastfoot", *rows, "\\end{longtable}"]
        return "\n".join(["\\begingroup", *style, *body, "\\endgroup", ""])
    body = [f"\\begin{{tabular}}{{{places}}}", *head, *rows, "\\bottomrule", "\\end{tabular}"]
    return "\n".join(["\\begin{table}[htbp]", "\\centering", *style, named, *body, "\\end{table}", ""])


def _place(table: pd.DataFrame, name: str, *, is_name: bool) -> str:
    """Alignment of a column; names break into several lines where they are long."""
    if not is_name:
        return "r"
    return f">{{\\raggedright\\arraybackslash}}p{{{measure_column(table, name, is_name=True) - _GAP_PT:.0f}pt}}"


def _stack(title: str, place: str) -> str:
    """Words of a title under each other, so that a column is as wide as its longest word."""
    words = [escape(word) for word in title.split()]
    joined = r"\\".join(words)
    return joined if len(words) == 1 else f"\\shortstack[{place}]{{{joined}}}"


def escape(text: str, *, breaking: bool = False) -> str:
    """Write text so that LaTeX shows it as it is; names may break at underscores, colons, hyphens, and if need be."""
    signs: dict[str, str] = _SPECIAL if breaking else _SPECIAL | _PLAIN
    written, since = "", 0
    for sign in text:
        shown = signs.get(sign, sign)
        since = 0 if sign == " " or _BREAK in shown else since + 1
        written += shown
        if breaking and since == _LONGEST_RUN:
            written, since = written + _BREAK, 0
    return written


def join_interval(low: Sequence[str], high: Sequence[str], *, none: str) -> list[str]:
    """Both limits of each row in one text."""
    return [none if none in pair else f"{pair[0]} to {pair[1]}" for pair in zip(low, high, strict=True)]
