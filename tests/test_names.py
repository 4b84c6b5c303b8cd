"""Names that a spec may use."""

from __future__ import annotations

import keyword

import pytest
from sampling import few

import archspec
from archspec.language.names import (
    MODULE_ATTRIBUTES,
    OWN_METHOD,
    block_name_problem,
    node_name_problem,
    parameter_name_problem,
    similar_name,
    spec_name_problem,
)
from archspec.ops.op import NODE_KEYS


def test_reserved_names_are_the_public_attributes_of_a_module():
    nn = pytest.importorskip("torch").nn
    assert {name for name in dir(nn.Module()) if not name.startswith("_")} == MODULE_ATTRIBUTES


@pytest.mark.parametrize("name", ["conv1", "layer2", "Conv", "a_b", "x" * 100])
def test_names_of_nodes(name):
    assert node_name_problem(name) == ""


@pytest.mark.parametrize(
    "name", ["", "1a", "a-b", "a.b", "_a", "é", "input", "train", OWN_METHOD, "x" * 101, *keyword.kwlist]
)
def test_names_that_nodes_cannot_have(name):
    assert node_name_problem(name)


@pytest.mark.parametrize("name", ["index", "input", "max", "make_divisible", "true", *sorted(NODE_KEYS)])
def test_names_that_parameters_cannot_have(name):
    assert parameter_name_problem(name)


NUMBERS = """
archspec: 1
name: net
params: {{{name}: 3}}
inputs: {{x: [8, 4, 4]}}
blocks:
  scaled:
    params: {{channels: 8, {name}: 0.5}}
    graph:
      conv: {{op: conv, out_channels: $channels, kernel_size: 1}}
      mul: {{op: mul, value: ${name}}}
graph:
  one: {{block: scaled}}
  other: {{block: scaled, channels: 16, {name}: 0.25}}
  pool: global_avg_pool
  flat: flatten
  fc: {{op: linear, out_features: ${name}}}
init: {{fc: {{weight: {{constant: $(1 / {name})}}}}}}
"""


@pytest.mark.parametrize("name", few(sorted({*MODULE_ATTRIBUTES, OWN_METHOD} - NODE_KEYS), 12))
def test_numbers_that_a_module_holds_shadow_nothing_of_it(name):
    """Whatever parameters are called: `training` is set by `train` and `eval`."""
    pytest.importorskip("torch")
    model = archspec.build(archspec.compile_text(NUMBERS.format(name=name))).eval()
    assert model.fc.weight.detach().numpy()[0, 0] == pytest.approx(1 / 3)
    for module in (model, model.one):
        held = {each for each, value in vars(module).items() if type(value) in (int, float)}
        assert held == {f"{name}_"}
        assert module.training is False


@pytest.mark.parametrize("name", ["resnet-50", "a_b", "A1"])
def test_names_of_specs(name):
    assert spec_name_problem(name) == ""


@pytest.mark.parametrize("name", ["", "1a", "a b", "a/b", "../a", "a.yaml", "x" * 101])
def test_names_that_specs_cannot_have(name):
    assert spec_name_problem(name)


DEVICES = [*"con prn aux nul CON Aux".split(), *(f"{port}{i}" for port in ("com", "LPT") for i in range(10))]


@pytest.mark.parametrize("name", DEVICES)
def test_windows_could_not_write_the_files_of_a_spec_of_this_name(name):
    assert "a device" in spec_name_problem(name)
    assert spec_name_problem(similar_name(name, spec_name_problem)) == ""
    assert block_name_problem(name) == ""  # which names no file of its own accord


@pytest.mark.parametrize("name", ["console", "aux-head", "com", "com10", "null", "auxiliary", "lpt"])
def test_names_that_only_begin_like_a_device(name):
    assert spec_name_problem(name) == ""


def test_a_block_by_itself_is_drawn_to_a_file_that_windows_has(run, tmp_path):
    spec = "archspec: 1\nname: net\ninputs: {x: [3]}\nblocks: {aux: {graph: {r: relu}}}\ngraph: {a: {block: aux}}\n"
    (tmp_path / "net.yaml").write_text(spec)
    assert run("draw", "net.yaml", "--block", "aux") == (0, "wrote aux_.svg\n", "")


@pytest.mark.parametrize("name", ["torch", "re", "class", "import", "Math", "typing", "numpy", "archspec"])
def test_the_module_of_a_network_can_be_imported_and_shadows_none(name, run, tmp_path):
    spec = f"archspec: 1\nname: {name}\ninputs: {{x: [3]}}\ngraph: {{a: relu}}\n"
    (tmp_path / "net.yaml").write_text(spec)
    assert f"{name}_net.py" in run("compile", "net.yaml").out
    assert f"-o {name}_net.py" in archspec.emit(tmp_path / "net.yaml")


@pytest.mark.parametrize("name", ["conv-1", "1", "class", "train", "_a", "input", "my net"])
def test_a_similar_name_has_no_problem(name):
    assert node_name_problem(similar_name(name, node_name_problem)) == ""
