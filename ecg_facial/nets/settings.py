"""Settings of the facial and the ECG network."""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings


@strict_settings
@dataclass(frozen=True, kw_only=True)
class FacialSettings:
    """Architecture of the facial model.

    Attributes
    ----------
    weights : str
        Start of the ResNet18: rendered, imagenet, none, or a file. See `nets.weights.load_resnet18`.
    weights_sha256 : str or None
        Expected SHA-256 of a file.
    fine_tune : bool
        Train the ResNet18 too instead of keeping it frozen. A frozen network's features are computed once.
    hidden : int
        GRU units in each direction.
    n_layers : int
        Layers of the GRU.
    dropout : float
        Between GRU layers and before the last layer.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    weights: str = "rendered"
    weights_sha256: str | None = None
    fine_tune: bool = False
    hidden: int = 256
    n_layers: int = 2
    dropout: float = 0.3

    @property
    def frozen(self) -> bool:
        """Whether the ResNet18 stays as it is; random weights see nothing unless they are trained."""
        return not (self.fine_tune or self.weights == "none")

    def __post_init__(self) -> None:
        if self.hidden < 1 or self.n_layers < 1:
            raise SettingsError(f"GRU of {self.n_layers} layers of {self.hidden} units: expected 1 or more of each")
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout is {self.dropout}: expected 0 to below 1")


@strict_settings
@dataclass(frozen=True, kw_only=True)
class EcgSettings:
    """Architecture of the ECG model.

    Attributes
    ----------
    width : int
        Width of the Transformer; a multiple of twice `n_heads`.
    n_heads, n_layers : int
        Attention heads and encoder layers.
    feedforward : int
        Width of the layer between two projections of a block.
    dropout : float
        Inside every encoder layer.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    width: int = 64
    n_heads: int = 4
    n_layers: int = 2
    feedforward: int = 128
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(self.width, self.n_heads, self.n_layers, self.feedforward) < 1:
            raise SettingsError(f"{self}: expected 1 or more of everything")
        if self.width % (2 * self.n_heads):
            raise SettingsError(f"width is {self.width}: expected a multiple of {2 * self.n_heads} (twice the heads)")
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout is {self.dropout}: expected 0 to below 1")
