"""Methods without a leak: 20 kinds of estimator, five torch modules, and one that is not deterministic."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, ModulePipeline, heart_features
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.learning.settings import TrainingSettings

EPOCHS = TrainingSettings(epochs=2, batch_size=16)


def features(trials: TrialSet) -> np.ndarray:
    return np.nan_to_num(heart_features(trials))


def random_features(trials: TrialSet) -> np.ndarray:
    """Features with noise from the operating system: no two runs are the same."""
    noise = np.random.default_rng(int.from_bytes(os.urandom(8), "little"))
    return features(trials) + noise.normal(0, 0.5, (len(trials), 1))


def _search(estimator: Any, **grid: Any) -> GridSearchCV:
    return GridSearchCV(estimator, grid, cv=2)


def _few() -> dict[str, Any]:
    return {"n_estimators": 5}


ESTIMATORS: dict[str, Any] = {
    "logistic": LogisticRegression(),
    "strongly regularised logistic": LogisticRegression(C=1e-6),
    "svm": make_pipeline(StandardScaler(), CalibratedClassifierCV(SVC(), cv=2)),
    "knn": KNeighborsClassifier(3),
    "knn by tree": KNeighborsClassifier(3, algorithm="kd_tree"),
    "naive bayes": GaussianNB(),
    "lda": LinearDiscriminantAnalysis(),
    "qda": QuadraticDiscriminantAnalysis(reg_param=0.5),
    "tree": DecisionTreeClassifier(max_depth=3),
    "forest": RandomForestClassifier(**_few()),
    "extra trees": ExtraTreesClassifier(**_few()),
    "boosting": GradientBoostingClassifier(**_few()),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=5),
    "adaboost": AdaBoostClassifier(**_few()),
    "bagging": BaggingClassifier(**_few()),
    "mlp": MLPClassifier((8,), max_iter=2000, tol=0.01),
    "gaussian process": GaussianProcessClassifier(),
    "scaler, projection and logistic": make_pipeline(StandardScaler(), PCA(4), LogisticRegression()),
    "selection inside": make_pipeline(StandardScaler(), SelectKBest(k=4), LogisticRegression()),
    "quantiles": make_pipeline(QuantileTransformer(n_quantiles=10), LogisticRegression()),
    "grid search": _search(make_pipeline(StandardScaler(), LogisticRegression()), logisticregression__C=[0.1, 1.0]),
    "voting": VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="soft"),
    "stacking": StackingClassifier([("a", GaussianNB()), ("b", DecisionTreeClassifier())], LogisticRegression(), cv=2),
    "stochastic gradient": make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss")),
    "always the majority": DummyClassifier(),
    "random guesses": DummyClassifier(strategy="uniform"),
}


class Heart(nn.Module):
    """Mean token through some layers."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, tokens: torch.Tensor, times_s: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        weights = mask.unsqueeze(-1).to(tokens.dtype)
        out: torch.Tensor = self.layers((tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1))
        return out


def linear(n: int) -> nn.Module:
    return Heart(nn.Linear(3, n))


def dropout(n: int) -> nn.Module:
    return Heart(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, n))


def batch_norm(n: int) -> nn.Module:
    return Heart(nn.BatchNorm1d(3), nn.Linear(3, n))


def layer_norm(n: int) -> nn.Module:
    return Heart(nn.Linear(3, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, n))


def both(n: int) -> nn.Module:
    return Heart(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, n))


MODULES: dict[str, Callable[[int], nn.Module]] = {
    "linear": linear, "dropout": dropout, "batch norm": batch_norm, "layer norm": layer_norm, "both": both,
}  # fmt: skip


DRAWING = (
    "svm", "tree", "forest", "extra trees", "boosting", "histogram boosting", "adaboost", "bagging", "mlp", "quantiles",
    "stochastic gradient", "random guesses", "module dropout", "module both",
)  # fmt: skip
"""Those that draw random numbers."""


def clean_pipelines() -> list[Any]:
    """All of them, each as a pipeline of its own name."""
    made = [EstimatorPipeline(name, each, features=features) for name, each in ESTIMATORS.items()]
    return made + [ModulePipeline(f"module {name}", each, training=EPOCHS) for name, each in MODULES.items()]


def drawing_pipelines() -> list[Any]:
    """Those that draw random numbers, which could be those of the process."""
    return [each for each in clean_pipelines() if each.models[0] in DRAWING]
