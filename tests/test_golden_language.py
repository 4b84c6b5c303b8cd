"""Each spec of ``golden/language`` compiles, and its source is the file beside it: one pair for each form.

``ARCHSPEC_UPDATE_GOLDENS=1`` writes the sources anew, for a person to read.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

import archspec
from archspec.reports import json_schema

GOLDEN = Path(__file__).parent / "golden" / "language"
SPECS = sorted(GOLDEN.glob("*.yaml"))
BATCH = 2


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    return Draft7Validator(json.loads(json_schema.render()))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_it_compiles_without_warnings_and_the_schema_takes_it(spec: Path, validator: Draft7Validator) -> None:
    assert list(archspec.compile(spec).warnings) == []
    assert [error.message for error in validator.iter_errors(yaml.safe_load(spec.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_its_source_looks_as_it_was_approved(spec: Path) -> None:
    text = re.sub(r"archspec \S+ \(spec \w+\)", "archspec VERSION (spec DIGEST)", archspec.emit(spec), count=1)
    golden = spec.with_suffix(".py")
    if os.environ.get("ARCHSPEC_UPDATE_GOLDENS"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_it_runs_with_the_figures_inferred(spec: Path) -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    network = archspec.compile(spec)
    module = archspec.build(network).eval()
    assert sum(parameter.numel() for parameter in module.parameters()) == network.params
    inputs = [torch.rand(BATCH, *shape) for shape in network.inputs.values()]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        given = module(*inputs)
    assert counter.get_total_flops() == BATCH * network.flops
    outputs = [given] if isinstance(given, torch.Tensor) else [output for output in given if output is not None]
    kept = [output.shape for output in network.outputs.values() if not output.training_only]
    assert [tuple(output.shape) for output in outputs] == [(BATCH, *shape) for shape in kept]
