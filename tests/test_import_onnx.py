"""ONNX becomes specs that compute the same, with its weights; what cannot be said is told, and no other file read."""

from __future__ import annotations

import os
import random as chances
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from command import Run
from sampling import few
from strange_files import not_for_ever

import archspec

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
import numpy as np  # noqa: E402
from onnx import external_data_helper  # noqa: E402
from onnx_files import model, node, random, residual, saved  # noqa: E402

from archspec.importers.onnx import evaluation, verification  # noqa: E402
from archspec.importers.onnx.network import RULES  # noqa: E402

CASES: dict[str, Callable[[], onnx.ModelProto]] = {}
"""A file for each operator; the name begins with it."""


def case(name: str, nodes: str | list[onnx.NodeProto], shape: tuple[int | str, ...] = ("batch", 4, 6, 6), *,
         opset: int = 20, output: str = "y", attributes: dict[str, object] | None = None,
         **numbers: object) -> None:  # fmt: skip
    """Adds a case; text is the inputs of one node of the name's operator."""
    op = name.partition(" ")[0]
    made = [node(op, nodes, output, **(attributes or {}))] if isinstance(nodes, str) else nodes
    arrays = {key: np.asarray(value) for key, value in numbers.items()}
    CASES[name] = lambda: model(made, arrays, shape, opset=opset, output=output)


def ints(*values: int) -> np.ndarray:
    return np.asarray(values, np.int64)


for _op in (
    "Relu Sigmoid Tanh HardSwish Softplus Abs Exp Neg Sign LeakyRelu Elu Gelu HardSigmoid Softmax LogSoftmax Mish "
    "GlobalAveragePool GlobalMaxPool Flatten"
).split():
    case(_op, "x")
case("Conv", "x w b", attributes={"pads": [1, 1, 1, 1], "strides": [2, 2]}, w=random(6, 4, 3, 3), b=random(6))
case("Conv in groups", "x w", attributes={"group": 2, "dilations": [2, 2]}, w=random(6, 2, 3, 3))
case("Conv same", "x w", attributes={"auto_pad": "SAME_UPPER", "strides": [2, 2]}, w=random(6, 4, 3, 3))
case("Conv padded on one side", "x w", attributes={"pads": [0, 1, 1, 2]}, w=random(6, 4, 3, 3))
case("Conv of one dimension", "x w", ("batch", 4, 9), w=random(6, 4, 3))
case("Conv of three dimensions", "x w", ("batch", 2, 4, 5, 6), w=random(3, 2, 3, 3, 3))
case("ConvTranspose", "x w b", attributes={"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
     w=random(4, 6, 3, 3), b=random(6))  # fmt: skip
case("Linear by Gemm", [node("Flatten", "x", "f"), node("Gemm", "f w b", "y", transB=1)], w=random(5, 144), b=random(5))
case("Linear by Gemm that turns nothing", [node("Flatten", "x", "f"), node("Gemm", "f w", "y")], w=random(144, 5))
case(
    "Linear by MatMul",
    [node("MatMul", "x w", "m"), node("Add", "b m", "y")],
    ("batch", 7, 4),
    w=random(4, 5),
    b=random(5),
)
case(
    "BatchNormalization",
    "x w b m v",
    attributes={"epsilon": 1e-3},
    w=random(4),
    b=random(4),
    m=random(4),
    v=random(4) ** 2,
)
case(
    "BatchNormalization without weights",
    "x w b m v",
    w=np.ones(4, "f"),
    b=np.zeros(4, "f"),
    m=random(4),
    v=random(4) ** 2,
)
case("InstanceNormalization", "x w b", w=random(4), b=random(4))
case("LayerNormalization", "x w b", ("batch", 7, 4), w=random(4), b=random(4))
case("RMSNormalization", "x w", ("batch", 7, 4), opset=23, w=random(4))
case("GroupNormalization", "x w b", opset=21, attributes={"num_groups": 2}, w=random(4), b=random(4))
case("LRN", "x", attributes={"size": 3, "alpha": 1e-2})
case("PRelu", "x w", w=np.abs(random(4, 1, 1)))
case("Log", [node("Abs", "x", "a"), node("Add", "a one", "b"), node("Log", "b", "y")], one=np.float32(1))
case("Sqrt", [node("Abs", "x", "a"), node("Sqrt", "a", "y")])
case("Reciprocal", [node("Exp", "x", "a"), node("Reciprocal", "a", "y")])
case("Swish", [node("Sigmoid", "x", "s"), node("Mul", "x s", "y")])
case("Mish by Softplus", [node("Softplus", "x", "s"), node("Tanh", "s", "t"), node("Mul", "x t", "y")])
case("HardSwish by Clip", [node("Add", "x three", "a"), node("Clip", "a zero six", "c"), node("Mul", "x c", "m"),
     node("Div", "m six", "y")], three=np.float32(3), zero=np.float32(0), six=np.float32(6))  # fmt: skip
case("Gelu by Erf", [node("Div", "x root", "a"), node("Erf", "a", "e"), node("Add", "e one", "b"),
     node("Mul", "x b", "m"),
     node("Mul", "m half", "y")], root=np.float32(2**0.5), one=np.float32(1), half=np.float32(0.5))  # fmt: skip
case("LayerNormalization by ReduceMean", [
    node("ReduceMean", "x", "m", axes=[-1]), node("Sub", "x m", "c"), node("Pow", "c two", "q"),
    node("ReduceMean", "q", "v", axes=[-1]), node("Add", "v eps", "e"), node("Sqrt", "e", "r"), node("Div", "c r", "n"),
    node("Mul", "n w", "s"), node("Add", "s b", "y")],
    ("batch", 7, 4), opset=13, two=np.float32(2), eps=np.float32(1e-5), w=random(4), b=random(4))  # fmt: skip
case("GroupNormalization by InstanceNormalization", [
    node("Reshape", "x apart", "r"), node("InstanceNormalization", "r ones zeros", "n"), node("Shape", "x", "sizes"),
    node("Reshape", "n sizes", "m"), node("Mul", "m w", "s"), node("Add", "s b", "y")],
    apart=ints(0, 2, -1), ones=np.ones(2, "f"), zeros=np.zeros(2, "f"), w=random(4, 1, 1),
    b=random(4, 1, 1))  # fmt: skip
case("ChannelShuffle", [node("Reshape", "x apart", "r"), node("Transpose", "r", "t", perm=[0, 2, 1, 3, 4]),
     node("Reshape", "t back", "y")], apart=ints(0, 2, 2, 6, 6), back=ints(0, 4, 6, 6))  # fmt: skip
case("Attention", [
    node("Transpose", "x", "k", perm=[0, 1, 3, 2]), node("Mul", "x scale", "q"), node("MatMul", "q k", "s"),
    node("Softmax", "s", "p"), node("MatMul", "p x", "y")], scale=np.float32(0.3))  # fmt: skip
case("Attention of its own", "x x x", opset=23, attributes={"scale": 0.5})
case("Clip", "x low high", low=np.float32(0), high=np.float32(6))
case("Clip from below", "x low", low=np.float32(-0.5))
case("Softmax of maps", "x", attributes={"axis": 1})
case("Dropout", "x ratio", ratio=np.float32(0.3))
case("Identity", [node("Relu", "x", "r"), node("Identity", "r", "y")])
case("Cast", [node("Relu", "x", "r"), node("Cast", "r", "y", to=1)])
case("CastLike", [node("Relu", "x", "r"), node("CastLike", "r other", "y")], other=np.float32(1))
case("MaxPool", "x", attributes={"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4, "ceil_mode": 1})
case("AveragePool", "x", attributes={"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4})
case("Resize", "x _ scales", attributes={"mode": "linear"}, scales=np.asarray([1, 1, 2, 2], "f"))
case("Resize nearest", "x _ _ sizes", sizes=ints(1, 4, 12, 12), attributes={
    "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, shape=(1, 4, 6, 6))  # fmt: skip
case("Upsample", "x scales", opset=9, scales=np.asarray([1, 1, 2, 2], "f"))
case("DepthToSpace", "x", attributes={"blocksize": 2, "mode": "CRD"})
case("Pad", "x pads", pads=ints(0, 0, 1, 2, 0, 0, 0, 1))
case("Pad of an edge", "x pads", attributes={"mode": "edge"}, pads=ints(0, 0, 1, 2, 0, 0, 0, 1))
case("Add", [node("Relu", "x", "r"), node("Add", "x r", "y")])
case("Add of a number", "x n", n=np.float32(0.3))
case("Add of a parameter", "x pos.weight", **{"pos.weight": random(1, 4, 6, 6)})
case("Sub", [node("Relu", "x", "r"), node("Sub", "x r", "y")])
case("Sub from a number", "n x", n=np.float32(2))
case("Mul", [node("Relu", "x", "r"), node("Mul", "r x", "y")])
case("Div", [node("Exp", "x", "r"), node("Div", "x r", "y")])
case("Sum", [node("Relu", "x", "r"), node("Abs", "x", "a"), node("Sum", "x r a", "y")])
case("Mean", [node("Relu", "x", "r"), node("Mean", "x r", "y")])
case("Max", [node("Neg", "x", "n"), node("Max", "x n", "y")])
case("Min", [node("Neg", "x", "n"), node("Min", "x n one", "y")], one=np.float32(0.1))
case("MatMul", [node("Transpose", "x", "t", perm=[0, 1, 3, 2]), node("MatMul", "x t", "y")])
case("Pow", "x two", two=np.float32(2))
case("Einsum", [node("Relu", "x", "r"), node("Einsum", "x r", "y", equation="bchw,bcvw->bchv")])
case("ReduceMean", "x axes", axes=ints(2, 3))
case("ReduceSum", "x axes", attributes={"keepdims": 0}, axes=ints(1))
case("ReduceMax", "x axes", axes=ints(-1))
case("ReduceMin", "x", opset=13, attributes={"axes": [2]})
case("LpNormalization", "x", attributes={"axis": 1, "p": 2})
case("Shape", [node("Shape", "x", "s"), node("Slice", "s zero one", "b"), node("Concat", "b rest", "t", axis=0),
     node("Reshape", "x t", "y")], zero=ints(0), one=ints(1), rest=ints(2, 2, 36))  # fmt: skip
case("Size", [node("Size", "x", "n"), node("Div", "n each", "b"), node("Unsqueeze", "b zero", "u"),
     node("Concat", "u rest", "t", axis=0), node("Reshape", "x t", "y")],
     each=np.int64(144), zero=ints(0), rest=ints(144))  # fmt: skip
CASES["Reshape"] = lambda: model([node("Reshape", "x s", "y")], {"s": ints(0, 8, -1)})
CASES["Reshape of a fixed batch"] = lambda: model([node("Reshape", "x s", "y")], {"s": ints(1, 8, 18)}, (1, 4, 6, 6))
case("Transpose", "x", attributes={"perm": [0, 2, 3, 1]})
case("Squeeze", [node("GlobalAveragePool", "x", "p"), node("Squeeze", "p axes", "y")], axes=ints(2, 3))
case("Unsqueeze", "x axes", axes=ints(1))
case("Concat", [node("Relu", "x", "r"), node("Concat", "x r", "y", axis=1)])
case("Split", [node("Split", "x", "a b", axis=1, num_outputs=2), node("Mul", "a b", "y")])
case("Split of sizes", [node("Split", "x sizes", "a b", axis=1), node("ReduceSum", "a one", "c"),
     node("Mul", "c b", "y")],
     sizes=ints(1, 3), one=ints(1))  # fmt: skip
case("Slice", "x a b c", a=ints(1), b=ints(5), c=ints(2))
case("Slice backwards", "x a b c d", a=ints(-1), b=ints(-(2**63)), c=ints(3), d=ints(-1))
case("Gather", "x n", attributes={"axis": 1}, n=np.int64(2))
case("Gather of every second", "x n", attributes={"axis": 1}, n=ints(0, 2))
case("Gather that rolls", "x n", attributes={"axis": 2}, n=ints(2, 3, 4, 5, 0, 1))
case(
    "Expand",
    [node("ReduceMean", "x axes", "m"), node("Expand", "m shape_", "y")],
    axes=ints(2),
    shape_=ints(1, 4, 6, 6),
)
case("Tile", [node("ReduceMean", "x axes", "m"), node("Tile", "m n", "y")], axes=ints(2), n=ints(1, 1, 6, 1))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime in this process, which saves half a second: the files of these tests are as they should be."""

    def evaluated(made: bytes | Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
        session = runtime.InferenceSession(made, providers=["CPUExecutionProvider"])
        found: list[np.ndarray] = session.run(outputs, inputs)
        return found

    monkeypatch.setattr(verification, "evaluated", evaluated)


def test_there_is_a_case_for_every_operator() -> None:
    assert {name.partition(" ")[0] for name in CASES} == set(RULES) - {"Gemm"}  # which is refused


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", CASES)
def test_what_is_written_computes_what_the_file_computes(name: str, tmp_path: Path) -> None:
    """As ONNX Runtime has it, with weights of the file that is written beside the spec."""
    made = CASES[name]()
    path = saved(made, tmp_path)
    result = archspec.import_file(path)
    result.write(tmp_path / "net.yaml")
    ours = archspec.build(tmp_path / "net.yaml").eval()
    if result.weights:
        archspec.load_weights(ours, tmp_path / "net.safetensors")
    size = made.graph.input[0].type.tensor_type.shape.dim[0].dim_value or 3
    (shape,) = archspec.compile(tmp_path / "net.yaml").inputs.values()
    image = random(size, *shape)
    (wanted,) = runtime.InferenceSession(path).run(None, {"x": image})
    with torch.inference_mode():
        found = ours(torch.from_numpy(image))
    torch.testing.assert_close(found, torch.from_numpy(wanted), rtol=1e-4, atol=1e-4)


# Structure


def test_modules_are_told_by_the_names_of_nodes(tmp_path: Path) -> None:
    text = archspec.import_file(saved(residual(True), tmp_path)).text
    assert "layer1: {block: layer, repeat: 3}" in " ".join(text.split())
    assert "weights:" not in text
    assert "fc:" in text


def test_repeated_runs_of_nodes_are_a_block(tmp_path: Path) -> None:
    result = archspec.import_file(saved(residual(False), tmp_path))
    assert "repeat: 3" in result.text
    assert result.report.params == 8 * 37 + 6 * 8 * 73 + 45
    assert "outputs differ by" in result.report.remarks[-1]


def test_weights_go_beside_the_spec_and_load(run: Run, tmp_path: Path) -> None:
    path = saved(residual(False), tmp_path)
    done = run("import", str(path), "-o", str(tmp_path / "mine.yaml"), "--name", "mine")
    assert (done.code, done.out) == (0, "")
    assert run("weights", str(tmp_path / "mine.yaml"), str(tmp_path / "mine.safetensors")).code == 0
    printed = run("import", str(path))
    assert "archspec: 1" in printed.out
    assert "with -o" in printed.err


def test_vectors_of_equal_numbers_that_were_merged_are_apart_again(tmp_path: Path) -> None:
    """As PyTorch's exporter merges the statistics and weights of a network that was not trained."""
    nodes = [
        node("BatchNormalization", "x a.weight a.bias a.bias a.weight", "n", name="/a/BatchNormalization"),
        node("BatchNormalization", "n a.weight a.bias a.bias a.weight", "y", name="/b/BatchNormalization"),
    ]
    numbers = {"a.weight": np.ones(4, np.float32), "a.bias": np.zeros(4, np.float32)}
    report = archspec.import_file(saved(model(nodes, numbers), tmp_path)).report
    assert (report.params, report.statistics) == (16, 16)


# What cannot be said


def test_all_that_cannot_be_said_is_told_with_its_node(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nodes = [
        node("Conv", "x w", "a", name="first"),
        node("GRU", "a w w", "b", name="second"),
        node("Relu", "b", "c", name="third"),
        node("NonMaxSuppression", "c c", "d"),
        node("Conv", "d w", "y", name="fifth"),
    ]
    saved(model(nodes, {"w": random(4, 4, 1, 1)}), tmp_path)
    done = run("import", "net.onnx", "-o", "net.yaml")
    assert done.code == 1
    places = [line for line in done.err.splitlines() if "-->" in line]
    assert places == [
        " --> net.onnx (node 1, GRU second)",
        " --> net.onnx (node 3, NonMaxSuppression that gives d)",
    ]
    assert not (tmp_path / "net.yaml").exists()
    partly = run("import", "net.onnx", "--partial")
    assert partly.code == 0
    assert "The GRU second is not here." in partly.out
    assert "not checked" in partly.err
    assert archspec.compile_text(partly.out).params == 32


@pytest.mark.parametrize(
    ("shape", "options", "said"),
    [
        (("batch", 4, "h", "w"), {}, "--input 3,224,224"),
        (("batch", 4, "h", "w"), {"input": "3,6,6"}, "not the sizes of --input"),
        (("batch", 4, 6, 6), {"input": "6"}, "not the sizes of --input"),
        ((), {}, "has no batch"),
    ],
)
def test_open_sizes_are_asked_for(
    shape: tuple[int | str, ...], options: dict[str, str], said: str, tmp_path: Path
) -> None:
    path = saved(model([node("Relu", "x", "y")], {}, shape), tmp_path)
    with pytest.raises(archspec.SpecError, match=said):
        archspec.import_file(path, **options)


def test_open_sizes_are_given(tmp_path: Path) -> None:
    path = saved(model([node("Relu", "x", "y")], {}, ("batch", 4, "h", "w")), tmp_path)
    assert archspec.compile_text(archspec.import_file(path, input="4,5,7").text).outputs["output"].shape == (4, 5, 7)


def test_a_spec_that_computes_something_else_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "Sigmoid", RULES["Tanh"])
    with pytest.raises(archspec.SpecError, match="of the largest number"):
        archspec.import_file(saved(model([node("Sigmoid", "x", "y")], {}), tmp_path))


# Hostile files


def external(folder: Path, location: str, **entries: str) -> Path:
    """A file whose weights lie in another."""
    made = residual(True)
    first = made.graph.initializer[0]
    (folder / "data.bin").write_bytes(first.raw_data)
    external_data_helper.set_external_data(first, location)
    for key, value in entries.items():
        first.external_data.add(key=key, value=value)
    first.ClearField("raw_data")
    return saved(made, folder)


def test_external_data_is_read(tmp_path: Path) -> None:
    result = archspec.import_file(external(tmp_path, "data.bin"))
    one = residual(True)
    assert result.report.params == archspec.import_file(saved(one, tmp_path)).report.params
    assert np.array_equal(result.weights["stem.weight"], onnx.numpy_helper.to_array(one.graph.initializer[0]))


@pytest.mark.parametrize(
    ("location", "entries", "said"),
    [
        ("../data.bin", {}, "outside of the folder"),
        ("/etc/passwd", {}, "outside of the folder"),
        ("link.bin", {}, "outside of the folder"),
        ("none.bin", {}, "No such file"),
        ("fifo", {}, "no regular file"),
        (".", {}, "no regular file|Is a directory"),
        ("data.bin", {"offset": "4"}, "does not have the"),
        ("data.bin", {"length": "4"}, "does not have the"),
        ("data.bin", {"offset": "-1"}, "no number of bytes"),
    ],
)
def test_external_data_stays_in_the_folder(location: str, entries: dict[str, str], said: str, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(bytes(10_000))
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "link.bin").symlink_to(tmp_path / "data.bin")
    os.mkfifo(folder / "fifo")
    with not_for_ever(), pytest.raises(archspec.SpecError, match=said):
        archspec.import_file(external(folder, location, **entries))


def huge() -> dict[str, onnx.ModelProto]:
    """Files that would take much more to work out than to write."""
    doubled = [node("Concat", f"t{i} t{i}", f"t{i + 1}", axis=0) for i in range(40)]
    many = [node("Relu", f"t{i}", f"t{i + 1}") for i in range(6000)]
    called = onnx.helper.make_function(
        "own", "f0", ["a"], ["b"], [node("Relu", "a", "b")], [onnx.helper.make_opsetid("", 20)]
    )
    functions = [called]
    for i in range(1, 40):
        nodes = [
            onnx.helper.make_node(f"f{i - 1}", ["a"], ["c"], domain="own"),
            onnx.helper.make_node(f"f{i - 1}", ["c"], ["b"], domain="own"),
        ]
        functions.append(
            onnx.helper.make_function("own", f"f{i}", ["a"], ["b"], nodes, [onnx.helper.make_opsetid("own", 1)])
        )
    nested = model([onnx.helper.make_node("f39", ["x"], ["y"], domain="own")], {})
    nested.opset_import.append(onnx.helper.make_opsetid("own", 1))
    nested.functions.extend(functions)
    return {
        "numbers that double": model([*doubled, node("Reshape", "x t40", "y")], {"t0": ints(1)}),
        "a filled tensor": model(
            [node("ConstantOfShape", "s", "c"), node("Add", "x c", "y")], {"s": ints(1 << 20, 1 << 20)}
        ),
        "many nodes": model([node("Relu", "x", "t0"), *many, node("Relu", "t6000", "y")], {}),
        "functions in functions": nested,
    }  # fmt: skip


@pytest.mark.parametrize("name", huge())
def test_a_file_that_would_be_large_is_refused(name: str, tmp_path: Path) -> None:
    with not_for_ever(), pytest.raises(archspec.SpecError):
        archspec.import_file(saved(huge()[name], tmp_path))


def test_a_file_that_ends_the_process_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_SCRIPT", "import os; os.abort()")
    with pytest.raises(archspec.SpecError, match="ONNX Runtime does not run it"):
        archspec.import_file(saved(model([node("Relu", "x", "y")], {}), tmp_path))


@pytest.fixture
def unevaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ONNX Runtime, which has its own tests and takes half a second to start."""

    def evaluated(made: bytes | Path, inputs: dict[str, np.ndarray], outputs: list[str]) -> list[np.ndarray]:
        raise evaluation.NotRunError("it is damaged")

    monkeypatch.setattr(verification, "evaluated", evaluated)


@pytest.mark.usefixtures("unevaluated")
@pytest.mark.parametrize("seed", few(range(10), 2))
def test_a_damaged_file_is_read_or_refused(seed: int, tmp_path: Path) -> None:
    chance = chances.Random(seed)
    data = residual(bool(seed % 2)).SerializeToString()
    for number in range(15):
        path = tmp_path / f"{number}.onnx"
        at, length = chance.randrange(len(data)), chance.choice([0, 1, 3, 20, 200])
        path.write_bytes(data[:at] + chance.randbytes(chance.choice([0, 1, length])) + data[at + length :])
        with not_for_ever(), suppress(archspec.SpecError, archspec.UsageError):
            archspec.import_file(path, partial=chance.random() < 0.3)


OPERATORS = sorted({*RULES, "Constant", "Where"} - {"Linear", "ChannelShuffle"})


def changed(made: onnx.ModelProto, chance: chances.Random) -> onnx.ModelProto:
    """A file with other operators, operands and attributes than belong together."""
    each = chance.choice(made.graph.node)
    names = [name for step in made.graph.node for name in (*step.input, *step.output)]
    what = chance.randrange(5)
    if what == 0:
        each.op_type = chance.choice(OPERATORS)
    elif what == 1:
        each.input.append(chance.choice(names))
    elif what == 2 and each.input:
        del each.input[chance.randrange(len(each.input))]
    elif what == 3 and each.attribute:
        attribute = chance.choice(each.attribute)
        attribute.i = chance.choice([-1, 0, 2, 99])
        attribute.ints[:] = [chance.choice([-1, 0, 1, 7, 2**40]) for _ in attribute.ints]
    elif made.graph.initializer:
        tensor = chance.choice(made.graph.initializer)
        tensor.dims[:] = [chance.choice([0, 1, 2, -1, 10**9, size]) for size in tensor.dims]
    return made


@pytest.mark.usefixtures("unevaluated")
@pytest.mark.parametrize("seed", few(range(10), 2))
def test_a_file_whose_parts_do_not_belong_together_is_read_or_refused(seed: int, tmp_path: Path) -> None:
    chance = chances.Random(seed)
    for _ in range(15):
        made = CASES[chance.choice(list(CASES))]()
        path = saved(changed(changed(made, chance), chance), tmp_path)
        with not_for_ever(), suppress(archspec.SpecError):
            archspec.import_file(path, partial=chance.random() < 0.3)


class Residual(torch.nn.Module):
    def __init__(self, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(channels // stride, channels, 3, stride, 1, bias=False)
        self.bn = torch.nn.BatchNorm2d(channels)
        self.act = torch.nn.SiLU()
        if stride != 1:
            self.skip = torch.nn.Conv2d(channels // stride, channels, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        other = self.skip(x) if hasattr(self, "skip") else x
        return self.act(self.bn(self.conv(x)) + other)


@pytest.mark.usefixtures("quick")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("training", ["EVAL", "PRESERVE"])
def test_files_of_the_older_exporter_have_modules(training: str, tmp_path: Path) -> None:
    """With a fixed batch, and with or without the normalisation in the convolution before it."""
    body = [Residual(8), Residual(8), Residual(16, 2), Residual(16)]
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Sequential(*body), torch.nn.Flatten()).eval()
    path = tmp_path / "net.onnx"
    mode = getattr(torch.onnx.TrainingMode, training)
    torch.onnx.export(
        net, (torch.zeros(1, 3, 10, 10),), path, dynamo=False, training=mode, do_constant_folding=training == "EVAL"
    )
    result = archspec.import_file(path)
    assert ("batch_norm" in result.text) == (training == "PRESERVE")
    assert result.text.count("silu") == 1
    network = archspec.compile_text(result.text)
    assert [network.shape(f"1.{i}") for i in range(4)] == [(8, 8, 8), (8, 8, 8), (16, 4, 4), (16, 4, 4)]
