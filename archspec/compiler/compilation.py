"""One compile of a spec that has been read: values of parameters, elaboration, tensor rules, contracts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from archspec.compiler.binding import Argument, bind, check_values, has_too_many, no_op, op_help
from archspec.compiler.changes import check_changed
from archspec.compiler.contract import check_contract
from archspec.compiler.elaborate import elaborate
from archspec.compiler.sharing import Memory, Settled
from archspec.compiler.tensor_rules import tensor_rules
from archspec.compiler.trace import Trace
from archspec.errors import Diagnostic, UsageError, did_you_mean
from archspec.language.choice import plain
from archspec.language.definition import Definition
from archspec.language.loader import Loader, Reading
from archspec.language.source import Entry, Scalar, Source
from archspec.language.source import Mapping as MappingValue
from archspec.language.values import kind
from archspec.network import Network
from archspec.ops import registry


def compiled(
    reading: Reading, loader: Loader, memory: Memory, trace: Trace, variant: str | None, params: Mapping[str, Any]
) -> Network | None:
    """The network of a spec; of one that is wrong what compiles of it, or None.

    Args:
        reading: What its file holds.
        loader: Reads the files of its blocks.
        memory: What equal uses of blocks and ops share.
        trace: Where errors go.
        variant: One of its variants.
        params: Values of its parameters, over those of the variant.

    Raises:
        SpecError: There is no going on with it.
        UsageError: There is no such variant or parameter, or a parameter does not take the value.
    """
    definition = reading.definition
    trace.take(reading.found)
    if definition is None:
        return None
    if not definition.is_network:
        help = "a network has a `name:` and `inputs:`; `archspec draw --block FILE` draws a block by itself"
        message = f"`{definition.name}` is a block, and only a network can be compiled"
        trace.report("not-a-network", message, definition.value.entries["block"], help=help)
        return None
    if has_too_many(definition, loader.limits, trace):
        return None
    settled = _settled(definition, memory, trace)
    arguments = _arguments(definition, variant, settled.variants, params, trace)
    usual = (variant is None and not params) or settled.usual == arguments
    strict = usual and not _is_variant(definition)
    network, blocks, changed = elaborate(definition, arguments, loader, memory, trace)
    if strict and not trace.found:
        check_changed(definition, changed, network, trace)
    is_whole = not trace.found
    rules = tensor_rules(definition, arguments, network if is_whole else None, memory, trace, strict)
    if not is_whole:
        return network
    sources = [source for each in (reading, *blocks) for source in each.sources]
    network = replace(
        network,
        variants=tuple(definition.variants),
        digest=_digest(sources, arguments),
        paper=definition.paper,
        **rules._asdict(),
    )
    for contract in _contracts(settled, arguments, usual):
        check_contract(network, contract, trace)
    if not trace.found:  # one that is misspelt where it is asked for is not unused
        trace.take(_unused_parameters(each.definition for each in (reading, *blocks)))
    return network


def _unused_parameters(definitions: Iterable[Definition | None]) -> Iterator[Diagnostic]:
    """Errors in the files of users; nobody mends a file of the library."""
    for definition in definitions:
        if definition is not None and not definition.source.bundled:
            yield from definition.unused


def _settled(definition: Definition, memory: Memory, trace: Trace) -> Settled:
    """What does not depend on the values that are given; kept where nothing is wrong with it."""
    if memory.settled is not None and memory.settled.definition is definition:
        return memory.settled
    variants = {name: _variant(definition, name, trace) for name in definition.variants}
    bound = {name: bind(definition, given, {}, Trace(), "") for name, given in variants.items()}
    settled = Settled(definition, variants, bind(definition, {}, {}, Trace(), ""), bound)
    if not trace.found:
        memory.settled = settled
    return settled


def _variant(definition: Definition, name: str, trace: Trace) -> dict[str, Argument]:
    """The values that a variant gives; those that no parameter takes are errors."""
    value = definition.variants[name]
    given = {
        key: Argument(entry.plain(), Entry(value.keys[key], entry))
        for key, entry in value.entries.items()
        if key not in ("expect", "doc")
    }
    check_values(definition, given, trace)
    return given


def _listed(value: Any, known: dict[int, Any]) -> Any:
    """A value of Python's with lists in place of tuples, as a file has it; ``known`` are parts that it has already."""
    if not isinstance(value, list | tuple | dict) or id(value) in known:
        return known.get(id(value), value)
    if isinstance(value, dict):
        known[id(value)] = mapping = dict[Any, Any]()
        mapping.update((key, _listed(item, known)) for key, item in value.items())
        return mapping
    known[id(value)] = made = list[Any]()
    made.extend(_listed(item, known) for item in value)
    return made


def _arguments(
    definition: Definition,
    variant: str | None,
    variants: Mapping[str, dict[str, Argument]],
    params: Mapping[str, Any],
    trace: Trace,
) -> dict[str, Any]:
    """The values of the network's parameters."""
    if variant is not None and variant not in variants:
        hint = did_you_mean(variant, variants) or "it names none"
        raise UsageError(f"`{definition.name}` has no variant `{variant}`; {hint}")
    given = dict(variants[variant]) if variant is not None else {}
    outside = Entry(Scalar(definition.source, 0, 0, ""), definition.value)
    for name, value in params.items():
        if name not in definition.params:
            hint = did_you_mean(name, definition.params) or "it has none"
            raise UsageError(f"`{definition.name}` has no parameter `{name}`; {hint}")
        value = _listed(value, {})
        param = definition.params[name]
        expected = param.problem(value)
        if expected:
            raise UsageError(f"the parameter `{name}` of `{definition.name}` expects {expected}, found {kind(value)}")
        place = outside
        if param.names_one:
            _check_named(definition, name, value)
            place = Entry(definition.param_key(name), definition.param_key(name))
        given[name] = Argument(deepcopy(value), place)  # the network's own, whatever becomes of the caller's list
    for name, param in definition.params.items():
        if param.required and name not in given:
            message = f"`{definition.name}` needs the parameter `{name}`"
            help = f"give it a `default`, or a value: `--set {name}=...`"
            trace.report("missing-argument", message, definition.param_key(name), help=help)
    return bind(definition, given, {}, trace, "")


def _check_named(definition: Definition, name: str, value: Any) -> None:
    """Refuse the name of an op that there is not, given from outside for a parameter."""
    named = value.get("op") if isinstance(value, dict) else value
    if definition.params[name].kind == "op" and isinstance(named, str) and registry.find(named) is None:
        what = f"the parameter `{name}` of `{definition.name}`"
        raise UsageError(f"{what} expects an op, and {no_op(named)}; {op_help(named, definition.blocks)}")


def contracts(network: Network) -> list[MappingValue]:
    """The contracts that hold for a network."""
    settled = _settled(network.blocks.content.template, Memory(), Trace())
    arguments = dict(network.blocks.content.arguments)
    return list(_contracts(settled, arguments, settled.usual == arguments))


def _is_variant(definition: Definition) -> bool:
    """Whether a network is a variant of a bundled file, whose rules may be about nodes that only others have."""
    source = definition.source
    return source.bundled and source.path is not None and source.path.stem != definition.name


def _contracts(settled: Settled, arguments: Mapping[str, Any], default: bool) -> Iterator[MappingValue]:
    """The contracts of a spec that hold for these values of the parameters; ``default`` where they are its own."""
    if settled.definition.expect is not None and default:
        yield settled.definition.expect
    for name, given in settled.variants.items():
        contract = settled.definition.variants[name].entries.get("expect")
        if isinstance(contract, MappingValue) and (settled.of_variants[name] == arguments if given else default):
            yield contract


def _digest(sources: Iterable[Source], arguments: Mapping[str, Any]) -> str:
    """SHA-256 of the files read and the arguments, in hexadecimal."""
    digest = hashlib.sha256(json.dumps(plain(arguments), sort_keys=True).encode())
    for source in {source.name: source for source in sources}.values():
        digest.update(source.text.encode())
    return digest.hexdigest()
