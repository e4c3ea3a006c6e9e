"""Training on several devices: the processes, and what they compute together."""
