"""Figures as readers of a report expect them.

Input: shares, differences, p values, other numbers; None where there is none. Output: text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from markupsafe import Markup, escape

NONE = "–"


def format_percent(value: float | None) -> str:
    """Share as percent with one digit."""
    return NONE if value is None else f"{100 * value:.1f}"


def format_points(value: float | None) -> str:
    """Difference of shares in points, with its sign."""
    if value is None:
        return NONE
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def round_figure(value: float) -> str:
    """Round a figure to three digits, below 1 to three decimals: the digits of a column are comparable.

    Examples
    --------
    >>> [round_figure(value) for value in (1234.5, 12.34, 0.3456, 0.00721, -0.0555, 0.0001)]
    ['1234', '12.3', '0.346', '0.007', '-0.056', '0.0001']
    """
    if 0 < abs(value) < 5e-4:
        return f"{value:.1g}"
    if abs(value) < 1:
        return f"{value:.3f}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:#.3g}".removesuffix(".")


def format_number(value: float | None) -> str:
    """Any other figure, with three digits or decimals."""
    return NONE if value is None else round_figure(value).replace("-", "−")


def break_name(name: str) -> Markup:
    """Name of a model that may be broken at underscores, colons and hyphens, escaped."""
    return Markup(re.sub(r"([_:/-])", r"\1<wbr>", str(escape(name))))


def format_p(value: float | None) -> str:
    """P value with two significant digits, small ones as a limit."""
    if value is None or math.isnan(value):
        return NONE
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}" if value < 0.01 else f"{value:.2f}"


def format_choices(values: Mapping[str, float], form: str) -> Markup:
    """Value of each model by its name; a value that all of several models share stands once.

    Examples
    --------
    >>> format_choices({"facial": 1.0, "ecg": 1.0}, "%.2f")
    Markup('all 1.00')
    >>> format_choices({"facial": 14, "ecg": 5}, "%d")
    Markup('facial 14, ecg 5')
    """
    texts = {name: form % value for name, value in values.items()}
    if len(texts) > 1 and len(set(texts.values())) == 1:
        return Markup("all ") + next(iter(texts.values()))
    return Markup(", ").join(Markup("{} {}").format(break_name(name), text) for name, text in texts.items())


FILTERS = {
    "percent": format_percent, "p": format_p, "points": format_points, "number": format_number, "name": break_name,
    "choices": format_choices,
}  # fmt: skip
