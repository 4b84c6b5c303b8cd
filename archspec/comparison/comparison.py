"""The comparison of two networks, as one frozen value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from typing_extensions import override

from archspec.analysis.memory import activation_memory
from archspec.comparison import revisions
from archspec.comparison.edits import Edit
from archspec.comparison.flattening import edits_of
from archspec.comparison.outcomes import Comparer
from archspec.comparison.partners import Partners
from archspec.comparison.whole import findings_of
from archspec.compiler.given import Spec, compiled
from archspec.network import Network
from archspec.ops.tensor import Shape


class Figure(NamedTuple):
    """A figure of both networks.

    Attributes:
        name: Its name, as in the totals of a table: ``params``, ``MACs`` …
        before: That of the first network; None where it is not known.
        after: That of the second network.
    """

    name: str
    before: int | None
    after: int | None

    @property
    def change(self) -> int | None:
        """By how much it is more."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def share(self) -> float | None:
        """By which part of the first it is more; None where that is 0 or one is not known."""
        return self.change / self.before if self.change is not None and self.before else None


class TensorChange(NamedTuple):
    """A tensor of the state_dict that is another one.

    Attributes:
        name: Its name.
        before: Its shape in the first network; None where that has none of its name.
        after: Its shape in the second network; likewise.
    """

    name: str
    before: Shape | None
    after: Shape | None


@dataclass(frozen=True, repr=False)
class Comparison:
    """What differs between two networks.

    Attributes:
        before: The first network.
        after: The second network.
        edits: What differs by itself, each with what it costs and what follows from it. None where they are the same.
    """

    before: Network
    after: Network
    edits: tuple[Edit, ...]

    @override
    def __repr__(self) -> str:
        count = len(self.edits)
        return f"<Comparison of {self.before.name} and {self.after.name}: {count} edit{'s' * (count != 1)}>"

    @cached_property
    def figures(self) -> Mapping[str, Figure]:
        """The figures of both by name: those of `Network`, and the memory of activations in float32 for one sample."""
        return {figure.name: figure for figure in map(Figure, _NAMES, _figures(self.before), _figures(self.after))}

    @cached_property
    def partners(self) -> Partners:
        """Which node or block of the one is which of the other, by path."""
        return Partners(self.before, self.after)

    @cached_property
    def tensors(self) -> tuple[TensorChange, ...]:
        """The tensors of the state_dict that only one has, or that have another shape; none: checkpoints fit both."""
        before, after = _tensors(self.before), _tensors(self.after)
        names = [*before, *(name for name in after if name not in before)]
        changes = (TensorChange(name, before.get(name), after.get(name)) for name in names)
        return tuple(each for each in changes if each.before != each.after)


def compared(before: Network, after: Network) -> Comparison:
    """The comparison of two compiled networks; see `diff`."""
    return Comparison(before, after, edits_of(findings_of(before, after, Comparer())))


def diff(before: Spec, after: Spec, /) -> Comparison:
    """Compare two networks.

    Nodes of one path are each other's; of the rest under blocks that are each other's, those with equal content
    (renamed or moved), then those at the same place of the same kind. What an edit does by itself is told apart from
    what follows from it elsewhere.

    Args:
        before: A compiled network, its name, the path of its spec, or ``REVISION:PATH`` for that which a revision of
            the git repository has; what the spec names is taken from there too.
        after: The other one.

    Raises:
        SpecError: A spec is wrong.
        UsageError: There is no such revision or file in it, no repository, or no git.

    >>> import archspec
    >>> comparison = diff("resnet50", archspec.compile("resnet50", num_classes=10))
    >>> comparison.figures["params"].change
    -2028510
    >>> [(edit.kind, edit.differences) for edit in comparison.edits]
    [('changed', (Difference(name='num_classes', before=1000, after=10),))]
    >>> [edit.path for edit in comparison.edits[0].inside]
    ['fc']
    """
    return compared(_network(before), _network(after))


def _network(spec: Spec) -> Network:
    if not isinstance(spec, str) or not revisions.is_of_revision(spec):
        return compiled(spec, None, {})
    with revisions.opened(spec) as loaded:
        return loaded.compile()


_NAMES = (
    "nodes", "params", "trainable_params", "buffers", "macs", "training_only_macs", "other_ops", "activations",
    "inference_memory", "training_memory",
)  # fmt: skip


def _figures(network: Network) -> Iterator[int | None]:
    memory = activation_memory(network)
    yield len(network)
    yield network.params
    yield network.trainable_params
    yield network.buffer_elements
    yield network.macs
    yield network.training_only_macs
    yield network.other_ops
    yield network.activations
    yield memory.inference_peak
    yield memory.training


def _tensors(network: Network) -> dict[str, Shape]:
    """The shapes of the tensors of the state_dict, by name."""
    return {
        node.op.key(node.path, name): shape
        for node in network
        for name, shape in (*node.weights.items(), *node.buffers.items())
    }
