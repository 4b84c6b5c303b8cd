"""Laws over networks that are known by name: the bundled specs, and variants called as their file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import Run
from sampling import few

import archspec
from archspec.language import library, networks
from archspec.reports import catalogue

SPECS = Path(__file__).parent.parent / "specs"
KNOWN = {known.name: known for known in networks.networks()}
SOME = few(KNOWN, 12)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_spec_is_known_by_its_file() -> None:
    assert {known.path.stem for known in KNOWN.values()} == {path.stem for path in SPECS.glob("*.yaml")} <= KNOWN.keys()


def test_a_name_is_that_of_one_network_and_of_no_block() -> None:
    assert len(networks.names()) == len(KNOWN)
    assert KNOWN.keys().isdisjoint(library.blocks())
    assert all(networks.find(name) == known for name, known in KNOWN.items())


@pytest.mark.parametrize("name", SOME)
def test_a_name_stands_for_the_file_with_its_variant(name: str) -> None:
    """The contract, which is that of the variant, holds too; the values are the network's defaults."""
    known = KNOWN[name]
    named = archspec.compile(name)
    filed = archspec.compile(known.path, variant=known.variant or None)
    assert named.name == name
    assert (named.params, named.macs, named.arguments) == (filed.params, filed.macs, filed.arguments)
    assert [node.path for node in named] == [node.path for node in filed]
    assert set(named.variants) <= set(filed.variants)
    assert not [variant for variant in named.variants if known.variant and variant.startswith(known.path.stem)]


@pytest.mark.parametrize("name", SOME)
def test_a_network_can_be_extended_and_used_as_a_block_by_its_name(name: str) -> None:
    whole = archspec.compile(name)
    extended = archspec.compile_text(f"archspec: 1\nname: mine\nextends: {name}\n")
    assert (extended.params, extended.macs, extended.init) == (whole.params, whole.macs, whole.init)
    inputs = {key: list(shape) for key, shape in whole.inputs.items()}
    node = {"block": name, "from": list(inputs)}
    text = json.dumps({"archspec": 1, "name": "user", "inputs": inputs, "graph": {"whole": node}, "outputs": {
        output: f"whole.{output}" for output in whole.outputs}} if len(whole.outputs) > 1 else {
        "archspec": 1, "name": "user", "inputs": inputs, "graph": {"whole": node}})  # fmt: skip
    used = archspec.compile_text(text)
    assert (used.params, used.macs) == (whole.params, whole.macs)


@pytest.mark.parametrize("known", [known for name in SOME if (known := KNOWN[name]).variant])
def test_the_other_variants_of_a_family_hold_for_its_networks(known: networks.Known) -> None:
    for variant in archspec.compile(known.name).variants:
        given = archspec.load(known.path)._reading().definition
        assert given is not None
        values = {key: value.plain() for key, value in given.variants[variant].entries.items() if key != "expect"}
        found = archspec.compile(known.name, variant=variant).arguments
        assert found.items() >= values.items()


def test_a_path_is_always_a_file(tmp_path: Path) -> None:
    (tmp_path / "lenet").write_text("archspec: 1\nname: own\ninputs: {x: [1]}\ngraph: {relu: relu}\n")
    assert archspec.compile("lenet").name == "lenet"
    assert archspec.compile("./lenet").name == "own"
    assert archspec.compile(Path("lenet")).name == "own"
    with pytest.raises(archspec.SpecError, match="unreadable-file"):
        archspec.compile("lenet.yaml")


def test_a_folder_of_the_same_name_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "resnet50").mkdir()
    assert archspec.compile("resnet50").params == 25_557_032


@pytest.mark.parametrize("name", ["resnet5", "regnet", "", "resnet50.yam", "ResNet50", "mobilenet_v2_width_140", "…"])
def test_a_name_that_none_has_is_told(name: str) -> None:
    if name in KNOWN:
        return
    with pytest.raises(archspec.SpecError, match=r"unknown-network|unreadable-file"):
        archspec.compile(name)


def test_an_error_in_the_user_s_edit_of_a_named_network_is_placed_there() -> None:
    text = "archspec: 1\nname: mine\nextends: resnet18\ngraph:\n  layer3: {channels: -1}\n"
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(text, name="mine.yaml")
    assert [(found.span.file, found.span.line) for found in caught.value.diagnostics] == [("mine.yaml", 5)]


def test_reading_by_name_again_is_the_same_network() -> None:
    first, second = archspec.compile("googlenet"), archspec.compile("googlenet")
    assert (first.digest, first.params) == (second.digest, second.params)


# archspec list


def test_the_list_names_every_network_once_with_its_figures(run: Run) -> None:
    listed = json.loads(run("list", "--format", "json").out)
    rows = {row["name"]: row for row in listed["networks"]}
    aliases = {alias: name for name, row in rows.items() for alias in row["aliases"]}
    assert KNOWN.keys() == rows.keys() | aliases.keys()
    assert rows.keys().isdisjoint(aliases)
    for alias, name in aliases.items():
        assert archspec.compile(name).arguments == archspec.compile(alias).arguments
    for name in few(rows, 12):
        network = archspec.compile(name)
        assert (rows[name]["params"], rows[name]["macs"]) == (network.params, network.macs)
        assert network.paper is not None
        assert (rows[name]["year"], rows[name]["title"]) == (network.paper.year, network.paper.title)


def test_the_list_names_a_family_beside_its_default(run: Run) -> None:
    lines = run("list").out.splitlines()
    names = [line.split("  ")[0] for line in lines if line.startswith("unet")]
    assert names == ["unet_paper", "unet_padded (unet)"]


def test_the_list_is_in_order_of_history() -> None:
    years = [entry.year for entry in catalogue.entries()]
    assert years == sorted(years)
    assert years[0] == 1998


@pytest.mark.parametrize(
    ("option", "most"), [("5M", 5_000_000), ("0.5k", 500), ("1_000_000", 1_000_000), ("1,3M", 13_000_000)]
)
def test_the_list_can_be_narrowed(run: Run, option: str, most: int) -> None:
    everything = catalogue.entries()
    for figure in ("params", "macs"):
        done = run("list", f"--max-{figure}", option)
        names = [line.split()[0] for line in done.out.splitlines()[1:]]
        assert names == [entry.name for entry in everything if getattr(entry, figure) <= most]


def test_what_is_no_number_is_refused(run: Run) -> None:
    done = run("list", "--max-params", "many")
    assert done.code == 2
    assert re.search("`many` is no number", done.err)


@pytest.mark.parametrize("name", ["lenet", "squeezenet1_1", "unet_paper"])
def test_the_source_of_a_named_network_says_the_name(name: str) -> None:
    assert f"archspec emit {name} -o {name}.py\n" in archspec.emit(archspec.compile(name))


FAMILY = """
archspec: 1
name: family
params: {wide: true}
inputs: {x: [3, 8, 8]}
graph:
  conv: {op: conv, out_channels: 4, kernel_size: 1}
  more: {op: conv, out_channels: 8, kernel_size: 1, when: $wide}
override: {more: {bias: false}}
init: {more: {normal: 0.01}}
weights: {other: {theirs: more}}
freeze: [more]
variants: {family_narrow: {wide: false}}
"""


def test_a_rule_may_be_about_what_another_variant_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    monkeypatch.setattr(networks, "_files", lambda: {"family": tmp_path / "family.yaml"})
    (tmp_path / "family.yaml").write_text(FAMILY)
    own = "archspec: 1\nname: own\nextends: family_narrow\n"
    assert archspec.compile("family").params == 16 + 32
    assert archspec.compile("family_narrow").params == 16
    assert archspec.compile_text(own).params == 16
    with pytest.raises(archspec.SpecError, match="no node with weights has the path `more`"):
        archspec.compile_text(f"{own}init: {{more: zeros}}\n")


def test_a_rule_of_a_family_is_about_what_its_own_network_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "_files", lambda: {"family": tmp_path / "family.yaml"})
    (tmp_path / "family.yaml").write_text(FAMILY.replace("wide: true", "wide: false"))
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile("family")
    assert {problem.code for problem in caught.value.diagnostics} == {"unknown-node"}


def test_a_block_of_the_library_is_extended_by_name(tmp_path: Path) -> None:
    """As the library's own files do."""
    file = tmp_path / "mine.yaml"
    file.write_text(
        "archspec: 1\nblock: mine\nextends: conv_bn_relu\ngraph: {relu: gelu}\nexample: {out_channels: 8}\n"
    )
    assert [node.op.name for node in archspec.compile_text(USE, root=tmp_path)] == ["conv", "batch_norm", "gelu"]


def test_a_misspelt_block_that_is_extended_has_a_hint(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("archspec: 1\nblock: mine\nextends: conv_bn_rellu\ngraph: {relu: gelu}\n")
    with pytest.raises(archspec.SpecError, match=r"no network is called(.|\n)*did you mean `conv_bn_relu`"):
        archspec.compile_text(USE, root=tmp_path)


USE = (
    "archspec: 1\nname: a\ninputs: {x: [3, 8, 8]}\ngraph: {a: {block: ./mine.yaml, out_channels: 4, kernel_size: 1}}\n"
)
