"""Two networks compared as a whole: their graphs, and what a spec says besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archspec.comparison.edits import Difference
from archspec.comparison.found import HERE, VALUES, Around, Findings, Found, Key, Outcome, Slot, key_of, merge, put
from archspec.comparison.outcomes import Comparer
from archspec.comparison.stating import changes, defined, written
from archspec.language.initialisation import InitRule
from archspec.language.source import locate
from archspec.language.usage import names_in
from archspec.network import Network
from archspec.ops.tensor import show


def findings_of(one: Network, other: Network, comparer: Comparer) -> Findings:
    """What differs between two networks: each cause is None or an edit that is there."""
    findings: Findings = {}
    inner = comparer.compared(one.blocks.content, other.blocks.content)
    lets = defined(one.blocks.graph, other.blocks.graph) if _ask_for_values(inner) else ()
    values = _told(findings, "", [*_values(one, other), *lets])
    inputs = _told(findings, "input", _inputs(one, other))
    around = {Around(number): inputs or values for number in range(len(other.inputs))} | {VALUES: values or inputs}

    def slot(known: Slot) -> Slot:
        if not isinstance(known.cause, Around):
            return known
        cause = around.get(known.cause)
        if cause is None and known.key is not None:  # nothing that is told explains it
            return Slot(None, False, known.key)
        return Slot(cause or _rest(findings), known.cause == VALUES, known.key)

    merge(findings, inner.findings, HERE, slot)
    _told(findings, "output", _outputs(one, other))
    _told(findings, "freeze", changes({"freeze": list(one.freeze)}, {"freeze": list(other.freeze)}))
    _told(findings, "init", _rules(_init(one.init), _init(other.init)))
    for source in dict.fromkeys([*one.weights, *other.weights]):
        _told(findings, f"weights of {source}", _rules(one.weights.get(source, {}), other.weights.get(source, {})))
    return findings


def _ask_for_values(inner: Outcome) -> bool:
    """Whether something differs because values do that are computed around it."""
    return any(slot.cause == VALUES for slot in inner.findings)


def _told(findings: Findings, what: str, differences: Iterable[Difference]) -> Key | None:
    """Add an edit of the whole network; None where nothing differs."""
    found = tuple(differences)
    if not found:
        return None
    key = key_of("changed", what, found)
    put(findings, Slot(None, False, key), Found(found, [HERE], 1))
    return key


def _rest(findings: Findings) -> Key:
    """The last edit; of a network without one, that for shapes that differ for no reason that is told."""
    told = [slot.key for slot in findings if slot.cause is None and slot.key is not None]
    key = told[-1] if told else key_of("changed", "shapes")
    if not told:
        put(findings, Slot(None, False, key), Found((), [HERE], 1))
    return key


def _values(one: Network, other: Network) -> list[Difference]:
    """The parameters whose values differ, but for defaults that follow from those of others."""
    found = list(changes(one.arguments, other.arguments))
    own = [difference for difference in found if not _follows(one, other, difference.name)]
    return own or found


def _follows(one: Network, other: Network, name: str) -> bool:
    """Whether a parameter has one default in both, which asks for other parameters."""
    defaults = [network.blocks.template.params[name].default for network in (one, other)]
    value = locate(other.blocks.template.value, ("params", name))
    return bool(defaults[0] == defaults[1]) and any(True for _ in names_in(value))


def _inputs(one: Network, other: Network) -> Iterable[Difference]:
    """Inputs that are stated differently; those whose sizes follow from parameters are not."""
    texts = [
        {name: value.plain() for name, value in network.blocks.template.shapes.items()} for network in (one, other)
    ]
    for name in dict.fromkeys([*one.inputs, *other.inputs]):
        if texts[0].get(name) != texts[1].get(name):
            yield Difference(
                name, *(show(network.inputs[name]) if name in network.inputs else None for network in (one, other))
            )


def _outputs(one: Network, other: Network) -> Iterable[Difference]:
    """Outputs that only one has, and those that are there in training only in one."""
    for name in dict.fromkeys([*one.outputs, *other.outputs]):
        outputs = [network.outputs.get(name) for network in (one, other)]
        texts = [output and output.path + " in training only" * output.training_only for output in outputs]
        if None in outputs or (outputs[0] and outputs[1] and outputs[0].training_only != outputs[1].training_only):
            yield Difference(name, *texts)


def _init(rules: Iterable[InitRule]) -> dict[str, Any]:
    """Rules of ``init:`` by what they select; of several for one thing the last."""
    return {
        rule.pattern or ", ".join(rule.ops): {
            name: {initialiser.function: dict(initialiser.arguments)} for name, initialiser in rule.weights.items()
        }
        for rule in rules
    }


def _rules(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterable[Difference]:
    """Rules that differ, or that only one has."""
    for name in dict.fromkeys([*one, *other]):
        if name not in one or name not in other or one[name] != other[name]:
            yield Difference(name, *(written(rules[name]) if name in rules else None for rules in (one, other)))
