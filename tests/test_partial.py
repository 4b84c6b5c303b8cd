"""Pictures of specs that are wrong: what compiled, and what did not, marked."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from drawing_geometry import faults
from mutations import corpus, mutated
from typer.testing import CliRunner

import archspec
from archspec.cli import app
from archspec.drawing.content.scene import DETAILS
from archspec.drawing.drawing import CardDrawing, draw
from archspec.drawing.layout.forms import Direction
from archspec.network import NotCompiled, PartialNetwork

BRANCHES = """
archspec: 1
name: branches
inputs: {image: [3, 64, 64]}
graph:
  conv1: {block: conv_bn_relu, out_channels: 64, kernel_size: 7, stride: 2}
  layer1: {block: bottleneck, repeat: 3, channels: 64}
  fork:
    graph:
      a: {block: conv_bn_relu, from: input, out_channels: 100, kernel_size: 1}
      b: {block: conv_bn_relu, from: input, out_channels: 64, kernel_size: 1}
      join: {op: add, from: [a, b]}
  layer2: {block: bottleneck, repeat: 3, channels: 64}
  flatten: flatten
  fc: {op: linear, out_feature: 1000}
"""


def partial(text: str, root: Path = Path()) -> PartialNetwork | None:
    try:
        archspec.compile_text(text, root=root)
    except archspec.SpecError as error:
        return error.partial
    except archspec.UsageError:
        return None
    return None


def marked(drawing: CardDrawing) -> dict[str, str]:
    scene = drawing.placing.scene
    found = {box.id: box.problem for box in scene.boxes} | {each.path: each.problem for each in scene.clusters}
    return {path: problem for path, problem in found.items() if problem}


def test_nodes_that_failed_are_drawn_where_they_stand() -> None:
    network = partial(BRANCHES)
    assert network is not None
    problems = {
        "fork.join": "add needs operands of one shape: a (line 10) is 100x32x32, b (line 11) is 64x32x32",
        "fc": "linear has no argument out_feature",
    }
    assert {path: text.replace("`", "") for path, text in network.problems.items()} == problems
    assert [node.path for node in network if isinstance(node.op, NotCompiled)] == ["fork.join", "fc"]
    assert not any(node.path.startswith("layer2") for node in network)
    assert not network.outputs
    for detail in DETAILS:
        drawing = draw(network, detail=detail)
        assert marked(drawing) == problems
        gaps = [(edge.source, edge.target) for edge in drawing.placing.scene.edges if edge.role == "gap"]
        assert gaps == [("fork.join", "fc")]


@pytest.mark.parametrize(
    ("graph", "marks"),
    [
        ("{a: relu, b: {op: conv, out_channels: x, kernel_size: 3}}", ["b"]),
        ("{a: relu, b: {op: relu, from: z}}", ["b"]),
        ("{a: relu, b: {block: bottlneck, channels: 4}}", ["b"]),
        ("{a: relu, b: {block: bottleneck}}", ["b"]),
        ("{a: relu, b: {block: bottleneck, channels: 4, repeat: x}}", ["b"]),
        ("{a: relu, b: {op: relu, repeat: $n}}", ["b"]),
        ("{a: relu, b: {op: relu, when: $n}}", ["b"]),
        ("{a: relu, b: {op: conv, out_channels: 4, kernel_size: 6, repeat: 3}}", ["b.1"]),
        ("{a: relu, b: {op: flatten}, c: {op: max_pool, kernel_size: 2}}", ["c"]),
        ("{a: {graph: {x: relu, y: {op: convv}}}, b: {op: relu}}", ["a.y"]),
        ("{a: {block: residual_basic, channels: 8, stride: 9}, b: {op: relu}, c: {op: relu, from: a.z}}", ["b", "c"]),
    ],
)
def test_every_kind_of_failure_is_marked(graph: str, marks: list[str]) -> None:
    network = partial(f"archspec: 1\nname: net\ninputs: {{image: [3, 9, 9]}}\ngraph: {graph}\n")
    assert network is not None
    for detail in DETAILS:
        drawing = draw(network, detail=detail)
        assert list(marked(drawing)) == marks
        assert not faults(drawing.placing)


def test_a_contract_that_is_not_kept_marks_the_whole_network() -> None:
    text = BRANCHES.replace("100", "64").replace("out_feature:", "out_features:")
    network = partial(text + "expect: {params: 3, shapes: {layer1: [1, 2, 3], flatten: [7]}}\n")
    assert network is not None
    assert "fc" in network
    assert list(marked(draw(network, expand=["layer1"]))) == ["flatten", "layer1"]


def test_what_is_wrong_in_the_file_of_a_block_is_marked_in_each_use() -> None:
    text = """
    archspec: 1
    name: net
    inputs: {image: [8, 9, 9]}
    blocks: {b: {graph: {a: relu, c: {op: add, from: [a, zz]}}}}
    graph: {one: {block: b}, two: {block: b, from: image}, join: {op: add, from: [one, two]}}
    """
    network = partial(text)
    assert network is not None
    drawing = draw(network)
    assert marked(drawing) == dict.fromkeys(("one.c", "two.c"), "no node zz stands above")
    assert {(edge.source, edge.target) for edge in drawing.placing.scene.edges} >= {("one.a", "one.c")}
    assert drawing.placing.scene.notes == ("What takes a node that did not compile is left out.",)


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("direction", ["down", "right"])
def test_lines_lead_past_a_node_that_takes_nothing(direction: Direction, detail: str) -> None:
    lost = "  lost: {op: linear, out_features: 10, from: nowhere}\n"
    network = partial(BRANCHES[: BRANCHES.index("  fork")] + lost)
    assert network is not None
    assert not faults(draw(network, detail=detail, direction=direction).placing)


def test_what_no_node_is_at_fault_for_stands_below() -> None:
    text = "archspec: 1\nname: net\ninputs: {x: [8]}\ngraph: {a: relu}\nexpect: {params: 3, output: [7]}\n"
    network = partial(text)
    assert network is not None
    drawing = draw(network)
    assert drawing.placing.scene.notes == ("the number of params is not what the contract says: expected 3, found 0",)
    assert list(marked(drawing)) == ["a"]
    assert "the number of params" in drawing.svg


def test_a_failure_in_a_copy_is_where_later_ones_come_from() -> None:
    text = "archspec: 1\nname: net\ninputs: {x: [3, 9, 9]}\n"
    text += "graph: {a: {op: conv, out_channels: 4, kernel_size: 6, repeat: 3}, b: relu, c: {op: conv, kernel: 2}}\n"
    network = partial(text)
    assert network is not None
    edges = draw(network, detail="ops").placing.scene.edges
    assert [(edge.source, edge.target) for edge in edges if edge.role == "gap"] == [("a.1", "c")]


@pytest.mark.parametrize("text", ["", "archspec: 1", "archspec: 1\nname: x\ninputs: 2\ngraph: {a: relu}\n"])
def test_where_nothing_compiles_there_is_nothing_to_draw(text: str) -> None:
    network = partial(text)
    assert network is None or network.nodes


def test_the_mistakes_of_others_draw_too() -> None:
    rng, cases = random.Random(4), corpus()
    drawn = 0
    for number in range(200):
        case = mutated(rng, rng.choice(cases), cases)
        network = partial(case.text, case.root)
        if network is None or len(network) > 300:
            continue
        drawing = draw(network, detail=DETAILS[number % 3])
        assert not faults(drawing.placing)
        assert bool(marked(drawing)) == any(network.problems.values())
        drawn += 1
    assert drawn > 50


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.yaml"
    path.write_text(BRANCHES)
    return path


def test_the_command_prints_the_errors_and_draws_the_rest(spec: Path) -> None:
    output = spec.with_suffix(".svg")
    done = run(spec, "--partial", "-o", output)
    assert done.exit_code == 1
    assert "error[shape-mismatch]" in done.stderr
    assert done.stdout == f"wrote {output}\n"
    assert output.read_text() == archspec.draw(spec, partial=True).svg
    assert run(spec, "-o", output).stdout == ""
    assert run("specs/lenet.yaml", "--partial", "-o", output).exit_code == 0
    assert run(spec, "--partial", "-o", spec.with_suffix(".html")).exit_code != 0


def run(*words: Any) -> Any:
    return CliRunner().invoke(app, ["draw", *map(str, words)])


def test_the_call_raises_unless_asked(spec: Path) -> None:
    with pytest.raises(archspec.SpecError):
        archspec.draw(spec)
    spec.write_text("archspec: 1\n")
    with pytest.raises(archspec.SpecError):
        archspec.draw(spec, partial=True)
