"""Pooling: a window, or a share of the input, becomes one place; and back again."""
