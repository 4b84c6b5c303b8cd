"""Names of other tools lead to ours, and to nothing that is another function."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import archspec
from archspec.language import library
from archspec.language.loader import library_block
from archspec.language.unknown import name_help
from archspec.ops import foreign, registry
from archspec.ops.op import NODE_KEYS

OPS = registry.names()
BLOCKS = list(library.blocks())
KNOWN = [*OPS, *BLOCKS]
SUGGESTION = re.compile(r"did you mean `(\w+)`\?")


def suggested(hint: str) -> str:
    found = SUGGESTION.fullmatch(hint)
    return found[1] if found else ""


# The tables


@pytest.mark.parametrize("name", foreign.NAMES)
def test_each_name_leads_to_an_op_or_block(name: str) -> None:
    (ours,) = foreign.NAMES[name]
    assert ours in KNOWN
    assert suggested(foreign.name_hint(name, KNOWN)) == ours
    assert name == foreign.plain(name)
    assert name not in {foreign.plain(each) for each in KNOWN}, "it is a name of our own"
    assert name not in foreign.ELSEWHERE


@pytest.mark.parametrize("name", [*foreign.NAMES, *foreign.ELSEWHERE])
def test_a_misspelt_name_is_answered_whatever_kind_it_stands_for(name: str) -> None:
    """What is suggested exists, as the kind that is said."""
    place = len(name) // 2
    misspelt = name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :]
    for kind, known in (("op", OPS), ("block", BLOCKS)):
        hint = name_help(misspelt, kind)
        assert suggested(hint) in ("", *known)
        for other, meant in re.findall(r"write `(op|block): (\w+)`", hint):
            assert meant in (OPS if other == "op" else BLOCKS)


def quoted(text: str) -> Iterator[str]:
    """The names of ops and blocks that a text speaks of."""
    for code in re.findall(r"`([^`]+)`", text):
        yield from re.findall(r"(?:op|block): (\w+)", code) or ([code] if code.isidentifier() else [])


WORDS = {"groups", "out_channels", "repeat", "size", "p", "dilation"} | NODE_KEYS
"""Arguments and keys that the texts speak of."""


@pytest.mark.parametrize("name", foreign.ELSEWHERE)
def test_what_is_no_op_is_told_with_names_that_exist(name: str) -> None:
    assert name == foreign.plain(name)
    assert name not in {foreign.plain(each) for each in KNOWN}, "there is such an op now"
    assert set(quoted(foreign.ELSEWHERE[name])) <= {*KNOWN, *WORDS}
    assert not suggested(foreign.name_hint(name, KNOWN))


ARGUMENTS = {
    **{name: set(cls.model_fields) for name, cls in registry.ops().items()},
    **{name: set(library_block(name).params) for name in BLOCKS},
}


@pytest.mark.parametrize("name", foreign.ARGUMENTS)
def test_each_name_of_an_argument_leads_to_one(name: str) -> None:
    assert name == foreign.plain(name)
    assert set(foreign.ARGUMENTS[name]) <= set.union(*ARGUMENTS.values())


# Nothing leads to another function

OF_TORCH = """
Conv2d conv | ConvTranspose2d conv_transpose | nn.MaxPool2d max_pool | F.adaptive_avg_pool2d adaptive_avg_pool
BatchNorm2d batch_norm | nn.SyncBatchNorm batch_norm | Dropout2d dropout2d | LazyLinear linear | Hardswish hardswish
ZeroPad2d pad | Softmax2d softmax | torch.cat concat | torch.chunk split | F.interpolate upsample | torch.bmm matmul
"""
OF_KERAS = """
Conv2D conv | Conv2DTranspose conv_transpose | keras.layers.Dense linear | BatchNormalization batch_norm
MaxPooling2D max_pool | AveragePooling2D avg_pool | GlobalAveragePooling2D global_avg_pool
GlobalMaxPool2D global_max_pool
ZeroPadding2D pad | UpSampling2D upsample | Concatenate concat | Add add | Multiply mul | Subtract sub | Permute permute
LeakyReLU leaky_relu | SpatialDropout2D dropout2d | LayerNormalization layer_norm | Reshape reshape | Dot matmul
LocallyConnected2D local_conv | GroupNormalization group_norm | tf.nn.swish silu | Resizing - | Average -
Maximum maximum | Minimum minimum | UnitNormalization normalize | tf.math.divide div | tf.clip_by_value clamp
tf.reduce_sum sum | tf.reduce_max amax | tf.math.l2_normalize normalize | tf.expand_dims unsqueeze | tf.squeeze squeeze
tf.reverse flip | tf.roll roll | tf.nn.space_to_depth - | tf.math.square - | tf.math.negative neg | tf.math.log1p -
DepthwiseConv2D - | SeparableConv2D - | Cropping2D - | GaussianDropout - | Activation - | Embedding - | LSTM -
"""
OF_ONNX = """
Conv conv | ConvTranspose conv_transpose | Gemm linear | MatMul matmul | BatchNormalization batch_norm
LRN local_response_norm | GlobalAveragePool global_avg_pool | AveragePool avg_pool | Concat concat
Resize upsample | Transpose permute
Slice slice | Split split | Clip clamp | HardSwish hardswish | ReduceMean mean | Unsqueeze unsqueeze | Max - | Min -
DepthToSpace - | SpaceToDepth - | MaxUnpool max_unpool | Celu - | Selu - | Softsign - | LogSoftmax log_softmax
Einsum -
Div div | Sqrt sqrt | Abs abs | Exp exp | Log log | Neg neg | Pow pow | ReduceSum sum | ReduceMax amax | ReduceMin amin
Squeeze squeeze | LpNormalization normalize | Reciprocal - | ReduceProd - | ArgMax -
"""
OF_CAFFE = """
Convolution conv | Deconvolution conv_transpose | InnerProduct linear | LRN local_response_norm | Concat concat
Dropout dropout | Flatten flatten | BatchNorm batch_norm | TanH tanh | Interp upsample | ShuffleChannel channel_shuffle
AbsVal abs | Power pow | Exp exp | Log log | Pooling - | Eltwise - | Crop - | SoftmaxWithLoss - | MVN - | Scale -
"""
OF_DARKNET = """
convolutional conv | deconvolutional conv_transpose | connected linear | shortcut add | route concat
local local_conv | upsample upsample | dropout dropout | leaky leaky_relu | logistic sigmoid | maxpool max_pool
reorg - | yolo - | region -
"""
OF_PAPERS = """
deconv conv_transpose | lrelu leaky_relu | bn batch_norm | cat concat | gap global_avg_pool | dense linear | fc linear
swish silu | convolution conv | lrn local_response_norm | chunk split | interpolate upsample | gn group_norm
tconv conv_transpose | transposed_conv conv_transpose | hswish hardswish | drop_path stochastic_depth
BasicBlock residual_basic | SEBlock squeeze_excite | SqueezeExcitation squeeze_excite | ConvBNReLU conv_bn_relu
FireModule fire | MBConvBlock mbconv | InvertedResidual inverted_residual | PreActBlock preact_basic
CNBlock convnext_block | BottleneckBlock bottleneck | DenseLayer dense_layer | deconvv conv_transpose | convolusion conv
pixel_unshuffle pixel_unshuffle | space_to_depth - | depthwise - | dwconv - | attention - | maximum maximum
stack stack | im2col unfold
l2_norm normalize | RMSNorm rms_norm | GRN global_response_norm | MHSA multi_head_attention
DropConnect - | glu -
"""


def pairs(*tables: str) -> list[tuple[str, str]]:
    return [tuple(pair.split()) for table in tables for pair in re.split(r"[|\n]", table) if pair.strip()]  # type: ignore[misc]


@pytest.mark.parametrize(("name", "ours"), pairs(OF_TORCH, OF_KERAS, OF_ONNX, OF_CAFFE, OF_DARKNET, OF_PAPERS))
def test_a_name_of_another_tool_leads_to_ours_or_to_none(name: str, ours: str) -> None:
    assert (name if name in KNOWN else suggested(foreign.name_hint(name, KNOWN))) == ours.replace("-", "")


def test_no_module_or_function_of_torch_leads_to_another_function() -> None:
    """What is suggested for a name of PyTorch's is the op that it is the source of, or written down above."""
    torch = pytest.importorskip("torch")
    names = {name for name in dir(torch.nn) if isinstance(getattr(torch.nn, name), type)}
    for module in (torch.nn.functional, torch):
        names |= {name for name in dir(module) if callable(getattr(module, name)) and name.islower()}
    copies = re.compile(r"^_|_copy$|^(cudnn|miopen|mkldnn|native|quantized|batch_norm|q|group|ao)_")
    for name in sorted(name for name in names if not copies.search(name)):
        ours = suggested(foreign.name_hint(name, KNOWN))
        if ours:
            forms = {foreign.plain(name), re.sub("[123]d", "", foreign.plain(name))}
            written = {foreign.plain(ours), *(each for each, (meant,) in foreign.NAMES.items() if meant == ours)}
            assert forms & written, f"{name} leads to {ours}"


@pytest.mark.parametrize("op", OPS)
def test_a_misspelt_name_still_leads_to_its_op(op: str) -> None:
    """A letter too many, or two the other way round: the nearest op, where no name of another tool is nearer."""
    if len(op) >= 6:
        assert suggested(foreign.name_hint(f"{op}{op[-1]}", OPS)) == op
        assert suggested(foreign.name_hint(f"{op[:2]}{op[3]}{op[2]}{op[4:]}", OPS)) == op


# In a spec


def helps(graph: str) -> list[str]:
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(f"archspec: 1\nname: t\ninputs: {{x: [8, 16, 16]}}\ngraph:\n  a: {graph}\n")
    return [diagnostic.help for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("node", "meant"),
    [
        ("{op: conv, filters: 8, kernel_size: 3}", "out_channels"),
        ("{op: conv, num_output: 8, kernel_size: 3}", "out_channels"),
        ("{op: conv, out_channels: 8, ksize: 3}", "kernel_size"),
        ("{op: conv, out_channels: 8, kernel_shape: 3}", "kernel_size"),
        ("{op: conv, out_channels: 8, kernel_size: 3, pad: 1}", "padding"),
        ("{op: conv, out_channels: 8, kernel_size: 3, strides: 2}", "stride"),
        ("{op: conv, out_channels: 8, kernel_size: 3, rate: 2}", "dilation"),
        ("{op: conv, out_channels: 8, kernel_size: 3, dilation_rate: 2}", "dilation"),
        ("{op: conv, out_channels: 8, kernel_size: 3, use_bias: false}", "bias"),
        ("{op: conv, out_channels: 8, kernel_size: 3, group: 2}", "groups"),
        ("{op: linear, units: 8}", "out_features"),
        ("{op: linear, num_output: 8}", "out_features"),
        ("{op: dropout, rate: 0.5}", "p"),
        ("{op: dropout, drop_prob: 0.5}", "p"),
        ("{op: softmax, axis: 1}", "dim"),
        ("{op: mean, axes: 2}", "dim"),
        ("{op: mean, axis: 2, keepdims: true}", "dim"),
        ("{op: batch_norm, epsilon: 0.001}", "eps"),
        ("{op: leaky_relu, alpha: 0.1}", "negative_slope"),
        ("{op: group_norm, groups: 2}", "num_groups"),
        ("{op: max_pool, pool_size: 2}", "kernel_size"),
        ("{op: pad, padding: 1, padding_mode: reflect}", "mode"),
        ("{op: upsample, scale: 2}", "scale_factor"),
        ("{op: pixel_shuffle, block_size: 2}", "upscale_factor"),
        ("{op: split, num_or_size_splits: 2, index: 0}", "chunks"),
        ("{op: pixel_unshuffle, block_size: 2}", "downscale_factor"),
        ("{op: clamp, min_value: 0}", "min"),
        ("{op: pow, power: 2}", "exponent"),
        ("{op: add, scalar: 2}", "value"),
        ("{op: amax, axis: 1}", "dim"),
        ("{op: flip, axis: 1}", "dims"),
        ("{op: roll, shift: 1, axis: 2}", "shifts"),
        ("{op: normalize, axis: 1}", "dim"),
        ("{op: permute, perm: [0, 2, 3, 1]}", "dims"),
        ("{block: conv_bn_relu, filters: 8, kernel_size: 3}", "out_channels"),
        ("{block: bottleneck, planes: 8}", "channels"),
        ("{block: mbconv, channels: 8, expand_ratio: 4}", "expansion"),
    ],
)
def test_an_argument_of_another_tool_leads_to_ours(node: str, meant: str) -> None:
    """And what it stands for is not missed as well."""
    assert helps(node)[0] == f"did you mean `{meant}`?"
    assert not [help for help in helps(node) if "for example" in help]


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("{op: dropout, keep_prob: 0.9}", "one minus"),
        ("{op: conv, out_channels: 8, kernel_size: 3, activation: relu}", "`relu: relu`"),
        ("{op: relu, inplace: true}", "takes no arguments"),
        ("{op: leaky_relu, inplace: true}", "leave it out"),
        ("{op: max_pool, kernel_size: 2, padding_mode: reflect}", "op: pad"),
        ("{op: local_response_norm, depth_radius: 2}", "twice this"),
        ("{op: linear, out_features: 8, in_features: 8}", "leave it out"),
        ("{op: se}", "write `block: squeeze_excite`"),
        ("{op: bottleneck}", "`bottleneck` is a block: write `block: bottleneck`"),
        ("{block: conv2d}", "write `op: conv`"),
        ("{op: crop}", "slice"),
        ("{op: eltwise}", "`add`, `sub` or `mul`"),
    ],
)
def test_what_is_written_otherwise_is_told(node: str, words: str) -> None:
    assert any(words in help for help in helps(node))
