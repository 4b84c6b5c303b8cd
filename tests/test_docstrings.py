"""What docstrings list is there: the arguments of functions, the attributes of classes, all of them and in order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "archspec").rglob("*.py"))}
CLASSES = {node.name: node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def listed(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, section: str) -> list[str]:
    """The names that a section of a docstring lists."""
    found = re.search(rf"^{section}:\n((?:    .*\n?|\n)*)", ast.get_docstring(node) or "", re.MULTILINE)
    lines = re.findall(r"^    (\S[^:]*):", found[1], re.MULTILINE) if found else []
    return [name.strip("*") for line in lines for name in line.split(", ")]


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The parameters of a function, in the order in which it states them."""
    given = function.args
    stated = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return [each.arg for each in stated if each is not None and each.arg not in ("self", "cls")]


def named(kind: ast.ClassDef) -> Iterator[ast.ClassDef]:
    """A class and those of ours that it is derived from."""
    yield kind
    for base in kind.bases:
        if isinstance(base, ast.Name) and base.id in CLASSES:
            yield from named(CLASSES[base.id])


def fields(kind: ast.ClassDef) -> list[str]:
    """The fields that a class declares, but for those that are private or have a text of their own."""
    bodies = list(zip(kind.body, [*kind.body[1:], None], strict=True))
    return [
        node.target.id
        for node, after in bodies
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if not node.target.id.startswith("_") and not isinstance(after, ast.Expr)
    ]


def known(kind: ast.ClassDef) -> set[str]:
    """All names that a class has: what it declares, computes or sets."""
    return {
        name
        for part in named(kind)
        for node in ast.walk(part)
        for name in (getattr(node, "attr", ""), getattr(node, "id", ""), getattr(node, "name", ""))
    }


def test_arguments_are_listed_as_they_are() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {found}, not {arguments(node)}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (found := listed(node, "Args")) and found != arguments(node)
    ]
    assert not wrong


def test_attributes_are_listed_as_they_are() -> None:
    wrong = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and (found := listed(node, "Attributes")):
                declared, place = fields(node), f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                wrong += [f"{place} has no {name}" for name in {*found} - known(node)]
                if [name for name in found if name in declared] != declared:
                    wrong.append(f"{place}: {found}, not {declared}")
    assert not wrong
