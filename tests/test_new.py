"""``archspec new``: what it begins is right, and is the network that it is of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command import Run
from sampling import PROFILE, few

import archspec
from archspec.compiler.example import example
from archspec.formatting.formatter import formatted_bytes
from archspec.importers.writing import MODELINE
from archspec.language import library
from archspec.language.loader import block_file, known_network
from archspec.language.networks import find
from archspec.language.networks import networks as known_networks

KNOWN = [known.name for known in known_networks()]
SOME = KNOWN if PROFILE == "nightly" else few(KNOWN[::8], 8)


def written(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def nodes(network: archspec.Network) -> list[tuple[object, ...]]:
    return [(node.path, node.op, node.inputs) for node in network]


@pytest.mark.parametrize("name", SOME)
def test_a_spec_that_extends_a_network_is_that_network(run: Run, tmp_path: Path, name: str) -> None:
    assert run("new", "mine", "--from", name).code == 0
    assert [path.name for path in written(tmp_path)] == ["mine.yaml"]
    text = (tmp_path / "mine.yaml").read_text()
    assert text.startswith(f"{MODELINE}\narchspec: 1\nname: mine\nextends: {name}\n# params:\n")
    found, network = archspec.compile(tmp_path / "mine.yaml"), archspec.compile(name)
    assert (found.name, found.params, found.macs, found.weights) == (
        "mine",
        network.params,
        network.macs,
        network.weights,
    )
    for param in known_network(name).params:
        assert f"#   {param}: " in text
    said = re.sub("^# (params:|  .*)$", r"\1", text, flags=re.MULTILINE)
    found = archspec.compile_text(said, root=tmp_path)
    assert (found.params, found.macs, found.warnings) == (network.params, network.macs, ())


@pytest.mark.parametrize("name", SOME)
def test_a_copy_compiles_alone(run: Run, tmp_path: Path, name: str) -> None:
    done = run("new", "mine", "--from", name, "--copy")
    assert done.code == 0
    found, network = archspec.compile(tmp_path / "mine.yaml"), archspec.compile(name)
    assert found.name == "mine"
    assert [(node.path, node.op, node.inputs) for node in found] == [
        (node.path, node.op, node.inputs) for node in network
    ]
    assert (found.arguments, found.weights, found.init) == (network.arguments, network.weights, network.init)
    for path in written(tmp_path):
        assert path.read_text(encoding="utf-8").startswith(f"{MODELINE}\narchspec: 1\n")
        assert f"wrote {path.name}\n" in done.out
    known = find(name)
    if known and not known.variant:
        for variant in network.variants:
            archspec.compile(tmp_path / "mine.yaml", variant=variant)


def test_a_small_network_of_its_own(run: Run, tmp_path: Path) -> None:
    assert run("new", "small").out.startswith("wrote small.yaml\n")
    network = archspec.compile(tmp_path / "small.yaml", num_classes=3)
    assert network.warnings == ()
    assert network.outputs["output"].shape == (3,)
    data = (tmp_path / "small.yaml").read_bytes()
    assert formatted_bytes(data, "small.yaml") == data


def test_a_file_can_be_extended(run: Run, tmp_path: Path) -> None:
    run("new", "base")
    assert run("new", "nets/other.yaml", "--from", "base.yaml").code == 2
    assert run("new", "other.yaml", "--from", "base.yaml").code == 0
    assert "extends: base.yaml\n" in (tmp_path / "other.yaml").read_text()
    assert archspec.compile(tmp_path / "other.yaml").params == archspec.compile(tmp_path / "base.yaml").params


def test_nothing_is_written_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "efficientnet.yaml").write_text("mine\n")
    done = run("new", "mine", "--from", "efficientnet_b3", "--copy")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: efficientnet.yaml is there; `new` writes over nothing\n"
    assert [path.name for path in written(tmp_path)] == ["efficientnet.yaml"]


@pytest.mark.parametrize("options", [(), ("--copy",)], ids=str)
@pytest.mark.parametrize("name", few(library.blocks(), 6))
def test_a_block_can_be_extended_and_copied(run: Run, tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    assert run("new", "mine", "--from", name, *options).code == 0
    found, block = example(str(tmp_path / "mine.yaml")), example(name)
    assert [(node.path.partition(".")[2], node.op, node.shape) for node in found] == [
        (node.path.partition(".")[2], node.op, node.shape) for node in block
    ]
    assert block_file(tmp_path / "mine.yaml").name == "mine"


def test_the_schema_is_spoken_of_where_it_is_not(run: Run, tmp_path: Path) -> None:
    assert "archspec schema > archspec.schema.json" in run("new", "a").out
    (tmp_path / "archspec.schema.json").write_text("{}")
    assert run("new", "b").out == "wrote b.yaml\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a b",), "`a b` cannot be the name of a spec"),
        (("con",), "`con` cannot be the name of a spec"),
        (("a", "--from", "resnet5"), "did you mean `resnet50`?"),
        (("a", "--from", "none.yaml"), "cannot read none.yaml"),
        (("a", "--from", "../none.yaml"), "lies outside of"),
        (("a", "--copy"), "--copy copies what --from names"),
        (("a", "--copy", "--from", "./x.yaml"), "--copy copies a bundled network"),
        (
            ("efficientnet", "--copy", "--from", "efficientnet_b3"),
            "the copy needs a file `efficientnet.yaml` beside it",
        ),
    ],
    ids=" ".join,
)
def test_what_cannot_be_begun(run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run("new", *arguments)
    assert (done.code, done.out, written(tmp_path)) == (2, "", [])
    assert message in done.err
