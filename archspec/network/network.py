"""A compiled network: its inputs, its outputs, and the tree of its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from archspec.errors import UsageError, did_you_mean
from archspec.language import patterns
from archspec.language.initialisation import InitRule
from archspec.language.limits import Limits
from archspec.language.spec import Paper
from archspec.network.content import Totals
from archspec.network.figures import ActivationMemory, ReceptiveField
from archspec.network.pruning import needed
from archspec.network.views import Block, Context, Node
from archspec.ops.op import Op
from archspec.ops.tensor import Shape

if TYPE_CHECKING:
    import networkx

    from archspec.errors import Diagnostic


_DEFAULT_LIMITS = Limits()


class NetworkOutput(NamedTuple):
    """An output of a network: the path of the node that gives it, and its shape without the batch."""

    path: str
    shape: Shape
    training_only: bool = False


@dataclass(frozen=True, repr=False)
class Network:
    """A compiled network.

    Iterating gives its nodes in topological order; ``network["layer2.0.conv1"]`` is the node or block of a path.

    Attributes:
        name: Its name.
        doc: What its spec says it is.
        arguments: The values of its parameters.
        inputs: Shapes of its inputs by name, without the batch.
        outputs: Its outputs by name.
        blocks: The tree of its blocks; the root is the network.
        variants: Names of the sets of parameters that its spec states.
        digest: A digest of the files it was compiled from and of its arguments.
        init: How its tensors begin, where not as PyTorch has it; of two rules for one tensor the later holds.
        weights: For each source of checkpoints, such as ``torchvision``, rules from their names to its own
            (`archspec.pytorch.weights.match`).
        freeze: Patterns over the paths of nodes and blocks whose weights do not train.
        limits: Bounds on what is told of it.
        paper: Where it was first described; None where its spec does not say.
    """

    name: str
    doc: str
    arguments: Mapping[str, Any]
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, NetworkOutput]
    blocks: Block
    variants: tuple[str, ...] = ()
    digest: str = ""
    init: tuple[InitRule, ...] = ()
    weights: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    freeze: tuple[str, ...] = ()
    limits: Limits = _DEFAULT_LIMITS
    paper: Paper | None = None

    if TYPE_CHECKING:

        @property
        def warnings(self) -> tuple[Diagnostic, ...]:
            """What compiles, and is nearly always a mistake. Attached by `archspec.display`."""

        @property
        def activation_memory(self) -> ActivationMemory:
            """Its activation memory in float32, for one sample. Attached by `archspec.display`."""

    def __post_init__(self) -> None:
        """Let its parts know where they stand."""
        root = replace(self.blocks, context=None)
        object.__setattr__(self, "blocks", replace(root, context=Context(self.inputs, root)))

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self):,} nodes, {self.params:,} params>"

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Its nodes in topological order."""
        return self.blocks.inner_nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return self.blocks.content.totals.nodes

    def __getitem__(self, path: str) -> Node | Block:
        part = self._find(path)
        if part is None:
            hint = did_you_mean(path, self.paths())
            raise KeyError(f"no node or block `{path}` in {self.name}" + (f"; {hint}" if hint else ""))
        return part

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._find(path) is not None

    def _find(self, path: str) -> Node | Block | None:
        return self.blocks.find(path)

    def paths(self) -> Iterator[str]:
        """The paths of its blocks, then those of its nodes."""
        yield from (block.path for block in self.blocks.walk() if block.path)
        yield from (node.path for node in self.blocks.nodes())

    def written_paths(self) -> Iterator[str]:
        """The same without what ops with several outputs are made of, which a spec changes as a whole."""
        ops = {block.path for block in self.blocks.walk() if block.kind == "op"}
        yield from (path for path in self.paths() if path.rpartition(".")[0] not in ops)

    def shape(self, path: str) -> Shape:
        """The shape of the tensor of a node's path or an input's name, without the batch."""
        if path in self.inputs:
            return self.inputs[path]
        part = self[path]
        if isinstance(part, Node):
            return part.shape
        if not part.main_output:
            raise UsageError(f"the block `{path}` has several outputs: {', '.join(part.outputs)}")
        return part.content.shapes[part.main_output]

    @property
    def params(self) -> int:
        """Numbers in its weights, frozen ones too."""
        return self.blocks.params

    @cached_property
    def frozen_params(self) -> int:
        """Those of them that do not train, as ``freeze:`` says."""
        return sum(node.params for node in self if node.path in self._frozen) if self.freeze else 0

    @property
    def trainable_params(self) -> int:
        """The others."""
        return self.params - self.frozen_params

    def is_frozen(self, path: str) -> bool:
        """Whether a node has weights and they do not train."""
        return bool(self.freeze) and path in self._frozen

    @cached_property
    def _frozen(self) -> frozenset[str]:
        """Paths of the nodes whose weights do not train."""
        owners = {node.path: node.shares or node.path for node in self if node.applied.weights}
        frozen = {owner for owner in owners.values() if any(patterns.begins(each, owner) for each in self.freeze)}
        return frozenset(path for path, owner in owners.items() if owner in frozen)

    @property
    def buffer_elements(self) -> int:
        """Numbers that are saved but not trained, such as the statistics of batch normalisation."""
        return self.blocks.buffer_elements

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample in evaluation, bias excluded, of the nodes that have a cost rule."""
        return self._evaluation.macs

    @property
    def training_only_macs(self) -> int:
        """Those besides of what only training runs, forwards; 0 where every output is there in evaluation too."""
        return self.blocks.macs - self.macs

    @property
    def flops(self) -> int:
        """Twice the multiply-accumulates."""
        return 2 * self.macs

    @property
    def other_ops(self) -> int:
        """Elementwise, pooling, normalisation and bias operations for one sample in evaluation, where known."""
        return self._evaluation.other

    @cached_property
    def _evaluation(self) -> Totals:
        """The figures of what evaluation runs."""
        if not self._training_only:
            return self.blocks.content.totals
        uses = [use for use in self.blocks.content.uses if use.name not in self._training_only]
        sums = map(sum, zip(*(use.totals for use in uses), strict=True))
        return Totals(*sums)

    @cached_property
    def _training_only(self) -> frozenset[str]:
        """Names of the nodes and blocks of its own graph that no output of evaluation needs."""
        kept = [name for name, output in self.outputs.items() if not output.training_only]
        if not kept or len(kept) == len(self.outputs):
            return frozenset()
        body = self.blocks.content
        return frozenset(use.name for use in body.uses) - needed(body, kept)

    def is_training_only(self, path: str) -> bool:
        """Whether only training runs a node or block: it stands in what no output of evaluation needs."""
        return bool(self._training_only) and path.partition(".")[0] in self._training_only

    @property
    def activations(self) -> int:
        """Bytes of the tensors that all nodes give, in float32 for one sample; not all are there at once."""
        return self.blocks.activations

    @property
    def receptive_fields(self) -> Mapping[str, ReceptiveField | None]:
        """The receptive field of each node by path; None where it is not known."""
        assert self.blocks.context is not None
        return self.blocks.context.fields

    @property
    def receptive_field(self) -> ReceptiveField | None:
        """What a place of the output sees, of several outputs the first in evaluation; None where it is not known."""
        paths = (output.path for output in self.outputs.values() if not output.training_only)
        return self.receptive_fields.get(next(paths, ""))

    @property
    def stride(self) -> tuple[Fraction, ...] | None:
        """Steps of the input for one step of that output, for each spatial dimension; None where it is not known."""
        field = self.receptive_field
        return field and field.stride

    @cached_property
    def unknown_costs(self) -> tuple[str, ...]:
        """Paths of the nodes whose op has no cost rule; totals do not hold them."""
        totals = self.blocks.content.totals
        return () if totals.costed == totals.nodes else tuple(node.path for node in self if node.cost is None)

    @cached_property
    def graph(self) -> networkx.MultiDiGraph[str]:
        """The network as a networkx graph.

        A node is keyed by its path and has the attributes ``node`` (None for an input) and ``shape``; an edge has
        ``operand``, the index of the operand that it is.
        """
        import networkx

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(name=self.name)
        for name, shape in self.inputs.items():
            graph.add_node(name, node=None, shape=shape)
        for node in self.nodes:
            graph.add_node(node.path, node=node, shape=node.shape)
            graph.add_edges_from((origin, node.path, {"operand": i}) for i, origin in enumerate(node.operands))
        return graph


class NotCompiled(Op):
    """Stands in a `PartialNetwork` for a node that did not compile."""

    kind: str
    """The op or block that it was to be, as written."""


@dataclass(frozen=True, repr=False)
class PartialNetwork(Network):
    """What compiled of a spec that is wrong: a node that failed has the op `NotCompiled`, what takes it is left out.

    Attributes:
        problems: What is wrong, by the path of the node or block at fault.
        unplaced: What is wrong and no node's fault.
        whole: Whether all of it compiled, and what is wrong is something else, such as a contract that is not kept.
    """

    problems: Mapping[str, str] = field(default_factory=dict)
    unplaced: tuple[str, ...] = ()
    whole: bool = False

    @override
    def _find(self, path: str) -> Node | Block | None:
        """A part by its path, in which a name that is wrong may have dots."""
        parts: Iterator[Node | Block] = chain(self.blocks.walk(), self.blocks.nodes())
        return super()._find(path) or next((part for part in parts if part.path == path != ""), None)
