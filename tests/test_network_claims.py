"""What papers claim of their networks, and what networks have in common with others."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest
from bundled import NAMES, is_op, network, rounds, small, weight_layers

import archspec
from archspec.network import Node

DEPTHS = {
    "lenet": 5, "alexnet": 8, "alexnet_2012": 8, "googlenet": 22, "googlenet_bn": 22, "mobilenet_v1": 28, "deepface": 7,
    "resnet50_dilated": 50, "resnext50_32x4d": 50, "nin": 12, "nin_cifar10": 9, "mobilenet_v2": 53,
    "densenet": 121, "squeezenet": 18, "shufflenet_v2": 51, "mnasnet": 53, "wide_resnet": 50,
    "mobilenet_v3": 64, "efficientnet": 82, "efficientnet_v2": 171, "regnet": 87,
    "resnet101_dilated": 101, "unet": 23, "c3d": 11, "dcgan_generator": 5, "dcgan_discriminator": 5,
    "vit": 26, "swin": 53, "swin_v2": 65,
    "maxvit": 147,
    "inception_v3": 48,
    "convnext": 59,
    "segnet": 26,
}  # fmt: skip

DEPTHS |= {"r3d": 18, "mc3": 18, "r2plus1d": 35, "s3d": 33, "fpn": 51, "retinanet": 56, "yolov8": 48}
NAMED_AFTER_BACKBONES = {"fcn", "deeplabv3", "deeplabv3_mobilenet_v3_large", "lraspp"}


@pytest.mark.parametrize("name", sorted({*NAMES} - NAMED_AFTER_BACKBONES))
def test_depth(name: str) -> None:
    """The number in a name is the number of layers with weights; papers state the others."""
    depth = DEPTHS.get(name) or int(re.findall(r"\d+", name.replace("v2_", ""))[0])
    assert weight_layers(network(name)) == depth


@pytest.mark.parametrize(("channels", "outputs", "kernel", "size"), [(16, 32, 3, 8), (3, 64, 5, 9), (512, 1024, 3, 7)])
def test_depthwise_separable_costs_1_over_n_plus_1_over_k2(channels: int, outputs: int, kernel: int, size: int) -> None:
    """Howard et al. 2017, section 3.1."""
    shape = (channels, size, size)
    separable = small(f"{{block: depthwise_separable, out_channels: {outputs}, kernel_size: {kernel}}}", shape)
    standard = small(f"{{block: conv_bn_relu6, out_channels: {outputs}, kernel_size: {kernel}}}", shape)
    assert Fraction(separable.macs, standard.macs) == Fraction(1, outputs) + Fraction(1, kernel**2)


@pytest.mark.parametrize(
    ("node", "cost"),
    [("{block: bottleneck, channels: 64}", 69_632), ("{block: residual_basic, channels: 256}", 1_179_648)],
)
def test_bottleneck_cost_of_a_place(node: str, cost: int) -> None:
    """256-64-64-256 against two 3x3 at 256: multiply-accumulates of a place, and weights of the convolutions."""
    net = small(node, (256, 14, 14))
    convolutions = [conv for conv in net if is_op(conv, "conv")]
    assert sum(conv.macs or 0 for conv in convolutions) == cost * 14 * 14
    assert sum(conv.params for conv in convolutions) == cost


@pytest.mark.parametrize("groups", [2, 4, 32])
def test_groups_divide_parameters_and_macs(groups: int) -> None:
    node = "{{op: conv, out_channels: 64, kernel_size: 3, padding: 1, bias: false, groups: {}}}"
    whole, grouped = (small(node.format(count), (32, 8, 8)) for count in (1, groups))
    assert Fraction(grouped.params, whole.params) == Fraction(grouped.macs, whole.macs) == Fraction(1, groups)


def test_resnext_has_more_width_for_the_same_cost() -> None:
    """Xie et al. 2017, table 1: 32 groups of 4 channels at about the parameters and operations of ResNet-50."""
    resnext, resnet = network("resnext50_32x4d"), network("resnet50")
    assert resnext["layer1.0.conv2"].shape[0] == 2 * resnet["layer1.0.conv2"].shape[0]  # type: ignore[union-attr]
    assert abs(resnext.params / resnet.params - 1) < 0.05
    assert abs(resnext.macs / resnet.macs - 1) < 0.05


@pytest.mark.parametrize("bias", [True, False])
def test_local_convolution_costs_a_convolution_and_holds_one_for_each_place(bias: bool) -> None:
    arguments = f"out_channels: 16, kernel_size: 5, stride: 2, bias: {str(bias).lower()}"
    local, shared = (small(f"{{op: {op}, {arguments}}}", (8, 21, 17)) for op in ("local_conv", "conv"))
    (output,) = local.outputs.values()
    assert output == shared.outputs["output"]
    assert local.macs == shared.macs
    assert local.params == shared.params * output.shape[1] * output.shape[2]


def test_deepface_local_layers() -> None:
    for layer in ("L4", "L5", "L6"):
        node = network("deepface")[f"{layer}.local"]
        assert isinstance(node, Node)
        kernel, channels = node.op.kernel_size[0], node.input_shapes[0][0]  # type: ignore[attr-defined]
        assert node.params == math.prod(node.shape) * (kernel**2 * channels + 1)


@pytest.mark.parametrize("depth", [20, 56])
def test_plain_networks_cost_what_residual_ones_do(depth: int) -> None:
    """He et al. 2016, section 4.1: option A adds no parameter, so that the comparison is fair."""
    plain, residual = network(f"plain{depth}_cifar"), network(f"resnet{depth}_cifar")
    assert (plain.params, plain.macs) == (residual.params, residual.macs)
    assert not any(is_op(node, "add") for node in plain)


def test_dilated_resnet_keeps_the_weights_and_the_cost_of_a_place() -> None:
    dilated, strided = network("resnet50_dilated"), network("resnet50")
    assert {node.path: node.weights for node in dilated} == {node.path: node.weights for node in strided}
    for wide, narrow in zip(dilated, strided, strict=True):
        if is_op(wide, "conv"):
            places, fewer = math.prod(wide.shape[1:]), math.prod(narrow.shape[1:])
            assert Fraction(wide.macs or 0, places) == Fraction(narrow.macs or 0, fewer)


def test_stride_in_1x1_saves_the_same_at_every_depth() -> None:
    for depth in (50, 101, 152):
        name = f"resnet{depth}"
        assert network(name).macs - network(name, "paper").macs == 231_211_008
        assert network(name).params == network(name, "paper").params


def test_auxiliary_heads_exist_in_training_only() -> None:
    heads = network("googlenet", aux_heads=True).outputs
    assert {name: output.training_only for name, output in heads.items()} == {
        "logits": False, "aux1": True, "aux2": True
    }  # fmt: skip
    assert list(network("googlenet").outputs) == ["logits"]


SEGMENTATION = ["fcn", "deeplabv3", "deeplabv3_mobilenet_v3_large"]


@pytest.mark.parametrize("name", SEGMENTATION)
def test_segmentation_has_its_auxiliary_head_in_training_only(name: str) -> None:
    training, usual = network(name, "training"), network(name)
    assert {key: output.training_only for key, output in training.outputs.items()} == {"logits": False, "aux": True}
    assert list(usual.outputs) == ["logits"]
    assert training.macs == usual.macs
    heads = [node.path for node in training if node.path not in {each.path for each in usual}]
    assert {path.partition(".")[0] for path in heads} == {"aux_classifier", "aux"}


@pytest.mark.parametrize(
    ("name", "params", "backbone", "billions"),
    [
        ("fcn", 35_322_218, "resnet50_dilated", 152.717),
        ("fcn", 54_314_346, "resnet101_dilated", 232.738),
        ("deeplabv3", 42_004_074, "resnet50_dilated", 178.722),
        ("deeplabv3", 60_996_202, "resnet101_dilated", 258.743),
        ("deeplabv3_mobilenet_v3_large", 11_029_328, "", 10.452),
    ],
)
def test_torchvisions_table_counts_the_auxiliary_heads(name: str, params: int, backbone: str, billions: float) -> None:
    """`num_params` and `_ops` of the weights that torchvision publishes."""
    given = {"backbone": f"{backbone}.yaml"} if backbone else {}
    net = network(name, aux_head=True, **given)
    assert net.params == params
    assert rounds(net.macs + net.training_only_macs, billions * 1e9, 1e6)


def test_lite_r_aspp_of_torchvisions_table() -> None:
    net = network("lraspp")
    assert (net.params, round(net.macs / 1e9, 3)) == (3_221_538, 2.086)


@pytest.mark.parametrize("name", ["fcn", "deeplabv3"])
def test_the_backbone_of_segmentation_is_the_dilated_network(name: str) -> None:
    """With its weights, and the cost of its places."""
    backbone = network("resnet50_dilated", image_size=network(name).arguments["image_size"])
    own = {node.path.removeprefix("backbone."): node for node in network(name) if node.path.startswith("backbone.")}
    assert list(own) == [node.path for node in backbone if node.path not in ("avgpool", "flatten", "fc")]
    for path, node in own.items():
        assert (node.shape, node.weights, node.macs) == (
            backbone.shape(path),
            backbone[path].weights,
            backbone[path].macs,
        )  # type: ignore[union-attr]


def test_u_net_of_the_figure() -> None:
    """Ronneberger et al. 2015, figure 1 and section 2: 23 convolutional layers; padding keeps the size of the image."""
    net = network("unet", "unet_paper")
    assert sum(is_op(node, "conv", "conv_transpose") for node in net) == weight_layers(net) == 23
    crops = [(node.input_shapes[0][1:], node.shape[1:]) for node in net if is_op(node, "pad")]
    assert crops == [((64, 64), (56, 56)), ((136, 136), (104, 104)), ((280, 280), (200, 200)), ((568, 568), (392, 392))]
    shapes = {"down5": (1024, 28, 28), "up4": (512, 52, 52), "up3": (256, 100, 100), "up2": (128, 196, 196)}
    assert {path: net.shape(path) for path in shapes} == shapes
    padded = network("unet")
    assert padded.shape("logits")[1:] == next(iter(padded.inputs.values()))[1:]
    assert not any(is_op(node, "pad") for node in padded)


def test_segnet_goes_back_as_vgg16_came() -> None:
    """Badrinarayanan et al. 2017, section 3: the 13 convolutions of VGG-16, as many back, at their sizes."""
    net, vgg = network("segnet"), network("vgg16")
    convolutions = [node for node in net if is_op(node, "conv")]
    assert [node.weights for node in convolutions[:13]] == [node.weights for node in vgg if is_op(node, "conv")]
    assert len(convolutions) == 2 * 13
    for level in range(1, 6):
        assert net.shape(f"unpool{level}") == net.shape(f"encoder{level}")
    assert network("segnet", height=37, width=53).shape("logits") == (11, 37, 53)


def test_both_networks_of_dcgan_have_the_sizes_of_the_figure() -> None:
    """Radford et al. 2016, figure 1; the discriminator goes the same way back, and has no pooling."""
    sizes = [list(node.shape) for node in network("dcgan_generator", "dcgan_generator_paper") if node.op.name != "tanh"]
    widths = [[1024, 4, 4], [512, 8, 8], [256, 16, 16], [128, 32, 32], [3, 64, 64]]
    assert [size for i, size in enumerate(sizes) if size not in sizes[:i]] == widths
    back = [list(node.shape) for node in network("dcgan_discriminator", width=128) if is_op(node, "conv")]
    assert back[:-1] == widths[-2::-1]
    assert not any("pool" in node.op.name for net in ("generator", "discriminator") for node in network(f"dcgan_{net}"))


def test_alexnet_2012_is_two_towers() -> None:
    groups = [node.op.groups for node in network("alexnet_2012") if is_op(node, "conv")]  # type: ignore[attr-defined]
    assert groups == [1, 2, 1, 2, 2]


def test_lenet_without_activations_flattens_to_400() -> None:
    net = network("lenet", "linear")
    assert net.shape("flatten") == (400,)
    assert not any(is_op(node, "sigmoid") for node in net)


def test_option_a_is_a_strided_slice_and_zeros() -> None:
    net = network("resnet20_cifar")
    shortcut = net["layer2.0.widen"]
    assert isinstance(shortcut, archspec.Block)
    assert [node.op.name for node in shortcut.nodes()] == ["slice", "slice", "pad"]
    assert shortcut.params == shortcut.macs == 0
    assert net.shape("layer2.0.widen") == (32, 16, 16)
