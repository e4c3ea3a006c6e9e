"""The source of the paper about tea: what its results are stale by."""
