"""The networks: encoders, feature fusion, time fusion, heads, and the modality rebuilding module."""
