"""Contracts: what ``expect:`` says of a network, checked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from archspec.compiler.rule_reader import left_out
from archspec.compiler.trace import Trace
from archspec.errors import Change, Help, did_you_mean, listed
from archspec.language.reading import read_expect
from archspec.language.source import Mapping, Value, locate
from archspec.language.spec import Bound, Expect
from archspec.network import Network, Node


def check_contract(network: Network, contract: Mapping, trace: Trace) -> None:
    """Report each figure of a contract that the network does not keep."""
    for figure in _figures(network, read_expect(contract), contract, trace):
        _check(contract, figure, trace)


class _Figure(NamedTuple):
    """A figure of a contract.

    Attributes:
        keys: Where the contract states it.
        subject: What it is.
        wanted: The figure stated.
        actual: That of the network.
        path: The node that it is a figure of; empty for the network.
    """

    keys: tuple[str, ...]
    subject: str
    wanted: Any
    actual: Any
    path: str = ""


def _figures(network: Network, expect: Expect, contract: Mapping, trace: Trace) -> Iterator[_Figure]:
    for name in ("params", "trainable_params", "macs", "flops"):
        wanted = getattr(expect, name)
        if wanted is not None:
            yield _Figure((name,), f"the number of {name.replace('_', ' ')}", wanted, getattr(network, name))
    if expect.output is not None and _has_one_output(network, contract, trace):
        main = next(iter(network.outputs.values()))
        yield _Figure(("output",), "the shape of the output", expect.output, list(main.shape), main.path)
    for name, wanted in expect.outputs.items():
        if _exists("output", name, network.outputs, contract, ("outputs", name), trace):
            output = network.outputs[name]
            subject = f"the shape of the output `{name}`"
            yield _Figure(("outputs", name), subject, wanted, list(output.shape), output.path)
    for path, wanted in expect.shapes.items():
        if _is_node(path, network, contract, ("shapes", path), trace):
            yield _Figure(("shapes", path), f"the shape of `{path}`", wanted, list(network.shape(path)), path)
    if expect.receptive_field:
        yield from _receptive_fields(network, expect, contract, trace)


def _receptive_fields(network: Network, expect: Expect, contract: Mapping, trace: Trace) -> Iterator[_Figure]:
    from archspec.analysis.receptive_field import receptive_fields

    fields = receptive_fields(network)
    for path, wanted in expect.receptive_field.items():
        if not _is_node(path, network, contract, ("receptive_field", path), trace):
            continue
        field = fields.get(_node_path(network, path))
        actual = list(field.size) if field else None
        if actual and isinstance(wanted, int) and len(set(actual)) == 1:
            wanted = [wanted] * len(actual)
        yield _Figure(("receptive_field", path), f"the receptive field of `{path}`", wanted, actual, path)


def _node_path(network: Network, path: str) -> str:
    """The path of the tensor that a node or block gives."""
    part = network[path]
    return path if isinstance(part, Node) else next(iter(part.outputs.values()))


def _is_node(path: str, network: Network, contract: Mapping, keys: tuple[str, ...], trace: Trace) -> bool:
    if path in network:
        return True
    return _exists("node", path, list(network.paths()), contract, keys, trace, left_out(network, path))


def _exists(
    what: str,
    name: str,
    known: Collection[str],
    contract: Mapping,
    keys: tuple[str, ...],
    trace: Trace,
    why: str = "",
) -> bool:
    if name in known:
        return True
    message = f"the contract speaks of the {what} `{name}`, which the network does not have"
    trace.report("unknown-node", message, _key(contract, keys), help=why or did_you_mean(name, known))
    return False


def _has_one_output(network: Network, contract: Mapping, trace: Trace) -> bool:
    if len(network.outputs) == 1:
        return True
    message = f"the network has several outputs: {listed(network.outputs)}"
    shapes = ", ".join(f"{name}: {list(output.shape)}" for name, output in network.outputs.items())
    help = Help("state their shapes in `outputs:`, by name", Change("state", f"outputs: {{{shapes}}}"))
    trace.report("ambiguous-output", message, _key(contract, ("output",)), help=help)
    return False


def _key(contract: Mapping, keys: tuple[str, ...]) -> Value:
    """The key of an entry of a contract."""
    parent = locate(contract, keys[:-1])
    assert isinstance(parent, Mapping)
    return parent.keys[keys[-1]]


def _check(contract: Mapping, figure: _Figure, trace: Trace) -> None:
    wanted, actual = figure.wanted, figure.actual
    if isinstance(wanted, Bound):
        kept = (wanted.min is None or actual >= wanted.min) and (wanted.max is None or actual <= wanted.max)
        bounds = [("at least", wanted.min), ("at most", wanted.max)]
        expected = " and ".join(f"{words} {bound:,}" for words, bound in bounds if bound is not None)
    else:
        kept, expected = wanted == actual, _show(wanted)
    if not kept:
        message = f"{figure.subject} is not what the contract says"
        place, found = locate(contract, figure.keys), _show(actual)
        written = f"{actual:_}" if isinstance(actual, int) else str(actual)
        help = Help.instead("", written) if actual is not None else ""
        trace.report("expect-mismatch", message, place, path=figure.path, expected=expected, found=found, help=help)


def _show(figure: Any) -> str:
    return f"{figure:,}" if isinstance(figure, int) else str(figure)
