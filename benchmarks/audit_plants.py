"""How often the leakage audit finds each plant, and whether it accuses clean methods. The people are SIMULATED noise.

Input: none. Output: two tables. Run: ``python benchmarks/audit_plants.py [REPETITIONS]``.

Each repetition draws new data in memory: 6 people, 4 classes, 3 trials of each. The plants and the clean methods are
those of the tests (`tests/helpers/plants.py`, `tests/helpers/clean_methods.py`). All methods of a table are audited in
one run, each as a method of its own.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print the tables."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]
    from tests.helpers.clean_methods import clean_pipelines
    from tests.helpers.plants import CAUGHT, OWN
    from tests.helpers.together import name_of, stand_together

    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    names = {name_of(number): name for number, name in enumerate(CAUGHT)}
    factories = stand_together({name: factory for name, (_, factory) in CAUGHT.items()})
    found: dict[str, list[Any]] = defaultdict(list)
    for seed in range(repetitions):
        for own, checks in _by_method(_audit(_draw(seed), factories)).items():
            found[own].append([check for check in checks if check.passed is False and not check.warning])
    print("| plant | whose | found | named as leak |\n|---|---|---|---|")
    for own, name in names.items():
        hits = sum(bool(failed) for failed in found[own])
        leaks = {check.leak for failed in found[own] for check in failed if not check.consequence_of}
        whose = "ours" if name in OWN else "given"
        print(f"| {name} | {whose} | {hits} of {repetitions} | {', '.join(map(str, sorted(leaks)))} |", flush=True)
    _print_clean(clean_pipelines(), repetitions)


def _print_clean(methods: list[Any], repetitions: int) -> None:
    print("\n| clean method | alarms |\n|---|---|")
    alarms: Counter[str] = Counter()
    for seed in range(repetitions):
        for name, checks in _by_method(_audit(_draw(seed), methods)).items():
            alarms[name] += any(check.passed is False for check in checks)
    for method in methods:
        print(f"| {method.models[0]} | {alarms[method.models[0]]} of {repetitions} |")


def _by_method(result: Any) -> dict[str, list[Any]]:
    """Sort checks by method; those of the whole run are left out."""
    found = defaultdict(list)
    for check in result.checks:
        method, colon, _ = check.name.partition(": ")
        if colon:
            found[method].append(check)
    return dict(found)


def _audit(prepared: Any, methods: list[Any]) -> Any:
    from ecg_facial.evaluation.audit.running import audit_run
    from ecg_facial.evaluation.audit.settings import AuditSettings
    from ecg_facial.evaluation.benchmark.runner import run_benchmark
    from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
    from ecg_facial.evaluation.protocols.settings import InnerSettings
    from tests.helpers.plants import REMEMBERED

    REMEMBERED.clear()
    settings = BenchmarkSettings(inner=InnerSettings(stopping_share=0.3), baselines=False)
    with TemporaryDirectory() as folder:
        result = run_benchmark(prepared, Path(folder), settings=settings, pipelines=methods)
        return audit_run(prepared, result, settings=settings, factories=methods, audit=AuditSettings(n_folds=1))


def _draw(seed: int) -> Any:
    """Windows whose tokens say nothing but noise about the level."""
    from measures.noise import draw_noise

    from tests.helpers.plants import with_rates

    return with_rates(draw_noise(6, n_each=3, n_frames=2, crop_px=32, seed=seed), seed)


if __name__ == "__main__":
    main()
