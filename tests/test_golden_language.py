"""Every spec of ``golden/language`` compiles without a warning, and its source is the file beside it.

Each is about one feature of the language. ``ARCHSPEC_UPDATE_GOLDENS=1`` writes the sources anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

import archspec
from archspec.reports import json_schema

GOLDENS = Path(__file__).parent / "golden" / "language"
SPECS = sorted(GOLDENS.glob("*.yaml"))
UPDATE = bool(os.environ.get("ARCHSPEC_UPDATE_GOLDENS"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_feature_compiles_without_a_warning_and_its_source_is_the_golden(path: Path) -> None:
    network = archspec.compile(path)
    assert network.warnings == ()
    source, golden = archspec.emit(network), path.with_suffix(".py")
    if UPDATE:
        golden.write_text(source, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == source


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_schema_takes_the_feature(path: Path) -> None:
    validator = Draft7Validator(json.loads(json_schema.render()))
    errors = validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_feature_runs_as_inferred(path: Path) -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    network = archspec.compile(path)
    model = archspec.build(network).eval()
    images = [torch.randn(2, *shape) for shape in network.inputs.values()]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        given = model(*images)
    outputs = [given] if isinstance(given, torch.Tensor) else [tensor for tensor in given if tensor is not None]
    kept = [output for output in network.outputs.values() if not output.training_only]
    assert [tuple(tensor.shape) for tensor in outputs] == [(2, *output.shape) for output in kept]
    assert sum(tensor.numel() for tensor in model.parameters()) == network.params
    trained = sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad)
    assert trained == network.trainable_params
    assert counter.get_total_flops() == 2 * network.flops
