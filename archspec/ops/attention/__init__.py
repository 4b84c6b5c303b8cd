"""Attention, and what is added to its scores."""
