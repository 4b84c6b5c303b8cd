"""Import of modules: networks of torchvision and timm, modules as people write them, and edits of what is written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import user_weights  # noqa: F401 - its modules are registered
from command import Run
from counterparts import models
from hypothesis import given
from hypothesis import strategies as st
from sampling import PROFILE
from user_attention import LayersThatShareAnOperand, ManyWindowsAndOne, PaddedAsTensorFlowDoes
from user_lists import CopiesOfCopies
from user_modules import MODULES

import archspec
from archspec.pytorch.weights import renaming

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
from torch import Tensor, nn  # noqa: E402

from archspec.importers.module.construction import remembered  # noqa: E402
from archspec.importers.module.importing import _network_name  # noqa: E402
from archspec.importers.module.renaming import rules  # noqa: E402
from archspec.importers.module.runs import leaves  # noqa: E402
from archspec.importers.module.verification import shaken  # noqa: E402

GOLDENS = Path(__file__).parent / "golden" / "modules"
UPDATE = bool(os.environ.get("ARCHSPEC_UPDATE_GOLDENS"))

NETWORKS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "resnet18": ((3, 64, 64), {}),
    "mobilenet_v2": ((3, 64, 64), {}),
    "densenet121": ((3, 32, 32), {}),
    "googlenet": ((3, 64, 64), {"init_weights": False, "transform_input": False}),
    "squeezenet1_1": ((3, 64, 64), {}),
    "shufflenet_v2_x0_5": ((3, 64, 64), {}),
    "mnasnet0_5": ((3, 64, 64), {}),
    "mobilenet_v3_small": ((3, 64, 64), {}),
    "regnet_y_400mf": ((3, 64, 64), {}),
    "efficientnet_b0": ((3, 64, 64), {}),
    "swin_t": ((3, 112, 112), {}),
    "r3d_18": ((3, 8, 32, 32), {}),
    "lraspp_mobilenet_v3_large": ((3, 64, 64), {"weights_backbone": None}),
    "timm:test_vit": ((3, 160, 160), {}),
    "timm:test_resnet": ((3, 64, 64), {}),
    "timm:test_convnext": ((3, 64, 64), {}),
    "timm:test_efficientnet": ((3, 64, 64), {}),
    "timm:fasternet_t0": ((3, 64, 64), {}),
    "timm:darknet17": ((3, 64, 64), {}),
    "timm:vovnet39a": ((3, 64, 64), {}),
}
"""For each its input, and what its builder is given."""
LONG = {"densenet121", "googlenet", "efficientnet_b0", "swin_t", "lraspp_mobilenet_v3_large", "regnet_y_400mf"}
"""Whose outputs are compared in the nightly run; `import_survey` compares those of more."""


def built(name: str, **arguments: Any) -> nn.Module:
    library, _, own = name.rpartition(":")
    torch.manual_seed(0)
    with remembered():
        model: nn.Module = timm.create_model(own, **arguments) if library else models.get_model(own, **arguments)
    return model.eval()


@cache
def imported(name: str) -> archspec.Imported:
    shape, arguments = NETWORKS[name]
    return archspec.from_module(built(name, **arguments), shape, name=re.sub(r"\W", "_", name))


def given_by(model: nn.Module, *inputs: Tensor) -> list[Tensor]:
    with torch.inference_mode():
        return [leaf for leaf in leaves(model(*inputs)) if isinstance(leaf, Tensor)]


@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm"])
@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
def test_weights_that_are_computed_the_old_way_are_refused_with_the_new_one(name: str) -> None:
    model = nn.Sequential(nn.ReLU(), getattr(nn.utils, name)(nn.Conv2d(3, 4, 1)))
    with pytest.raises(archspec.UsageError, match=rf"`1`(.|\n)*torch\.nn\.utils\.parametrizations\.{name}"):
        archspec.from_module(model, (3, 8, 8))


# Networks of libraries


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in LONG or PROFILE == "nightly"])
def test_what_is_written_takes_the_weights_and_gives_the_same(name: str, tmp_path: Path) -> None:
    shape, arguments = NETWORKS[name]
    path = tmp_path / "network.yaml"
    imported(name).write(path)
    theirs = shaken(built(name, **arguments))
    ours = archspec.build(path).eval()
    matching = archspec.load_weights(ours, theirs.state_dict())
    assert matching.ok
    image = torch.randn(1, *shape)
    for one, other in zip(given_by(theirs, image), given_by(ours, image), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(one.abs().max()))
    network = archspec.compile(path)
    assert (network.params, network.macs) == (imported(name).report.params, imported(name).report.macs)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_text_is_that_of_the_golden(name: str) -> None:
    golden = GOLDENS / f"{name.replace(':', '-')}.yaml"
    text = imported(name).text
    if UPDATE:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("name", NETWORKS)
def test_what_only_training_drops_is_there(name: str) -> None:
    """Each call of dropout and of stochastic depth has its probability; what never drops may be left out."""
    shape, arguments = NETWORKS[name]
    model, called = built(name, **arguments), []
    for part in model.modules():
        p = getattr(part, "drop_prob", None) or getattr(part, "p", 0.0)
        if type(part).__name__ in ("Dropout", "DropPath", "StochasticDepth") and p:
            part.register_forward_hook(lambda *_, p=p: called.append(p))
    given_by(model, torch.zeros(1, *shape))
    network = archspec.compile_text(imported(name).text)
    ours = [node.op.p for node in network if node.op.name in ("dropout", "stochastic_depth") and node.op.p]
    only_trained = 2 if name == "googlenet" else 0  # the dropout of its auxiliary heads, which evaluation does not call
    assert len(ours) == len(called) + only_trained
    assert sorted(p for p in ours if p != 0.7) == pytest.approx(sorted(called), abs=1e-6)


def test_a_module_stays_as_it_is() -> None:
    model = built("timm:test_resnet").train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    archspec.from_module(model, (3, 64, 64))
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


# Modules as people write them


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_imported_or_refused_with_its_place(name: str) -> None:
    cls, shapes, refused = MODULES[name]
    model = cls()
    if refused:
        with pytest.raises(archspec.UsageError, match=re.escape(refused)) as caught:
            archspec.from_module(model, *shapes)
        assert re.search(r"user_\w+\.py:\d+|depends on the size of the batch", str(caught.value))
        return
    result = archspec.from_module(model, *shapes)
    theirs = shaken(model)
    ours = archspec.build(archspec.compile_text(result.text)).eval()
    archspec.load_weights(ours, theirs.state_dict())
    inputs = [torch.randn(3, *shape) for shape in shapes]
    for one, other in zip(given_by(theirs, *(each.clone() for each in inputs)), given_by(ours, *inputs), strict=True):
        torch.testing.assert_close(one, other)


def test_uses_of_one_window_and_of_several_are_one_block() -> None:
    assert archspec.from_module(ManyWindowsAndOne(), (8, 16, 16)).report.blocks == ("windowed",)


def test_layers_that_share_an_operand_are_a_repeat() -> None:
    text = archspec.from_module(LayersThatShareAnOperand(), (9, 8)).text
    assert re.search(r"blocks: +{block: turning, from: \[image, \w+\], repeat: 6}", text)
    assert "weights:" not in text


def test_copies_of_copies_that_are_all_taken_are_a_repeat() -> None:
    text = archspec.from_module(CopiesOfCopies(), (3, 8, 8)).text
    assert "layers: {block: two, repeat: 4}" in text
    assert "from: [image, layers.0, layers.1, layers.2, layers]" in text


def test_convolutions_pad_as_tensorflow_does_by_name() -> None:
    text = archspec.from_module(PaddedAsTensorFlowDoes(), (3, 10, 9)).text
    assert text.count("padding: same_upper") == 2
    assert len(re.findall(r"op: pad\b", text)) == 1
    assert "weights:" not in text


def test_everything_that_cannot_be_said_is_told_at_once() -> None:
    with pytest.raises(archspec.UsageError) as caught:
        archspec.from_module(MODULES["UnknownFunctions"][0](), (3, 8, 8))
    assert {"`cumsum`", "`erfinv`"} <= set(re.findall("`\\w+`", str(caught.value)))


class _Wrong(nn.Module):
    """Gives other numbers than its calls say, when it has numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (2 if x.is_meta else 3)


def test_outputs_that_differ_are_found() -> None:
    with pytest.raises(archspec.UsageError, match="differ by"):
        archspec.from_module(_Wrong(), (3, 4, 4))
    assert archspec.from_module(_Wrong(), (3, 4, 4), verify=False).report.difference is None


def test_wrong_calls_are_told() -> None:
    with pytest.raises(archspec.UsageError, match=r"takes an nn\.Module"):
        archspec.from_module("resnet50", (3, 8, 8))  # type: ignore[arg-type]
    with pytest.raises(archspec.UsageError, match=r"raises RuntimeError: .*user_modules\.py:\d+"):
        archspec.from_module(MODULES["ViewOfSize"][0](), (3, 9, 9))


class _Nothing(nn.Module):
    def forward(self, x: Tensor) -> None:
        x.relu()


class _Around(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x).relu()


def test_nothing_of_an_import_stays_behind() -> None:
    """Else `torch.compile` warns of hooks, of whatever module."""
    archspec.from_module(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), [3])
    with pytest.raises(archspec.UsageError):
        archspec.from_module(nn.Sequential(nn.LSTM(3, 3)), [4, 3])
    assert not nn.modules.module._has_any_global_hook()


def test_what_no_spec_can_hold_is_told() -> None:
    with pytest.raises(archspec.UsageError, match="returns no tensor"):
        archspec.from_module(_Nothing(), (3, 4, 4))
    deep: nn.Module = nn.ReLU()
    for _ in range(400):
        deep = _Around(deep)
    with pytest.raises(archspec.UsageError, match="nest deeper than 64"):
        archspec.from_module(deep, (3, 4, 4))


class _Buffers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.rand(3, 1, 1))
        self.register_buffer("unused", torch.rand(3))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


def test_buffers_that_are_numbers_of_the_spec_are_told_apart_from_those_left_out() -> None:
    remarks = archspec.from_module(_Buffers(), (3, 4, 4)).report.remarks
    assert remarks == (
        "its numbers are in the spec, and not in checkpoints: scale",
        "left out, since nothing in evaluation depends on it: unused",
    )


def test_names_of_classes_become_names_of_networks() -> None:
    class Net(nn.Sequential):
        pass

    assert _network_name(Net()) == "Net"


# Edits: one number changed in what was written is what the original's constructor makes of that change


def edited(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert len(re.findall(old, text)) == 1, old
        text = re.sub(old, new, text)
    return text[: text.index("expect:")]


RESNET, VIT = "resnet18", "timm:test_vit"


def _resnet(**changed: Any) -> nn.Module:
    arguments = {"block": models.resnet.BasicBlock, "layers": [2, 2, 2, 2]}
    return models.ResNet(**arguments | changed).eval()


def _mobilenet(fourth: list[int]) -> nn.Module:
    """MobileNet v2 with another fourth row of its table."""
    rows = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], fourth, [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]]
    return models.MobileNetV2(inverted_residual_setting=rows).eval()


EDITS: dict[str, tuple[str, list[tuple[str, str]], dict[str, Any], Callable[[], nn.Module]]] = {
    "classes": (RESNET, [], {"num_classes": 7}, lambda: built(RESNET, num_classes=7)),
    "depth": (
        RESNET,
        [(r"(layer3: .*repeat:) 2", r"\1 5")],
        {},
        lambda: _resnet(layers=[2, 2, 5, 2]),
    ),
    "depth of one": (RESNET, [(r"(layer1: .*repeat:) 2", r"\1 1")], {}, lambda: _resnet(layers=[1, 2, 2, 2])),
    "classes of mobilenet": (
        "mobilenet_v2", [], {"num_classes": 12}, lambda: built("mobilenet_v2", num_classes=12)
    ),
    "depth of densenet": (
        "densenet121",
        [(r"(denseblock3: .*repeat:) 24", r"\1 9")],
        {},
        lambda: models.DenseNet(32, (6, 12, 9, 16)).eval(),
    ),
    "growth of densenet": (
        "densenet121",
        [(r"(conv1: .*out_channels:) 128", r"\1 64"), (r"(conv2: .*out_channels:) 32", r"\1 16")],
        {},
        lambda: models.DenseNet(16, (6, 12, 24, 16)).eval(),
    ),
    "depth of vit": (VIT, [(r"(blocks: .*repeat:) 6", r"\1 3")], {}, lambda: built(VIT, depth=3)),
    "classes of vit": (VIT, [], {"num_classes": 3}, lambda: built(VIT, num_classes=3)),
    "mlp of vit": (VIT, [(r"(fc1: .*out_features:) \d+", r"\1 96")], {}, lambda: built(VIT, mlp_ratio=1.5)),
    "squeezenet": (
        "squeezenet1_1", [(r"out_channels: 1000", "out_channels: 9")], {},
        lambda: built("squeezenet1_1", num_classes=9),
    ),
    "depth of r3d": (
        "r3d_18",
        [(r"(layer2: .*repeat:) 2", r"\1 3")],
        {},
        lambda: models.video.resnet.VideoResNet(
            models.video.resnet.BasicBlock,
            [models.video.resnet.Conv3DSimple] * 4,
            [2, 3, 2, 2],
            models.video.resnet.BasicStem,
        ).eval(),
    ),
    "stage of mobilenet": (
        "mobilenet_v2",
        [(r"\[64, 4, 2\]", "[64, 2, 2]")],
        {},
        lambda: _mobilenet([6, 64, 2, 2]),
    ),
    "width of mobilenet": (
        "mobilenet_v2",
        [(r"\[64, 4, 2\]", "[48, 4, 2]")],
        {},
        lambda: _mobilenet([6, 48, 4, 2]),
    ),
    "depth of shufflenet": (
        "shufflenet_v2_x0_5",
        [(r"repeat: 7", "repeat: 3")],
        {},
        lambda: models.ShuffleNetV2([4, 4, 4], [24, 48, 96, 192, 1024]).eval(),
    ),
    "depth of swin": (
        "swin_t",
        [(r"repeat: 6", "repeat: 4")],
        {},
        lambda: models.SwinTransformer([4, 4], 96, [2, 2, 4, 2], [3, 6, 12, 24], [7, 7]).eval(),
    ),
    "activation of vit": (VIT, [(r"act: gelu", "act: relu")], {}, lambda: built(VIT, act_layer="relu")),
    "classes of efficientnet": (
        "efficientnet_b0", [], {"num_classes": 5}, lambda: built("efficientnet_b0", num_classes=5)
    ),
    "classes of regnet": ("regnet_y_400mf", [], {"num_classes": 5}, lambda: built("regnet_y_400mf", num_classes=5)),
    "classes of convnext": (
        "timm:test_convnext", [], {"num_classes": 5}, lambda: built("timm:test_convnext", num_classes=5)
    ),
    "image size": (RESNET, [(r"image: \[3, 64, 64\]", "image: [3, 96, 96]")], {}, lambda: built(RESNET)),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_what_the_constructor_makes_of_it(edit: str) -> None:
    name, changes, params, build = EDITS[edit]
    text = edited(imported(name).text, *changes)
    theirs = shaken(build())
    ours = archspec.build(archspec.compile_text(text, **params)).eval()
    archspec.load_weights(ours, theirs.state_dict())
    own = sum(parameter.numel() for parameter in theirs.parameters())
    assert sum(parameter.numel() for parameter in ours.parameters()) == own
    shape = archspec.compile_text(text, **params).inputs["image"]
    image = torch.randn(1, *shape)
    for one, other in zip(given_by(theirs, image), given_by(ours, image), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(one.abs().max()))


# Rules of names


NAMES = st.lists(
    st.lists(st.sampled_from("a b 0 1 2 b1 b2 b10".split()), min_size=1, max_size=3).map(".".join),
    min_size=1, max_size=12, unique=True,
)  # fmt: skip
TENSORS = st.sampled_from(["weight", "bias"])


@given(st.data())
def test_rules_lead_each_name_to_its_own(data: st.DataObject) -> None:
    theirs = [f"{name}.{data.draw(TENSORS)}" for name in data.draw(NAMES)]
    kept = [name for name in theirs if data.draw(st.integers(0, 4))]
    own = {name: name if data.draw(st.booleans()) else f"x.{name}" for name in kept}
    found = rules(own, theirs)
    names = renaming.Renaming(found, dict.fromkeys(own.values(), (1,)))
    renamed = names.of({name: name for name in theirs}, dict.fromkeys(theirs, (1,)))
    for name in theirs:
        assert renamed[name] == own.get(name)


def test_stars_stand_for_numbers() -> None:
    names = {
        f"layers.layer_{i}.fc.{tensor}": f"layers.{i}.fc.{tensor}" for i in range(12) for tensor in ("weight", "bias")
    }
    assert rules(names, [*names, "head.weight"]) == {"layers.layer_*": "layers.*", "head": None}


# The command


NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, width=4):
        super().__init__(nn.Conv2d(3, width, 1), nn.ReLU())

def broken():
    raise ValueError("not today")

net = Net()
number = 3
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "own_net.py"
    path.write_text(NET, encoding="utf-8")
    return path


def test_the_command_imports_a_class_of_a_file(run: Run, net: Path, tmp_path: Path) -> None:
    written = tmp_path / "net.yaml"
    done = run("import", f"{net}:Net", "--input", "3,8,8", "--set", "width=6", "-o", str(written))
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("24 params, 1,152 MACs; outputs equal bit for bit")
    network = archspec.compile(written)
    assert (network.name, network.params) == ("net", 24)
    done = run("import", f"{net}:net", "--input", "3x8x8", "--no-verify", "--name", "mine")
    assert "name: mine" in done.out
    assert "outputs not compared" in done.err


def test_the_command_imports_networks_of_timm(run: Run) -> None:
    done = run("import", "timm:test_resnet", "--no-verify")
    assert done.code == 0
    assert "image: [3, 160, 160]" in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["{net}:Net"], "--input 3,224,224"),
        (["{net}:Ned", "--input", "3,8,8"], "known here: `Net`, `broken`"),
        (["{net}:number", "--input", "3,8,8"], "neither an nn.Module nor makes one: int"),
        (["{net}:broken", "--input", "3,8,8"], "raises ValueError: not today"),
        (["{net}:net", "--set", "width=3", "--input", "3,8,8"], "nothing for --set"),
        (["{net}:Net", "--set", "depth=3", "--input", "3,8,8"], "raises TypeError"),
        (["{net}:Net", "--input", "3,a"], "--input takes sizes"),
        (["{net}:Net", "--input", "5,8,8"], "raises RuntimeError"),
        (["{net}:Net", "--partial"], "--partial is for files"),
        (["nowhere.to.be:Net"], "there is no module `nowhere.to.be`"),
        (["nowhere.py:Net"], "there is no file nowhere.py"),
        (["timm:no_such_network"], "timm has no network"),
        (["lenet"], "a bundled network, which needs no import"),
        (["x.cfg", "--set", "a=1"], "--set is for an nn.Module"),
    ],
)
def test_what_is_wrong_with_a_name_is_told(run: Run, net: Path, words: list[str], told: str) -> None:
    done = run("import", *(word.format(net=net) for word in words))
    assert done.code == 2
    assert told in done.err


def test_what_the_users_code_raises_has_its_place(run: Run, net: Path) -> None:
    line = NET.splitlines().index('    raise ValueError("not today")') + 1
    assert f"own_net.py:{line}" in run("import", f"{net}:broken", "--input", "3,8,8").err
