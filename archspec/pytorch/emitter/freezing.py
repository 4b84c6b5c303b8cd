"""The end of a network's constructor: what ``freeze:`` says as calls of ``requires_grad_``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

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
    found = {pattern: list(islice(_modules(network, pattern), _MOST + 1)) for pattern in network.freeze}
    modules = {path: None for paths in found.values() if len(paths) <= _MOST for path in paths}
    tensors = {node.path for node in network if node.op.takes_nothing and node.weights}
    yield from _of_modules([path for path in modules if not _is_inside(path, modules)], tensors)
    many = [pattern for pattern, paths in found.items() if len(paths) > _MOST]
    if many:
        yield "        for name, parameter in self.named_parameters():"
    end = r"(?:\.|$)" if tensors else r"\."  # a parameter of its own is called as its node
    for pattern in many:
        regex = patterns.regex(pattern).replace("([^.]*)", "[^.]*")
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


def _of_modules(paths: list[str], tensors: Collection[str]) -> Iterator[str]:
    """The lines for some paths, of which some are those of parameters and not of modules."""
    getters = ("get_parameter" if path in tensors else "get_submodule" for path in paths)
    found = zip(paths, getters, strict=True)
    own = [f"self.{getter}({quoted(path)})" if "." in path else f"self.{path}" for path, getter in found]
    if len(own) <= _FEW:
        for module in own:
            yield from laid_out("", Call(f"{module}.requires_grad_", (("", literal(False)),)), "", 8)
        return
    yield from laid_out("for module in ", Listed(tuple(map(name, own)), "()"), ":", 8)
    yield "            module.requires_grad_(False)"
