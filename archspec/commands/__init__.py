"""The commands: one file for each, a function of plain arguments that returns the exit code."""
