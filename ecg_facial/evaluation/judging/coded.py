"""Rows of a predictions table as numbers, and what each model answered of each trial.

Input: a `PredictionsTable`. Output: `CodedRows`, and tables of trials by models. Everything that is judged is computed
from these arrays: text is compared once, so that a million rows take seconds.

A trial is without a prediction where a model has no row for it, or a row without an answer (empty probabilities and no
decision), in any of its seeds. Such trials are left out of the figures and counted; beside the figures stands what they
would be with these trials counted as wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array, StrArray

NO_ANSWER = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class TrialList:
    """The trials of a file, each once, sorted by subject and name.

    Attributes
    ----------
    subjects : ndarray of str, shape (n_subjects,)
    subject : ndarray of int, shape (n_trials,)
        Whose trial each is, by place in `subjects`.
    true : ndarray of int, shape (n_trials,)
        Class of its label.
    """

    subjects: StrArray
    subject: Int64Array
    true: Int64Array

    def __len__(self) -> int:
        return len(self.true)


@dataclass(frozen=True, eq=False, kw_only=True)
class CodedRows:
    """Rows of one model, or of all.

    Attributes
    ----------
    trials : TrialList
    trial : ndarray of int, shape (n_rows,)
        Place of the trial.
    guess : ndarray of int, shape (n_rows,)
        Class that was answered; `NO_ANSWER` where there is none.
    seed : ndarray of int, shape (n_rows,)
    probabilities : ndarray, shape (n_rows, n_classes)
        NaN where a row has none.
    """

    trials: TrialList
    trial: Int64Array
    guess: Int64Array
    seed: Int64Array
    probabilities: Float64Array

    @property
    def true(self) -> Int64Array:
        """Class of each row's label."""
        return self.trials.true[self.trial]

    @property
    def subject(self) -> Int64Array:
        """Subject of each row."""
        return self.trials.subject[self.trial]

    @property
    def right(self) -> BoolArray:
        """Whether the answer is the label."""
        return np.asarray(self.guess == self.true)

    @property
    def answered(self) -> CodedRows:
        """The rows with an answer."""
        return self.select(self.guess != NO_ANSWER)

    def select(self, mask: BoolArray) -> CodedRows:
        """Keep some rows."""
        return CodedRows(
            trials=self.trials,
            trial=self.trial[mask],
            guess=self.guess[mask],
            seed=self.seed[mask],
            probabilities=self.probabilities[mask],
        )

    def known_probabilities(self) -> Float64Array | None:
        """Probabilities of all rows; None for a model that gives decisions alone."""
        return self.probabilities if np.isfinite(self.probabilities).all() and len(self.probabilities) else None


def code_rows(about: PredictionsTable) -> CodedRows:
    """Code all rows of a table."""
    table = about.table
    places = {name: place for place, name in enumerate(about.class_names)} | {"": NO_ANSWER}
    subject, subjects = pd.factorize(table["subject"].astype(str), sort=True)
    name, names = pd.factorize(table["trial"].astype(str), sort=True)
    # a trial's name is unique within its subject alone
    _, first, trial = np.unique(subject * np.int64(len(names)) + name, return_index=True, return_inverse=True)
    true = _code(table["label"], places)
    return CodedRows(
        trials=TrialList(
            subjects=np.asarray(subjects, dtype=np.str_), subject=subject[first].astype(np.int64), true=true[first]
        ),
        trial=trial.astype(np.int64),
        guess=_code(table["predicted"], places),
        seed=table["seed"].to_numpy(np.int64),
        probabilities=table[[f"p_{name}" for name in about.class_names]].to_numpy(np.float64),
    )


def _code(column: pd.Series[Any], places: dict[str, int]) -> Int64Array:
    """Place of each class name."""
    codes, names = pd.factorize(column.astype(str))
    return np.asarray(np.array([places[str(name)] for name in names], dtype=np.int64)[codes], dtype=np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class TrialAnswers:
    """What one model made of each trial of the file, over its seeds.

    Attributes
    ----------
    right : ndarray, shape (n_trials,)
        Share of right answers; NaN for a trial that is without an answer in any seed.
    as_wrong : ndarray, shape (n_trials,)
        The same, where a missing answer counts as a wrong one.
    answered : ndarray, shape (n_trials,)
        Share of the seeds with an answer.
    """

    right: Float64Array
    as_wrong: Float64Array
    answered: Float64Array


def collect_answers(rows: CodedRows) -> TrialAnswers:
    """Collect the answers of one model to the trials of the file."""
    n_trials, n_seeds = len(rows.trials), len(np.unique(rows.seed))
    given = rows.guess != NO_ANSWER
    # a protocol may test a trial in several folds of one seed
    asked = np.maximum(np.bincount(rows.trial, minlength=n_trials), n_seeds)
    answered = np.bincount(rows.trial[given], minlength=n_trials) / asked
    as_wrong = np.bincount(rows.trial[given & rows.right], minlength=n_trials) / asked
    return TrialAnswers(
        right=np.where(answered == 1, as_wrong, np.nan), as_wrong=as_wrong, answered=np.asarray(answered)
    )
