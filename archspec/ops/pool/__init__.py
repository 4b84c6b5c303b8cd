"""Pooling: a window, or a share of the input, becomes one place."""

INDEX_BYTES = 8
"""A max pooling keeps the place of each maximum as int64."""
