"""Names of nodes: near to those of modules, and each once in its graph."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from archspec.importers.module.runs import Held
from archspec.language.names import node_name_problem


def free_name(wanted: str, taken: Collection[str]) -> str:
    """A name near to another that none of those taken is."""
    wanted = re.sub(r"\W", "_", wanted, flags=re.ASCII)
    if wanted not in taken and (wanted.isdecimal() or not node_name_problem(wanted)):
        return wanted
    stem = wanted if not wanted.isdecimal() else f"m{wanted}"
    if node_name_problem(stem) and stem not in taken:
        stem = f"{stem}_"
        if stem not in taken:
            return stem
    separator = "_" if stem[-1].isdecimal() else ""
    return next(name for n in range(2, 10**6) if (name := f"{stem}{separator}{n}") not in taken)


def own_name(path: str, around: str) -> str:
    """The name of a module in the one around it."""
    return path.removeprefix(f"{around}." if around else "")


def owner_of(held: Mapping[str, Held], path: str) -> str:
    """The name of the module inside of one whose tensors a function is given; empty where there is none."""
    owners = {each.owner for each in held.values()}
    around = f"{path}." if path else ""
    owner = owners.pop() if len(owners) == 1 else ""
    inside = owner.removeprefix(around) if owner.startswith(around) else ""
    return "" if "." in inside else inside
