"""When two numbers of a table differ: intervals and tests over seeds and clusters. Arrays in, numbers out."""
