"""``archspec show``: a network as one file is the same network, whatever its own files say."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from command import Run
from hypothesis import given, settings
from random_networks import compiled, networks
from sampling import PROFILE, examples, few

import archspec
from archspec.authoring.flattening import flattened
from archspec.authoring.tensors import NoFlatError
from archspec.formatting.formatter import formatted
from archspec.language.composer import parse
from archspec.language.library import blocks
from archspec.language.limits import Limits
from archspec.language.networks import networks as known_networks
from archspec.language.source import Source
from archspec.reports import json_report

ROOT = Path(__file__).parent.parent
KNOWN = [known.name for known in known_networks()]
SOME = KNOWN if PROFILE == "nightly" else few(KNOWN[::6], 12)
LANGUAGE = sorted((ROOT / "tests" / "golden" / "language").glob("*.yaml"))


def facts(network: archspec.Network) -> dict[str, Any]:
    """All that a network is, blocks and places aside."""
    nodes = {
        node.path: (node.op, node.operands, node.shape, dict(node.weights), dict(node.buffers), node.shares)
        for node in network
    }
    rules = [(rule.ops, rule.pattern, dict(rule.weights)) for rule in network.init if speaks(rule, network)]
    report = json.loads(json_report.render(network))
    return {
        "name": network.name, "doc": network.doc, "paper": network.paper, "inputs": network.inputs, "nodes": nodes,
        "outputs": {name: (each.path, each.shape, each.training_only) for name, each in network.outputs.items()},
        "totals": report["totals"], "init": rules, "freeze": network.freeze,
        "frozen": network.frozen_params,
    }  # fmt: skip


def speaks(rule: Any, network: archspec.Network) -> bool:
    return any(rule.selects(node.op.name, node.path) and node.weights for node in network)


def check(network: archspec.Network) -> None:
    """A network as one file compiles by itself to the same one; that file is flat, and formatted."""
    text = flattened(network)
    found = archspec.compile_text(text, root=ROOT / "docs")
    assert facts(found) == facts(network)
    assert formatted(text) == text
    value = parse(Source("flat.yaml", text), Limits(), []).plain()
    assert not {"extends", "override", "params", "variants"} & value.keys()


@pytest.mark.parametrize("name", SOME)
def test_bundled_networks(name: str) -> None:
    network = archspec.compile(name)
    check(network)
    found = archspec.compile_text(flattened(network))
    assert found.weights == network.weights
    expect = parse(Source("", flattened(network)), Limits(), []).plain()["expect"]
    assert expect.items() >= {"params": network.params, "macs": network.macs}.items()


@pytest.mark.parametrize("path", LANGUAGE, ids=lambda path: path.stem)
def test_what_the_language_says(path: Path) -> None:
    check(archspec.compile(path))


@settings(max_examples=examples(60))
@given(networks())
def test_random_networks(text: str) -> None:
    network = compiled(text)
    with suppress(NoFlatError):
        check(network)


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "unet"])
def test_variants_and_values(run: Run, name: str) -> None:
    for variant in archspec.compile(name).variants:
        network = archspec.compile(name, variant=variant)
        done = run("show", name, "--flat", "--variant", variant)
        assert (done.code, done.out) == (0, flattened(network))
        check(network)
    done = run("show", name, "--flat", "--set", "num_classes=7")
    assert archspec.compile_text(done.out).params == archspec.compile(name, num_classes=7).params
    assert "expect" not in done.out


def test_copies_that_became_ops_and_blocks_are_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mixed.yaml"
    path.write_text("""
archspec: 1
name: mixed
inputs: {x: [3, 8, 8]}
graph: {a: {graph: {b: relu}, repeat: 3}}
override: {"**.1": silu}
""")
    done = run("show", str(path), "--flat")
    assert (done.code, done.out) == (2, "")
    assert re.match("error: this network cannot be written flat: .* some are ops and some are blocks", done.err)


# archspec show, as it is


@pytest.mark.parametrize("name", ["googlenet", "bottleneck", "efficientnet_b3"])
def test_files_are_printed_as_they_are(run: Run, name: str) -> None:
    folder = ROOT / "archspec" / "blocks" if name in blocks() else ROOT / "specs"
    file = folder / f"{name.removesuffix('_b3')}.yaml"
    assert run("show", name).out == file.read_text(encoding="utf-8") == run("show", str(file)).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet5",), "did you mean `resnet50`?"),
        (("bottlenck",), "did you mean `bottleneck`?"),
        (("bottleneck", "--flat"), "`bottleneck` is a block"),
        (("resnet50", "--set", "num_classes=7"), "--set needs --flat"),
        (("resnet50", "--variant", "paper"), "--variant needs --flat"),
        (("-",), "`-` needs --flat"),
        (("none.yaml",), "cannot read none.yaml"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_shown(run: Run, arguments: tuple[str, ...], message: str) -> None:
    done = run("show", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
