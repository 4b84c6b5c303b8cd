"""Calls of torch's functions as networks make them: each function of torch.nn.functional, and what else may occur."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Shape = tuple[int, ...]


class Calling(nn.Module):
    """A module whose forward is one expression of its inputs `x` and `y`, and of parameters: ``p(6, 4)`` is one.

    It is the same wherever it stands, and ``q(6, 4)`` another.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.code = compile(text, text, "eval")
        for name, sizes in dict.fromkeys(re.findall(r"\b([pq])\(([\d, ]+)\)", text)):
            shape = [int(size) for size in sizes.split(",")]
            self.register_parameter(_name(name, *shape), nn.Parameter(torch.rand(shape)))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Any:
        held = {name: lambda *shape, name=name: getattr(self, _name(name, *shape)) for name in "pq"}
        return eval(self.code, NAMES | held | {"x": x, "y": y})


NAMES = {"torch": torch, "nn": nn, "F": F}


def _name(name: str, *shape: int) -> str:
    return name + "x".join(map(str, shape))


FUNCTIONAL: dict[str, tuple[Shape, ...]] = {}
"""Calls of functions of torch.nn.functional, with the shapes of the inputs."""
OTHERS: dict[str, tuple[Shape, ...]] = {}
"""Calls of other functions of torch, of methods of tensors and of operators."""


def _calls(table: dict[str, tuple[Shape, ...]], shapes: tuple[Shape, ...], texts: str) -> None:
    table.update({" ".join(text.split()): shapes for text in texts.split(";")})


_calls(
    FUNCTIONAL,
    ((4, 8, 8),),
    """
    F.adaptive_avg_pool2d(x, 2); F.adaptive_max_pool2d(x, 2); F.adaptive_max_pool2d_with_indices(x, 2)[0];
    F.avg_pool2d(x, 2); F.batch_norm(x, None, None, p(4), q(4), True); F.celu(x); F.celu(x, 0.5); F.celu_(x *
    2); F.channel_shuffle(x, 2); F.conv2d(x, p(6, 4, 3, 3), p(6)); F.conv_transpose2d(x, p(4, 6, 3, 3));
    F.dropout(x, 0.5, False); F.dropout2d(x, 0.5, False); F.alpha_dropout(x, 0.5, False);
    F.feature_alpha_dropout(x, 0.5, False); F.elu(x, 0.5); F.elu_(x * 2); F.gelu(x); F.gelu(x,
    approximate='tanh'); F.glu(x, 1); F.glu(x); F.group_norm(x, 2, p(4), q(4)); F.hardshrink(x); F.hardshrink(x,
    0.1); F.hardsigmoid(x); F.hardswish(x); F.hardtanh(x); F.hardtanh_(x * 2, 0, 3); F.instance_norm(x);
    F.interpolate(x, scale_factor=2); F.interpolate(x, (5, 7), mode='bilinear', align_corners=True);
    F.interpolate(x, 5, mode='bicubic'); F.interpolate(x, 5, mode='area'); F.layer_norm(x, (8,));
    F.layer_norm(x, (8, 8), p(8, 8), q(8, 8)); F.leaky_relu(x, 0.2); F.leaky_relu_(x * 2); F.linear(x, p(5, 8));
    F.linear(x, p(5, 8), p(5)); F.linear(x, p(6, 8)[:3], q(6)[:3]); F.linear(x, p(6, 8)[:1]);
    F.local_response_norm(x, 3); F.log_softmax(x, 1); F.logsigmoid(x); F.lp_pool2d(x, 2, 2); F.max_pool2d(x, 3,
    2, 1); F.max_pool2d(x, 2, return_indices=True)[0]; F.max_pool2d_with_indices(x, 2)[0]; F.mish(x);
    F.normalize(x); F.normalize(x, p=1, dim=2); F.pad(x, (1, 2)); F.pad(x, (1, 1, 1, 1), 'reflect'); F.pad(x,
    (1, 1, 1, 1), 'circular'); F.pixel_shuffle(x, 2); F.pixel_unshuffle(x, 2); F.prelu(x, p(4)); F.prelu(x,
    p(1)); F.relu(x); F.relu6(x); F.relu_(x * 2); F.rms_norm(x, (8,)); F.rms_norm(x, (8,), p(8), 1e-3);
    F.rrelu(x); F.rrelu(x, 0.1, 0.2); F.rrelu_(x * 2); F.selu(x); F.selu_(x * 2); F.sigmoid(x); F.silu(x);
    F.softmax(x, 1); F.softmax(x); F.softmin(x, 1); F.softmin(x, dim=-1); F.softplus(x); F.softplus(x, 2, 10);
    F.softshrink(x); F.softshrink(x, 0.1); F.softshrink(x, 0); F.softsign(x); F.tanh(x);
    F.tanhshrink(x); F.threshold(x, 0.1, 20);
    F.threshold(x, 0, 0); F.threshold(x, 0.5, 0.5); F.threshold(x, -0.5, 0); F.threshold_(x * 2, 0.1, 0);
    F.unfold(x, 3); F.upsample(x, scale_factor=2); F.upsample_bilinear(x, scale_factor=2); F.upsample_nearest(x,
    scale_factor=2); F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)
    """,
)
_calls(
    FUNCTIONAL,
    ((6, 4),),
    """
    F.adaptive_avg_pool1d(x, 2); F.adaptive_max_pool1d(x, 2); F.adaptive_max_pool1d_with_indices(x, 2)[0];
    F.avg_pool1d(x, 2); F.conv1d(x, p(5, 6, 3)); F.conv_transpose1d(x, p(6, 5, 3)); F.dropout1d(x, 0.5, False);
    F.lp_pool1d(x, 2, 2); F.max_pool1d(x, 2); F.max_pool1d_with_indices(x, 2)[0];
    F.max_unpool1d(*F.max_pool1d(x, 2, return_indices=True), 2)
    """,
)
_calls(
    FUNCTIONAL,
    ((2, 4, 4, 4),),
    """
    F.adaptive_avg_pool3d(x, 2); F.adaptive_max_pool3d(x, 2); F.adaptive_max_pool3d_with_indices(x, 2)[0];
    F.avg_pool3d(x, 2); F.conv3d(x, p(3, 2, 2, 2, 2)); F.conv_transpose3d(x, p(2, 3, 2, 2, 2)); F.dropout3d(x,
    0.5, False); F.lp_pool3d(x, 2, 2); F.max_pool3d(x, 2); F.max_pool3d_with_indices(x, 2)[0];
    F.max_unpool3d(*F.max_pool3d(x, 2, return_indices=True), 2)
    """,
)
_calls(
    FUNCTIONAL,
    ((16, 9),),
    """
    F.fold(x, (4, 4), 2); F.native_channel_shuffle(x[..., None], 4)
    """,
)
_calls(
    FUNCTIONAL,
    ((4, 8, 8), (4, 8, 8)),
    """
    F.cosine_similarity(x, y); F.cosine_similarity(x, y, dim=2, eps=1e-3); F.pairwise_distance(x, y)
    """,
)
_calls(
    FUNCTIONAL,
    ((6, 4), (6, 4)),
    """
    F.scaled_dot_product_attention(x, y, y); F.bilinear(x, y, p(3, 4, 4), p(3)); F.bilinear(x, y, p(3, 4, 4))
    """,
)
_calls(
    FUNCTIONAL,
    ((4,), (5,)),
    """
    F.bilinear(x, y, p(3, 4, 5), p(3))
    """,
)
_calls(
    OTHERS,
    ((4, 8, 8),),
    """
    torch.special.softmax(x, 1); torch.softmax(dim=1, input=x); torch.special.log_softmax(x, 1);
    torch.special.expit(x); torch.special.exp2(x);
    torch.special.expm1(x); torch.special.log1p(x.abs()); torch.special.logit(x.sigmoid());
    torch.special.logsumexp(x, 1); torch.relu(x); torch.relu_(x * 2); torch.selu(x); torch.celu(x);
    torch.prelu(x, p(4)); torch.dropout(x, 0.5, False); torch.feature_dropout(x, 0.5, False); torch.threshold(x,
    0.1, 0); torch.rrelu(x); torch.conv2d(x, p(6, 4, 3, 3), p(6)); torch.max_pool2d(x, 2);
    torch.pixel_shuffle(x, 2); torch.group_norm(x, 2); torch.layer_norm(x, (8,)); torch.sigmoid(x);
    x.sigmoid_(); x.hardshrink(); torch.square(x); x.abs_(); x.absolute(); x.negative(); x.neg(); x.positive();
    +x; -x; abs(x); x.sgn(); x.sign(); x.exp(); x.exp2(); x.expm1(); (x.abs() + 1).log(); (x.abs() + 1).log2();
    (x.abs() + 1).log10(); x.abs().log1p(); x.sin(); x.cos(); x.tan(); x.sinh(); x.cosh(); (x.abs() + 1).sqrt();
    (x.abs() + 1).rsqrt(); (x.abs() + 1).reciprocal(); 1 / (x.abs() + 1); 2 - x; x - 2; 2 * x; x ** 2; (x.abs()
    + 1) ** 0.5; 2 ** x; torch.sub(2, x); torch.sub(2, x, alpha=3);
    torch.add(1, x, alpha=2); torch.mul(2, x); torch.div(2, x.abs() + 1); torch.pow(2, x);
    x.pow(3); x.pow_(2); x.deg2rad(); x.rad2deg(); x.clamp(0, 1); x.clamp(min=0);
    x.clamp_min(0.1); x.clamp_max(0.1); x.clip(0, 1); x.clamp_(0, 1); torch.clamp(x, max=1); x.softmax(1);
    x.softmax(-1); x.log_softmax(1); x.logsumexp(1); x.logsumexp((2, 3), keepdim=True); x.logit(1e-3);
    x.mean(1); x.mean(axis=1); x.sum(axis=(2, 3), keepdims=True); x.mean((2, 3)); x.mean([2, 3], True);
    x.mean(dim=(-2, -1), keepdim=True); x.sum(1); x.sum((1, 2, 3)); x.amax(1); x.amin((2, 3)); x.max(1)[0];
    x.max(dim=1, keepdim=True).values; x.min(-1)[0]; torch.max(x, 1).values; torch.aminmax(x, dim=1).max;
    x.std(1); x.std((2, 3), keepdim=True); x.var(1, correction=None); x.var(1);
    x.var((2, 3), unbiased=False); torch.std_mean(x, (2, 3));
    torch.var_mean(x, 1, correction=0); x.norm(dim=1); x.norm(1, 1); torch.linalg.vector_norm(x, dim=(2, 3));
    torch.linalg.norm(x, dim=1); torch.linalg.norm(x, dim=1, keepdim=True); x.flatten(1); x.flatten(-2);
    torch.flatten(x, 2); x.view(x.shape[0], -1); x.view(-1, 4, 64); x.reshape(x.size(0), 2, 2, 8, 8);
    x.unflatten(1, (2, 2)); x.permute(0, 2, 3, 1); torch.permute(x, (0, 3, 1, 2)); x.transpose(1, 2);
    x.swapaxes(1, 2); x.swapdims(1, -1); x.movedim(1, -1); x.moveaxis((1, 2), (2, 3)); torch.movedim(x, 1, 3);
    x.mT; x.mH; x.adjoint(); x.data; x.detach(); x.real; x.clone(); x.contiguous(); x.float(); x.to(x.dtype);
    x.type_as(x); x.type(torch.float32); x.requires_grad_(); x.unsqueeze(-1); x[:, None];
    x.unsqueeze(1).squeeze(1); x[:, :1].squeeze(1); x[:, 0]; x[:, 1:3]; x[..., ::2]; x[:, -1]; x.narrow(1, 1,
    2); x.narrow_copy(1, 1, 2); x.select(1, 2); x.chunk(2, 1)[1]; x.split(2, 1)[1]; x.split([1, 3], 1)[1];
    x.split_with_sizes([1, 3], 1)[1]; x.tensor_split(2, 1)[0]; x.tensor_split(3, 1)[0]; torch.tensor_split(x,
    (1, 3), 1)[1]; x.unsafe_chunk(2, 1)[0]; x.unsafe_split(2, 1)[0]; torch.hsplit(x, 2)[1]; x.dsplit(2)[0];
    x.unbind(1)[2]; x.index_select(1, torch.tensor([2, 0])); x[:, [2, 0]]; x[:, torch.tensor([0, 1])];
    x.flip(1); x.flip((2, 3)); torch.fliplr(x); x.rot90(1, (2, 3)); torch.rot90(x, 2, [2, 3]); x.roll(1, 2);
    x.roll((1, 2), (2, 3)); x.repeat(1, 2, 1, 1); x.tile(1, 2); x.tile((2, 1, 1)); x.repeat_interleave(2, 1);
    x[:, :1].expand(-1, 4, -1, -1); x[:, :1].expand_as(x); x[:, :1].broadcast_to(x.shape); x.unfold(2, 4, 2);
    x.diff(dim=2); torch.diff(x); x.index_select(1, torch.arange(2)); torch.cat([x, x], 1); torch.concat((x, x),
    dim=1); torch.concatenate([x, x], axis=1); torch.stack([x, x], 1); torch.dstack([x, x]);
    torch.column_stack([x, x]); x.matmul(p(8, 3)); x @ p(8, 3); torch.einsum('bchw,ck->bkhw', x, p(4, 6));
    torch.einsum('bchw->bhwc', x); torch.einsum('bchw->bc', x); torch.tensordot(x, p(8, 3), 1);
    torch.tensordot(x, p(4, 3), dims=([1], [0])); x.mul(2); x.multiply(2); x.div(2); x.true_divide(2); x.add(1,
    alpha=2); torch.add(x, x, alpha=0.5); x.sub(x.relu(), alpha=2); x.add_(1); x.mul_(2); x.lerp(x.relu(), 0.3);
    x.addcmul(x, x, value=0.5); x.addcdiv(x, x.abs() + 1); x.square(); torch.rsub(x, 2); torch.hypot(x, x);
    x.logaddexp(x); torch.fmax(x, x); torch.fmin(x, x * 2); x.maximum(x); torch.minimum(x, x); torch.max(x, x);
    torch.min(x, x * 2); torch.addcmul(x, x, x); torch.sum(x, dim=1); torch.mean(x, 1); x.sum(-1).unsqueeze(-1);
    x.mean(1, keepdim=True) * x; x + p(4, 1, 1); x * p(1, 4, 1, 1); p(4, 1, 1) - x; p(4, 1, 1) / (x.abs() + 1);
    x.div(p(4, 1, 1)); x.new_zeros(x.shape) + x; torch.zeros_like(x) + x; torch.ones_like(x) * x;
    x.masked_fill(torch.eye(8).bool(), 0.0); x.masked_fill(torch.eye(8) > 0, -1.0); torch.where(torch.eye(8) >
    0, x, 0.0); x.tril(); x.triu(1)
    """,
)
_calls(
    OTHERS,
    ((4,),),
    """
    x.unsqueeze(1); torch.hstack([x, x]); torch.addmm(p(3), x, p(4, 3)); x.mm(p(4, 3)); F.linear(x, p(6, 4) *
    2); x + p(1, 4); torch.mm(x, p(4, 3)); torch.addmm(p(3), x, p(4, 3), beta=2, alpha=3); x @ p(4, 3);
    x.mv(p(4)); x.T.T; x.t().t(); torch.linalg.norm(x, dim=-1); torch.inner(x, p(3, 4))
    """,
)
_calls(
    OTHERS,
    ((4, 8, 8), (4, 8, 8)),
    """
    x + y; x - y; x * y; x / (y.abs() + 1); torch.maximum(x, y); torch.matmul(x, y);
    torch.einsum('bchw,bchv->bcwv', x, y); torch.lerp(x, y, 0.3); torch.lerp(x, y, x); torch.linalg.matmul(x,
    y); torch.logaddexp(x, y); torch.hypot(x, y); torch.addcdiv(x, y, y.abs() + 1, value=2);
    torch.linalg.vecdot(x, y)
    """,
)
_calls(
    OTHERS,
    ((6, 4), (4, 6)),
    """
    x @ y; x.bmm(y); torch.bmm(x, y); torch.baddbmm(p(6, 6), x, y); torch.baddbmm(p(6, 6), x, y, beta=0.5,
    alpha=2)
    """,
)

UNSAID = {
    **dict.fromkeys(
        "binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy ctc_loss "
        "gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss linear_cross_entropy margin_ranking_loss "
        "mse_loss "
        "multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss nll_loss poisson_nll_loss "
        "smooth_l1_loss soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss".split(),
        "a loss, which compares a network's output with what is wanted",
    ),
    **dict.fromkeys(
        "fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d "
        "fractional_max_pool3d_with_indices gumbel_softmax".split(),
        "draws numbers at each call, in evaluation too",
    ),
    **dict.fromkeys("affine_grid grid_sample".split(), "takes numbers from places that numbers say"),
    **dict.fromkeys("embedding embedding_bag one_hot".split(), "takes whole numbers, where images are real"),
    **dict.fromkeys("grouped_mm scaled_grouped_mm scaled_mm".split(), "of sizes that numbers say, or of eight bits"),
    "conv_tbc": "has weights of another order, and the batch as second dimension",
    "multi_head_attention_forward": "is read as the nn.MultiheadAttention that calls it",
    "pdist": "compares samples",
}
"""Functions of torch.nn.functional that no spec says, each with the reason."""

NONE = frozenset(
    "assert_int_or_pair boolean_dispatch handle_torch_function has_torch_function has_torch_function_unary "
    "has_torch_function_variadic Optional".split()
)
"""What stands in torch.nn.functional and is no function of tensors."""
