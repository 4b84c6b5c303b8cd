"""Products of tensors, and attention."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.arithmetic import of_rank
from archspec.importers.module.functions.calls import Bound, rule
from archspec.importers.module.functions.dimensions import batch_of, is_joined, sample, sizes_of
from archspec.importers.module.runs import Held, UnrecordableError, Value, leaves


@rule("matmul bmm", "input other")
def _matmul(b: Bound) -> Wire:
    operands = [b.operand("input"), b.operand("other")]
    ranks = {len(sizes_of(each)) for each in operands}
    if max(ranks) > 2 and len(ranks) == 1 and _has_rows_of_batch(*operands):
        letters = _LETTERS[: max(ranks) - 2]
        equation = f"{letters}xy,{letters}yz->{letters}xz"
        return _product(b, equation, operands)
    rank = max(len(sample(each)) for each in operands)
    return b.place.node("matmul", [of_rank(b, each, rank) for each in operands])


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
    if not out or len(terms) != 2 or "." in equation or any(len(set(term)) != len(term) for term in (*terms, out)):
        raise UnrecordableError(f"einsum of `{equation}`")
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
