"""What installed packages add, by the groups of entry points that they offer it under."""

from __future__ import annotations

_loaded: set[str] = set()


def load_plugins(group: str) -> None:
    """Import what packages offer under a group, once."""
    if group in _loaded:
        return
    _loaded.add(group)  # first, since what is imported may ask for the table that it adds to
    from importlib.metadata import entry_points

    for entry in entry_points(group=group):
        entry.load()
