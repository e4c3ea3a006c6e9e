"""What the values of tables mean: against the reported, against each other, and against the paper's rules."""
