"""Networks as files of other runtimes: they take batches of any size, hold what the network holds, and come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command import Run
from sampling import PROFILE, QUICK
from strange_files import LENET

import archspec

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")
from torch import Tensor, nn  # noqa: E402

from archspec.importers.imported import statistics  # noqa: E402
from archspec.importers.module.runs import leaves  # noqa: E402
from archspec.importers.module.verification import shaken  # noqa: E402

NETWORKS: dict[str, dict[str, Any]] = {
    "lenet": {},
    "resnet20_cifar": {},
    "mobilenet_v2": {"width": 0.25, "image_size": 32, "num_classes": 10},
    "googlenet": {"image_size": 64, "num_classes": 10},
    "shufflenet_v2_x0_5": {},
    "vit_b_32": {},
    "convnext_tiny": {},
    "densenet121": {},
    "efficientnet_b0": {},
    "alexnet_2012": {},
    "squeezenet1_1": {},
    "resnetv2_50": {},
    "regnet_y_400mf": {},
    "yolov8n": {},
    "dcgan_generator": {},
    "s3d": {},
    "resnet18": {},
    "mobilenet_v3_small": {},
}
"""Kinds of networks, and the values of their parameters; all but the first two are for the night."""

SOME = list(NETWORKS)[: 1 if QUICK else None if PROFILE == "nightly" else 2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


def with_weights(network: archspec.Network, folder: Path) -> nn.Module:
    """A model with weights and statistics of which no two are equal, and a file of them."""
    model: nn.Module = shaken(archspec.build(network))
    torch.save(model.state_dict(), folder / "weights.pth")
    return model


def given_by(model: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    with torch.inference_mode():
        return [leaf for leaf in leaves(model(*inputs)) if isinstance(leaf, Tensor)]


def compare(found: list[Tensor], wanted: list[Tensor]) -> None:
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * float(other.abs().max()))


@pytest.mark.parametrize("name", SOME)
def test_what_is_exported_as_onnx_comes_back(name: str, folder: Path) -> None:
    """With the tensors of the network by their names, its figures, and what it gives; for any batch."""
    network = archspec.compile(name, **NETWORKS[name])
    model = with_weights(network, folder)
    archspec.export(network, folder / f"{name}.onnx", weights=folder / "weights.pth")
    inputs = [torch.randn(3, *shape) for shape in network.inputs.values()]
    wanted = given_by(model, inputs)

    session = runtime.InferenceSession(folder / f"{name}.onnx")
    assert [value.name for value in session.get_inputs()] == list(network.inputs)
    assert [value.name for value in session.get_outputs()] == [
        name for name, output in network.outputs.items() if not output.training_only
    ]
    arrays = {name: tensor.numpy() for name, tensor in zip(network.inputs, inputs, strict=True)}
    compare([torch.from_numpy(each) for each in session.run(None, arrays)], wanted)
    graph = onnx.load(folder / f"{name}.onnx").graph
    firsts = {value.type.tensor_type.shape.dim[0].dim_param for value in (*graph.input, *graph.output)}
    assert firsts == {"batch"}
    held = {tensor.name for tensor in graph.initializer}
    assert held >= {key for key in model.state_dict() if not key.endswith(("num_batches_tracked", "index"))}

    archspec.import_file(folder / f"{name}.onnx").write(folder / f"{name}.yaml")
    back = archspec.compile(folder / f"{name}.yaml")
    assert (back.params, back.macs, statistics(back)) == (network.params, network.macs, statistics(network))
    again = archspec.build(back).eval()
    archspec.load_weights(again, folder / f"{name}.safetensors")
    compare(given_by(again, inputs), wanted)


def test_what_is_exported_as_a_program_runs(run: Run, tmp_path: Path) -> None:
    model = with_weights(archspec.compile(LENET, num_classes=4), tmp_path)
    done = run("export", LENET, "-o", str(tmp_path / "net.pt2"), "--set", "num_classes=4", "--weights",
               str(tmp_path / "weights.pth"))  # fmt: skip
    assert (done.code, done.out) == (0, f"wrote {tmp_path / 'net.pt2'}\n")
    program = torch.export.load(tmp_path / "net.pt2").module()
    for batch in (1, 5):
        inputs = [torch.randn(batch, 1, 28, 28)]
        compare(given_by(program, inputs), given_by(model, inputs))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "net.txt"], "net.txt ends neither with .onnx nor with .pt2"),
        (["-o", "net.pt2", "--weights", "none.pth"], "cannot read `none.pth`"),
        (["-o", "net.pt2", "--weights", "other.pth"], "the weights do not fit the network"),
        ([], "--output"),
    ],
)
def test_a_wrong_call_is_told(
    run: Run, words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"x": torch.zeros(1)}, "other.pth")
    done = run("export", LENET, *words)
    assert done.code == 2
    assert said in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.pth"]


UNTOLD = """
archspec: 1
name: untold
inputs: {image: [4, 8, 8]}
graph:
  body: {graph: {conv: {op: conv, out_channels: 4, kernel_size: 1}, pool: {op: adaptive_max_pool, output_size: 3}}}
"""


def test_an_op_without_onnx_is_named_as_the_spec_names_it(tmp_path: Path) -> None:
    message = "it has none for adaptive_max_pool2d, which `body.pool` calls"
    with pytest.raises(archspec.UsageError, match=message):
        archspec.export(archspec.compile_text(UNTOLD), tmp_path / "net.onnx")


@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_what_torch_cannot_export_is_no_traceback(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise RuntimeError("no\nlines of torch's own")

    monkeypatch.setattr(torch.export, "export", refused)
    with pytest.raises(archspec.UsageError, match=r"^PyTorch cannot export `Untold`: no$"):
        archspec.export(archspec.compile_text(UNTOLD), tmp_path / f"net{ending}")
