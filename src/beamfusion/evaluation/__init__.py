"""Predictions, scores and costs of trained networks."""
