"""Encoders, feature fusion, time fusion and heads."""
