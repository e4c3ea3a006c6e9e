"""Losses, learning rates and the loops that train the predictor and the MRM."""
