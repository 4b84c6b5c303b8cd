"""Analyses of a network: each takes a `Network` and returns a frozen result."""
