"""The commands of the command line, a module each: `add_parser` says what it takes, and runs it."""
