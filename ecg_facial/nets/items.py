"""Items of the torch data sets."""

from __future__ import annotations

from torch import Tensor

Item = tuple[dict[str, Tensor], Tensor]
