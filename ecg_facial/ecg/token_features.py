"""Names of the features of a heart-rate token."""

from __future__ import annotations

TOKEN_FEATURES: tuple[str, ...] = ("heart_rate", "deviation", "change")
N_TOKEN_FEATURES = len(TOKEN_FEATURES)
