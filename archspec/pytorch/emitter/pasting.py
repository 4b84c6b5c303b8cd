"""Layers that PyTorch lacks: their source, as a file of archspec's has it, for what a network asks of them."""

from __future__ import annotations

import ast
import importlib.resources
import re
from collections.abc import Collection, Iterator
from functools import cache

from archspec.errors import UsageError
from archspec.network import Network
from archspec.ops.facts import Function, Module
from archspec.pytorch.emitter.code import WIDTH

_PAIR = "int | tuple[int, int]"
"""The type of a size that may differ between height and width."""


def targets(network: Network) -> list[str]:
    """What the nodes construct or call, each once."""
    return list(dict.fromkeys(call.target for call in _calls(network)))


def pasted(network: Network) -> dict[str, str]:
    """The source of the layers that PyTorch lacks, by the names that it defines."""
    found: dict[str, str] = {}
    for target in targets(network):
        if "." not in target and target not in found:
            found |= _defining(target)
            calls = [call for call in _calls(network) if call.target == target and isinstance(call, Function)]
            text = found[target]
            plain = _of_numbers(text, target, calls) if calls else text
            found = {name: plain if each == text else each for name, each in found.items()}
    return found


def _calls(network: Network) -> list[Module | Function]:
    distinct = {id(node.applied): node for node in network}
    return [node.op.torch(node.input_shapes) for node in distinct.values()]


def _defining(target: str) -> dict[str, str]:
    """The file that defines a layer, without its imports, under each name that it defines."""
    if target not in _files():
        raise UsageError(
            f"no layer is called `{target}`: an op's layer is PyTorch's, or one of archspec.pytorch.layers"
        )
    text = _files()[target]
    return _taken(ast.parse(text).body) | dict.fromkeys(_defined(text), _after_imports(text))


@cache
def _files() -> dict[str, str]:
    """The text of the file that defines each layer, by its name."""
    folder = importlib.resources.files("archspec.pytorch.layers").iterdir()
    texts = [file.read_text(encoding="utf-8") for file in folder if file.name.endswith(".py")]
    return {name: text for text in texts for name in _defined(text)}


def _defined(text: str) -> list[str]:
    return re.findall(r"^(?:class|def) (\w+)", text, flags=re.MULTILINE)


def _taken(body: list[ast.stmt]) -> dict[str, str]:
    """The source of what a layer's file imports from another of them."""
    imports = [node for node in body if isinstance(node, ast.ImportFrom)]
    own = [node for node in imports if (node.module or "").startswith("archspec.pytorch.layers.")]
    return {name: text for node in own for name, text in _defining(node.names[0].name).items()}


def _after_imports(text: str) -> str:
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    last = max((node.end_lineno or 0 for node in imports), default=0)
    return "\n".join(text.splitlines()[last:]).strip("\n")


def _of_numbers(text: str, target: str, calls: Collection[Function]) -> str:
    """The source of a function of which each size is a number where all calls give one, and no pair."""
    (function,) = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == target)
    parameters = function.args.args
    alike = {
        each.arg
        for place, each in enumerate(parameters)
        if ast.unparse(each.annotation or each) == _PAIR and all(_is_number(call, place) for call in calls)
    }
    if not alike:
        return text
    lines = text.splitlines()
    for statement in reversed(function.body):
        names = _unpacked(statement, alike)
        if names:
            indent = " " * statement.col_offset
            lines[statement.lineno - 1 : statement.end_lineno] = [f"{indent}{' = '.join(names)}"]
    declared = [
        f"{each.arg}: {'int' if each.arg in alike else ast.unparse(each.annotation or each)}" for each in parameters
    ]
    lines[function.lineno - 1 : function.body[0].lineno - 1] = _signature(function, declared)
    return "\n".join(lines)


def _is_number(call: Function, place: int) -> bool:
    return place < len(call.args) and type(call.args[place]) is int


def _unpacked(statement: ast.stmt, alike: Collection[str]) -> list[str]:
    """The names in ``a, b = (size, size) if isinstance(size, int) else size``, and last the size; none for another."""
    match statement:
        case ast.Assign([ast.Tuple(targets)], ast.IfExp(_, _, ast.Name(size))) if size in alike:
            return [*map(ast.unparse, targets), size]
    return []


def _signature(function: ast.FunctionDef, declared: list[str]) -> Iterator[str]:
    result = ast.unparse(function.returns) if function.returns else "None"
    line = f"def {function.name}({', '.join(declared)}) -> {result}:"
    if len(line) <= WIDTH:
        yield line
        return
    inside = f"    {', '.join(declared)}"
    parameters = [inside] if len(inside) <= WIDTH else [f"    {each}," for each in declared]
    yield from (f"def {function.name}(", *parameters, f") -> {result}:")
