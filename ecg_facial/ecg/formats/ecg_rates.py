"""Rates at which an ECG may be sampled.

Input: a rate. Output: whether it may be that of an ECG.
"""

from __future__ import annotations

# 50 Hz is the lowest rate of the beat detector; above 5 kHz, a unit of time is wrong more often than right
ECG_RATES_HZ = (50.0, 5000.0)


def is_ecg_rate(rate_hz: float) -> bool:
    """Tell whether an ECG may be sampled at a rate; rounded stamps may miss a limit by half a per cent."""
    return 0.995 * ECG_RATES_HZ[0] <= rate_hz <= 1.005 * ECG_RATES_HZ[1]
