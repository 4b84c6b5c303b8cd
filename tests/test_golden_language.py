"""Specs of ``golden/language`` show one form of the language each, beside the source that is emitted for them.

``ARCHSPEC_UPDATE_GOLDENS=1`` writes the sources anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

import archspec
from archspec.compiler.lint import warned
from archspec.reports.json_schema import schema

torch = pytest.importorskip("torch")
jsonschema = pytest.importorskip("jsonschema")
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

GOLDENS = Path(__file__).parent / "golden" / "language"
SPECS = sorted(GOLDENS.glob("*.yaml"))
UPDATE = bool(os.environ.get("ARCHSPEC_UPDATE_GOLDENS"))
BATCH = 2


def compiled(spec: Path, monkeypatch: pytest.MonkeyPatch) -> archspec.Network:
    monkeypatch.chdir(GOLDENS)
    return archspec.compile(spec.name)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_source_is_the_golden_one(spec, monkeypatch):
    network = compiled(spec, monkeypatch)
    assert warned(network).diagnostics == ()
    source, golden = archspec.emit(network), spec.with_suffix(".py")
    if UPDATE:
        golden.write_text(source, encoding="utf-8")
    assert source == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_schema_accepts_it(spec):
    jsonschema.Draft7Validator(schema()).validate(yaml.safe_load(spec.read_text(encoding="utf-8")))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_module_has_the_figures_and_shapes_of_the_network(spec, monkeypatch):
    network = compiled(spec, monkeypatch)
    module = archspec.build(network).eval()
    assert sum(tensor.numel() for tensor in module.parameters()) == network.params
    inputs = [torch.rand(BATCH, *shape) for shape in network.inputs.values()]
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:  # it knows no kernel of the CPU
        given = module(*inputs)
    assert counter.get_total_flops() == BATCH * network.flops
    shapes = {name: (BATCH, *output.shape) for name, output in network.outputs.items() if not output.training_only}
    assert given_shapes(given, shapes) == shapes


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
def test_torch_script_takes_it(spec, monkeypatch):
    network = compiled(spec, monkeypatch)
    if any(getattr(node.op, "parametrize", None) in ("spectral_norm", "weight_norm") for node in network):
        pytest.skip("PyTorch's own parametrizations are no TorchScript")
    torch.jit.script(archspec.build(network).eval())


def given_shapes(given: Any, names: dict[str, Any]) -> dict[str, Any]:
    tensors = [given] if len(names) == 1 else [getattr(given, name) for name in names]
    return dict(zip(names, (tuple(tensor.shape) for tensor in tensors), strict=True))
