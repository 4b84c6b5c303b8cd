"""The Python interface."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import networkx
import pytest

import archspec
from archspec import Block, Network, Node

ROOT = Path(__file__).parent.parent
SPECS = sorted((ROOT / "specs").glob("*.yaml"))


@pytest.fixture(scope="module")
def resnet() -> Network:
    return archspec.compile(ROOT / "specs" / "resnet50.yaml", num_classes=10)


def test_the_public_names() -> None:
    assert archspec.__all__ == [
        "ArchspecError", "Block", "Comparison", "Diagnostic", "Drawing", "Fit", "ImportReport", "Imported", "Latency",
        "Limits", "LoadedSpec", "Matching", "ModuleReport", "Network", "NetworkOutput", "Node", "Note", "RuleError",
        "RunResult", "Span", "SpecError", "Sweep", "UsageError", "WeightsError", "build", "check_weights", "compile",
        "compile_text", "diff", "draw", "emit", "export", "fit", "from_module", "import_file", "load", "load_weights",
        "run", "sweep",
    ]  # fmt: skip
    pytest.importorskip("torch")
    assert all(getattr(archspec, name).__doc__ for name in archspec.__all__)
    assert set(archspec.__all__) <= set(dir(archspec))
    with pytest.raises(AttributeError, match="no attribute 'buidl'"):
        _ = archspec.buidl


def test_emit_takes_paths_and_networks() -> None:
    network = archspec.compile(ROOT / "specs" / "lenet.yaml", num_classes=7)
    assert archspec.emit(ROOT / "specs" / "lenet.yaml", num_classes=7) == archspec.emit(network)
    assert archspec.emit(network) != archspec.emit(str(ROOT / "specs" / "lenet.yaml"))
    for given in ({"num_classes": 3}, {"variant": "linear"}):
        with pytest.raises(archspec.UsageError, match="compiled already"):
            archspec.emit(network, **given)


def test_paths_lead_to_nodes_and_blocks(resnet: Network) -> None:
    conv = resnet["layer2.0.conv1"]
    assert isinstance(conv, Node)
    assert (conv.shape, conv.params, conv.macs) == ((128, 56, 56), 32_768, 102_760_448)
    assert conv.flops == 2 * conv.macs
    assert (conv.name, conv.op.name, conv.inputs) == ("conv1", "conv", ("layer1.2.relu3",))
    assert conv.span.file.endswith("bottleneck.yaml")
    block = resnet["layer2.0"]
    assert isinstance(block, Block)
    assert (block.kind, block.definition, block.arguments["channels"]) == ("block", "bottleneck", 128)
    assert (block.params, block.macs, block.flops) == (379_392, 372_506_624, 745_013_248)
    assert resnet.shape("layer2") == (512, 28, 28)
    with pytest.raises(KeyError, match=r"did you mean `layer2.0.conv\d`"):
        resnet["layer2.0.conv7"]


def test_parameters_change_the_network(resnet: Network) -> None:
    assert resnet.outputs["output"].shape == (10,)
    assert resnet.arguments["num_classes"] == 10
    assert resnet.params == 25_557_032 - 990 * 2049


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_nodes_come_in_topological_order_and_totals_are_sums(path: Path) -> None:
    net = archspec.compile(path)
    known = set(net.inputs)
    for node in net:
        assert known.issuperset(node.inputs)
        assert [net.shape(origin) for origin in node.inputs] == list(node.input_shapes)
        known.add(node.path)
    assert len(known) == len(net) + len(net.inputs)
    assert tuple(net.blocks.nodes()) == net.nodes
    assert net.params == sum(node.params for node in net)
    assert net.flops == 2 * net.macs
    assert net.unknown_costs == ()


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_networkx_graph(path: Path) -> None:
    net = archspec.compile(path)
    graph = net.graph
    assert networkx.is_directed_acyclic_graph(graph)
    assert set(graph) == {node.path for node in net} | set(net.inputs)
    for node in net:
        operands = sorted((data["operand"], origin) for origin, _, data in graph.in_edges(node.path, data=True))
        assert tuple(origin for _, origin in operands) == (() if node.op.takes_nothing else node.inputs)
    ends = {output.path for output in net.outputs.values()}
    assert {path for path in graph if graph.out_degree(path) == 0} <= ends


def test_compiling_twice_gives_the_same(resnet: Network) -> None:
    again = archspec.compile(ROOT / "specs" / "resnet50.yaml", num_classes=10)
    assert again.digest == resnet.digest
    assert [node.applied for node in again] == [node.applied for node in resnet]
    assert archspec.compile(ROOT / "specs" / "resnet50.yaml").digest != resnet.digest


def test_networks_are_values(resnet: Network) -> None:
    with pytest.raises(AttributeError):
        resnet.name = "other"  # type: ignore[misc]
    for twin in (copy.deepcopy(resnet), pickle.loads(pickle.dumps(resnet))):
        assert [node.applied for node in twin] == [node.applied for node in resnet]


def test_a_notebook_shows_the_table(resnet: Network) -> None:
    assert "<td>layer2.0</td>" in resnet._repr_html_()
    assert "layer2" in str(resnet)
    assert f"{resnet.params:,}" in str(resnet)
    assert len(repr(resnet)) < 1000


def public_values(resnet: Network) -> list[object]:
    """A value of each public class but of those that are no more than a message."""
    latency = archspec.Latency(0.0041213158575009, 0.0042334699500088, 0.0042537813250078, 256, 128)
    result = archspec.RunResult(
        resnet.name, "cuda:0 (NVIDIA H100 80GB HBM3)", "bfloat16", 256, True, True, "channels_last",
        dict.fromkeys(("output", "aux1", "aux2"), (256, 10)), latency, 3 * resnet.flops, 2**35, 2**34, 2**27,
    )  # fmt: skip
    with pytest.raises(archspec.WeightsError) as unfit:
        archspec.load_weights(archspec.build(resnet), {}, source="torchvision")
    with pytest.raises(archspec.SpecError) as wrong:
        archspec.compile_text("archspec: 1\nname: t\ninputs: {x: [3]}\ngraph: {a: relo, b: rela}\n")
    span = wrong.value.diagnostics[0].span
    drawing, note = archspec.draw(resnet, detail="ops"), archspec.Note("used here", span)
    loaded = archspec.load(ROOT / "specs" / "resnet50.yaml")
    imported = archspec.import_file(ROOT / "tests" / "data" / "imports" / "yolov3-tiny.cfg")
    module = archspec.from_module(archspec.build(resnet), (3, 64, 64), verify=False)
    swept = archspec.sweep("lenet", {"num_classes": [10, 26]})
    fitted = archspec.fit("lenet", {"num_classes": [10, 26]}, {"params": 62_000})
    return [
        archspec.Limits(), drawing, fitted, swept, imported, imported.report, latency, loaded, unfit.value.matching,
        module.report, resnet, resnet["layer2"], resnet["layer2.0.conv1"], note, resnet.outputs["output"], result,
        span, unfit.value, wrong.value, archspec.diff("resnet50", resnet),
    ]  # fmt: skip


def test_public_values_show_themselves_in_a_line(resnet: Network) -> None:
    pytest.importorskip("torch")
    values = public_values(resnet)
    public = {name: getattr(archspec, name) for name in archspec.__all__}
    classes = {name: value for name, value in public.items() if isinstance(value, type)}
    messages = {"ArchspecError", "Diagnostic", "RuleError", "UsageError"}
    shown = {name for name, each in classes.items() if any(isinstance(value, each) for value in values)}
    assert classes.keys() - messages <= shown
    for value in values:
        assert isinstance(value, tuple(classes.values()))
        assert len(repr(value)) <= 200
        assert "\n" not in repr(value)
    assert repr(archspec.draw(resnet, paper="a4")) == "<Drawing of resnet50, 234x788 on a4>"


def test_texts_compile_too(tmp_path: Path) -> None:
    text = "archspec: 1\nname: t\nextends: base.yaml\n"
    (tmp_path / "base.yaml").write_text("archspec: 1\nname: b\ninputs: {x: [2]}\ngraph: {a: relu}\n")
    assert archspec.compile_text(text, root=tmp_path).name == "t"
    with pytest.raises(archspec.SpecError, match="error\\[unreadable-file\\]"):
        archspec.compile(tmp_path / "nothing.yaml")
