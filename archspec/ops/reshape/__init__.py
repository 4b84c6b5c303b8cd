"""Ops that move elements without arithmetic on them."""
