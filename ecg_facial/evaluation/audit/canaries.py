"""Canaries: a fold is fitted again on altered data. What was learned, and what is said of the rest, may not change.

Input: folds with what is needed to fit them again, and what the run kept of them. Output: checks.

A method that is free of leakage computes its weights, scalers, epochs, temperatures and fusion weights from the inner
subjects alone. So all of them stay the same when test trials are altered, and so do its predictions of the test trials
that were not altered. All alterations are made at once at first, in a fresh process: where the outcome equals the run's
own, each of the checks is passed, for the price of one fit. Where it differs, the cause is looked for:

1. The same data are fitted twice, in two fresh processes. What differs between these two is noise: a method with noise
   is called nondeterministic, its digests are not compared, and a difference counts from five times the noise.
2. Each view is altered alone: labels, signals (heart, video, columns, times apart), order of rows, names of trials, and
   what a factory is shown before the fold.
3. The differences name one cause; all other checks that fail for the same method are listed as its consequences.

Logits are compared in units of their own spread over trials: a method with small logits is judged like any other.
What canaries cannot see: a method that reads the data from elsewhere, past what it is handed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ecg_facial.evaluation.audit.alterations import (
    LABELS,
    NAMES,
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
from ecg_facial.evaluation.audit.evidence import Evidence, Move, changed_parts, compare
from ecg_facial.evaluation.audit.refitting import (
    AuditedFold,
    Outcome,
    keep_places,
    refit_all,
)
from ecg_facial.evaluation.audit.verdicts import RUN, judge, merge_folds
from ecg_facial.evaluation.judging.schema import Check
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.prepared.normalising import normalise
from ecg_facial.runtime.executors.fresh import FreshExecutor
from ecg_facial.runtime.text import join_words

_JOINT = LABELS | SIGNALS | ORDER | NAMES | SHOWN_LABELS | SHOWN_SIGNALS


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
        names = join_words(list(stored[0][place].logits))
        own = [
            judge(
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
        return LABELS | ORDER | NAMES | SHOWN_LABELS | SHOWN_SIGNALS
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
        "names": NAMES,
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
