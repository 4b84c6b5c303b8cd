"""What a network says of its tensors, and promises, as plain rules: without expressions, and rules that say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archspec.compiler.compilation import contracts
from archspec.compiler.init_rules import InitReader
from archspec.compiler.trace import Trace
from archspec.compiler.weights_rules import WeightsReader
from archspec.language.initialisation import Initialiser
from archspec.language.source import Mapping as MappingValue
from archspec.network import Network


def rules(network: Network) -> dict[str, Any]:
    """The keys ``init``, ``weights``, ``freeze`` and ``expect`` of a spec that is the network, those that there are."""
    found = {"init": _init(network), "weights": _weights(network), "freeze": list(network.freeze)}
    found["expect"] = {key: value for contract in contracts(network) for key, value in contract.plain().items()}
    return {key: value for key, value in found.items() if value}


def _init(network: Network) -> dict[str, Any]:
    definition = network.blocks.content.template
    found: dict[str, Any] = {}
    for key, entry in _alone(definition.init):
        reader = InitReader(definition, {}, network.arguments, network, Trace(), None)
        for rule in reader.rules(entry):
            if any(rule.selects(node.op.name, node.path) and node.weights for node in network):
                stated = {tensor: _initialiser(each) for tensor, each in rule.weights.items()}
                found[key] = stated["weight"] if list(stated) == ["weight"] else stated
    return found


def _initialiser(initialiser: Initialiser) -> Any:
    if not initialiser.arguments:
        return initialiser.function
    return {initialiser.function: dict(initialiser.arguments)}


def _weights(network: Network) -> dict[str, dict[str, str | None]]:
    """Rules by source; one that leads to no tensor is left out."""
    found: dict[str, dict[str, str | None]] = {}
    for source, given in network.weights.items():
        kept = {}
        for theirs, ours in given.items():
            reader = WeightsReader(network.arguments, network, Trace(), None)
            if ours is None or reader.exists(theirs, ours):
                kept[theirs] = ours
        if kept:
            found[source] = kept
    return found


def _alone(value: MappingValue | None) -> Iterator[tuple[str, MappingValue]]:
    """The entries of a mapping, each as a mapping of its own."""
    if value is not None:
        for key, entry in value.entries.items():
            yield key, MappingValue(value.source, value.start, value.end, {key: value.keys[key]}, {key: entry})
