"""What canaries say of a method: one check per question, one cause, and the rest as its consequences.

Input: the evidence of one fold. Output: checks that are passed, failed, or not made with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecg_facial.evaluation.audit.alterations import VIEWS
from ecg_facial.evaluation.audit.evidence import LEAST_MOVE, TIMES_NOISE, Evidence, Move, changed_parts, compare
from ecg_facial.evaluation.audit.refitting import Outcome, spread_of
from ecg_facial.evaluation.judging.schema import Check

TWICE = "two fits of the same data agree"
RUN = "the fold alone equals the fold in its run"
LABELS_FITTED = "test labels change nothing that is fitted"
LABELS_SAID = "test labels change no prediction"
SIGNALS_FITTED = "test signals change nothing that is fitted"
LATER = "a test trial does not depend on later ones"
ROWS = "the order of rows changes nothing"
NAMED = "the names of trials change nothing"
ALONE = "a clip alone is judged as in its batch"
MODES = "networks are in evaluation mode"
SHOWN = {
    "labels": "nothing is learned of labels before the folds",
    "signals": "nothing is learned of signals before the folds",
}
READY = "a ready-made pipeline holds nothing that was fitted"
AFTER = "a fold after another equals the fold alone"


def judge(
    evidence: Evidence, *, transductive: bool, factory: bool, captured: Sequence[str], after: Outcome | None
) -> list[Check]:
    """Make all checks of one pipeline on one fold; those that fail carry one cause."""
    if RUN in evidence.failed:
        return _not_made(f"the fold could not be fitted again in a fresh process: {evidence.failed[RUN]}", captured)
    checks = [
        _check_noise(evidence),
        _check_moves(RUN, evidence, RUN, "the fold by itself gives what it gave in the run"),
        _check_parts(LABELS_FITTED, evidence, ("labels",)),
        _check_moves(LABELS_SAID, evidence, "labels", "predictions are the same with other test labels"),
        _check_parts(SIGNALS_FITTED, evidence, ("signals", "later")),
        _check_later(evidence, transductive=transductive),
        _check_same(ROWS, evidence, "order", "same fitted parts and predictions in another order"),
        _check_same(NAMED, evidence, "names", "same fitted parts and predictions under other names"),
        _check_alone(evidence),
        _check_modes(evidence),
        *_check_shown(evidence, factory=factory),
        *_check_ready(factory=factory, captured=captured),
        _check_after(evidence, after),
    ]
    cause, leak = find_cause(evidence, checks)
    failed = [check for check in checks if check.passed is False and not check.warning]
    if not failed:
        return checks
    first = next((check for check in failed if check.name == cause), failed[0])
    return [
        replace(check, leak=leak, consequence_of="" if check is first else first.name) if check in failed else check
        for check in checks
    ]


def find_cause(evidence: Evidence, checks: Sequence[Check]) -> tuple[str, int | None]:
    """Name the check that shows the cause, and the leak: what is most particular comes first."""
    failed = {check.name for check in checks if check.passed is False and not check.warning}
    labels, signals = evidence.learned("labels"), evidence.learned("signals", "later")
    ways = (
        (MODES, True, 8),
        (RUN, True, 3),
        (AFTER, True, 3),
        (LABELS_FITTED, bool(labels), _diagnose(labels)),
        (LABELS_SAID, "pain labels" in evidence.moved and not evidence.moves("pain labels") and _many(evidence), 11),
        (LABELS_SAID, True, 10),
        (SIGNALS_FITTED, bool(signals), _diagnose(signals)),
        (LATER, True, 4),
        (ALONE, True, 4),
        (NAMED, True, 14),
        (ROWS, True, 12),
        (SHOWN["labels"], True, _diagnose(evidence.learned("shown labels"), before=6)),
        (SHOWN["signals"], True, _diagnose(evidence.learned("shown signals"), before=7)),
    )
    return next(((name, leak) for name, holds, leak in ways if name in failed and holds), ("", None))


def _many(evidence: Evidence) -> bool:
    """Whether there are more than two classes, so that labels of pain can be exchanged among themselves."""
    return any(values.shape[1] > 2 for values in evidence.alone.logits.values())


def _diagnose(parts: Sequence[str], *, before: int = 7) -> int:
    """Find the number in `LEAKS` of what changed parts show: settings first, then epochs, choices, and fitted parts."""
    if "described" in parts or set(parts) & {"settings", "networks"}:
        return 6
    if any(part.startswith("epoch") for part in parts):
        return 2
    if any(word in part for part in parts for word in ("threshold", "temperature", "combiner", "seed")):
        return 10 if before == 7 or len(parts) == 1 else before
    return before


def _check(name: str, passed: bool | None, message: str, *, warning: bool = False) -> Check:
    return Check(name=name, kind="deterministic", passed=passed, message=message, warning=warning)


def _check_noise(evidence: Evidence) -> Check:
    if evidence.noise.counts:
        message = f"nondeterministic: two fits of the same data differ: {evidence.noise.describe()}"
        return replace(_check(TWICE, False, message, warning=True), nondeterministic=True)
    if evidence.unstable:
        return _check(
            TWICE, True, f"predictions agree; {', '.join(sorted(evidence.unstable))} differ and are not compared"
        )
    return _check(TWICE, True, "same fitted parts and predictions")


def _check_moves(name: str, evidence: Evidence, canary: str, fine: str) -> Check:
    if canary in evidence.failed:
        return _check(name, None, f"could not be made: {evidence.failed[canary]}")
    move = evidence.moved.get(canary, Move())
    return _check(name, not move.counts, move.describe() if move.counts else fine)


def _check_parts(name: str, evidence: Evidence, canaries: Sequence[str]) -> Check:
    failed = [evidence.failed[each] for each in canaries if each in evidence.failed]
    if failed:
        return _check(name, None, f"could not be made: {failed[0]}")
    if evidence.unstable and evidence.unstable >= set(evidence.alone.fingerprint) - {"settings", "described"}:
        return _check(name, None, "nondeterministic: no fitted part is the same twice")
    parts = evidence.learned(*canaries)
    by = _name_views(evidence) if "signals" in canaries and parts else ""
    return _check(
        name, not parts, f"changed{by}: {', '.join(parts)}" if parts else "every fitted part is the same to the byte"
    )


def _name_views(evidence: Evidence) -> str:
    by = [
        words for name, words in VIEWS.items() if evidence.changed.get(f"view {name}") or evidence.moves(f"view {name}")
    ]
    return f" by {' and '.join(by)}" if by else ""


def _check_later(evidence: Evidence, *, transductive: bool) -> Check:
    if transductive:
        return _check(LATER, None, "normalisation is transductive: every trial depends on all others of the person")
    made = _check_moves(LATER, evidence, "later", "predictions of earlier trials are the same")
    return replace(made, message=made.message + _name_views(evidence)) if made.passed is False else made


def _check_same(name: str, evidence: Evidence, canary: str, fine: str) -> Check:
    parts = evidence.learned(canary)
    made = _check_moves(name, evidence, canary, fine)
    return replace(made, passed=False, message=f"changed: {', '.join(parts)}") if parts else made


def _check_alone(evidence: Evidence) -> Check:
    alone = evidence.alone
    worst = Move()
    for model, values in alone.logits.items():
        spread, twice = spread_of(values), alone.twice.get(model, 0.0)
        apart = alone.alone.get(model, 0.0)
        largest = float(np.nanmax(np.abs(values), initial=0.0))
        relative = apart / spread if spread > 0 else float("inf") if apart else 0.0
        counts = relative > LEAST_MOVE and apart > max(
            TIMES_NOISE * twice, 1e-5 * largest if spread < 1e-3 * largest else 0.0
        )
        worst = max(worst, Move(logits=relative, counts=counts), key=lambda move: (move.counts, move.logits))
    message = f"logits of a clip move by up to {worst.logits:.2g} of their spread with what else is judged"
    return _check(ALONE, not worst.counts, message)


def _check_modes(evidence: Evidence) -> Check:
    if not evidence.alone.layers:
        return _check(MODES, None, "cannot fail: no layer of batch normalisation or dropout")
    training = evidence.alone.training
    return _check(
        MODES, not training, f"in training mode: {', '.join(training)}" if training else "no layer is in training mode"
    )


def _check_shown(evidence: Evidence, *, factory: bool) -> list[Check]:
    if not factory:
        return [_check(name, None, "cannot fail: handed over ready-made, not as a factory") for name in SHOWN.values()]
    checks = []
    for what, name in SHOWN.items():
        canary = f"shown {what}"
        made = _check_moves(name, evidence, canary, "the factory learns nothing of them")
        parts = evidence.learned(canary)
        checks.append(replace(made, passed=False, message=f"changed: {', '.join(parts)}") if parts else made)
    return checks


def _check_ready(*, factory: bool, captured: Sequence[str]) -> list[Check]:
    if not captured:
        return [] if factory else [_check(READY, True, "nothing fitted is held by it or by its functions")]
    if factory:
        how = 'it holds {}. Fit in the factory, and start a script\'s work under if __name__ == "__main__":'
    else:
        how = "handed over fitted; it holds {}. Hand over a factory that fits them"
    message = f"not checked: {how.format('; '.join(captured))}"
    return [replace(_check(READY, None, message), decisive=True)]


def _check_after(evidence: Evidence, after: Outcome | None) -> Check:
    if after is None:
        return _check(AFTER, None, "not asked for: ecg-facial audit fits folds in another order")
    if after.error:
        return _check(AFTER, None, f"could not be made: {after.error}")
    changed = changed_parts(evidence.alone, after, without=evidence.unstable)
    move = compare(evidence.alone, after, noise=evidence.noise)
    # rows of which the joint canary altered the views say nothing here
    if not changed:
        return _check(AFTER, True, "same fitted parts in any order")
    return _check(AFTER, False, f"changed: {', '.join(changed)}; {move.describe()}")


def _not_made(why: str, captured: Sequence[str]) -> list[Check]:
    names = (TWICE, RUN, LABELS_FITTED, LABELS_SAID, SIGNALS_FITTED, LATER, ROWS, NAMED, ALONE, *SHOWN.values())
    made = [replace(_check(name, None, why), decisive=True) for name in names]
    return [*made, *_check_ready(factory=True, captured=captured)]


def merge_folds(by_fold: Sequence[Sequence[Check]], numbers: Sequence[int], *, method: str) -> list[Check]:
    """Make one check of the same check on several folds: the worst of them, with the folds on which it failed."""
    names = list(dict.fromkeys(check.name for checks in by_fold for check in checks))
    return [_merge(name, by_fold, numbers, method) for name in names]


def _merge(name: str, by_fold: Sequence[Sequence[Check]], numbers: Sequence[int], method: str) -> Check:
    found = [
        (number, check)
        for number, checks in zip(numbers, by_fold, strict=True)
        for check in checks
        if check.name == name
    ]
    rank = {False: 0, None: 1, True: 2}
    worst = min((check for _, check in found), key=lambda check: (rank[check.passed], check.consequence_of != ""))
    failed = [str(number) for number, check in found if check.passed is False]
    where = f" (fold{'s' if len(failed) > 1 else ''} {', '.join(failed)})" if failed else ""
    of = f"{method}: " if method else ""
    return replace(
        worst,
        name=of + name,
        message=worst.message + where,
        consequence_of=of + worst.consequence_of if worst.consequence_of else "",
    )
