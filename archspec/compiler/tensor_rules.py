"""What a spec says of its tensors: how they begin (``init:``), which do not train (``freeze:``), and what other
libraries call them (``weights:``).

The rules are read when the network is known, so that a rule that speaks of nothing is an error. Where the parameters
have other values than their defaults, nodes may be missing, and such a rule says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from archspec.compiler.freeze_rules import FreezeReader
from archspec.compiler.init_rules import InitReader
from archspec.compiler.trace import Trace
from archspec.compiler.weights_rules import WeightsReader
from archspec.language.definition import Definition
from archspec.network import Network


def with_tensor_rules(
    definition: Definition, arguments: Mapping[str, Any], network: Network | None, trace: Trace, strict: bool
) -> Network | None:
    """The network with the rules of its definition; errors go to ``trace``.

    Args:
        definition: What it was made of.
        arguments: The values of its parameters.
        network: The network, or None where an error kept it from being made: its rules are read all the same.
        trace: Where errors go.
        strict: Whether every rule must speak of something: the parameters have their default values.
    """
    if definition.init is None and definition.weights is None and definition.freeze is None:
        return network
    source = definition.source if strict else None
    init = InitReader(definition, arguments, network, trace, source).rules(definition.init)
    weights = WeightsReader(arguments, network, trace, source).sources(definition.weights)
    freeze = FreezeReader(arguments, network, trace, source).patterns(definition.freeze)
    return None if network is None else replace(network, init=init, weights=weights, freeze=freeze)
