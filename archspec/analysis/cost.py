"""Costs rolled up by block, at any depth."""

from __future__ import annotations

from typing import NamedTuple

from archspec.network import Block, Network, Node, one_op
from archspec.ops.tensor import Shape


class Row(NamedTuple):
    """The figures of one node, or of a block and all that it holds.

    Attributes:
        path: Its path.
        kind: The op's name; for a block its definition's, with ``×n`` for a repeat; ``group`` for a group.
        depth: How many blocks it stands in.
        shape: The shape of its output without the batch; None for a block with several outputs.
        params: Trainable numbers.
        buffers: Numbers saved but not trained.
        macs: Multiply-accumulates for one sample; None where no op inside has a cost rule.
        other_ops: Elementwise, pooling, normalisation and bias operations; None likewise.
        share: Its part of the network's multiply-accumulates in evaluation, 0 to 1.
        complete: Whether every op inside has a cost rule.
        is_block: Whether it stands for a block.
        kernel_size: The window that its op takes as an argument; None for a block, and where there is none.
        stride: The steps of its window; None likewise.
        groups: The groups of its channels; None likewise.
        activations: Bytes of the tensors that it gives, in float32 for one sample; of a block all inside.
        shares: The path of what has its parameters and buffers, which are not among its own; empty for itself.
    """

    path: str
    kind: str
    depth: int
    shape: Shape | None
    params: int
    buffers: int
    macs: int | None
    other_ops: int | None
    share: float
    complete: bool
    is_block: bool
    kernel_size: Shape | None
    stride: Shape | None
    groups: int | None
    activations: int
    shares: str

    @property
    def flops(self) -> int | None:
        """Twice the multiply-accumulates."""
        return None if self.macs is None else 2 * self.macs


def roll_up(network: Network, depth: int | None = None) -> tuple[Row, ...]:
    """A row for each node and block down to a depth, in order; a block at that depth stands for all that it holds.

    What a spec writes as a table (`each`) is no level of its own: its rows are rows.

    Args:
        network: The network.
        depth: How many levels of blocks to open; None for all, with a row for each op, whose outputs may be several
            nodes, and none for blocks.
    """
    rows: list[Row] = []
    _open(network, network.blocks, 0, depth, rows)
    return tuple(rows)


def _open(network: Network, block: Block, level: int, depth: int | None, rows: list[Row]) -> None:
    for child in block.children:
        if isinstance(child, Block) and child.step is not None and child.step.each is not None:
            _open(network, child, level, depth, rows)
        elif isinstance(child, Node) or child.kind == "op" or (depth is not None and level + 1 >= depth):
            rows.append(_row(network, child, level))
        else:
            _open(network, child, level + 1, depth, rows)


def _row(network: Network, part: Block | Node, level: int) -> Row:
    totals = part.content.totals
    single = one_op(part)
    op = single and single.op
    arguments = vars(op) if op else {}  # what a model lacks costs it an error
    kernel_size = arguments.get("kernel_size")
    return Row(
        path=part.path,
        kind=op.name if op else _block_kind(part),
        depth=level,
        shape=_shape(network, part),
        params=part.params,
        buffers=part.buffer_elements,
        macs=totals.macs if totals.costed else None,
        other_ops=totals.other if totals.costed else None,
        share=share(network, part),
        complete=totals.costed == totals.nodes,
        is_block=op is None,
        kernel_size=kernel_size,
        stride=arguments.get("stride") or kernel_size,
        groups=arguments.get("groups"),
        activations=totals.activations,
        shares=part.shares,
    )


def share(network: Network, part: Block | Node) -> float:
    """The part of a network's multiply-accumulates in evaluation that a node or block has; 0 where it does not run."""
    if not network.macs or network.is_training_only(part.path):
        return 0.0
    return part.content.totals.macs / network.macs


def _block_kind(block: Block | Node) -> str:
    assert isinstance(block, Block)
    if block.kind != "repeat":
        return block.definition or block.kind
    first: Block | Node = block
    while isinstance(first, Block) and first.kind == "repeat":
        first = first.children[0]
    single = one_op(first)
    inner = single.op.name if single else _block_kind(first)
    copies = block.content.copies
    return f"{inner} ×{copies}" if copies > 1 else inner


def _shape(network: Network, part: Block | Node) -> Shape | None:
    if isinstance(part, Node):
        return part.shape
    path = part.outputs.get(part.main_output, "")
    return network.shape(path) if path in network else None
