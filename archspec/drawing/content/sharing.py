"""Uses of one block on maps of several sizes, as heads of a feature pyramid, which an overview shows as one box."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from archspec.drawing.content.folding import Part, external, nodes_of
from archspec.language.initialisation import has_weights
from archspec.network import Network

Uses = Sequence[Part]


def used_together(network: Network) -> Mapping[str, Uses]:
    """For each part of a network that others use again, on tensors of other shapes and none behind another, all uses.

    Towers on inputs of one shape, as those of a siamese network, stand beside each other instead.

    >>> import archspec
    >>> [use.path for use in used_together(archspec.compile("specs/retinanet.yaml"))["heads3"]]
    ['heads3', 'heads4', 'heads5', 'heads6', 'heads7']
    """
    found = {path: uses for path, uses in _reused(network) if _differ(network, uses) and _are_beside(network, uses)}
    return found if found and _in_order(network, found) else {}


def _reused(network: Network) -> Iterator[tuple[str, Uses]]:
    """What is used again by its siblings, with all uses, in order."""
    for block in (network.blocks, *network.blocks.walk()):
        uses: dict[str, list[Part]] = {}
        for child in block.children:
            again = child.shares and child.step and child.step.reused and not child.step.reused.is_repeat
            if again and _has_weights(child):
                uses.setdefault(child.shares, []).append(child)
        for path, others in uses.items():
            first = next((child for child in block.children if child.path == path), None)
            if first is not None:
                yield path, (first, *others)


def _has_weights(part: Part) -> bool:
    return any(has_weights(type(node.op)) for node in nodes_of(part))


def _differ(network: Network, uses: Uses) -> bool:
    """Whether each use takes tensors of other shapes."""
    shapes = {tuple(sorted(network.shape(path) for path in external(use))) for use in uses}
    return len(shapes) == len(uses)


def _are_beside(network: Network, uses: Uses) -> bool:
    """Whether no use takes what comes of another."""
    own = {node.path: index for index, use in enumerate(uses) for node in nodes_of(use)}
    behind: dict[str, set[int]] = {}
    for node in network:
        before = {index for path in node.inputs for index in behind.get(path, ())}
        if node.path in own:
            before.add(own[node.path])
            if len(before) > 1:
                return False
        behind[node.path] = before
    return True


def _in_order(network: Network, found: Mapping[str, Uses]) -> bool:
    """Whether boxes can still be in order where all uses of each are one."""
    boxes = {node.path: root for root, uses in found.items() for use in uses for node in nodes_of(use)}
    taken: dict[str, set[str]] = {}
    for node in network:
        box = boxes.get(node.path, node.path)
        taken.setdefault(box, set()).update({boxes.get(path, path) for path in node.inputs} - {box})
    try:
        TopologicalSorter(taken).prepare()
    except CycleError:
        return False
    return True
