"""Activation functions: one number in, one number out, for each element."""
