"""Rules that lead from the names of a module's tensors to those of its spec are right for each of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from archspec.importers.module.renaming import rules
from archspec.pytorch.weights.renaming import Renaming

NAMES = st.sampled_from(["0", "1", "2", "10", "stages", "stages_0", "conv1", "norm", "norm1", "blocks", "m0"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: ".".join([*names, "weight"]))


def given_by(found: dict[str, str | None], names: list[str]) -> dict[str, str | None]:
    return Renaming(found, {}).of({name: name for name in names}, {})


@given(st.dictionaries(PATHS, PATHS | st.none(), max_size=12), st.lists(PATHS, max_size=12))
def test_rules_give_each_tensor_its_name(moved: dict[str, str | None], kept: list[str]) -> None:
    wanted = {name: name for name in kept} | moved
    names = {name: own for name, own in wanted.items() if own is not None}
    assert given_by(rules(names, list(wanted)), list(wanted)) == wanted


def test_the_few_names_that_stay_stand_before_the_rule_for_the_others() -> None:
    moved = {f"blocks.{i}.bn2.weight": f"blocks.{i}.bn2.batch_norm.weight" for i in range(1, 9)}
    kept = {"blocks.0.bn2.weight": "blocks.0.bn2.weight"}
    found = rules(kept | moved, [*kept, *moved])
    assert found == {"blocks.0.bn2": "blocks.0.bn2", "blocks.*.bn2": "blocks.*.bn2.batch_norm"}


def test_numbers_that_both_names_begin_with_are_stars() -> None:
    names = {f"stages.{i}.qkv.{k}.weight": f"stages.{i}.{own}.weight" for i in range(3) for k, own in enumerate("qk")}
    assert rules(names, list(names)) == {"stages.*.qkv.0": "stages.*.q", "stages.*.qkv.1": "stages.*.k"}
