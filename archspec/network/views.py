"""Nodes and blocks: what a network holds at the places where it stands, made when somebody asks.

Mappings of a content are handed out as copies: other networks, later ones too, have the same content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from typing_extensions import override

from archspec.errors import Span
from archspec.language.choice import plain
from archspec.language.definition import Definition, GraphSteps, Step
from archspec.language.source import Entry
from archspec.network.content import Applied, Body, Origin, Use
from archspec.network.figures import ReceptiveField
from archspec.ops.facts import Cost
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, show


class Context:
    """What the parts of a network share: figures that follow from all of it, found when the first part is asked."""

    find_fields: ClassVar[Callable[[Mapping[str, Shape], Iterable[Node]], Mapping[str, ReceptiveField | None]]]
    """Finds the receptive fields by path. It is set from above: a network knows no analysis."""

    def __init__(self, inputs: Mapping[str, Shape], root: Block) -> None:
        self._inputs = inputs
        self._root = root

    @cached_property
    def fields(self) -> Mapping[str, ReceptiveField | None]:
        """The receptive field of each node by path; None where it is not known."""
        return type(self).find_fields(self._inputs, self._root.nodes())

    def holds(self, path: str) -> bool:
        """Whether a path is that of a tensor: of an input, or of a node, which is left out where nothing needs it."""
        return path in self._inputs or self._root.content.holds(path)


@dataclass(frozen=True, slots=True, repr=False)
class Node:
    """One op of a network.

    Attributes:
        path: Its name through the blocks around it, such as ``layer2.0.conv1``: its state_dict prefix.
        applied: The op and what follows from its operands' shapes.
        inputs: Paths of the nodes, or names of the network's inputs, that it takes, in operand order.
        step: The node as its graph says it.
        written: The values of its arguments, for this copy of a repeat.
        context: The network that it stands in, for figures that follow from all of it.
        shares: The path of the node whose tensors it uses; empty for one that has its own.
    """

    path: str
    applied: Applied
    inputs: tuple[str, ...]
    step: Step
    written: Mapping[str, Entry]
    context: Context | None = field(default=None, compare=False)
    shares: str = ""

    @override
    def __repr__(self) -> str:
        return f"<Node {self.path}: {self.op.name} {show(self.shape)}>"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def op(self) -> Op:
        """The op with its arguments."""
        return self.applied.op

    @property
    def operands(self) -> tuple[str, ...]:
        """`inputs`, but none for an op that takes nothing, whose input only says how many samples there are."""
        return () if self.op.takes_nothing else self.inputs

    @property
    def content(self) -> Applied:
        """The op and what follows from its operands' shapes, as a `Block` has its content."""
        return self.applied

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
        """Shapes of its trainable tensors by name; those of a node that `shares` are another's."""
        return {} if self.shares else dict(self.applied.weights)

    @property
    def buffers(self) -> Mapping[str, Shape]:
        """Shapes of its tensors that are saved but not trained, by name; likewise."""
        return {} if self.shares else dict(self.applied.buffers)

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
        """Trainable numbers of its own."""
        return 0 if self.shares else self.applied.totals.params

    @property
    def buffer_elements(self) -> int:
        """Numbers of its own that are saved but not trained."""
        return 0 if self.shares else self.applied.totals.buffers

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

    @property
    def activations(self) -> int:
        """Bytes of its output, in float32 for one sample."""
        return self.applied.totals.activations

    @property
    def receptive_field(self) -> ReceptiveField | None:
        """What a place of its output sees of the network's input; None where it is not known."""
        return self.context.fields.get(self.path) if self.context else None

    @property
    def stride(self) -> tuple[Fraction, ...] | None:
        """Steps of the input for one step of its output, for each spatial dimension; None where it is not known."""
        field = self.receptive_field
        return field and field.stride


@dataclass(frozen=True, repr=False)
class Block:
    """A block, group or repeat of a network, or the network itself, with what it holds.

    Attributes:
        path: Its path; empty for the network.
        content: What it holds; one for all equal uses of a block.
        inputs: Paths of the tensors that it takes.
        step: The node that uses it; None for the network.
        written: The values of its arguments, for this copy of a repeat.
        context: The network that it stands in, for figures that follow from all of it.
        shares: The path of the block whose tensors it uses, or for copies that are each a node again, of that node;
            empty for one that has its own.
        copy: Its index, where it is a copy of a repeat or a row of a table.
    """

    path: str
    content: Body
    inputs: tuple[str, ...]
    step: Step | None
    written: Mapping[str, Entry]
    context: Context | None = field(default=None, compare=False)
    shares: str = ""
    copy: int | None = None

    @override
    def __repr__(self) -> str:
        what = self.definition or self.kind
        return f"<Block {self.path}: {what}, {self.content.totals.nodes} nodes>" if self.path else f"<Block {what}>"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def kind(self) -> str:
        """``network``, ``block``, ``group``, ``repeat``, or ``op`` for one op with several outputs."""
        return self.content.kind

    @property
    def definition(self) -> str:
        """The name of the network or block it is made of; empty for a group or repeat."""
        return self.content.definition

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The values of the definition's parameters, as a spec writes them."""
        return {name: plain(value) for name, value in self.content.arguments.items()}

    @property
    def template(self) -> Definition:
        """The network or block that its graph, or the step that repeats, stands in."""
        return self.content.template

    @property
    def graph(self) -> GraphSteps | None:
        """Its graph as written; None for a repeat."""
        return self.content.graph

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """Paths of the tensors that it gives, by output name, without those that nothing needs."""
        given = {name: self.tensor(origin) for name, origin in self.content.outputs.items()}
        if self.context is None:
            return given
        return {name: path for name, path in given.items() if self.context.holds(path)}

    @cached_property
    def children(self) -> tuple[Block | Node, ...]:
        """Its nodes and blocks, in order."""
        return tuple(map(self._known, self.content.uses))

    @cached_property
    def inner_nodes(self) -> tuple[Node, ...]:
        """The nodes inside, in order, for what asks for them again and again; `nodes` holds none of them."""
        found: list[Node] = []
        for child in self.children:
            found += (child,) if isinstance(child, Node) else child.inner_nodes
        return tuple(found)

    @cached_property
    def inner_paths(self) -> frozenset[str]:
        """The paths of the nodes inside."""
        return frozenset([node.path for node in self.inner_nodes])

    @cached_property
    def taken(self) -> frozenset[str]:
        """The paths of the tensors that the nodes inside take from outside."""
        return frozenset([path for node in self.inner_nodes for path in node.operands]) - self.inner_paths

    @property
    def span(self) -> Span:
        """The line that uses it; for the network, where its spec begins."""
        return self.step.key.span if self.step else self.template.value.span

    def tensor(self, origin: Origin) -> str:
        """The path of a tensor that is known inside by its origin."""
        return self.inputs[origin] if isinstance(origin, int) else f"{self.path}.{origin}" if self.path else origin

    @cached_property
    def _views(self) -> dict[str, Block | Node]:
        """The children that somebody has asked for, by name: each is made once."""
        return {}

    def _known(self, use: Use) -> Block | Node:
        view = self._views.get(use.name)
        if view is None:
            view = self._views[use.name] = self._child(use)
        return view

    def _child(self, use: Use) -> Block | Node:
        path = f"{self.path}.{use.name}" if self.path else use.name
        inputs = tuple(map(self.tensor, use.inputs))
        shares = self._shares(use)
        if isinstance(use.content, Applied):
            return Node(path, use.content, inputs, use.step, use.written, self.context, shares)
        copy = int(use.name) if self.kind == "repeat" else None
        return Block(path, use.content, inputs, use.step, use.written, self.context, shares, copy)

    def _shares(self, use: Use) -> str:
        """The path of what holds the tensors of what stands inside; empty for itself."""
        if not (use.shares or self.shares):
            return ""
        if self.kind == "repeat" and use.step.copies_reuse:
            return self.shares
        holder, name = self.shares or self.path, use.shares or use.name
        return f"{holder}.{name}" if holder else name

    def child(self, name: str) -> Block | Node | None:
        """The node or block of a name, or None."""
        view = self._views.get(name)
        if view is not None:
            return view
        use = self.content.use(name)
        return None if use is None else self._known(use)

    def find(self, path: str) -> Block | Node | None:
        """The node or block of a path that is seen from here, or None."""
        part: Block | Node | None = self
        for name in path.split("."):
            if not isinstance(part, Block):
                return None
            part = part.child(name)
        return part

    def nodes(self) -> Iterator[Node]:
        """The nodes inside, in order."""
        stack: list[tuple[Block, Iterator[Use]]] = [(self, iter(self.content.uses))]
        while stack:
            block, uses = stack[-1]
            use = next(uses, None)
            if use is None:
                stack.pop()
                continue
            child = block._child(use)
            if isinstance(child, Node):
                yield child
            else:
                stack.append((child, iter(child.content.uses)))

    def walk(self) -> Iterator[Block]:
        """This block and the blocks inside, each before what it holds."""
        yield self
        for child in self.children:
            if isinstance(child, Block):
                yield from child.walk()

    @property
    def params(self) -> int:
        """Trainable numbers inside, without those of another block that it `shares`."""
        return 0 if self.shares else self.content.totals.params

    @property
    def buffer_elements(self) -> int:
        """Numbers inside that are saved but not trained, likewise."""
        return 0 if self.shares else self.content.totals.buffers

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample, bias excluded, of the nodes inside that have a cost rule."""
        return self.content.totals.macs

    @property
    def flops(self) -> int:
        """Twice the multiply-accumulates."""
        return 2 * self.macs

    @property
    def other_ops(self) -> int:
        """Elementwise, pooling, normalisation and bias operations for one sample of the nodes that have a rule."""
        return self.content.totals.other

    @property
    def activations(self) -> int:
        """Bytes of the tensors that the nodes inside give, in float32 for one sample."""
        return self.content.totals.activations

    @property
    def receptive_field(self) -> ReceptiveField | None:
        """That of the node that gives its output; None where it is not known, and with several outputs of a block."""
        main = self.main_output
        return self.context.fields.get(self.outputs[main]) if self.context and main else None

    @property
    def main_output(self) -> str:
        """The name of the output that its own name stands for: an only one, or that of an op; else empty."""
        return "output" if self.kind == "op" else next(iter(self.outputs)) if len(self.outputs) == 1 else ""

    @property
    def stride(self) -> tuple[Fraction, ...] | None:
        """Steps of the input for one step of its output, for each spatial dimension; None where it is not known."""
        field = self.receptive_field
        return field and field.stride


def one_op(part: Node | Block) -> Node | None:
    """The node of an op, of one with several outputs that which gives the first; None for a block of several ops."""
    if isinstance(part, Node):
        return part
    children = part.children if part.kind == "op" else ()
    return next((child for child in reversed(children) if isinstance(child, Node)), None)
