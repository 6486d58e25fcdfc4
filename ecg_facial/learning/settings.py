"""Settings of training and of the built-in models."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ecg_facial.errors import SettingsError
from ecg_facial.inference.settings import ECG_WEIGHT, FACE_WEIGHT, check_weights
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.runtime.settings import strict_settings

_PRECISIONS = ("auto", "fp32", "bf16")


@strict_settings
@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a model is trained.

    Attributes
    ----------
    epochs : int
        Largest number of passes over the training data.
    batch_size : int
        Trials per step.
    learning_rate : float
        Peak of a cosine schedule over all `epochs` with one epoch of warm-up.
    weight_decay : float
        Of AdamW.
    patience : int
        Epochs without a better validation loss after which training stops.
    class_weights : bool
        Weigh classes by the inverse of how often they occur in the training set.
    clip_norm : float
        Limit of the gradient's norm.
    precision : {"auto", "fp32", "bf16"}
        ``auto`` takes bf16 on a GPU that has it, where pictures are trained on.
    device : str
        ``auto`` (a GPU where there is one), ``cpu``, ``cuda``.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    patience: int = 6
    class_weights: bool = True
    clip_norm: float = 1.0
    precision: str = "auto"
    device: str = "auto"

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size, self.patience) < 1:
            raise SettingsError(f"{self}: epochs, batch_size and patience are 1 or more")
        if not (self.learning_rate > 0 and self.weight_decay >= 0 and self.clip_norm > 0):
            raise SettingsError(f"{self}: learning_rate and clip_norm are above 0, weight_decay is 0 or more")
        if self.precision not in _PRECISIONS:
            raise SettingsError(f"unknown precision {self.precision!r}: expected {', '.join(_PRECISIONS)}")


ECG_EPOCHS_PER_FACIAL = 2
ECG_TRAINING = TrainingSettings(epochs=ECG_EPOCHS_PER_FACIAL * TrainingSettings.epochs, patience=12)
FINE_TUNING = TrainingSettings(learning_rate=1e-4, batch_size=4)
"""Where pictures are trained on: small steps of few clips."""


@strict_settings
@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Architecture, training and fusion of both models.

    Attributes
    ----------
    facial : FacialSettings
        Architecture of the facial model.
    ecg : EcgSettings
        Architecture of the ECG model.
    facial_training, ecg_training : TrainingSettings
        How each is trained.
    face_weight : float
        Weight of the face logits in the fusion.
    ecg_weight : float
        Weight of the ECG logits in the fusion.
    """

    facial: FacialSettings = field(default_factory=FacialSettings)
    ecg: EcgSettings = field(default_factory=EcgSettings)
    facial_training: TrainingSettings = field(default_factory=TrainingSettings)
    ecg_training: TrainingSettings = ECG_TRAINING
    face_weight: float = FACE_WEIGHT
    ecg_weight: float = ECG_WEIGHT

    def __post_init__(self) -> None:
        check_weights(self.face_weight, self.ecg_weight)


def suit_training(models: ModelSettings) -> ModelSettings:
    """Adapt the training to the networks.

    The ECG network is trained for twice the epochs of the facial one; a ResNet18 that is trained too takes the steps of
    `FINE_TUNING`.
    """
    facial = models.facial_training
    ecg = replace(models.ecg_training, epochs=ECG_EPOCHS_PER_FACIAL * facial.epochs)
    if not models.facial.frozen:
        facial = replace(facial, learning_rate=FINE_TUNING.learning_rate, batch_size=FINE_TUNING.batch_size)
    return replace(models, facial_training=facial, ecg_training=ecg)


FUSION_RULES = ("fixed", "learned")
