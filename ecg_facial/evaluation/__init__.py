"""Evaluation: splits, metrics, statistics, the benchmark and its report."""
