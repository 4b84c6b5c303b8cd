"""What a spec says of its tensors: how they begin (``init:``), which do not train (``freeze:``), and what other
libraries call them (``weights:``).

The rules are read when the network is known, so that a rule that speaks of nothing is an error. Where the parameters
have other values than their defaults, nodes may be missing, and such a rule says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from archspec.compiler.freeze_rules import FreezeReader
from archspec.compiler.init_rules import InitReader
from archspec.compiler.sharing import Memory
from archspec.compiler.trace import Trace
from archspec.compiler.weights_rules import WeightsReader
from archspec.language.definition import Definition
from archspec.language.initialisation import InitRule
from archspec.language.usage import names_in
from archspec.network import Network


class TensorRules(NamedTuple):
    """What a `Network` holds under these names."""

    init: tuple[InitRule, ...]
    weights: Mapping[str, Mapping[str, str | None]]
    freeze: tuple[str, ...]


def tensor_rules(
    definition: Definition,
    arguments: Mapping[str, Any],
    network: Network | None,
    memory: Memory,
    trace: Trace,
    strict: bool,
) -> TensorRules:
    """The rules of a definition; errors go to ``trace``.

    Args:
        definition: What it was made of.
        arguments: The values of its parameters.
        network: The network, or None where an error kept it from being made: its rules are read all the same.
        memory: Where what does not depend on the values is kept.
        trace: Where errors go.
        strict: Whether every rule must speak of something: the parameters have their default values.
    """
    if definition.init is None and definition.weights is None and definition.freeze is None:
        return TensorRules((), {}, ())
    source = definition.source if strict else None
    init = InitReader(definition, memory.rules, arguments, network, trace, source).rules(definition.init)
    weights = None if strict else memory.rules.get(id(definition.weights))
    if weights is None:
        weights = WeightsReader(arguments, network, trace, source).sources(definition.weights)
        if definition.weights and not trace.found and not any(names_in(definition.weights)):
            memory.rules[id(definition.weights)] = weights
    weights = {name: dict(rules) for name, rules in weights.items()}  # the network's own
    freeze = FreezeReader(arguments, network, trace, source).patterns(definition.freeze)
    return TensorRules(init, weights, freeze)
