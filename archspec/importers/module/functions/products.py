"""Products of tensors, and attention."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.arithmetic import of_rank
from archspec.importers.module.functions.calls import Bound, rule
from archspec.importers.module.functions.dimensions import batch_of, is_joined, sample
from archspec.importers.module.recording import Held, UnrecordableError, Value, leaves


@rule("matmul bmm", "input other")
def _matmul(b: Bound) -> Wire:
    return b.node("matmul", "input", "other")


@rule("einsum", "equation operands")
def _einsum(b: Bound) -> Wire:
    """A product of two tensors with one dimension that is summed over, and one of each that is kept."""
    equation = b["equation"].replace(" ", "")
    operands = list(leaves(b["operands"]))
    left, _, out = equation.partition("->")
    terms = left.split(",")
    if not out or len(terms) != 2 or "." in equation or any(len(set(term)) != len(term) for term in (*terms, out)):
        raise UnrecordableError(f"einsum of `{b['equation']}`")
    one, other = terms
    summed = [letter for letter in one if letter in other and letter not in out]
    shared = [letter for letter in out if letter in one and letter in other]
    kept = [[letter for letter in out if letter in term and letter not in shared] for term in terms]
    if [len(summed), *map(len, kept)] != [1, 1, 1] or len(one) != len(shared) + 2 or len(other) != len(shared) + 2:
        raise UnrecordableError(f"einsum of `{b['equation']}`")
    orders = ([*shared, *kept[0], *summed], [*shared, *summed, *kept[1]])
    wires = [
        _arranged(b, b.place.wire(operand), operand, term, order)
        for operand, term, order in zip(operands, terms, orders, strict=True)
    ]
    return _arranged(b, b.place.node("matmul", wires), b.output, "".join([*shared, *kept[0], *kept[1]]), out)


def _arranged(b: Bound, wire: Wire, tensor: Value | Held, letters: str, order: Sequence[str]) -> Wire:
    """A tensor whose dimensions are called by letters, with these in another order."""
    batch = batch_of(tensor)
    named = order if isinstance(order, str) and tensor is b.output else letters  # the letter of the batch
    first = named[batch] if batch is not None else ""
    mine = [letter for letter in letters if letter != first]
    wanted = [letter for letter in order if letter != first]
    if mine == wanted:
        return wire
    if is_joined(tensor):
        raise UnrecordableError("einsum of a tensor whose batch is joined with another dimension")
    return b.place.node("permute", [wire], dims=[mine.index(letter) + 1 for letter in wanted])


@rule("scaled_dot_product_attention", "query key value attn_mask dropout_p is_causal scale")
def _attention(b: Bound) -> Wire:
    wires = b.wires("query", "key", "value")
    if b["attn_mask"] is not None:
        wires.append(of_rank(b, b.operand("attn_mask"), len(sample(b.output))))
    return b.place.node("scaled_dot_product_attention", wires, is_causal=b.get("is_causal", False), scale=b["scale"])
