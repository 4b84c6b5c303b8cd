"""Laws of the op classes that need no PyTorch: definitions, examples, arguments, messages."""

from __future__ import annotations

import ast
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

import archspec.ops
from archspec.errors import ArgumentError, RuleError, ShapeError, UsageError
from archspec.ops.bundled import BUNDLED, family
from archspec.ops.facts import MOST_PERIOD, Along, Cost, Function, Module, Operand, Taps, Window
from archspec.ops.op import Op
from archspec.ops.registry import find, get, ops
from archspec.ops.tensor import Places, Shape, Shapes, spatial_rank

ROOM = Path(archspec.ops.__file__).parent
SHARED = {"arguments", "checks", "facts", "op", "parametrization", "same", "tensor"}
"""What families build on."""
FAMILIES = sorted({family(kind.__module__) for kind in ops().values()} - {""})
KINDS = {name: kind for name, kind in ops().items() if kind.__module__.startswith("archspec.ops.")}


def make(name: str, args: dict[str, Any], shapes: Shapes) -> Op:
    return get(name).model_validate(args, context={"spatial_rank": spatial_rank(shapes[0])})


def example(kind: type[Op]) -> dict[str, Any]:
    """The arguments of the example."""
    node = yaml.safe_load(kind.example)
    assert node.pop("op") == kind.name
    operands = node.pop("from", None)
    assert operands is None or len(operands) == len(kind.example_inputs)
    return dict(node)


# Every op

UNSEEN = {"fold"}
"""Ops of which it cannot be said what each place sees."""


@pytest.mark.parametrize("name", KINDS)
def test_example_compiles(name: str) -> None:
    kind, shapes = get(name), get(name).example_inputs
    least, most = kind.arity
    assert least <= len(shapes) <= (most or len(shapes))
    assert kind.spatial_ranks is None or spatial_rank(shapes[0]) in kind.spatial_ranks
    op = make(name, example(kind), shapes)
    output = op.infer(shapes)
    assert all(size >= 1 for size in output)
    assert isinstance(op.torch(shapes), Module | Function)
    cost = op.cost(shapes, output)
    assert cost is not None
    assert cost.macs >= 0
    assert cost.other >= 0
    assert (op.reach(shapes, output) == "unknown") == (name in UNSEEN)
    assert op.kept(shapes, output) is not None
    assert op.saved_bytes(shapes, output) >= 0


HUGE = 2**20
"""Divides by every size of the examples, and is larger than any period that is listed."""


def enlarged(shape: Shape, dim: int) -> Shape:
    """A shape with a huge dimension, for places of maxima with that of the map."""
    found = (*shape[:dim], HUGE, *shape[dim + 1 :])
    if not isinstance(shape, Places):
        return found
    size = HUGE * shape.pooled[dim] // shape[dim]
    return Places(found, (*shape.pooled[:dim], size, *shape.pooled[dim + 1 :]), shape.window)


def periods(op: Op, shapes: Shapes, output: Shape) -> list[int]:
    reach = op.reach(shapes, output)
    ways = reach if isinstance(reach, tuple) and not isinstance(reach, Window) else ()
    return [len(along.taps.places) for way in ways for along in way]


@pytest.mark.parametrize("name", KINDS)
def test_what_an_op_reads_is_said_in_few_words_however_large_its_operands(name: str) -> None:
    """Along one dimension at a time, with the arguments of the example."""
    kind = get(name)
    args, fitting = example(kind), 0
    for dim in range(len(kind.example_inputs[0])):
        shapes = tuple(enlarged(shape, dim) for shape in kind.example_inputs)
        try:
            op = make(name, args, shapes)
            output = op.infer(shapes)
        except RuleError:
            continue
        fitting += 1
        assert max(periods(op, shapes, output), default=0) <= MOST_PERIOD
    assert fitting


@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [
        ("channel_shuffle", {"groups": HUGE}, (HUGE, 2, 2)),
        ("pixel_shuffle", {"upscale_factor": 1024}, (HUGE, 2, 2)),
        ("pixel_unshuffle", {"downscale_factor": 2048}, (1, 4096, 4096)),
        ("upsample", {"size": HUGE}, (1, HUGE - 1, HUGE - 1)),
        ("adaptive_avg_pool", {"output_size": HUGE}, (1, HUGE + 1, HUGE + 1)),
        ("conv_transpose", {"out_channels": 1, "kernel_size": 1, "stride": HUGE}, (1, 2, 2)),
        ("roll", {"shifts": 1, "dims": -1}, (1, HUGE, HUGE)),
    ],
)
def test_what_an_op_reads_is_said_in_few_words_however_large_its_arguments(
    name: str, args: dict[str, Any], shape: Shape
) -> None:
    op = make(name, args, (shape,))
    assert max(periods(op, (shape,), op.infer((shape,))), default=0) <= MOST_PERIOD


@pytest.mark.parametrize("name", KINDS)
def test_docstring_describes_each_argument(name: str) -> None:
    kind = get(name)
    assert kind.argument_docs().keys() == kind.model_fields.keys()
    assert all(text.endswith(".") for text in [kind.summary(), *kind.argument_docs().values()])
    assert "Costs " in (kind.__doc__ or "")
    assert "\n    Source: " in (kind.__doc__ or "")


@pytest.mark.parametrize("name", KINDS)
def test_schema_takes_the_example(name: str) -> None:
    kind = get(name)
    schema = kind.model_json_schema()
    jsonschema.validate(example(kind), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"nonsense": 1}, schema)


@pytest.mark.parametrize("name", KINDS)
def test_defaults_are_left_out_of_what_is_written(name: str) -> None:
    """An argument written with its default value makes the same op, and the same line of source."""
    kind, shapes = get(name), get(name).example_inputs
    defaults = {key: field.default for key, field in kind.model_fields.items() if not field.is_required()}
    short, written = example(kind), {**defaults, **example(kind)}
    assert make(name, short, shapes) == make(name, written, shapes)
    assert make(name, short, shapes).torch(shapes) == make(name, written, shapes).torch(shapes)
    assert make(name, short, shapes).changed().keys() <= short.keys()


@pytest.mark.parametrize("name", KINDS)
def test_unknown_arguments_are_refused(name: str) -> None:
    kind = get(name)
    with pytest.raises(ValidationError, match="nonsense"):
        make(name, {**example(kind), "nonsense": 1}, kind.example_inputs)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_imports_no_other(name: str) -> None:
    paths = [path for path in (ROOM / f"{name}.py", *(ROOM / name).glob("*.py")) if path.exists()]
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    known = {"archspec.errors", *(f"archspec.ops.{shared}" for shared in SHARED)}
    others = {module for module in imported if module.startswith("archspec") and family(module) != name}
    assert paths
    assert others <= known


def test_the_table_of_bundled_ops_is_exact() -> None:
    assert {name: kind.__module__ for name, kind in KINDS.items()} == BUNDLED
    assert set(BUNDLED.values()) == {module(path) for path in ROOM.rglob("*.py") if defines_ops(path)}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOM.parents[1]).with_suffix("").parts)


def defines_ops(path: Path) -> bool:
    classes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)]
    return any(keyword.arg == "name" for node in classes for keyword in node.keywords)


def test_no_annotation_of_an_op_is_text() -> None:
    """Pydantic would evaluate those of a base class anew for each op."""
    kinds = {kind for op in KINDS.values() for kind in op.__mro__ if kind.__module__.startswith("archspec.")}
    notes = [(kind, name, note) for kind in kinds for name, note in vars(kind).get("__annotations__", {}).items()]
    assert len(notes) > len(KINDS)
    assert [each for each in notes if isinstance(each[2], str)] == []


def test_the_ops_do_not_import_torch() -> None:
    code = "from archspec.ops import registry; registry.ops(); import sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOM.parents[1])


# Definitions


def malformed(name: str, **changes: Any) -> None:
    """Define an op that has all it needs, but for the changes."""
    body: dict[str, Any] = {
        "__module__": __name__,
        "__qualname__": "Malformed",
        "__doc__": "An op.",
        "example": "{op: malformed}",
        "infer": lambda self, inputs: inputs[0],
        "torch": lambda self, inputs: Module("nn.Identity"),
        "__annotations__": {},
    }
    body.update(changes)
    type(Op)("Malformed", (Op,), {key: value for key, value in body.items() if value is not None}, name=name)


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("two words", {}, "its name is no identifier"),
        ("class", {}, "its name is no identifier"),
        ("conv", {}, "another op has that name"),
        ("malformed", {"__doc__": None}, "it has no docstring"),
        ("malformed", {"__doc__": "  "}, "it has no docstring"),
        ("malformed", {"example": None}, "it has no example"),
        ("malformed", {"infer": None}, "it has no shape rule"),
        ("malformed", {"torch": None}, "it has no PyTorch counterpart"),
        ("malformed", {"repeat": 1, "__annotations__": {"repeat": int}}, "an argument has the name of a node key"),
    ],
)
def test_a_malformed_definition_is_rejected(name: str, changes: dict[str, Any], reason: str) -> None:
    before = ops()
    with pytest.raises(TypeError, match=reason):
        malformed(name, **changes)
    assert ops() == before


def test_all_faults_of_a_definition_are_named_at_once() -> None:
    with pytest.raises(TypeError, match="no docstring; it has no example"):
        malformed("malformed", __doc__=None, example=None)


def test_an_unknown_op_is_told_the_nearest() -> None:
    assert find("convolution") is None
    with pytest.raises(UsageError, match="did you mean `conv`"):
        get("convv")


# Arguments


def test_sizes_are_normalised_at_the_boundary() -> None:
    shapes: Shapes = ((3, 8, 8),)
    one = make("conv", {"out_channels": 4, "kernel_size": 3, "padding": 1}, shapes)
    several = make("conv", {"out_channels": 4, "kernel_size": [3, 3], "padding": [1, 1]}, shapes)
    assert one == several
    assert one.model_dump()["stride"] == (1, 1)
    assert one.torch(shapes) == Module("nn.Conv2d", (3, 4), {"kernel_size": 3, "padding": 1})


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("conv", {"out_channels": 4}),
        ("conv", {"out_channels": True, "kernel_size": 3}),
        ("conv", {"out_channels": "4", "kernel_size": 3}),
        ("conv", {"out_channels": 4.0, "kernel_size": 3}),
        ("conv", {"out_channels": 0, "kernel_size": 3}),
        ("conv", {"out_channels": 2**31, "kernel_size": 3}),
        ("conv", {"out_channels": None, "kernel_size": 3}),
        ("conv", {"out_channels": 4, "kernel_size": True}),
        ("conv", {"out_channels": 4, "kernel_size": 3.0}),
        ("conv", {"out_channels": 4, "kernel_size": "3"}),
        ("conv", {"out_channels": 4, "kernel_size": []}),
        ("conv", {"out_channels": 4, "kernel_size": [3]}),
        ("conv", {"out_channels": 4, "kernel_size": [3, 3, 3]}),
        ("conv", {"out_channels": 4, "kernel_size": [3, [3]]}),
        ("conv", {"out_channels": 4, "kernel_size": None}),
        ("conv", {"out_channels": 4, "kernel_size": 2**31}),
        ("conv", {"out_channels": 4, "kernel_size": 3, "padding": "full"}),
        ("conv", {"out_channels": 4, "kernel_size": 3, "padding": -1}),
        ("conv", {"out_channels": 4, "kernel_size": 3, "bias": 1}),
        ("conv", {"out_channels": 4, "kernel_size": 3, "bias": "no"}),
        ("conv", {"out_channels": 4, "kernel_size": 3, "padding_mode": "mirror"}),
        ("conv", {"out_channels": 4, "kernel_size": 3, "in_channels": 3}),
        ("conv_transpose", {"out_channels": 4, "kernel_size": 3, "padding": "same"}),
        ("batch_norm", {"eps": float("nan")}),
        ("batch_norm", {"eps": float("inf")}),
        ("batch_norm", {"eps": "1e-5"}),
        ("batch_norm", {"num_features": 3}),
        ("batch_norm", {"momentum": True}),
        ("hardtanh", {"max_val": 1e39}),
        ("dropout", {"p": 1.01}),
        ("stochastic_depth", {"p": 0.5}),
        ("adaptive_avg_pool", {"output_size": None}),
        ("adaptive_avg_pool", {"output_size": 0}),
        ("adaptive_avg_pool", {"output_size": [None, True]}),
        ("mean", {"dim": "1"}),
        ("mean", {"dim": [1, 2.0]}),
        ("mean", {"dim": [1, True]}),
        ("mean", {"dim": True}),
        ("permute", {"dims": {"a": 1}}),
        ("reshape", {"shape": None}),
        ("slice", {"step": 0}),
        ("upsample", {"scale_factor": True}),
        ("upsample", {"scale_factor": 0, "size": 4}),
        ("upsample", {"scale_factor": float("nan")}),
        ("upsample", {"scale_factor": [2]}),
        ("upsample", {"scale_factor": 10**400}),
        ("elu", {"alpha": 10**400}),
        ("upsample", {"size": 4, "mode": "area"}),
    ],
)
def test_what_is_no_argument_of_the_language_is_refused(name: str, args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(name, args, ((3, 8, 8),))


@pytest.mark.parametrize(
    ("name", "args", "shapes", "argument", "message"),
    [
        ("conv", {"out_channels": 8, "kernel_size": 7}, ((3, 5, 5),), "kernel_size",
         "a 7x7 kernel does not fit the padded input of 5x5"),
        ("conv", {"out_channels": 8, "kernel_size": 3, "groups": 2}, ((3, 8, 8),), "groups",
         "2 groups do not divide the 3 input channels"),
        ("conv", {"out_channels": 8, "kernel_size": 3, "stride": 2, "padding": "same"}, ((3, 8, 8),), "padding",
         "padding `same` needs stride 1, not 2"),
        ("max_pool", {"kernel_size": 2, "padding": 2}, ((3, 8, 8),), "padding",
         "padding 2 is more than half of the kernel size 2"),
        ("split", {"chunks": 3, "index": 2}, ((4, 8, 8),), "index", "there is no part 2: 4 splits into 2 parts of 2"),
        ("flatten", {"start_dim": 0}, ((4, 8),), "start_dim", "start_dim 0 is the batch or no dimension of 4x8"),
        ("reshape", {"shape": [3, -1]}, ((4, 8),), "shape", "the 32 elements of 4x8 do not fill 3x-1"),
        ("add", {}, ((4, 8, 8), (2, 8, 8)), None, "add needs operands of one shape"),
        ("matmul", {}, ((4, 8), (4, 8)), None, "matmul of 4x8 and 4x8: 8 columns meet 4 rows"),
    ],
)  # fmt: skip
def test_messages_are_concrete_and_help(
    name: str, args: dict[str, Any], shapes: Shapes, argument: str | None, message: str
) -> None:
    with pytest.raises(RuleError) as caught:
        make(name, args, shapes).infer(shapes)
    assert str(caught.value) == message
    assert caught.value.help
    assert isinstance(caught.value, ArgumentError if argument else ShapeError)
    assert getattr(caught.value, "argument", None) == argument


# What is written and counted


def written(name: str, args: dict[str, Any], *shapes: Shape) -> Module | Function:
    return make(name, args, shapes).torch(shapes)


def test_layers_are_written_as_engineers_write_them() -> None:
    stem = {"out_channels": 64, "kernel_size": 7, "stride": 2, "padding": 3, "bias": False}
    assert written("conv", stem, (3, 224, 224)) == Module(
        "nn.Conv2d", (3, 64), {"kernel_size": 7, "stride": 2, "padding": 3, "bias": False}
    )
    assert written("conv", {"out_channels": 8, "kernel_size": [1, 3]}, (3, 9, 9)) == Module(
        "nn.Conv2d", (3, 8), {"kernel_size": (1, 3)}
    )
    assert written("batch_norm", {}, (64, 56, 56)) == Module("nn.BatchNorm2d", (64,))
    assert written("upsample", {"scale_factor": 2}, (8, 4, 4)) == Module("nn.Upsample", (), {"scale_factor": 2})
    assert written("adaptive_avg_pool", {"output_size": [None, 1]}, (8, 4, 4)) == Module(
        "nn.AdaptiveAvgPool2d", ((4, 1),)
    )


def test_functions_are_written_as_engineers_write_them() -> None:
    shape = (6, 4, 4)
    assert written("flatten", {}, shape) == Function("torch.flatten", (Operand(0),), {"start_dim": 1})
    assert written("concat", {}, shape, shape) == Function("torch.cat", ((Operand(0), Operand(1)),), {"dim": 1})
    assert written("slice", {"stop": 3}, shape) == Function(
        "operator.getitem", (Operand(0), (slice(None), slice(None, 3)))
    )
    three = (Operand(0), Operand(1), Operand(2))
    assert written("add", {}, shape, shape) == Function("torch.add", three[:2])
    assert written("add", {}, shape, shape, shape) == Function("torch.add", three, folds=True)


def test_costs_by_hand() -> None:
    """ResNet-50's first layers: 118,013,952 multiply-accumulates, as in its published tables."""
    stem = make("conv", {"out_channels": 64, "kernel_size": 7, "stride": 2, "padding": 3}, ((3, 224, 224),))
    output = stem.infer(((3, 224, 224),))
    assert output == (64, 112, 112)
    assert stem.cost(((3, 224, 224),), output) == Cost(macs=118_013_952, other=64 * 112 * 112)
    norm = make("batch_norm", {}, (output,))
    assert norm.cost((output,), output) == Cost(other=2 * 64 * 112 * 112)


def test_adaptive_windows_overlap() -> None:
    """5 places become 3: windows of places 0-1, 1-3 and 3-4, so 7 reads."""
    shapes: Shapes = ((2, 5),)
    mean = make("adaptive_avg_pool", {"output_size": 3}, shapes)
    assert mean.cost(shapes, (2, 3)) == Cost(other=2 * 7)
    thirds = Taps(3, 5, (range(2), range(1, 4), range(3, 5)))
    assert mean.reach(shapes, (2, 3)) == ((Along.same(0), Along(1, thirds)),)
    most = make("adaptive_max_pool", {"output_size": 3}, shapes)
    assert most.cost(shapes, (2, 3)) == Cost(other=2 * (7 - 3))


def test_reach_of_strided_and_fractional_steps() -> None:
    shapes: Shapes = ((3, 8, 8),)
    up = make("conv_transpose", {"out_channels": 3, "kernel_size": 2, "stride": 2}, shapes)
    halves = Taps(2, 1, (range(1), range(1)))
    assert up.reach(shapes, up.infer(shapes)) == ((Along.every(3), Along(1, halves), Along(2, halves)),)
    down = make("max_pool", {"kernel_size": 3, "stride": 2, "padding": 1}, shapes)
    window = Window((3, 3), (Fraction(2),) * 2, (Fraction(1),) * 2, (1, 1), groups=0)
    assert down.reach(shapes, down.infer(shapes)) == window
