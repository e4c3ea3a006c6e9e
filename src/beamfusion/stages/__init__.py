"""The stages of the matrix: a module each, whose `run` is the work of its jobs."""

STAGES = ("simulate", "prepare", "train", "rebuild", "evaluate", "profile")
