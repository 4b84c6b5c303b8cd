"""A compiled network: frozen nodes in topological order, and the tree of blocks they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archspec.errors import Span, UsageError, did_you_mean
from archspec.language.definition import Definition, GraphSteps, Step
from archspec.language.initialisation import InitRule
from archspec.language.source import Entry
from archspec.ops.op import Cost, Op
from archspec.ops.tensor import Shape, Shapes, elements

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, slots=True)
class Applied:
    """An op on operands of known shapes: what does not depend on where in a network it stands.

    Attributes:
        op: The op with its arguments.
        input_shapes: Shapes of its operands, without the batch.
        shape: The shape of its output, without the batch.
        weights: Shapes of its trainable tensors by name.
        buffers: Shapes of its other saved tensors by name.
        cost: Its work on one sample, or None where the op has no rule.
    """

    op: Op
    input_shapes: Shapes
    shape: Shape
    weights: Mapping[str, Shape]
    buffers: Mapping[str, Shape]
    cost: Cost | None


@dataclass(frozen=True, slots=True)
class Node:
    """One op of a network.

    Attributes:
        path: Its name through the blocks around it, such as ``layer2.0.conv1``: its state_dict prefix.
        applied: The op and what follows from its operands' shapes.
        inputs: Paths of the nodes, or names of the network's inputs, that it takes, in operand order.
        step: The node as its graph says it.
        written: The values of its arguments, for this copy of a repeat.
    """

    path: str
    applied: Applied
    inputs: tuple[str, ...]
    step: Step = field(repr=False)
    written: Mapping[str, Entry] = field(repr=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def op(self) -> Op:
        """The op with its arguments."""
        return self.applied.op

    @property
    def input_shapes(self) -> Shapes:
        """Shapes of the operands, without the batch."""
        return self.applied.input_shapes

    @property
    def shape(self) -> Shape:
        """The shape of the output, without the batch."""
        return self.applied.shape

    @property
    def weights(self) -> Mapping[str, Shape]:
        """Shapes of the trainable tensors by name."""
        return self.applied.weights

    @property
    def buffers(self) -> Mapping[str, Shape]:
        """Shapes of the tensors that are saved but not trained, by name."""
        return self.applied.buffers

    @property
    def cost(self) -> Cost | None:
        """The work on one sample, or None where the op has no rule."""
        return self.applied.cost

    @property
    def span(self) -> Span:
        """Where it stands in the spec, or in the block's file."""
        return self.step.key.span

    @property
    def params(self) -> int:
        """Trainable numbers."""
        return sum(map(elements, self.weights.values()))

    @property
    def buffer_elements(self) -> int:
        """Numbers that are saved but not trained."""
        return sum(map(elements, self.buffers.values()))

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates for one sample, bias excluded; None where the op has no rule."""
        return self.cost.macs if self.cost else None

    @property
    def flops(self) -> int | None:
        """Twice the multiply-accumulates: what torch.utils.flop_counter counts; None where the op has no rule."""
        return 2 * self.cost.macs if self.cost else None

    @property
    def other_ops(self) -> int | None:
        """Elementwise, pooling, normalisation and bias operations for one sample; None where the op has no rule."""
        return self.cost.other if self.cost else None


@dataclass(frozen=True, slots=True)
class Block:
    """A block, group or repeat of a network, or the network itself, with what it holds.

    Attributes:
        path: Its path; empty for the network.
        kind: ``network``, ``block``, ``group`` or ``repeat``.
        definition: The name of the network or block it is made of; empty for a group or repeat.
        arguments: The values of the definition's parameters.
        inputs: Paths of the tensors that it takes.
        outputs: Paths of the tensors that it gives, by output name.
        children: Its nodes and blocks, in order.
        template: The network or block that its graph, or the step that repeats, stands in.
        graph: Its graph as written; None for a repeat.
        step: The node that uses it; None for the network.
        written: The values of its arguments, for this copy of a repeat.
    """

    path: str
    kind: str
    definition: str
    arguments: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: Mapping[str, str]
    children: tuple[Block | Node, ...]
    template: Definition = field(repr=False)
    graph: GraphSteps | None = field(repr=False)
    step: Step | None = field(repr=False)
    written: Mapping[str, Entry] = field(repr=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def span(self) -> Span:
        """The line that uses it; for the network, where its spec begins."""
        return self.step.key.span if self.step else self.template.value.span

    def nodes(self) -> Iterator[Node]:
        """The nodes inside, in order."""
        stack: list[Iterator[Block | Node]] = [iter(self.children)]
        while stack:
            child = next(stack[-1], None)
            if child is None:
                stack.pop()
            elif isinstance(child, Node):
                yield child
            else:
                stack.append(iter(child.children))

    def walk(self) -> Iterator[Block]:
        """This block and the blocks inside, each before what it holds."""
        yield self
        for child in self.children:
            if isinstance(child, Block):
                yield from child.walk()

    @property
    def params(self) -> int:
        """Trainable numbers inside."""
        return sum(node.params for node in self.nodes())

    @property
    def buffer_elements(self) -> int:
        """Numbers inside that are saved but not trained."""
        return sum(node.buffer_elements for node in self.nodes())

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample, bias excluded, of the nodes inside that have a cost rule."""
        return sum(node.macs or 0 for node in self.nodes())

    @property
    def flops(self) -> int:
        """Twice the multiply-accumulates."""
        return 2 * self.macs

    @property
    def other_ops(self) -> int:
        """Elementwise, pooling, normalisation and bias operations for one sample of the nodes that have a rule."""
        return sum(node.other_ops or 0 for node in self.nodes())


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """An output of a network: the path of the node that gives it, and its shape without the batch."""

    path: str
    shape: Shape
    training_only: bool = False


@dataclass(frozen=True)
class Network:
    """A compiled network.

    Iterating gives its nodes in topological order; ``network["layer2.0.conv1"]`` is the node or block of a path.

    Attributes:
        name: Its name.
        doc: What its spec says it is.
        arguments: The values of its parameters.
        inputs: Shapes of its inputs by name, without the batch.
        outputs: Its outputs by name.
        nodes: Its nodes in topological order.
        blocks: The tree of its blocks; the root is the network.
        variants: Names of the sets of parameters that its spec states.
        digest: A digest of the files it was compiled from and of its arguments.
        init: How its tensors begin, where not as PyTorch has it; of two rules for one tensor the later holds.
        weights: For each source of checkpoints, such as ``torchvision``, rules from their names to its own
            (`archspec.pytorch.weights.match`).
    """

    name: str
    doc: str
    arguments: Mapping[str, Any]
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, NetworkOutput]
    nodes: tuple[Node, ...] = field(repr=False)
    blocks: Block = field(repr=False)
    variants: tuple[str, ...] = field(default=(), repr=False)
    digest: str = field(default="", repr=False)
    init: tuple[InitRule, ...] = field(default=(), repr=False)
    weights: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict, repr=False)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, path: str) -> Node | Block:
        try:
            return self._by_path[path]
        except KeyError:
            hint = did_you_mean(path, self._by_path)
            raise KeyError(f"no node or block `{path}` in {self.name}" + (f"; {hint}" if hint else "")) from None

    def __contains__(self, path: object) -> bool:
        return path in self._by_path

    @cached_property
    def _by_path(self) -> dict[str, Node | Block]:
        blocks = {block.path: block for block in self.blocks.walk() if block.path}
        return {**blocks, **{node.path: node for node in self.nodes}}

    def shape(self, path: str) -> Shape:
        """The shape of the tensor of a node's path or an input's name, without the batch."""
        if path in self.inputs:
            return self.inputs[path]
        node = self[path]
        if isinstance(node, Node):
            return node.shape
        if len(node.outputs) != 1:
            raise UsageError(f"the block `{path}` has several outputs: {', '.join(node.outputs)}")
        return self.shape(next(iter(node.outputs.values())))

    @cached_property
    def params(self) -> int:
        """Trainable numbers."""
        return self.blocks.params

    @cached_property
    def buffer_elements(self) -> int:
        """Numbers that are saved but not trained, such as the statistics of batch normalisation."""
        return self.blocks.buffer_elements

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates for one sample, bias excluded, of the nodes that have a cost rule."""
        return self.blocks.macs

    @property
    def flops(self) -> int:
        """Twice the multiply-accumulates."""
        return 2 * self.macs

    @cached_property
    def other_ops(self) -> int:
        """Elementwise, pooling, normalisation and bias operations for one sample, of the nodes that have a rule."""
        return self.blocks.other_ops

    @cached_property
    def unknown_costs(self) -> tuple[str, ...]:
        """Paths of the nodes whose op has no cost rule; totals do not hold them."""
        return tuple(node.path for node in self.nodes if node.cost is None)

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
            graph.add_edges_from((origin, node.path, {"operand": i}) for i, origin in enumerate(node.inputs))
        return graph


class NotCompiled(Op):
    """Stands in a `PartialNetwork` for a node that did not compile."""

    kind: str
    """The op or block that it was to be, as written."""


@dataclass(frozen=True)
class PartialNetwork(Network):
    """What compiled of a spec that is wrong: a node that failed has the op `NotCompiled`, what takes it is left out.

    Attributes:
        problems: What is wrong, by the path of the node or block at fault.
        unplaced: What is wrong and no node's fault.
    """

    problems: Mapping[str, str] = field(default_factory=dict)
    unplaced: tuple[str, ...] = ()
