"""Backends: each turns a `Network`, or diagnostics, into text."""
