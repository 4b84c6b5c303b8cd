"""Names that a spec may use."""

from __future__ import annotations

import keyword

import pytest

from archspec.language.names import (
    MODULE_ATTRIBUTES,
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


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a.b", "_a", "é", "input", "train", "x" * 101, *keyword.kwlist])
def test_names_that_nodes_cannot_have(name):
    assert node_name_problem(name)


@pytest.mark.parametrize("name", ["index", "input", "max", "make_divisible", "true", *sorted(NODE_KEYS)])
def test_names_that_parameters_cannot_have(name):
    assert parameter_name_problem(name)


@pytest.mark.parametrize("name", ["resnet-50", "a_b", "A1"])
def test_names_of_specs(name):
    assert spec_name_problem(name) == ""


@pytest.mark.parametrize("name", ["", "1a", "a b", "a/b", "../a", "a.yaml", "x" * 101])
def test_names_that_specs_cannot_have(name):
    assert spec_name_problem(name)


@pytest.mark.parametrize("name", ["conv-1", "1", "class", "train", "_a", "input", "my net"])
def test_a_similar_name_has_no_problem(name):
    assert node_name_problem(similar_name(name, node_name_problem)) == ""
