"""Names of the features of a heart-rate token.

Input: nothing. Output: constants; imports nothing.
"""

from __future__ import annotations

TOKEN_FEATURES: tuple[str, ...] = ("heart_rate", "deviation", "change")
"""Features of a heart-rate token, in their order; `ecg_facial.ecg.intervals.HeartRateTokens` has their units."""
N_TOKEN_FEATURES = len(TOKEN_FEATURES)
