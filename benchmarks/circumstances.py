"""How often the audit's check of circumstances names something, in data of 12, 40 and 87 people. The people are drawn.

Input: none. Output: a table. Run: ``python benchmarks/circumstances.py [REPETITIONS]``.

Each person has 5 trials of each of 4 classes. `move` is by how many standard deviations within a person the strongest
class moves a quantity (the others a third and two thirds of it), with a spread over people of half of that for bodies
and of a tenth for plants; where rest is named, the lowest class alone moves, by all of it. Clean data are noise, or
quantities that a body may move.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from ecg_facial.evaluation.audit.circumstances import check_circumstances
from ecg_facial.labels import get_task
from ecg_facial.prepared.tabular import TabularData

TASK = get_task("biovid4")
SIZES, N_EACH = (12, 40, 87), 5
CASES = (
    # name, columns of noise, name of the moved column, move, rest alone
    ("20 circumstances of noise", 20, "", 0.0, False),
    ("40 features of noise", -40, "", 0.0, False),
    ("heart rate, moved as in people", 5, "heart_rate_bpm", 0.8, False),
    ("heart rate, moved much", 5, "heart_rate_bpm", 2.0, False),
    ("one of 20 features, moved much", -20, "ecg:moved", 2.0, False),
    ("one of 20 features, rest alone, moved much", -20, "ecg:moved", 2.0, True),
    ("PLANT: a circumstance, moved a little", 5, "length", 0.8, False),
    ("PLANT: a circumstance, moved much", 5, "length", 2.0, False),
    ("PLANT: one of 20 features tells rest", -20, "ecg:moved", 8.0, True),
)


def draw(
    rng: np.random.Generator, n_people: int, n_noise: int, moved: str, move: float, rest: bool, spread: float
) -> TabularData:
    """Draw people, with a level of each quantity for each of them."""
    levels = list(TASK.class_names)
    rows = [(f"s{who:03d}", level) for who in range(n_people) for level in levels for _ in range(N_EACH)]
    trials = pd.DataFrame(rows, columns=["subject", "level"])
    trials["trial"] = [f"{number:05d}" for number in rng.permutation(len(trials))]
    who, label = np.repeat(np.arange(n_people), len(levels) * N_EACH), trials["level"].map(levels.index).to_numpy()
    step = (label == 0) if rest else label / (len(levels) - 1)
    values = rng.normal(0, 2, n_people)[who] + rng.normal(size=len(who))
    values += step * (move * (1 + rng.normal(0, spread, n_people)))[who]
    noise = rng.normal(size=(len(who), abs(n_noise))) + rng.normal(0, 2, (n_people, abs(n_noise)))[who]
    table = pd.DataFrame(noise).add_prefix("noise ")
    features = moved.startswith("ecg:")
    if moved:
        table[moved.removeprefix("ecg:")] = values
    if n_noise < 0 or features:
        return TabularData(trials, {"ecg": table})
    other = pd.DataFrame({"a": rng.normal(size=len(who))})
    return TabularData(pd.concat([trials, table], axis=1), {"ecg": other})


def main() -> None:
    """Print the table."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"| quantities | {' | '.join(f'{n} people' for n in SIZES)} |\n|---|{'---|' * len(SIZES)}")
    for number, (name, n_noise, moved, move, rest) in enumerate(CASES):
        shares = []
        for n_people in SIZES:
            rng = np.random.default_rng([number, n_people])
            found = [
                check_circumstances(
                    draw(rng, n_people, n_noise, moved, move, rest, 0.1 if "PLANT" in name else 0.5), task=TASK
                ).passed
                is False
                for _ in range(repetitions)
            ]
            shares.append(f"{100 * np.mean(found):.1f}")
        print(f"| {name} | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":
    main()
