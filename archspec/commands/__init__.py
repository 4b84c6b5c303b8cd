"""The commands: one file for each, a function of plain arguments."""
