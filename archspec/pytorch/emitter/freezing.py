"""The end of a network's constructor: what ``freeze:`` says as calls of ``requires_grad_``."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.language import patterns
from archspec.language.algebra import literal, name
from archspec.network import Block, Network, Node
from archspec.pytorch.emitter.code import Call, Listed, laid_out, quoted

_FEW = 3
"""So many modules are frozen in a line each, more in a loop."""
_MOST = 12
"""Of a pattern that fits more modules, the names of parameters are compared."""


def freezing(network: Network) -> Iterator[str]:
    """The lines; none where all trains."""
    if network.freeze and network.frozen_params == network.params:
        yield "        self.requires_grad_(False)"
        return
    found = {pattern: list(_modules(network, pattern)) for pattern in network.freeze}
    frozen = {path: None for paths in found.values() if len(paths) <= _MOST for path in paths}
    outermost = [path for path in frozen if not _is_inside(path, frozen)]
    yield from _of_each("module", [_module(path) for path in outermost if not _is_tensor(network, path)])
    yield from _of_each("parameter", [_parameter(path) for path in outermost if _is_tensor(network, path)])
    many = [pattern for pattern, paths in found.items() if len(paths) > _MOST]
    if many:
        yield "        for name, parameter in self.named_parameters():"
    for pattern in many:
        regex = patterns.regex_without_groups(pattern)
        end = r"(?:\.|$)" if any(_is_tensor(network, path) for path in found[pattern]) else r"\."
        yield f'            if re.match(r"{regex}{end}", name):'
        yield "                parameter.requires_grad_(False)"


def _modules(network: Network, pattern: str) -> Iterator[str]:
    """The outermost nodes and blocks with weights that a pattern freezes."""
    if patterns.is_pattern(pattern):
        yield from _inside(network.blocks, pattern)
    elif pattern in network and network[pattern].params:
        yield pattern


def _inside(block: Block, pattern: str) -> Iterator[str]:
    for child in block.children:
        if not child.params:
            continue
        if patterns.matches(pattern, child.path):
            yield child.path
        elif not isinstance(child, Node):
            yield from _inside(child, pattern)


def _is_inside(path: str, modules: dict[str, None]) -> bool:
    """Whether a module stands in another one."""
    while path := path.rpartition(".")[0]:
        if path in modules:
            return True
    return False


def _is_tensor(network: Network, path: str) -> bool:
    """Whether a node is a parameter of the module that holds it, and no module."""
    node = network[path]
    return isinstance(node, Node) and node.op.takes_nothing


def _of_each(variable: str, own: list[str]) -> Iterator[str]:
    if len(own) <= _FEW:
        for each in own:
            yield from laid_out("", Call(f"{each}.requires_grad_", (("", literal(False)),)), "", 8)
        return
    yield from laid_out(f"for {variable} in ", Listed(tuple(map(name, own)), "()"), ":", 8)
    yield f"            {variable}.requires_grad_(False)"


def _module(path: str) -> str:
    if "." in path:
        return f"self.get_submodule({quoted(path)})"
    return f"self[{path}]" if path.isdecimal() else f"self.{path}"


def _parameter(path: str) -> str:
    return f"self.get_parameter({quoted(path)})" if "." in path else f"self.{path}"
