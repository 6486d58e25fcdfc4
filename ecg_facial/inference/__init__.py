"""Prediction without torch: bundle, predictor, fusion, engines."""
