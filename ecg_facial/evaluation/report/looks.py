"""Colour, marker and name of each model in figures and tables.

Input: models. Output: how each is drawn and called. Colours are Okabe and Ito's, which colour-blind readers can tell
apart; no figure tells models apart by colour alone. Imports no matplotlib, which takes long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GREY, RED = "#666666", "#B00020"
TITLES = {"facial": "Face", "ecg": "ECG", "fusion": "Fusion"}
_OWN = {"facial": ("#0072B2", "o"), "ecg": ("#D55E00", "s"), "fusion": ("#009E73", "D")}
_OTHERS = (
    ("#CC79A7", "^"), ("#56B4E9", "v"), ("#E69F00", "P"), ("#000000", "X"), ("#999933", "<"), ("#882255", ">"),
    ("#0072B2", "h"), ("#D55E00", "p"), ("#009E73", "*"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a model is drawn, and what it is called."""

    colour: str
    marker: str
    title: str


def looks_of(models: Sequence[str]) -> dict[str, Look]:
    """Colour, marker and name of each model; ours keep theirs, others take the next free ones."""
    others = [model for model in models if model not in _OWN]
    styles = _OWN | {model: _OTHERS[number % len(_OTHERS)] for number, model in enumerate(others)}
    return {
        model: Look(colour=styles[model][0], marker=styles[model][1], title=TITLES.get(model, model))
        for model in models
    }
