"""Colour, marker and name of each model in figures and tables.

Input: models. Output: how each is drawn and called. No figure tells models apart by colour alone: the first 24 have a
marker of their own, filled or hollow, which stays when a page is printed in grey. Colours are Okabe and Ito's and Tol's
(muted), which colour-blind readers can tell apart, with a few darker ones. Imports no matplotlib, which takes long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

GREY, RED = "#666666", "#B00020"
TITLES = {"facial": "Face", "ecg": "ECG", "fusion": "Fusion"}
_OWN = {"facial": ("#0072B2", "o", True), "ecg": ("#D55E00", "s", True), "fusion": ("#009E73", "D", True)}
_FILLED, _HOLLOW = "^vPX<>*", "osD^vPX<>*"
_MARKERS = [(shape, True) for shape in _FILLED] + [(shape, False) for shape in _HOLLOW]
_MARKERS += [("p", True), ("p", False), ("h", True), ("h", False)]
_COLOURS = (
    "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#882255", "#999933", "#332288", "#117733", "#CC6677", "#44AA99",
    "#AA4499", "#8C510A", "#7A7A7A", "#5D3A9B", "#005F73", "#B8860B", "#6A0D0D",
)  # fmt: skip
# longest name that figures, and small panels of them, have room for
_LONGEST, _LONGEST_SMALL = 28, 20


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a model is drawn, and what it is called: `title` in tables, `short` in figures, `shorter` in small panels."""

    colour: str
    marker: str
    filled: bool
    title: str

    @property
    def short(self) -> str:
        """The name as figures have room for it."""
        return _shorten(self.title, _LONGEST)

    @property
    def shorter(self) -> str:
        """The name as a small panel has room for it."""
        return _shorten(self.title, _LONGEST_SMALL)

    @property
    def style(self) -> dict[str, Any]:
        """What matplotlib's `plot` needs for the marker."""
        face = self.colour if self.filled else "white"
        return {"marker": self.marker, "color": self.colour, "markerfacecolor": face, "markeredgecolor": self.colour}


def _shorten(name: str, longest: int) -> str:
    """Cut a name in the middle: its end tells variants of a model apart."""
    tail = longest // 3
    return name if len(name) <= longest else f"{name[: longest - tail - 1]}…{name[-tail:]}"


def looks_of(models: Sequence[str]) -> dict[str, Look]:
    """Colour, marker and name of each model; ours keep theirs, others take the next free ones."""
    others = [model for model in models if model not in _OWN]
    styles = _OWN | {model: _style_of(number) for number, model in enumerate(others)}
    return {
        model: Look(
            colour=styles[model][0], marker=styles[model][1], filled=styles[model][2], title=TITLES.get(model, model)
        )
        for model in models
    }


def _style_of(number: int) -> tuple[str, str, bool]:
    """Colour, shape and filling; the counts of both have no common factor, so that pairs repeat late."""
    return (_COLOURS[number % len(_COLOURS)], *_MARKERS[number % len(_MARKERS)])
