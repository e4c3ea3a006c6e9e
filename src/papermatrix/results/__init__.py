"""What jobs left on disk: their status, the values of cells, where they came from, what they cost."""
