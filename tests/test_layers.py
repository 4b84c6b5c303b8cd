"""The layers that PyTorch lacks: right by their definition, and at home in PyTorch's tools."""

from __future__ import annotations

import ast
import copy
import io
import math
import pickle
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from sampling import examples, few

import archspec

torch = pytest.importorskip("torch")
from emitted_layers import kept_bytes  # noqa: E402
from raw_definitions import RawLocalConv  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

from archspec.pytorch.layers.avg_pool1d_same import AvgPool1dSame  # noqa: E402
from archspec.pytorch.layers.avg_pool2d_same import AvgPool2dSame  # noqa: E402
from archspec.pytorch.layers.avg_pool3d_same import AvgPool3dSame  # noqa: E402
from archspec.pytorch.layers.batch_stochastic_depth import BatchStochasticDepth  # noqa: E402
from archspec.pytorch.layers.blur_pool2d import BlurPool2d  # noqa: E402
from archspec.pytorch.layers.conv1d_same import Conv1dSame  # noqa: E402
from archspec.pytorch.layers.conv2d_same import Conv2dSame  # noqa: E402
from archspec.pytorch.layers.conv3d_same import Conv3dSame  # noqa: E402
from archspec.pytorch.layers.global_response_norm import GlobalResponseNorm  # noqa: E402
from archspec.pytorch.layers.layer_norm_along import LayerNormAlong  # noqa: E402
from archspec.pytorch.layers.layer_scale import LayerScale  # noqa: E402
from archspec.pytorch.layers.local_conv1d import LocalConv1d  # noqa: E402
from archspec.pytorch.layers.local_conv2d import LocalConv2d  # noqa: E402
from archspec.pytorch.layers.max_pool1d_same import MaxPool1dSame  # noqa: E402
from archspec.pytorch.layers.max_pool2d_same import MaxPool2dSame  # noqa: E402
from archspec.pytorch.layers.max_pool3d_same import MaxPool3dSame  # noqa: E402
from archspec.pytorch.layers.multihead_attention import MultiheadAttention  # noqa: E402
from archspec.pytorch.layers.scaled_dot_product_attention import ScaledDotProductAttention  # noqa: E402
from archspec.pytorch.layers.std_conv1d import StdConv1d  # noqa: E402
from archspec.pytorch.layers.std_conv1d_same import StdConv1dSame  # noqa: E402
from archspec.pytorch.layers.std_conv2d import StdConv2d  # noqa: E402
from archspec.pytorch.layers.std_conv2d_same import StdConv2dSame  # noqa: E402
from archspec.pytorch.layers.std_conv3d import StdConv3d  # noqa: E402
from archspec.pytorch.layers.std_conv3d_same import StdConv3dSame  # noqa: E402
from archspec.pytorch.layers.std_linear import StdLinear  # noqa: E402
from archspec.pytorch.layers.stochastic_depth import StochasticDepth  # noqa: E402

FILES = sorted((Path(archspec.__file__).parent / "pytorch" / "layers").glob("*.py"))
DOUBLE = {"dtype": torch.double}

LAYERS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "1d": (LocalConv1d(4, 6, 9, 3, stride=2, padding=1, dilation=2, groups=2), (4, 9)),
    "1d-plain": (LocalConv1d(2, 3, 5, 2, bias=False), (2, 5)),
    "2d": (LocalConv2d(4, 6, (7, 6), (3, 2), stride=(2, 1), padding=(1, 2), dilation=(2, 1), groups=2), (4, 7, 6)),
    "2d-cropped": (LocalConv2d(2, 3, (8, 9), 2, stride=3, bias=False), (2, 8, 9)),
    "2d-plain": (LocalConv2d(2, 3, 5, 3), (2, 5, 5)),
    "scale": (LayerScale((4, 1, 1), 0.5), (4, 3, 2)),
    "row": (StochasticDepth(0.4), (3, 2)),
    "batch": (BatchStochasticDepth(0.4), (3,)),
    "attention": (MultiheadAttention(6, 2), (5, 6)),
    "attention-causal": (MultiheadAttention(4, 2, bias=False, is_causal=True), (5, 4)),
    "layer-norm": (LayerNormAlong(4, 1, 1e-3), (4, 3, 2)),
    "layer-norm-plain": (LayerNormAlong(3, -2, elementwise_affine=False), (4, 3, 2)),
    "response": (GlobalResponseNorm(3, -1), (4, 2, 3)),
    "blur": (BlurPool2d(3, 4), (3, 5, 6)),
    "conv1-same": (Conv1dSame(4, 6, 4, stride=2, groups=2), (4, 8)),
    "conv2-same": (Conv2dSame(2, 3, (3, 4), 2, "same_lower", dilation=2), (2, 8, 7)),
    "conv3-same": (Conv3dSame(2, 3, 3, 2, bias=False), (2, 4, 5, 6)),
    "std1": (StdConv1d(4, 6, 3, groups=2, eps=1e-8), (4, 8)),
    "std2": (StdConv2d(2, 3, 3, padding="same"), (2, 5, 6)),
    "std3": (StdConv3d(2, 3, 2, bias=False), (2, 3, 4, 5)),
    "std1-same": (StdConv1dSame(2, 3, 4, 2), (2, 8)),
    "std2-same": (StdConv2dSame(2, 3, 3, 2, "same_lower"), (2, 8, 7)),
    "std3-same": (StdConv3dSame(2, 3, 3, 2, bias=False), (2, 4, 5, 6)),
    "std-linear": (StdLinear(4, 3), (5, 4)),
    "max1-same": (MaxPool1dSame(3, 2, "same_lower"), (2, 8)),
    "max2-same": (MaxPool2dSame((2, 3), dilation=(2, 1)), (2, 8, 7)),
    "max3-same": (MaxPool3dSame(3, 2), (2, 4, 5, 6)),
    "avg1-same": (AvgPool1dSame(3, 2, "same_lower", count_include_pad=False), (2, 8)),
    "avg2-same": (AvgPool2dSame((2, 3), (3, 2), count_include_pad=False), (2, 8, 7)),
    "avg3-same": (AvgPool3dSame(3, 2, divisor_override=5), (2, 4, 5, 6)),
}
"""A layer, and the shape of a sample of its input."""

layers = pytest.mark.parametrize("name", LAYERS)
convolutions = pytest.mark.parametrize("name", [name for name in LAYERS if "d" in name.partition("-")[0][:2]])

deprecated = pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")


def make(name: str, batch: int, **factory: Any) -> tuple[nn.Module, Any]:
    """A copy of the layer, in evaluation mode, and inputs."""
    layer, shape = LAYERS[name]
    return copy.deepcopy(layer).to(**factory).eval(), torch.randn(batch, *shape, **factory)


def gradients(layer: nn.Module, x: Any, output_gradient: Any) -> list[Any]:
    x = x.detach().requires_grad_()
    output = layer(x)
    return [output, *torch.autograd.grad(output, [x, *layer.parameters()], output_gradient)]


# Values


@st.composite
def local_convolutions(draw: Any) -> tuple[int, tuple[int, ...], dict[str, Any]]:
    """Channels, sizes and arguments of which some make no layer."""

    def sizes(low: int, high: int) -> Any:
        number = st.integers(low, high)
        return draw(number | st.lists(number, min_size=rank, max_size=rank))

    rank = draw(st.integers(1, 2))
    groups = draw(st.integers(1, 3))
    args = {"out_channels": groups * draw(st.integers(1, 2)), "kernel_size": sizes(1, 4), "stride": sizes(1, 3)}
    args |= {"padding": sizes(0, 2), "dilation": sizes(1, 3), "groups": groups, "bias": draw(st.booleans())}
    size = draw(st.lists(st.integers(1, 8), min_size=rank, max_size=rank))
    return groups * draw(st.integers(1, 2)), tuple(size), args


def ours(channels: int, size: tuple[int, ...], args: dict[str, Any]) -> nn.Module:
    if len(size) == 1:
        args = {key: value[0] if isinstance(value, list) else value for key, value in args.items()}
        return LocalConv1d(channels, in_size=size[0], **args)
    args = {key: tuple(value) if isinstance(value, list) else value for key, value in args.items()}
    return LocalConv2d(channels, in_size=size, **args)


@settings(max_examples=examples(150))
@given(local_convolutions(), st.integers(1, 3))
def test_local_convolution_is_a_convolution_at_each_place(case: Any, batch: int) -> None:
    channels, size, args = case
    try:
        expected = RawLocalConv(channels, size, **args).double()
    except RuntimeError:  # the kernel does not fit
        with pytest.raises(ValueError, match="kernel_size"):
            ours(channels, size, args)
        return
    layer = ours(channels, size, args).double()
    layer.load_state_dict(expected.state_dict())
    x = torch.randn(batch, channels, *size, **DOUBLE)
    gradient = torch.randn_like(layer(x))
    for value, wanted in zip(gradients(layer, x, gradient), gradients(expected, x, gradient), strict=True):
        torch.testing.assert_close(value, wanted)
    assert layer(x).is_contiguous()


@convolutions
@pytest.mark.parametrize("batch", [1, 2])
def test_gradients_are_those_of_finite_differences(name: str, batch: int) -> None:
    layer, x = make(name, batch, **DOUBLE)
    names, values = zip(*layer.named_parameters(), strict=True)

    def call(x: Any, *weights: Any) -> Any:
        return torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), x)

    assert torch.autograd.gradcheck(call, (x.requires_grad_(), *values))


@convolutions
@pytest.mark.parametrize("batch", [1, 2])
def test_the_order_in_memory_changes_nothing(name: str, batch: int) -> None:
    layer, x = make(name, batch)
    output = layer(x)
    turned = torch.randn(output.shape[::-1]).permute(*range(output.dim())[::-1])
    for gradient in (turned, torch.ones(()).expand_as(output)):
        found = gradients(layer, x.movedim(1, -1).contiguous().movedim(-1, 1), gradient)
        torch.testing.assert_close(found, gradients(layer, x, gradient.contiguous()))


def test_autograd_keeps_the_unfolded_input_of_one_sample() -> None:
    """Of several it keeps what the op `local_conv` says, which is the law of the ops."""
    layer, x = make("2d-plain", 1)
    assert kept_bytes(layer, [x.requires_grad_()]) == 4 * (2 * 3 * 3) * (3 * 3)


def test_the_layers_begin_as_convolutions_do() -> None:
    for layer, fan_in in [(LocalConv1d(8, 64, 9, 3, groups=2), 12), (LocalConv2d(8, 16, 9, 3, groups=2), 36)]:
        bound = 1 / math.sqrt(fan_in)
        for parameter in layer.parameters():
            assert 0.98 * bound < parameter.max() <= bound
            assert -bound <= parameter.min() < -0.98 * bound
            assert parameter.mean().abs() < 0.1 * bound


@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kdim", "vdim"), [(None, None), (3, 6), (6, 5)])
def test_attention_is_that_of_pytorch(bias: bool, kdim: int | None, vdim: int | None) -> None:
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(6, 2, bias=bias, kdim=kdim, vdim=vdim, batch_first=True)
    torch.manual_seed(0)
    ours = MultiheadAttention(6, 2, bias=bias, kdim=kdim, vdim=vdim)
    starts = ours.state_dict()
    assert starts.keys() == theirs.state_dict().keys()
    for name, start in theirs.state_dict().items():
        torch.testing.assert_close(starts[name].std(), start.std(), rtol=0.3, atol=0)
        assert starts[name].abs().max() <= 1.3 * start.abs().max()
    theirs.load_state_dict(starts)
    operands = torch.randn(2, 4, 6), torch.randn(2, 3, kdim or 6), torch.randn(2, 3, vdim or 6)
    torch.testing.assert_close(ours(*operands), theirs(*operands, need_weights=False)[0])
    scripted = torch.jit.script(ours)
    torch.testing.assert_close(scripted(*operands), ours(*operands))


def test_response_norm_begins_as_the_identity() -> None:
    layer, x = make("response", 2)
    assert layer(x).equal(x)


def test_layer_scale_multiplies_each_channel() -> None:
    layer, x = make("scale", 2)
    assert layer(x).equal(x / 2)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(4.0)[:, None, None])
    assert layer(x)[:, 3].equal(x[:, 3] * 3)
    assert not layer(x)[:, 0].any()
    assert LayerScale((3,)).weight.equal(torch.full((3,), 1e-6))


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_stochastic_depth_drops_samples_or_the_batch(p: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(1000, 2, 3)
    whole = torch.stack([BatchStochasticDepth(p)(x[:1]) for _ in x]).squeeze(1)
    for dropped in (StochasticDepth(p)(x), whole):
        samples = dropped[:, 0, 0]
        assert dropped.equal(samples[:, None, None].expand_as(x)), "a sample falls away as a whole"
        kept = samples != 0
        assert kept.float().mean().item() == pytest.approx(1 - p, abs=0.05)
        torch.testing.assert_close(samples[kept], torch.full_like(samples[kept], 1 / (1 - p or 1)))
    dropped = BatchStochasticDepth(p)(x)
    assert dropped.equal(dropped[:1, :1, :1].expand_as(x)), "in mode batch, samples fall away together"


def test_stochastic_depth_draws_as_torchvision_does() -> None:
    x = torch.randn(5, 2, 3)
    for kind, shape in [(StochasticDepth, (5, 1, 1)), (BatchStochasticDepth, (1, 1, 1))]:
        torch.manual_seed(1)
        found = kind(0.4)(x)
        torch.manual_seed(1)
        assert found.equal(x * torch.empty(shape).bernoulli_(0.6).div_(0.6))


def test_stochastic_depth_passes_on_in_evaluation() -> None:
    x = torch.randn(3, 2)
    assert StochasticDepth(1.0).eval()(x) is x
    assert BatchStochasticDepth(1.0).eval()(x) is x


@deprecated
@pytest.mark.parametrize("is_causal", [True, False])
def test_attention_sees_no_padding(is_causal: bool) -> None:
    ours = MultiheadAttention(8, 2, is_causal=is_causal).eval()
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    x, mask = torch.randn(3, 5, 8), torch.zeros(3, 5)
    mask[0, 3:] = mask[1, 1:] = float("-inf")
    causal = torch.full((5, 5), float("-inf")).triu(1) if is_causal else None
    expected, _ = theirs(x, x, x, key_padding_mask=mask, attn_mask=causal, need_weights=False)
    for layer in (ours, torch.jit.script(ours)):
        torch.testing.assert_close(layer(x, x, x, mask), expected)
    ours.bfloat16()(*[x.bfloat16()] * 3, mask.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours.float()(x, x, x, mask)


def test_standardised_weights_are_those_of_timm() -> None:
    pytest.importorskip("counterparts")  # declares what timm needs of torchvision's compiled part
    timm = pytest.importorskip("timm.layers")
    for ours, theirs, x in [
        (StdConv2d(4, 6, 3, 2, groups=2), timm.StdConv2d(4, 6, 3, 2, 0, groups=2, bias=True), torch.randn(2, 4, 9, 9)),
        (StdConv2d(4, 6, 3, eps=0.1), timm.StdConv2d(4, 6, 3, 1, 0, bias=True, eps=0.1), torch.randn(2, 4, 9, 9)),
        (StdConv2dSame(3, 5, 7, 2), timm.StdConv2dSame(3, 5, 7, 2, "same", bias=True), torch.randn(2, 3, 10, 9)),
    ]:
        theirs.load_state_dict(ours.state_dict())
        torch.testing.assert_close(ours(x), theirs(x))


# PyTorch's tools


def scripted(layer: nn.Module, x: Any) -> Any:
    return torch.jit.script(layer)


def compiled(layer: nn.Module, x: Any) -> Any:
    torch.compiler.reset()  # layers of one class count as recompilations of one function
    return torch.compile(layer, fullgraph=True, backend="aot_eager")


def exported(layer: nn.Module, x: Any) -> Any:
    return torch.export.export(layer, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},)).module()


def copied(layer: nn.Module, x: Any) -> Any:
    return copy.deepcopy(layer)


def pickled(layer: nn.Module, x: Any) -> Any:
    return pickle.loads(pickle.dumps(layer))


def checkpointed(layer: nn.Module, x: Any) -> Any:
    return lambda x: checkpoint(layer, x, use_reentrant=False)


TOOLS = (scripted, compiled, exported, copied, pickled, checkpointed)
COMPILED = few(["1d", "2d", "row"], 1)
CASES = [(name, tool) for name in LAYERS for tool in TOOLS if tool is not compiled or name in COMPILED]


@deprecated
@pytest.mark.parametrize(("name", "tool"), CASES, ids=[f"{name}-{tool.__name__}" for name, tool in CASES])
def test_a_layer_is_the_same_under_each_tool(name: str, tool: Any) -> None:
    layer, x = make(name, 3)
    changed = tool(layer, x)
    for batch in (3, 1, 2):
        x = torch.randn(batch, *LAYERS[name][1])
        torch.testing.assert_close(changed(x), layer(x))
        if tool in (scripted, compiled, checkpointed):
            gradient = torch.randn_like(layer(x))
            found = torch.autograd.grad(changed(x.requires_grad_()), [x, *layer.parameters()], gradient)
            torch.testing.assert_close([*found], gradients(layer, x, gradient)[1:])


@deprecated
@pytest.mark.parametrize("kind", [StochasticDepth, BatchStochasticDepth])
@pytest.mark.parametrize("tool", [scripted, compiled, exported], ids=lambda f: f.__name__)
def test_stochastic_depth_is_random_under_each_tool(kind: type[nn.Dropout], tool: Any) -> None:
    layer, x = kind(0.5), torch.ones(64, 2)
    changed = tool(layer, x)
    torch.manual_seed(0)
    seen = torch.cat([changed(x) for _ in range(16)])
    assert {0.0, 2.0} == set(seen.unique().tolist())
    assert seen.mean().item() == pytest.approx(1, abs=0.8 if kind is BatchStochasticDepth else 0.2)


@pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec:FutureWarning")
@pytest.mark.parametrize("name", few(["1d", "2d", "2d-cropped", "scale", "row", "conv2-same", "avg2-same"], 2))
def test_onnx_gives_the_same(name: str) -> None:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    layer, x = make(name, 2)
    batch = ({0: torch.export.Dim("batch")},)
    program = torch.onnx.export(layer, (x,), dynamo=True, dynamic_shapes=batch, verbose=False)
    buffer = io.BytesIO()
    program.save(buffer)
    session = runtime.InferenceSession(buffer.getvalue())
    for batch in (1, 2, 3):
        x = torch.randn(batch, *LAYERS[name][1])
        (output,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        torch.testing.assert_close(torch.from_numpy(output), layer(x))


PADDED_BY_SIZE = [name for name in LAYERS if name.endswith("-same")]


@pytest.mark.parametrize("name", PADDED_BY_SIZE)
def test_a_padded_layer_takes_every_size(name: str) -> None:
    layer, (channels, *_) = LAYERS[name]
    for size in range(4, 10):
        sizes = [size + axis for axis in range(len(layer.stride))]
        expected = [-(-each // step) for each, step in zip(sizes, layer.stride, strict=True)]
        assert list(layer(torch.ones(2, channels, *sizes)).shape[2:]) == expected


def test_what_is_padded_counts_or_not_and_never_wins() -> None:
    x = torch.full((1, 1, 4), -1.0)
    assert MaxPool1dSame(3, 2)(x).tolist() == [[[-1, -1]]]
    torch.testing.assert_close(AvgPool1dSame(3, 2)(x), torch.tensor([[[-1, -2 / 3]]]))
    assert AvgPool1dSame(3, 2, count_include_pad=False)(x).tolist() == [[[-1, -1]]]
    torch.testing.assert_close(AvgPool1dSame(3, 2, "same_lower")(x), torch.tensor([[[-2 / 3, -1]]]))


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - {"avg3-same"}))  # PyTorch has no avg_pool3d of these on a CPU
def test_half_precision_stays_close(name: str) -> None:
    """Of equal weights and inputs, which bfloat16 holds exactly: what differs is what the layer computes.

    As vectors, since how much one element of a short sum loses depends on the processor's instructions.
    """
    for batch in (1, 3):
        layer, x = make(name, batch)
        layer, x = layer.bfloat16(), x.bfloat16()
        expected = copy.deepcopy(layer).double()(x.double())
        halved = layer(x)
        assert halved.dtype == torch.bfloat16
        with torch.autocast("cpu", dtype=torch.bfloat16):
            cast = layer.float()(x.float())
        for output in (halved, cast):
            assert torch.linalg.vector_norm(output.double() - expected) <= 0.03 * torch.linalg.vector_norm(expected)


@layers
def test_a_layer_takes_the_meta_device(name: str) -> None:
    layer, x = make(name, 2)
    kind = type(layer)
    arguments = {key: getattr(layer, key) for key in kind.__init__.__annotations__ if hasattr(layer, key)}
    if isinstance(layer, MultiheadAttention):
        arguments["bias"] = layer.in_proj_bias is not None
    if isinstance(layer, LocalConv1d | LocalConv2d | nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
        arguments["bias"] = layer.bias is not None
    if isinstance(layer, LayerScale):
        arguments["shape"] = tuple(layer.weight.shape)
    if isinstance(layer, LayerNormAlong):
        arguments |= {"size": layer.normalized_shape[0], "bias": layer.bias is not None}
    if isinstance(layer, GlobalResponseNorm):
        arguments["channels"] = len(layer.weight)
    with torch.device("meta"):
        made = kind(**arguments)
    assert all(parameter.is_meta for parameter in made.parameters())
    assert made(x.to("meta")).shape == layer(x).shape
    made.load_state_dict(layer.state_dict(), assign=True)
    torch.testing.assert_close(made.eval()(x), layer(x))
    assert repr(made) == repr(layer)


@layers
def test_names_of_the_state(name: str) -> None:
    expected = {
        "1d": {"weight": (4, 6, 3, 2), "bias": (6, 4)},
        "1d-plain": {"weight": (4, 3, 2, 2)},
        "2d": {"weight": (3, 9, 6, 3, 2, 2), "bias": (6, 3, 9)},
        "2d-cropped": {"weight": (3, 3, 3, 2, 2, 2)},
        "2d-plain": {"weight": (3, 3, 3, 3, 3, 2), "bias": (3, 3, 3)},
        "scale": {"weight": (4, 1, 1)},
        "attention": {
            "in_proj_weight": (18, 6),
            "in_proj_bias": (18,),
            "out_proj.weight": (6, 6),
            "out_proj.bias": (6,),
        },
        "attention-causal": {"in_proj_weight": (12, 4), "out_proj.weight": (4, 4)},
        "layer-norm": {"weight": (4,), "bias": (4,)},
        "response": {"weight": (3,), "bias": (3,)},
        "blur": {"filt": (3, 1, 4, 4)},
        "conv1-same": {"weight": (6, 2, 4), "bias": (6,)},
        "conv2-same": {"weight": (3, 2, 3, 4), "bias": (3,)},
        "conv3-same": {"weight": (3, 2, 3, 3, 3)},
        "std1": {"weight": (6, 2, 3), "bias": (6,)},
        "std2": {"weight": (3, 2, 3, 3), "bias": (3,)},
        "std3": {"weight": (3, 2, 2, 2, 2)},
        "std1-same": {"weight": (3, 2, 4), "bias": (3,)},
        "std2-same": {"weight": (3, 2, 3, 3), "bias": (3,)},
        "std3-same": {"weight": (3, 2, 3, 3, 3)},
        "std-linear": {"weight": (3, 4), "bias": (3,)},
    }
    state = LAYERS[name][0].state_dict()
    assert {key: tuple(tensor.shape) for key, tensor in state.items()} == expected.get(name, {})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LocalConv1d(3, 4, 9, 3, groups=2), "groups must divide"),
        (lambda: LocalConv2d(4, 3, 9, 3, groups=2), "groups must divide"),
        (lambda: LocalConv1d(3, 4, 2, 3), "kernel_size exceeds"),
        (lambda: LocalConv2d(3, 4, (9, 4), 3, dilation=2), "kernel_size exceeds"),
        (lambda: LAYERS["1d-plain"][0](torch.ones(1, 2, 6)), r"expected an input of \(N, 2, 5\), got \[1, 2, 6\]"),
        (lambda: LAYERS["2d-plain"][0](torch.ones(1, 2, 5, 6)), r"expected an input of \(N, 2, 5, 5\)"),
        (lambda: LAYERS["2d-plain"][0](torch.ones(2, 5, 5)), r"expected an input of \(N, 2, 5, 5\)"),
        (lambda: StochasticDepth(1.5), "between 0 and 1, but got 1.5"),
        (lambda: BatchStochasticDepth(-0.5), "between 0 and 1, but got -0.5"),
        (lambda: MultiheadAttention(6, 4), "num_heads must divide"),
        (lambda: MaxPool1dSame(3, padding="same")(torch.ones(1, 2, 3)), "same_upper or same_lower, not same"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@deprecated
def test_a_scripted_layer_refuses_other_sizes() -> None:
    for name, shape in [("1d-plain", (1, 2, 6)), ("2d-plain", (1, 2, 6, 5))]:
        with pytest.raises(torch.jit.Error, match="expected an input of"):
            torch.jit.script(LAYERS[name][0])(torch.ones(shape))


# The text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_imports_torch_and_the_standard_library(file: Path) -> None:
    """The emitter copies what is below the imports, writes these anew, and copies what they take of each other."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    own = [line for line in imports if line.startswith("from archspec.pytorch.layers.")]
    assert set(imports) <= {
        "import math",
        "import torch",
        "from torch import Tensor",
        "from torch import Tensor, nn",
        *own,
    }
    inner = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(inner) == len(imports)


def test_the_weights_of_attention_are_dropped_in_training_alone() -> None:
    """On average nothing changes; of all of them dropped nothing is left."""
    queries = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    layer = ScaledDotProductAttention(0.4, scale=0.5)
    wanted = nn.functional.scaled_dot_product_attention(queries, queries, queries, scale=0.5)
    drawn = torch.stack([layer(queries, queries, queries) for _ in range(4000)])
    torch.testing.assert_close(drawn.mean(0), wanted, rtol=0, atol=0.1)
    assert not torch.equal(drawn[0], drawn[1])
    torch.testing.assert_close(layer.eval()(queries, queries, queries), wanted)
    heads = MultiheadAttention(6, 2, dropout=1.0, bias=False)
    x = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(1))
    assert not heads(x).any()
    assert heads.eval()(x).all()
    assert "dropout=1.0" in repr(heads)
    assert repr(layer) == "ScaledDotProductAttention(dropout_p=0.4, is_causal=False, scale=0.5)"
