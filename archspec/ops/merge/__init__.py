"""Ops that join several tensors."""
