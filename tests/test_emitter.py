"""The emitted source: what every file keeps to, and what a few of them look like."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from corpus import SOME_SPECS, SOME_VARIANTS
from sampling import QUICK

import archspec

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden" / "emitted"
IDS = [f"{path.stem}-{variant}" if variant else path.stem for path, variant in SOME_VARIANTS]
SHOWN = ["resnet50", "googlenet_bn", "mobilenet_v2", "vgg16", "deepface", "lenet"]
LONGEST = {
    "resnet152": 110,
    "googlenet": 135,
    "densenet121": 108,
    "regnet_y_8gf": 130,
    "efficientnet_b0": 185,
    "swin_t": 235,
    "maxvit_t": 310,
}
"""Lines that a file stays under."""


def source(path: Path, variant: str | None) -> str:
    return archspec.emit(path, variant=variant)


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=IDS)
def test_a_file_imports_only_torch_and_names_its_network_last(path: Path, variant: str | None) -> None:
    tree = ast.parse(source(path, variant))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} - sys.stdlib_module_names == {"torch"}
    last = tree.body[-1]
    assert isinstance(last, ast.ClassDef)
    assert last.name == archspec.pytorch.emitter.class_name(path.stem)


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=IDS)
def test_the_same_spec_gives_the_same_bytes(path: Path, variant: str | None) -> None:
    assert source(path, variant) == source(path, variant)


def test_the_hash_seed_changes_nothing() -> None:
    def emitted(seed: str) -> str:
        command = [sys.executable, "-c", "from archspec.cli import main; main()", "emit", "specs/googlenet_bn.yaml"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=True).stdout

    assert emitted("1") == emitted("2")


@pytest.mark.parametrize("name", LONGEST)
def test_long_networks_are_short_files(name: str) -> None:
    assert len(archspec.emit(name).splitlines()) < LONGEST[name]


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_looks_as_it_was_approved(name: str) -> None:
    """``ARCHSPEC_UPDATE_GOLDENS=1`` writes the files anew, for a person to read."""
    text = source(ROOT / "specs" / f"{name}.yaml", None)
    text = re.sub(r"archspec \S+ \(spec \w+\)", "archspec VERSION (spec DIGEST)", text, count=1)
    golden = GOLDEN / f"{name}.py"
    if os.environ.get("ARCHSPEC_UPDATE_GOLDENS"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


HOSTILE = 'Ends """ here\\\nimport os; os.system("true") # \\" \\N{DIGIT ONE} \u202e \u2028 {x} %s \\'


def test_no_text_of_a_spec_becomes_code() -> None:
    def tree(doc: str) -> ast.Module:
        text = f"""
archspec: 1
name: net
doc: {doc}
params: {{width: {{default: 4, doc: {doc}}}}}
inputs: {{image: [3, 8, 8]}}
blocks:
  part:
    doc: {doc}
    params: {{channels: {{type: int, doc: {doc}}}}}
    graph: {{conv: {{op: conv, out_channels: $channels, kernel_size: 1}}, relu: relu}}
graph:
  a: {{block: part, channels: $width}}
  b: {{block: part, channels: 8}}
"""
        return ast.parse(archspec.emit(archspec.compile_text(text)))

    def without_docstrings(tree: ast.Module) -> str:
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                del node.body[0]
        return ast.dump(tree)

    quoted = '"' + HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    assert without_docstrings(tree(quoted)) == without_docstrings(tree("harmless"))


@pytest.mark.parametrize(
    "name", ["x", "out", "torch_", "nn", "F", "Tensor", "super_", "OrderedDict", "append", "i", "re"]
)
def test_any_name_can_stand_for_a_node(name: str) -> None:
    torch = pytest.importorskip("torch")
    text = f"""
archspec: 1
name: net
inputs: {{{name}: [4, 8, 8], other: [4, 8, 8]}}
blocks:
  {name}:
    params: {{{name}: 4}}
    graph:
      {name}: {{op: conv, out_channels: ${name}, kernel_size: 1}}
      {name}2: relu
graph:
  {name}1: {{block: {name}, from: {name}, {name}: 8}}
  {name}2: {{block: {name}, from: other, {name}: 8}}
  add: {{op: add, from: [{name}1, {name}2]}}
"""
    network = archspec.compile_text(text)
    module = archspec.build(network)
    inputs = [torch.zeros(2, *shape) for shape in network.inputs.values()]
    assert module(*inputs).shape == (2, 8, 8, 8)


def test_equal_blocks_are_one_class_and_structures_that_differ_are_several() -> None:
    tree = ast.parse(source(ROOT / "specs" / "resnet152.yaml", None))
    assert [node.name for node in tree.body if isinstance(node, ast.ClassDef)] == ["Bottleneck", "Resnet152"]


WITH_CLASSES = [
    path for path in SOME_SPECS if "num_classes" in archspec.compile(path).arguments and path.stem != "yolov8"
]
"""Specs in which only the last layers depend on how many classes there are; heads of YOLOv8 are as wide as that."""


@pytest.mark.parametrize("path", WITH_CLASSES, ids=lambda path: path.stem)
def test_the_number_of_classes_is_an_argument_where_nothing_depends_on_it(path: Path) -> None:
    torch = pytest.importorskip("torch")
    network, wanted = archspec.compile(path), archspec.compile(path, num_classes=7)
    module = archspec.build(network, device="meta")
    with torch.device("meta"):
        other = type(module)(num_classes=7).eval()
        inputs = [torch.empty(2, *shape) for shape in network.inputs.values()]
        given = other(*inputs)
    shapes = [(2, *output.shape) for output in wanted.outputs.values() if not output.training_only]
    assert [tensor.shape for tensor in ([given] if isinstance(given, torch.Tensor) else given)] == shapes


def test_the_number_of_classes_is_an_argument_where_a_layer_after_it_asks_for_the_size_of_the_image() -> None:
    text = """
archspec: 1
name: net
params: {classes: 3, size: 8}
inputs: {image: [3, $size, $size]}
graph:
  pool: {op: max_pool, kernel_size: 2}
  scores: {op: conv, out_channels: $classes, kernel_size: 1}
  upsample: {op: upsample, size: $size}
"""
    assert "def __init__(self, classes: int = 3)" in archspec.emit(archspec.compile_text(text))
    of_a_shape = text.replace("size: $size}", "size: $(scores.channels + 5)}")
    assert "def __init__(self)" in archspec.emit(archspec.compile_text(of_a_shape))


def test_a_parameter_that_layers_depend_on_is_no_argument() -> None:
    text = """
archspec: 1
name: net
params: {width: 8, classes: 3}
inputs: {image: [3, 8, 8]}
graph:
  conv: {op: conv, out_channels: $width, kernel_size: 1}
  bn: batch_norm
  pool: global_avg_pool
  flatten: flatten
  fc: {op: linear, out_features: $classes}
"""
    assert "def __init__(self, classes: int = 3)" in archspec.emit(archspec.compile_text(text))


def fold(op: str, count: int, operands: list[str], condition: str = "") -> str:
    """A spec of two uses of a block that folds many operands; the second leaves that out where there is a condition."""
    layers = "".join(f"      c{i}: {{op: conv, out_channels: 4, kernel_size: 1, from: input}}\n" for i in range(count))
    declared, off = ("params: {on: true}", ", on: false") if condition else ("", "")
    return f"""
archspec: 1
name: net
inputs: {{image: [4, 5, 5]}}
blocks:
  part:
    {declared}
    graph:
{layers}
      all: {{op: {op}, from: [{", ".join(operands)}]{condition}}}
      sigmoid: sigmoid
graph:
  a: {{block: part}}
  b: {{block: part{off}}}
"""


@pytest.mark.parametrize("condition", ["", ", when: $on"])
@pytest.mark.parametrize("op", ["add", "mul", "maximum"])
@pytest.mark.parametrize("count", [3, 11, 12, 200])
def test_operands_are_folded_from_the_left_however_many(count: int, op: str, condition: str) -> None:
    """Bit by bit, also where an operand stands twice, or is the input."""
    torch = pytest.importorskip("torch")
    function = getattr(torch, op)
    names = ["input", *(f"c{i}" for i in range(count))]
    operands = [*names[1:], *names[:3]]
    module = archspec.build(archspec.compile_text(fold(op, count, operands, condition)))
    x = image = torch.randn(2, 4, 5, 5)
    with torch.no_grad():
        for use, part in module.named_children():
            values = {"input": x} | {name: layer(x) for name, layer in part.named_children() if name != "sigmoid"}
            left_out = bool(condition) and use == "b"
            x = values["c0"] if left_out else functools.reduce(function, [values[name] for name in operands])
            x = x.sigmoid()
        assert torch.equal(module(image), x)


def test_arithmetic_is_written_with_the_operators_of_python() -> None:
    text = """
archspec: 1
name: net
inputs: {x: [4, 5, 5], y: [4, 5, 5]}
graph:
  more: {op: add, from: x, value: 0.2}
  ratio: {op: div, from: [more, y]}
  less: {op: sub, value: -2}
  greatest: {op: maximum, from: [less, y]}
"""
    forward = archspec.emit(archspec.compile_text(text)).partition("def forward")[2]
    assert re.findall(r"(?: = |return )(.*)", forward) == ["x + 0.2", "x / y", "x - -2.0", "torch.maximum(x, y)"]


def test_a_sum_of_thousands_is_lines_that_are_short() -> None:
    operands = [f"c{i}" for i in range(2000)]
    lines = archspec.emit(archspec.compile_text(fold("add", 2000, operands))).splitlines()
    assert max(map(len, lines)) < 88
    written = [line for line in lines if " + " in line]
    assert [name for line in written for name in line.replace("=", "+").split(" + ") if "c" in name] == operands


RUN_ALONE = ["lenet", "resnet20_cifar", *([] if QUICK else ["mobilenet_v2", "googlenet_bn", "deepface"])]

ALONE = """
import importlib.abc, pathlib, sys

class OnlyTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("archspec", "pydantic", "yaml", "torchvision", "timm"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, OnlyTorch())
import torch
torch.set_num_threads(1)
for argument in sys.argv[1:]:
    file, name, *shape = argument.split(",")
    names = {"__name__": "emitted"}
    exec(compile(pathlib.Path(file).read_text(), file, "exec"), names)
    torch.manual_seed(0)
    model = names[name]().eval()
    with torch.no_grad():
        torch.save(model(torch.randn(2, *map(int, shape))), file + ".out")
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files, and beside each what it gives in a process that can import only torch and the standard library."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("alone")
    arguments = []
    for stem in RUN_ALONE:
        network = archspec.compile(ROOT / "specs" / f"{stem}.yaml")
        file = folder / f"{stem}.py"
        file.write_text(archspec.emit(network), encoding="utf-8")
        (shape,) = network.inputs.values()
        arguments.append(",".join(map(str, (file, archspec.pytorch.emitter.class_name(stem), *shape))))
    subprocess.run([sys.executable, "-c", ALONE, *arguments], check=True, cwd=folder)
    return folder


@pytest.mark.parametrize("stem", RUN_ALONE)
def test_a_file_alone_gives_what_the_built_module_gives(stem: str, alone: Path) -> None:
    """Bit by bit."""
    torch = pytest.importorskip("torch")
    network = archspec.compile(ROOT / "specs" / f"{stem}.yaml")
    (shape,) = network.inputs.values()
    torch.set_num_threads(1)  # more would add in another order
    torch.manual_seed(0)
    model = archspec.build(network).eval()
    with torch.no_grad():
        assert torch.equal(model(torch.randn(2, *shape)), torch.load(alone / f"{stem}.py.out"))


@pytest.mark.parametrize(
    "text",
    [
        "x[:, :, self.start :]", "x[: self.stop]", "x[self.start : self.stop : 2]", "x[:: self.step]",
        "x[self.start :: 2]", "x[1:n]", "x[-1:]", "x[:, n + 1 : 3]", "x[:n:2]",
    ],
)  # fmt: skip
def test_slices_are_written_as_ruff_writes_them(text: str) -> None:
    from archspec.pytorch.emitter.code import printed

    assert printed(ast.parse(text, mode="eval").body) == text


PARTS = """
archspec: 1
name: parts
inputs: {image: [6, 8, 8]}
graph:
  a: {op: split, chunks: 2, index: 0}
  b: {op: split, from: image, chunks: 2, index: 1}
  add: {op: add, from: [a, b]}
  c: {op: split, chunks: 1, index: 0}
  d: {op: split, from: c, chunks: 3, index: 1}
  e: {op: split, from: c, chunks: 3, index: 2}
  rest: {op: concat, from: [d, e]}
"""


def test_all_parts_of_a_tensor_are_taken_at_once() -> None:
    source = archspec.emit(archspec.compile_text(PARTS))
    assert "a, b = torch.chunk(x, 2, dim=1)" in source
    assert source.count("torch.chunk(") == 4, "one part alone, or some, are items"


BRANCHES = """
archspec: 1
name: branches
inputs: {image: [8, 8, 8]}
blocks:
  residual:
    graph:
      norm1: batch_norm
      conv1: {op: conv, out_channels: 8, kernel_size: 1}
      add1: {op: add, from: [input, conv1]}
      conv2: {op: conv, out_channels: 8, kernel_size: 1}
      add2: {op: sub, from: [add1, conv2]}
  gated:
    graph:
      conv: {op: conv, out_channels: 8, kernel_size: 1}
      first: {op: add, from: [input, conv]}
      gate: {op: conv, out_channels: 8, kernel_size: 1}
      second: {op: sub, from: [gate, input]}
    outputs: [first, second]
  chain:
    graph:
      conv1: {op: conv, out_channels: 8, kernel_size: 1}
      conv2: {op: conv, out_channels: 8, kernel_size: 1}
      conv3: {op: conv, out_channels: 8, kernel_size: 1}
      conv4: {op: conv, out_channels: 8, kernel_size: 1}
      difference: {op: sub, from: [input, conv4]}
graph:
  residual: {block: residual}
  gated: {block: gated}
  chain: {block: chain, from: gated.first}
  join: {op: mul, from: [chain, gated.second]}
"""
BODIES = {
    "Residual": """
        x = x + self.conv1(self.norm1(x))
        x = x - self.conv2(x)
        return x
""",
    "Gated": """
        first = x + self.conv(x)
        out = self.gate(first) - x
        return (first, out)
""",
    "Chain": """
        out: Tensor = self.conv3(self.conv2(self.conv1(x)))
        out = self.conv4(out)
        return x - out
""",
}


def test_short_branches_are_one_line_and_an_input_that_is_needed_keeps_its_name() -> None:
    """No tensor is held for longer than on lines of their own; a long chain is cut where a layer begins."""
    tree = ast.parse(archspec.emit(archspec.compile_text(BRANCHES)))
    for body in BODIES:
        (made,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == body)
        (forward,) = (node for node in made.body if isinstance(node, ast.FunctionDef) and node.name == "forward")
        assert list(map(ast.unparse, forward.body)) == textwrap.dedent(BODIES[body]).strip().splitlines()


@pytest.mark.parametrize("inner", ["{op: add, from: [one, two]}", "{block: two_inputs, from: [one, two]}"])
def test_what_takes_several_tensors_is_no_sequential(inner: str) -> None:
    text = f"""
archspec: 1
name: one
inputs: {{a: [4], b: [4]}}
blocks:
  two_inputs:
    inputs: [one, two]
    graph:
      fc: {{op: linear, from: one, out_features: 4}}
      add: {{op: add, from: [fc, two]}}
  stage:
    inputs: [one, two]
    graph:
      inside: {{from: [one, two], inputs: [one, two], graph: {{only: {inner}}}}}
graph:
  stage: {{block: stage, from: [a, b]}}
"""
    torch = pytest.importorskip("torch")
    network = archspec.compile_text(text)
    assert archspec.build(network)(torch.ones(2, 4), torch.ones(2, 4)).shape == (2, 4)


def test_values_that_the_module_holds_are_made_of_others_that_it_holds() -> None:
    """Both are attributes, and are asked for in the constructor too."""
    text = """
archspec: 1
name: held
inputs: {a: [4, 6], b: [8, 6]}
blocks:
  fold:
    params: {size: 2}
    let: {half: $(input.channels // size), cells: $(half * 3), twice: $(cells * 2)}
    graph:
      one: {op: reshape, shape: [$half, $size, 6]}
      two: {op: reshape, shape: [$cells, $(2 * size)]}
      three: {op: linear, out_features: $cells}
      four: {op: reshape, shape: [$half, "$(half * 9)"]}
      five: {op: linear, out_features: $twice}
graph:
  left: {block: fold, from: a}
  right: {block: fold, from: b, size: 4}
outputs: [left, right]
"""
    torch = pytest.importorskip("torch")
    module = archspec.build(archspec.compile_text(text))
    assert [tuple(each.shape) for each in module(torch.zeros(2, 4, 6), torch.zeros(2, 8, 6))] == [
        (2, 2, 12),
        (2, 2, 12),
    ]


VIEWED = """
archspec: 1
name: viewed
inputs: {x: [8, 3, 6]}
graph:
  turned: {op: permute, dims: [2, 1, 3]}
  rows: {op: reshape, shape: [12, 12]}
  weight: {op: parameter, shape: [12, 5]}
  product: {op: matmul, from: [rows, weight]}
"""


def test_a_view_and_what_is_made_of_it_ask_the_view_s_operand_for_samples() -> None:
    """Nothing has the name that the view would have."""
    torch = pytest.importorskip("torch")
    module = archspec.build(archspec.compile_text(VIEWED))
    assert ".permute(0, 2, 1, 3).reshape(x.shape[0], 12, 12)" in archspec.emit(archspec.compile_text(VIEWED))
    assert module(torch.zeros(2, 8, 3, 6)).shape == (2, 12, 5)


PERCEPTRONS = """
archspec: 1
name: perceptrons
inputs: {x: [4]}
blocks:
  perceptron:
    params: {hidden: {type: int}}
    graph: [{op: linear, out_features: $hidden}, relu, {op: linear, out_features: 4}]
graph:
  first: {block: perceptron, hidden: 8}
  last: {op: linear, out_features: 2}
"""


def test_a_list_of_layers_that_one_place_makes_is_no_class() -> None:
    """Its numbers stand in place of its parameters; two places share a class."""
    alone = archspec.emit(archspec.compile_text(PERCEPTRONS))
    assert "class Perceptron(" not in alone
    assert "self.first = nn.Sequential(\n            nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 4)" in alone
    second = "  second: {block: perceptron, hidden: 16}\n  last:"
    shared = archspec.emit(archspec.compile_text(PERCEPTRONS.replace("  last:", second)))
    assert "class Perceptron(nn.Sequential):" in shared
    assert "self.second = Perceptron(4, 16)" in shared
