"""A simulated DeepSense 6G tree: one street, five sensors, and the beam that serves a car driving by."""
