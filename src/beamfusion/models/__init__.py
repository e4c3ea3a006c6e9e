"""Encoders, feature fusion, time fusion, heads, and the selective scan they stand on."""
