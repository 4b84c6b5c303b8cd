"""The JSON Schema: what editors check agrees with what the compiler accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import assume, given, settings
from jsonschema import Draft7Validator
from random_arguments import ARGUMENTS, fit
from random_draws import Pick
from sampling import examples

from archspec.language import library
from archspec.language.composer import parse
from archspec.language.limits import Limits
from archspec.language.source import Source
from archspec.ops import registry
from archspec.reports import json_schema

ROOT = Path(__file__).parent.parent
GOLDENS = ROOT / "tests" / "golden"
FILES = [
    *sorted((ROOT / "specs").glob("*.yaml")),
    *library.blocks().values(),
    *sorted(path for kind in ("imports", "modules", "warnings") for path in (GOLDENS / kind).glob("*.yaml")),
]
"""Files that compile; `test_golden_language` has more."""


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    return Draft7Validator(json.loads(json_schema.render()))


def test_the_schema_is_a_schema(validator: Draft7Validator) -> None:
    Draft7Validator.check_schema(validator.schema)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_compiles_is_valid(path: Path, validator: Draft7Validator) -> None:
    value = parse(Source(path.name, path.read_text(encoding="utf-8")), Limits(), [])
    assert value is not None
    assert [error.message for error in validator.iter_errors(value.plain())] == []


@pytest.mark.parametrize(
    ("others", "valid"),
    [
        ({}, False),
        ({"blocks": {"another": {"graph": {"a": "relu"}}}}, False),
        ({"blocks": {"bottleneck": {"params": {"planes": 1}, "graph": {"a": "relu"}}}}, True),
        ({"extends": "resnet50"}, False),
        ({"extends": "mine.yaml"}, True),
        ({"extends": "nets/mine"}, True),
    ],
    ids=str,
)
def test_a_name_of_the_library_may_mean_a_block_of_the_file(
    others: Any, valid: bool, validator: Draft7Validator
) -> None:
    group = {"graph": {"a": {"block": "bottleneck", "planes": 2}}}
    other = {"graph": {"a": {"block": "conv_bn", "planes": 2}}}
    assert not validator.is_valid(network(other) | others) or "extends" in others
    assert validator.is_valid(network(group) | others) is valid
    assert not validator.is_valid(network({"graph": {"a": {"op": "conv", "planes": 2}}}) | others)


def test_only_what_is_defined_anew_may_have_other_arguments(validator: Draft7Validator) -> None:
    own = {"blocks": {"bottleneck": {"params": {"planes": 1}, "graph": {"a": "relu"}}}}
    mine, wrong = {"block": "bottleneck", "planes": 2}, {"block": "conv_bn", "planes": 2}
    unit = {"block": "mbconv", "se": mine, "kernel": 3}
    assert validator.is_valid(network({"graph": [mine, {"graph": {"a": mine}}]}) | own | {"params": {"u": mine}})
    for node in ({"graph": [wrong]}, {"graph": {"a": {"graph": {"b": wrong}}}}, unit):
        assert not validator.is_valid(network(node) | own)
    assert not validator.is_valid(network("relu") | own | {"params": {"u": wrong}})
    assert not validator.is_valid(network("relu") | {"blocks": {**own["blocks"], "b": {"graph": {"a": wrong}}}})


def test_the_committed_schema_is_current() -> None:
    assert (ROOT / "docs" / "archspec.schema.json").read_text() == json_schema.render(), "run `make schema`"


def network(node: Any) -> dict[str, Any]:
    return {"archspec": 1, "name": "n", "inputs": {"x": [3, 8, 8]}, "graph": {"node": node}}


@pytest.mark.parametrize("name", registry.ops())
def test_every_op_is_known_with_its_arguments(name: str, validator: Draft7Validator) -> None:
    example = yaml.safe_load(registry.get(name).example)
    assert validator.is_valid(network(example))
    node = {"op": example} if isinstance(example, str) else example
    assert not validator.is_valid(network({**node, "no_such_argument": 1}))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_what_an_op_takes_the_schema_takes(name: str) -> None:
    schema = Draft7Validator(registry.get(name).model_json_schema())

    @settings(max_examples=examples(100))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        pick = Pick(data.draw)
        shape = pick.of((8, 6, 6), (4, 8), (6,), (2, 4, 4, 4))
        assume(len(shape) > 1 or registry.get(name).spatial_ranks is None)
        found = fit(name, ARGUMENTS[name](pick, shape), (shape,) * registry.get(name).arity[0])
        assert found is None or list(schema.iter_errors(found[0])) == []

    law()


@pytest.mark.parametrize(
    "node",
    [
        "rel",
        {"op": "convolution"},
        {"op": "conv", "out_channels": "many"},
        {"op": "conv", "out_channels": 0, "kernel_size": 3},
        {"block": "bottleneck", "chanels": 64},
        {"block": "bottleneck", "channels": "$c", "repeat": -1},
        {"graph": {"a": "relu"}, "stride": 2},
        {"reuse": "a", "stride": 2},
        {"reuse": 1},
    ],
)
def test_mistakes_show_in_the_editor(node: Any, validator: Draft7Validator) -> None:
    assert not validator.is_valid(network(node))


@pytest.mark.parametrize(
    ("rules", "valid"),
    [
        (
            {
                "init": {
                    "conv": "kaiming_normal",
                    "linear": {"normal": 0.01},
                    "norm": {"weight": "ones", "bias": "zeros"},
                }
            },
            True,
        ),
        ({"init": {"conv": {"weight": {"kaiming_normal": {"mode": "fan_out"}}}, "*.fc": "$start", "fc": None}}, True),
        ({"init": {"conv": "kaiming"}}, False),
        ({"init": {"conv": {"kaiming_normal": {"mod": "fan_out"}}}}, False),
        ({"init": {"conv": {"weight": {"gaussian": 0.01}}}}, False),
        ({"init": {"linear": {"uniform": 0.1}}}, False),
        ({"weights": {"torchvision": {"features.0": "conv1", "aux1": None}}}, True),
        ({"weights": {"features.0": "conv1"}}, False),
        ({"weights": {"torchvision": {"features.0": 1}}}, False),
    ],
)
def test_rules_on_tensors_are_checked(rules: Any, valid: bool, validator: Draft7Validator) -> None:
    assert validator.is_valid(network("relu") | rules) is valid


@pytest.mark.parametrize("change", [3, {}, "rel", {"op": "con"}, {"from": "node"}, {"graph": {}}, {"when": 3}], ids=str)
def test_a_wrong_change_is_refused(change: Any, validator: Draft7Validator) -> None:
    assert validator.is_valid(network("relu") | {"override": {"**.relu": {"op": "elu", "alpha": 2}, "node": None}})
    assert not validator.is_valid(network("relu") | {"override": {"node": change}})


def test_what_is_frozen_is_a_list(validator: Draft7Validator) -> None:
    assert validator.is_valid(network("prelu") | {"freeze": ["node", "**.bn*"]})
    assert not any(validator.is_valid(network("prelu") | {"freeze": value}) for value in ("node", [], [1]))
