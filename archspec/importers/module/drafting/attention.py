"""A layer of attention, whose function sees operands with the batch second."""

from __future__ import annotations

import inspect

from torch import nn

from archspec.errors import listed
from archspec.importers.module.draft import Place, Wire
from archspec.importers.module.runs import Held, UnrecordableError, Visit


def attention(module: nn.MultiheadAttention, visit: Visit, place: Place) -> Wire:
    """What a call of it gives, as that of one node.

    Raises:
        UnrecordableError: It is called as no op is.
    """
    if not module.batch_first or module.bias_k is not None or module.add_zero_attn:
        raise UnrecordableError("attention with the batch second, bias_k or add_zero_attn")
    asked = dict(zip(inspect.signature(module.forward).parameters, visit.inputs, strict=False)) | visit.keywords
    masks = [name for name in ("key_padding_mask", "attn_mask") if asked.get(name) is not None]
    if masks:
        raise UnrecordableError(f"attention with {listed(masks)}, which is not imported")
    query, key, value = (asked[name] for name in ("query", "key", "value"))
    operands = [query] if query is key is value else [query, key, value]
    prefix = f"{visit.path}." if visit.path else ""
    held = {own: Held(prefix + own, tuple(tensor.shape), True) for own, tensor in module.named_parameters()}
    return place.node(
        "multi_head_attention", [place.wire(each) for each in operands], held, num_heads=module.num_heads,
        bias=module.in_proj_bias is not None,
    )  # fmt: skip
