"""Canaries: a fold is fitted again on altered data. What was learned, and what is said of the rest, may not change.

Input: folds with what is needed to fit them again, and what the run kept of them. Output: checks.

A method that is free of leakage computes its weights, scalers, epochs, temperatures and fusion weights from the inner
subjects alone. So all of them stay the same when test trials are altered, and so do its predictions of the test trials
that were not altered. All alterations are made at once at first, in a fresh process: where the outcome equals the run's
own, each of the checks is passed, for the price of one fit. Where it differs, the cause is looked for:

1. The same data are fitted twice, in two fresh processes. What differs between these two is noise: a method with noise
   is called nondeterministic, its digests are not compared, and a difference counts from five times the noise.
2. Each view is altered alone: labels, signals (heart, video, columns, times apart), order of rows, and what a factory
   is shown before the fold.
3. The differences name one cause; all other checks that fail for the same method are listed as its consequences.

Logits are compared in units of their own spread over trials: a method with small logits is judged like any other.
What canaries cannot see: a method that reads the data from elsewhere, past what it is handed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ecg_facial.evaluation.audit.alterations import (
    LABELS,
    NOTHING,
    ORDER,
    PAIN_LABELS,
    SHOWN_LABELS,
    SHOWN_SIGNALS,
    SIGNALS,
    VIEWS,
    Alteration,
    early_places,
)
from ecg_facial.evaluation.audit.captured import find_captured, is_factory
from ecg_facial.evaluation.audit.refitting import (
    AuditedFold,
    Outcome,
    distance,
    keep_places,
    refit_all,
    rounding_of,
    spread_of,
)
from ecg_facial.evaluation.judging.schema import Check
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.prepared.normalising import normalise
from ecg_facial.runtime.executors.fresh import FreshExecutor

# a difference of logits counts from this share of their spread over trials
_LEAST_MOVE = 1e-3
# and from this many times the difference of two fits of the same data
_TIMES_NOISE = 5.0
TWICE = "two fits of the same data agree"
RUN = "the fold alone equals the fold in its run"
LABELS_FITTED = "test labels change nothing that is fitted"
LABELS_SAID = "test labels change no prediction"
SIGNALS_FITTED = "test signals change nothing that is fitted"
LATER = "a test trial does not depend on later ones"
ROWS = "the order of rows changes nothing"
ALONE = "a clip alone is judged as in its batch"
MODES = "networks are in evaluation mode"
SHOWN = {
    "labels": "nothing is learned of labels before the folds",
    "signals": "nothing is learned of signals before the folds",
}
READY = "a ready-made pipeline holds nothing that was fitted"
AFTER = "a fold after another equals the fold alone"
_JOINT = LABELS | SIGNALS | ORDER | SHOWN_LABELS | SHOWN_SIGNALS


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


def compare(first: Outcome, second: Outcome, *, noise: Move | None = None, factor: float = _TIMES_NOISE) -> Move:
    """Compare two outcomes of one pipeline, relative to the spread of logits and to what two equal fits differ by."""
    least = max(_LEAST_MOVE, factor * (noise.logits if noise is not None else 0.0))
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


def check_folds(
    folds: Sequence[AuditedFold],
    stored: Sequence[Sequence[Outcome]],
    *,
    others: Sequence[Fold | None],
    fresh: FreshExecutor,
) -> list[Check]:
    """Fit folds again, and judge each pipeline.

    Parameters
    ----------
    folds : sequence of AuditedFold
    stored : sequence of sequence of Outcome
        What the run kept of each fold, by pipeline.
    others : sequence of Fold or None
        A fold to fit before each, to see what is carried on.
    fresh : FreshExecutor
        Where they are fitted.
    """
    if not folds:
        return []
    factories = folds[0].factories
    captured = [find_captured(factory, folds[0].prepared) for factory in factories]
    joint = refit_all([(each, _joint(each)) for each in folds], fresh=fresh)
    found = [_find_evidence(*each, fresh=fresh) for each in zip(folds, stored, joint, strict=True)]
    after = _refit_after(folds, others, fresh=fresh)
    checks = []
    for place, factory in enumerate(factories):
        names = "+".join(stored[0][place].logits)
        own = [
            _judge(
                evidence[place],
                transductive=each.normalisation.mode == "transductive",
                factory=is_factory(factory),
                captured=captured[place],
                after=None if following is None else following[place],
            )
            for each, evidence, following in zip(folds, found, after, strict=True)
        ]
        checks += merge_folds(own, [each.fold.index for each in folds], method=names if len(factories) > 1 else "")
    return checks


def _joint(audited: AuditedFold) -> Alteration:
    """Everything that may change nothing, at once; a person's own trials scale each other where that was asked for."""
    if audited.normalisation.mode == "transductive":
        return LABELS | ORDER | SHOWN_LABELS | SHOWN_SIGNALS
    return _JOINT


def _find_evidence(
    audited: AuditedFold, stored: Sequence[Outcome], joint: Sequence[Outcome], *, fresh: FreshExecutor
) -> list[Evidence]:
    """Compare the joint canary with the run; look for causes where they differ."""
    early = _early(audited)
    if all(_same(kept, each, early) for kept, each in zip(stored, joint, strict=True)):
        return [Evidence(alone=each) for each in joint]
    alone, again = _fit_twice(audited, fresh=fresh)
    known = [_measure_noise(*each) for each in zip(stored, alone, again, strict=True)]
    quiet = [
        not each.failed and not each.moves(RUN) and _same(each.alone, canary, early, each)
        for each, canary in zip(known, joint, strict=True)
    ]
    if all(quiet):
        return known
    return _separate(audited, known, early, fresh=fresh)


def _early(audited: AuditedFold) -> list[int]:
    """Places of the test trials whose views the joint canary leaves as they are."""
    if audited.normalisation.mode == "transductive":
        return list(range(len(audited.rows)))
    return early_places(normalise(audited.prepared, audited.normalisation), audited.rows)


def _same(first: Outcome, second: Outcome, places: Sequence[int], evidence: Evidence | None = None) -> bool:
    """Whether nothing that counts differs."""
    if first.error or second.error:
        return False
    noise, unstable = (None, frozenset[str]()) if evidence is None else (evidence.noise, evidence.unstable)
    kept = [keep_places(each, places) for each in (first, second)]
    return not changed_parts(first, second, without=unstable) and not compare(*kept, noise=noise).counts


def _fit_twice(audited: AuditedFold, *, fresh: FreshExecutor) -> tuple[list[Outcome], list[Outcome]]:
    """Fit the unaltered fold twice, in two fresh processes."""
    first, second = refit_all([(audited, NOTHING)] * 2, fresh=fresh)
    return first, second


def _measure_noise(stored: Outcome, alone: Outcome, again: Outcome) -> Evidence:
    if alone.error or again.error:
        return Evidence(alone=alone, failed={RUN: alone.error or again.error})
    noise = compare(alone, again)
    twice = max(alone.twice.values(), default=0.0)
    unstable = frozenset(changed_parts(alone, again))
    # noise below what counts is no noise; the same request answered twice in two ways is noise too
    known = noise if noise.counts or unstable or twice > 0 else Move()
    return Evidence(alone=alone, noise=known, unstable=unstable, moved={RUN: compare(stored, alone, noise=known)})


def _separate(
    audited: AuditedFold, known: Sequence[Evidence], early: Sequence[int], *, fresh: FreshExecutor
) -> list[Evidence]:
    """Alter each view alone, and compare with the fold alone."""
    canaries: dict[str, Alteration] = {
        "labels": LABELS,
        "pain labels": PAIN_LABELS,
        "signals": replace(SIGNALS, everything=True),
        "later": SIGNALS,
        "order": ORDER,
        "shown labels": SHOWN_LABELS,
        "shown signals": SHOWN_SIGNALS,
    }
    fitted = refit_all([(audited, each) for each in canaries.values()], fresh=fresh)
    found = [
        _add(each, dict(zip(canaries, of, strict=True)), early)
        for each, of in zip(known, _by_method(fitted), strict=True)
    ]
    causes = [name for name in ("signals", "later") if any(_reacts(each, name) for each in found)]
    if not causes:
        return found
    whole = causes[0] == "signals"
    single = {f"view {name}": Alteration(**{name: True}, everything=whole) for name in VIEWS}
    fitted = refit_all([(audited, each) for each in single.values()], fresh=fresh)
    return [
        _add(each, dict(zip(single, of, strict=True)), early)
        for each, of in zip(found, _by_method(fitted), strict=True)
    ]


def _by_method(fitted: Sequence[Sequence[Outcome]]) -> list[list[Outcome]]:
    return [list(of) for of in zip(*fitted, strict=True)]


def _reacts(evidence: Evidence, name: str) -> bool:
    return bool(evidence.changed.get(name)) or (name == "later" and evidence.moves(name))


def _add(evidence: Evidence, outcomes: Mapping[str, Outcome], early: Sequence[int]) -> Evidence:
    """Add what canaries changed. Predictions of altered trials do change, so the others are compared alone."""
    changed, moved, failed = dict(evidence.changed), dict(evidence.moved), dict(evidence.failed)
    for name, outcome in outcomes.items():
        if outcome.error:
            failed[name] = outcome.error
            continue
        changed[name] = changed_parts(evidence.alone, outcome, without=evidence.unstable)
        partial = name == "later" or name.startswith("view")
        pair = [keep_places(each, early) if partial else each for each in (evidence.alone, outcome)]
        if name != "signals":
            moved[name] = compare(pair[0], pair[1], noise=evidence.noise)
    return replace(evidence, changed=changed, moved=moved, failed=failed)


def _refit_after(
    folds: Sequence[AuditedFold], others: Sequence[Fold | None], *, fresh: FreshExecutor
) -> list[list[Outcome] | None]:
    wanted = [(replace(each, before=other), NOTHING) for each, other in zip(folds, others, strict=True) if other]
    fitted = iter(refit_all(wanted, fresh=fresh) if wanted else [])
    return [None if other is None else next(fitted) for other in others]


def _judge(
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
        _check_rows(evidence),
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


def _check_rows(evidence: Evidence) -> Check:
    parts = evidence.learned("order")
    made = _check_moves(ROWS, evidence, "order", "same fitted parts and predictions in another order")
    return replace(made, passed=False, message=f"changed: {', '.join(parts)}") if parts else made


def _check_alone(evidence: Evidence) -> Check:
    alone = evidence.alone
    worst = Move()
    for model, values in alone.logits.items():
        spread, twice = spread_of(values), alone.twice.get(model, 0.0)
        apart = alone.alone.get(model, 0.0)
        largest = float(np.nanmax(np.abs(values), initial=0.0))
        relative = apart / spread if spread > 0 else float("inf") if apart else 0.0
        counts = relative > _LEAST_MOVE and apart > max(
            _TIMES_NOISE * twice, 1e-5 * largest if spread < 1e-3 * largest else 0.0
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
    message = f"not checked: handed over fitted; it holds {'; '.join(captured)}. Hand over a factory that fits them"
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
    names = (TWICE, RUN, LABELS_FITTED, LABELS_SAID, SIGNALS_FITTED, LATER, ROWS, ALONE, *SHOWN.values())
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
