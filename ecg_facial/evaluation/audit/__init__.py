"""Leakage audit: canaries on the real pipeline, structure of folds, duplicates, decoding, chance, plausibility."""

from ecg_facial.evaluation.audit.checks import LEAKS, AuditResult, Check

__all__ = ["LEAKS", "AuditResult", "Check"]
