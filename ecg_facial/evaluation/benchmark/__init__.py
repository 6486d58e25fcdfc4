"""Benchmark runs: fit pipelines fold by fold, resume, and collect predictions."""
