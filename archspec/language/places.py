"""Where the files of specs lie, and what messages call them."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from archspec.errors import Diagnostic, Help, Span, SpecError, UsageError, nearest, shown
from archspec.language import library, networks

WIDER = "allow a wider folder with `--root FOLDER` (Python: root=...)"
"""What to do about a file outside of the folder."""
_MOST_NAMES = 1_000
"""Files of a folder that are looked through for a similar name."""


def is_path(name: str) -> bool:
    """Whether the name of a network or block is the path of its file."""
    return "/" in name or name.endswith((".yaml", ".yml"))


def check_root(root: Path) -> None:
    """Refuse a folder that references may not leave where it is none.

    Raises:
        UsageError: It is no folder.
    """
    if not os.path.isdir(root):  # noqa: PTH112 - a path too long for the system is an error of `Path.is_dir`
        raise UsageError(f"the root `{root}` is no folder")


def display(path: Path) -> str:
    """What messages call a file that a spec names: its path from the working directory, where it lies in there."""
    try:
        return str(path.relative_to(Path.cwd())) or "."
    except (ValueError, OSError):
        return str(path)


def bundled_name(path: Path) -> str:
    """What messages call a file of the library, or a bundled spec."""
    return networks.display_name(path) if path.parent == networks.FOLDER else library.display_name(path)


def located(path: Path, root: Path | None) -> tuple[Path, Path]:
    """Where a file lies that is named from outside, and the folder that its references may not leave.

    That folder is the one that its path names, wherever a link in the place of the file leads.

    Args:
        path: The file.
        root: The folder, where it is asked for.

    Raises:
        SpecError: The file is a link out of that folder, or its path leads in a circle.
    """
    name = str(path)
    try:
        own = (path if path.name == ".." else path.parent).resolve()
        place = path.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise _unplaced("unreadable-file", name, f"cannot read `{shown(name)}`: {error}") from None
    folder = root.resolve() if root else own
    if place.parent != own and not place.is_relative_to(folder):
        message = f"`{shown(name)}` is a link to a file outside of its folder"
        raise _unplaced("path-outside", name, message, WIDER)
    return place, folder


def _unplaced(code: str, name: str, message: str, help: str = "") -> SpecError:
    """An error about a file as a whole."""
    return SpecError([Diagnostic(code, message, Span(name, 1, 1, 1, 1), help=help)])


def nearby(path: Path, *, whole: bool = False) -> str:
    """A hint that names a spec of a similar name in the same folder, or in one called ``specs`` inside.

    Args:
        path: The file that is not there.
        whole: Whether to name the spec by its whole path, as ``path`` is given.
    """
    try:
        if path.is_dir():
            return "it is a folder; name a file in it"
        for folder in (path.parent, path.parent / "specs"):
            names = {other.stem: other.name for other in islice(folder.glob("*.y*ml"), _MOST_NAMES)}
            near = path.name if path.name in names else nearest(path.stem, names)
            found = folder / names.get(near, "")
            if near and found != path:
                meant = str(found if whole else found.relative_to(path.parent))
                return Help.instead(f"did you mean `{meant}`?", meant)
    except (OSError, ValueError):  # a name that no file can have, or a folder that may not be looked into
        pass
    return ""
