"""Products of tensors, and attention."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.arithmetic import of_rank, scaled
from archspec.importers.module.functions.calls import Bound, listed, one_of, rule
from archspec.importers.module.functions.dimensions import batch_of, is_joined, sample, sizes_of
from archspec.importers.module.runs import Held, UnrecordableError, Value, leaves


@rule("matmul bmm mm mv", "input other")
def _matmul(b: Bound) -> Wire:
    return _multiplied(b, b.operand("input"), b.operand("other"))


@rule("addmm baddbmm", "input mat1 mat2 beta alpha")
def _addmm(b: Bound) -> Wire:
    """A product and what is added to it, each times a number."""
    one, other = (b.operand(batched if batched in b.given else plain) for batched, plain in _FACTORS)
    product = scaled(b, _multiplied(b, one, other), b.number("alpha", 1))
    added = of_rank(b, b.operand("input"), len(sample(b.output)))
    return b.place.node("add", [scaled(b, added, b.number("beta", 1)), product])


_FACTORS = (("batch1", "mat1"), ("batch2", "mat2"))
"""What parameters are called in products of batches of matrices, and in those of matrices."""


@rule("inner", "input other")
def _inner(b: Bound) -> Wire:
    """The products of all rows of one with all rows of another."""
    operands = [b.operand("input"), b.operand("other")]
    one, other = (_LETTERS[i * 4 : i * 4 + len(sizes_of(each)) - 1] for i, each in enumerate(operands))
    return _product(b, f"{one}z,{other}z->{one}{other}", operands)


@rule("tensordot", "input other dims")
def _tensordot(b: Bound) -> Wire:
    """A sum over some dimensions of one and as many of another."""
    operands = [b.operand("input"), b.operand("other")]
    ranks, dims = [len(sizes_of(each)) for each in operands], b.get("dims", 2)
    if isinstance(dims, int):
        dims = list(range(-dims, 0)), list(range(dims))
    one, other = list(_LETTERS[: ranks[0]]), list(_LETTERS[ranks[0] : sum(ranks)])
    for mine, its in zip(*map(listed, dims), strict=True):
        other[its] = one[mine]
    out = [letter for letter in one + other if not (letter in one and letter in other)]
    return _product(b, f"{''.join(one)},{''.join(other)}->{''.join(out)}", operands)


def _multiplied(b: Bound, *operands: Value | Held) -> Wire:
    """A product of matrices, or of rows with one."""
    if len(sizes_of(operands[1])) == 1:
        return _of_rows(b, *operands)
    ranks = {len(sizes_of(each)) for each in operands}
    if max(ranks) > 2 and len(ranks) == 1 and _has_rows_of_batch(*operands):
        letters = _LETTERS[: max(ranks) - 2]
        equation = f"{letters}xy,{letters}yz->{letters}xz"
        return _product(b, equation, operands)
    rank = max(2, *(len(sample(each)) for each in operands))
    wire = b.place.node("matmul", [of_rank(b, each, rank) for each in operands])
    for _ in range(rank - len(sample(b.output))):
        wire = b.place.node("squeeze", [wire], dim=1)
    return wire


def _of_rows(b: Bound, one: Value | Held, row: Value | Held) -> Wire:
    """The products of rows with one, which PyTorch does not count as a product of matrices."""
    rank = len(sample(one))
    return b.place.node("sum", [b.place.node("mul", [b.place.wire(one), of_rank(b, row, rank)])], dim=rank)


@rule("bilinear", "input1 input2 weight bias")
def _bilinear(b: Bound) -> Wire:
    """For each output a sum over all pairs of features, each with a weight; PyTorch does not count it as a product."""
    shape = sample(b.operand("input1"))[:-1]
    _, one, other = sizes_of(b.operand("weight"))
    wires = [
        b.place.node("reshape", [b.place.wire(b.operand(name))], shape=[*shape, 1, *sizes])
        for name, sizes in (("input1", (one, 1)), ("input2", (1, other)))
    ]
    weight = of_rank(b, b.operand("weight"), len(shape) + 3)
    pairs = b.place.node("mul", [b.place.node("mul", wires), weight])
    wire = b.place.node("sum", [pairs], dim=[len(shape) + 2, len(shape) + 3])
    return wire if b["bias"] is None else b.place.node("add", [wire, of_rank(b, b.operand("bias"), len(shape) + 1)])


_LETTERS = "abcdefgh"


def _has_rows_of_batch(one: Value | Held, other: Value | Held) -> bool:
    """Whether the batch is among the rows of the first matrices, or the columns of the second."""
    rank = len(sizes_of(one))
    return batch_of(one) == rank - 2 or batch_of(other) == rank - 1


@rule("einsum", "equation operands")
def _einsum(b: Bound) -> Wire:
    return _product(b, b["equation"].replace(" ", ""), list(leaves(b["operands"])))


def _product(b: Bound, equation: str, operands: Sequence[Value | Held]) -> Wire:
    """A product of two tensors: dimensions that both have and the result has too, those that are summed, and others."""
    left, _, out = equation.partition("->")
    terms = left.split(",")
    is_plain = "->" in equation and "." not in equation and len(terms) <= 2
    if not is_plain or any(len(set(term)) != len(term) for term in (*terms, out)):
        raise UnrecordableError(f"einsum of `{equation}`")
    if len(terms) == 1:
        return _summed(b, _letters(operands[0], left), _letters(b.output, out), operands[0])
    one, other = (_letters(tensor, term) for tensor, term in zip(operands, terms, strict=True))
    wanted = _letters(b.output, out)
    summed = [letter for letter in one if letter in other and letter not in wanted]
    shared = [letter for letter in wanted if letter in one and letter in other]
    rows, columns = ([letter for letter in wanted if letter in term and letter not in shared] for term in (one, other))
    if not summed or {*shared, *summed} != one.keys() & other.keys() or {*one, *other} - {*wanted, *summed}:
        raise UnrecordableError(f"einsum of `{equation}`")
    wires = [
        _arranged(b, b.place.wire(tensor), sizes, [*([letter] for letter in shared), *groups])
        for tensor, sizes, groups in zip(operands, (one, other), ((rows, summed), (summed, columns)), strict=True)
    ]
    wire, order = b.place.node("matmul", wires), [*shared, *rows, *columns]
    if len(rows) != 1 or len(columns) != 1:
        wire = b.place.node("reshape", [wire], shape=[wanted[letter] for letter in order])
    return _permuted(b, wire, order, list(wanted))


def _summed(b: Bound, own: dict[str, int], wanted: dict[str, int], tensor: Value | Held) -> Wire:
    """Sums over the letters that are not wanted, and the others in their order."""
    dims = [i for i, letter in enumerate(own, 1) if letter not in wanted]
    wire = b.place.wire(tensor)
    if dims:
        wire = b.place.node("sum", [wire], dim=one_of(dims))
    return _permuted(b, wire, [letter for letter in own if letter in wanted], list(wanted))


def _letters(tensor: Value | Held, term: str) -> dict[str, int]:
    """The sizes of a sample's dimensions by the letters that they are called by, in order."""
    batch = batch_of(tensor)
    letters = [letter for i, letter in enumerate(term) if i != batch]
    if batch is not None and is_joined(tensor):
        letters.insert(0, term[batch])
    return dict(zip(letters, sample(tensor), strict=True))


def _arranged(b: Bound, wire: Wire, sizes: Mapping[str, int], groups: Sequence[Sequence[str]]) -> Wire:
    """A tensor with a dimension for each group of letters."""
    wire = _permuted(b, wire, list(sizes), [letter for group in groups for letter in group])
    if all(len(group) == 1 for group in groups):
        return wire
    return b.place.node("reshape", [wire], shape=[math.prod(sizes[letter] for letter in group) for group in groups])


def _permuted(b: Bound, wire: Wire, letters: Sequence[str], wanted: Sequence[str]) -> Wire:
    if letters == wanted:
        return wire
    return b.place.node("permute", [wire], dims=[letters.index(letter) + 1 for letter in wanted])


@rule("scaled_dot_product_attention", "query key value attn_mask dropout_p is_causal scale")
def _attention(b: Bound) -> Wire:
    wires = b.wires("query", "key", "value")
    if b["attn_mask"] is not None:
        wires.append(of_rank(b, b.operand("attn_mask"), len(sample(b.output))))
    return b.place.node("scaled_dot_product_attention", wires, is_causal=b.get("is_causal", False), scale=b["scale"])
