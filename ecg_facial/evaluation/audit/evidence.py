"""How much one outcome of a method differs from another, and what is known of a method on one fold.

Input: outcomes of a fold that was fitted several times. Output: their differences, in units of the spread of logits,
and in changed decisions and fitted parts. What a difference means is left to `verdicts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ecg_facial.evaluation.audit.refitting import Outcome, distance, rounding_of, spread_of

# a difference of logits counts from this share of their spread over trials
LEAST_MOVE = 1e-3
# and from this many times the difference of two fits of the same data
TIMES_NOISE = 5.0


@dataclass(frozen=True, kw_only=True)
class Move:
    """How much one outcome differs from another.

    Attributes
    ----------
    logits : float
        Largest difference, in units of the spread over trials.
    decisions : float, 0 to 1
        Share of trials for which another class is chosen.
    counts : bool
        Whether it is more than rounding.
    """

    logits: float = 0.0
    decisions: float = 0.0
    counts: bool = False

    def describe(self) -> str:
        """Give the difference in words."""
        size = "where one has no prediction" if np.isinf(self.logits) else f"by up to {self.logits:.2g} of their spread"
        return f"logits move {size}, {100 * self.decisions:.0f} % of decisions change"


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """Everything that is known of one pipeline on one fold.

    Attributes
    ----------
    alone : Outcome
        The fold fitted by itself on the unaltered data; the joint canary's where that equals the run.
    noise : mapping of str to Move
        Differences of two fits of the same data, by model.
    unstable : set of str
        Fitted parts that differ between the two.
    changed : mapping of str to tuple of str
        Fitted parts that change, by canary.
    moved : mapping of str to Move
        Differences of predictions, by canary.
    failed : mapping of str to str
        Errors, by canary.
    """

    alone: Outcome
    noise: Move = field(default_factory=Move)
    unstable: frozenset[str] = frozenset()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    moved: Mapping[str, Move] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    def learned(self, *canaries: str) -> tuple[str, ...]:
        """Fitted parts that any of some canaries changes."""
        return tuple(sorted({part for name in canaries for part in self.changed.get(name, ())}))

    def moves(self, *canaries: str) -> bool:
        """Whether any of some canaries changes a prediction."""
        return any(self.moved[name].counts for name in canaries if name in self.moved)


def compare(first: Outcome, second: Outcome, *, noise: Move | None = None, factor: float = TIMES_NOISE) -> Move:
    """Compare two outcomes of one pipeline, relative to the spread of logits and to what two equal fits differ by."""
    least = max(LEAST_MOVE, factor * (noise.logits if noise is not None else 0.0))
    moves = [_compare(first, second, model, least) for model in first.logits]
    return max(moves, key=lambda move: (move.counts, move.logits), default=Move())


def _compare(first: Outcome, second: Outcome, model: str, least: float) -> Move:
    one, other = first.logits[model], second.logits[model]
    apart, spread = distance(one, other), max(spread_of(one), spread_of(other))
    if apart == 0:
        return Move()
    known = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    decisions = float((one[known].argmax(axis=1) != other[known].argmax(axis=1)).mean()) if known.any() else 1.0
    relative = apart / spread if spread > 0 else float("inf")
    counts = relative > least and apart > max(rounding_of(first, model), rounding_of(second, model))
    return Move(logits=relative, decisions=decisions, counts=counts)


def changed_parts(first: Outcome, second: Outcome, *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Names of fitted parts whose SHA-256 differ, of those that both have."""
    names = (set(first.fingerprint) & set(second.fingerprint)) - without
    return tuple(sorted(name for name in names if first.fingerprint[name] != second.fingerprint[name]))
