"""False alarms of the primary test against chance: cohorts whose answers know nothing of the trial.

Run as ``python benchmarks/type_one.py [--cohorts N]``. Each row of the table is a number of people and a design, each
column a way of answering without looking; a cell is the share of cohorts with p <= 0.05, and the upper limit of its
95 % interval (Clopper and Pearson). The last line is a JSON object. Exit code 1 where an upper limit
exceeds 6.5 % in one of the first four designs.

Beside the primary test stand the two that it replaces, in the way of answering where they fail most: t tests of
accuracy against one over the number of classes, and against the pooled share of the largest class.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import numpy as np
from scipy import stats

from ecg_facial.evaluation.statistics.significance import Excess, measure_excess, p_above_guessing
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array

LEVEL, LIMIT = 0.05, 0.065
PEOPLE = (12, 20, 87)
# trials of each class that a person has; of several kinds of people in turn
DESIGNS: dict[str, tuple[tuple[tuple[int, ...], ...], bool]] = {
    "balanced": (((20, 20, 20, 20),), False),
    "17/20/20/20": (((17, 20, 20, 20),), False),
    "70/30": (((28, 12),), False),
    "1-5 % lost": (((20, 20, 20, 20),), True),
    "70/30, 1-5 % lost": (((28, 12),), True),
    # three people in four have 6 and 2 trials, the others 30 and 34
    "6/2 and 30/34": (((6, 2), (6, 2), (6, 2), (30, 34)), False),
}
PROMISED = tuple(DESIGNS)[:4]
ANSWERS = ("constant", "base-rate", "prior-matched", "random", "rarest mostly")


def draw_numbers(design: str, shape: tuple[int, int], rng: np.random.Generator) -> Int64Array:
    """Trials by class of each person of each cohort, (cohorts, people, classes)."""
    kinds, loses = DESIGNS[design]
    numbers = np.array(kinds)[np.arange(shape[1]) % len(kinds)]
    numbers = np.broadcast_to(numbers, (*shape, numbers.shape[-1]))
    if not loses:
        return numbers
    kept = 1 - rng.uniform(0.01, 0.05, (*shape, 1))
    return rng.binomial(numbers, np.broadcast_to(kept, numbers.shape))


def draw_confusions(numbers: Int64Array, answer: str, rng: np.random.Generator) -> Int64Array:
    """Answers that do not depend on the label within a person, as confusion matrices (cohorts, people, k, k).

    ``constant``: one class for a whole cohort; ``base-rate``: always the class that is most frequent in the other
    people of the cohort; ``prior-matched``: drawn by the class shares of the others; ``random``: all classes alike;
    ``rarest mostly``: the rarest class of the others in 95 % of the trials, as a network that has collapsed.
    """
    k = numbers.shape[-1]
    others = numbers.sum(axis=1, keepdims=True) - numbers
    always = {
        "constant": np.broadcast_to(rng.integers(k, size=(len(numbers), 1)), numbers.shape[:2]),
        "base-rate": others.argmax(axis=-1),
        "rarest mostly": others.argmin(axis=-1),
    }
    shares = np.full(numbers.shape, 1 / k)
    if answer == "prior-matched":
        shares = others / others.sum(axis=-1, keepdims=True)
    elif answer in always:
        sure = 0.95 if answer == "rarest mostly" else 1.0
        shares = np.where(np.arange(k) == always[answer][..., None], sure, (1 - sure) / (k - 1))
    return rng.multinomial(numbers, np.broadcast_to(shares[..., None, :], (*numbers.shape, k)))


def measure(design: str, n_people: int, answer: str, *, cohorts: int, seed: int) -> dict[str, Any]:
    """Share of cohorts with a false alarm."""
    rng = np.random.default_rng([seed, n_people, list(DESIGNS).index(design), ANSWERS.index(answer)])
    numbers = draw_numbers(design, (cohorts, n_people), rng)
    confusions = draw_confusions(numbers, answer, rng)
    excess = measure_excess([confusions])
    # the p is the larger of two, and labels permuted within subjects alone keep it above 0.05 below this quantile
    gain = (excess.value - excess.expected).sum(axis=1)
    possible = np.flatnonzero(gain > 1.6 * np.sqrt((excess.spread**2).sum(axis=1)))
    alarms = sum(_is_alarm(excess, int(place)) for place in possible)
    upper = float(stats.binomtest(alarms, cohorts).proportion_ci(0.95, method="exact").high)
    return {
        "design": design,
        "people": n_people,
        "answers": answer,
        "alarms": alarms / cohorts,
        "upper": upper,
        **_measure_replaced(confusions),
    }


def _is_alarm(excess: Excess, place: int) -> bool:
    """Whether the primary test of one cohort gives p <= 0.05."""
    one = Excess(value=excess.value[place], expected=excess.expected[place], spread=excess.spread[place])
    return p_above_guessing(one) <= LEVEL


def _measure_replaced(confusions: Int64Array) -> dict[str, float]:
    """Alarms of the tests of accuracy, against two figures that were taken for chance."""
    counts = confusions.sum(axis=-1)
    accuracy: Float64Array = np.trace(confusions, axis1=-2, axis2=-1) / counts.sum(axis=-1)
    of_largest = counts.sum(axis=1).max(axis=-1) / counts.sum(axis=(1, 2))
    chance = {"even": np.full(len(accuracy), 1 / counts.shape[-1]), "largest": of_largest}
    return {f"accuracy, {name}": float(_alarm(accuracy, limits).mean()) for name, limits in chance.items()}


def _alarm(accuracy: Float64Array, limits: Float64Array) -> BoolArray:
    """Alarms of a t test; without spread of anything above the limit, as the tests that are replaced said."""
    n = accuracy.shape[1]
    gain, spread = accuracy.mean(axis=1) - limits, accuracy.std(axis=1, ddof=1)
    least = stats.t.ppf(1 - LEVEL, n - 1) * spread / np.sqrt(n)
    return np.asarray(np.where(spread > 1e-12, gain >= least, gain > 1e-12))


def main(arguments: argparse.Namespace) -> int:
    begin = time.perf_counter()
    cells = [
        measure(design, n, answer, cohorts=arguments.cohorts, seed=arguments.seed)
        for design in DESIGNS
        for n in PEOPLE
        for answer in ANSWERS
    ]
    print("| design | people | " + " | ".join(ANSWERS) + " | accuracy against 1/k | against the largest class |")
    print("|---|---|" + "---|" * (len(ANSWERS) + 2))
    for place in range(0, len(cells), len(ANSWERS)):
        row = cells[place : place + len(ANSWERS)]
        shown = " | ".join(f"{100 * cell['alarms']:.1f} ({100 * cell['upper']:.1f})" for cell in row)
        worst = " | ".join(
            f"{100 * max(cell[name] for cell in row):.0f}" for name in ("accuracy, even", "accuracy, largest")
        )
        print(f"| {row[0]['design']} | {row[0]['people']} | {shown} | {worst} |")
    highest = max(cell["upper"] for cell in cells if cell["design"] in PROMISED)
    result = {
        "benchmark": "type_one", **vars(arguments), "seconds": round(time.perf_counter() - begin, 1),
        "highest_upper_limit": round(highest, 4), "cells": cells,
    }  # fmt: skip
    print(json.dumps(result))
    return int(highest > LIMIT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    sys.exit(main(parser.parse_args()))
