"""Warnings: where there are none, how commands print them, and what they do not stop. Their texts: `test_errors`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Run
from corpus import SPECS

import archspec
from archspec.compiler.example import example
from archspec.compiler.lint import inputs, layers, warned
from archspec.language import library
from archspec.ops import registry

WARNINGS = Path(__file__).parent / "golden" / "warnings"

HEAD = "archspec: 1\nname: net\n"
CONV = "graph:\n  conv: {op: conv, out_channels: 4, kernel_size: 3}\n"


def text_warnings(text: str) -> list[str]:
    return [each.code for each in archspec.compile_text(text).warnings]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_no_bundled_spec_or_variant_has_a_warning(spec: Path) -> None:
    loaded = archspec.load(spec)
    network = loaded.compile()
    assert warned(network, *(loaded.compile(variant=name) for name in network.variants)).diagnostics == ()


@pytest.mark.parametrize("name", library.blocks())
def test_no_block_of_the_library_has_a_warning(name: str) -> None:
    assert example(name).warnings == ()


RIGHT = {
    "a video that begins with its channels": HEAD + "inputs: {x: [3, 16, 32, 32]}\n" + CONV,
    "three frames of a video": HEAD + "inputs: {x: [3, 3, 32, 32]}\n" + CONV,
    "a volume": HEAD + "inputs: {x: [1, 32, 32, 32]}\n" + CONV,
    "a signal": HEAD + "inputs: {x: [1, 16000]}\n" + CONV,
    "a series of one place in width": HEAD + "inputs: {x: [22, 1000, 1]}\ngraph: {act: relu}\n",
    "small maps": HEAD + "inputs: {x: [64, 4, 4]}\n" + CONV,
    "channels last, permuted first": HEAD
    + "inputs: {x: [32, 32, 3]}\nblocks: {stem: {graph: {turn: {op: permute, dims: [3, 1, 2]}}}}\n"
    + "graph: {stem: {block: stem}, conv: {op: conv, out_channels: 4, kernel_size: 3}}\n",
    "tokens": HEAD + "inputs: {x: [16, 8]}\ngraph: {fc: {op: linear, out_features: 4}}\n",
    "channels moved last": HEAD
    + "inputs: {x: [3, 8, 8]}\ngraph: {turn: {op: permute, dims: [2, 3, 1]}, act: relu, "
    + "fc: {op: linear, out_features: 4}}\n",
    "a branch with its own condition": HEAD
    + "params: {deep: false}\ninputs: {x: [4, 8, 8]}\ngraph:\n"
    + "  conv: {op: conv, out_channels: 4, kernel_size: 1, when: $deep}\n"
    + "  add: {op: add, from: [x, conv], when: $deep}\n",
    "a head that is left out": HEAD
    + "params: {head: false}\ninputs: {x: [4, 8, 8]}\ngraph:\n"
    + "  conv: {op: conv, out_channels: 4, kernel_size: 1}\n  fc: {op: conv, out_channels: 2, kernel_size: 1}\n"
    + "outputs: {map: conv, head: {from: fc, when: $head}}\n",
    "one repeat that counts": HEAD
    + "inputs: {x: [4, 8, 8]}\ngraph:\n  stage:\n    repeat: 2\n    graph:\n"
    + "      conv: {op: conv, out_channels: $(4 + index), kernel_size: 1}\n      act: {op: relu, repeat: 2}\n",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_meant_so_has_no_warning(text: str) -> None:
    assert text_warnings(text) == []


OTHERWISE = """
    amax amin constant coordinates flatten layer_norm linear linspace log_softmax matmul mean multi_head_attention pad
    parameter permute relative_position_bias reshape rms_norm scaled_dot_product_attention shifted_window_mask slice
    softmax split squeeze stack sum unfold unsqueeze vector_norm
""".split()
"""Ops behind which a map is no map any more, or may be none; after them nothing is said of a linear layer."""


def test_each_op_is_known_to_keep_a_map_or_not() -> None:
    """A new op is put into one of the tables of the warning on a missing flatten, or here."""
    bundled = {name for name, kind in registry.ops().items() if kind.__module__.startswith("archspec.ops.")}
    assert layers.OF_MAPS | layers.POINTWISE | {*OTHERWISE} == bundled
    assert not layers.OF_MAPS & layers.POINTWISE
    assert bundled >= inputs.REARRANGING


def test_warnings_of_many_layers_are_bounded() -> None:
    layers = "".join(f"  fc{i}: {{op: linear, out_features: {i + 1}, from: x}}\n" for i in range(150))
    outputs = ", ".join(f"fc{i}: fc{i}" for i in range(150))
    network = archspec.compile_text(f"{HEAD}inputs: {{x: [3, 8, 8]}}\ngraph:\n{layers}outputs: {{{outputs}}}\n")
    report = warned(network)
    assert len(report.diagnostics) == archspec.Limits().errors
    assert report.left_out == 150 - archspec.Limits().errors


def test_a_spec_that_does_not_compile_says_what_is_odd_of_its_inputs(run: Run) -> None:
    text = HEAD + "inputs: {x: [32, 32, 3]}\ngraph: {conv: {op: conv, out_channels: 4, kernel_size: 5}}\n"
    done = run("check", "-", stdin=text)
    assert done.code == 1
    assert ["error[invalid-argument]" in done.err, "warning[channels-last]" in done.err] == [True, True]


def test_a_contract_that_is_not_kept_hides_no_warning() -> None:
    """All of the network compiled; the warning may well say why its figures are not as expected."""
    graph = "graph: {conv: {op: conv, out_channels: 4, kernel_size: 3}, fc: {op: linear, out_features: 5}}\n"
    text = f"{HEAD}inputs: {{x: [3, 8, 8]}}\n{graph}expect: {{output: [5]}}\n"
    with pytest.raises(archspec.SpecError) as raised:
        archspec.compile_text(text)
    assert [each.code for each in raised.value.diagnostics] == ["expect-mismatch"]
    assert raised.value.partial is not None
    assert [each.code for each in warned(raised.value.partial).diagnostics] == ["missing-flatten"]


SPEC = str(WARNINGS / "missing-flatten.yaml")

COMMANDS = [
    ["compile", SPEC],
    ["emit", SPEC],
    ["export", SPEC, "-o", "made.pt2"],
    ["draw", SPEC],
    ["check", SPEC],
    ["run", SPEC, "--seconds", "0.01"],
    ["weights", SPEC, "weights.pth"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_commands_print_warnings_and_take_them_for_errors_if_asked(run: Run, command: list[str]) -> None:
    if command[0] in ("run", "weights"):
        torch = pytest.importorskip("torch")
        torch.save(archspec.build(SPEC).state_dict(), "weights.pth")
    golden = (WARNINGS / "missing-flatten.txt").read_text().replace("missing-flatten.yaml", SPEC)
    done = run(*command)
    assert (done.code, done.err) == (0, golden + "\n")
    strict = run(*command, "--strict")
    assert (strict.code, strict.err) == (1, golden.replace("warning[", "error[") + "\n")


def test_check_gives_warnings_in_its_formats(run: Run) -> None:
    done = run("check", SPEC, "--format", "github")
    assert done.out.startswith(f"::warning file={SPEC},line=10,endLine=10,col=3,")
    assert run("check", SPEC, "--format", "github", "--strict").out.startswith("::error ")
    (file,) = json.loads(run("check", SPEC, "--format", "json").out)["files"]
    assert (file["ok"], file["errors"]) == (True, [])
    (warning,) = file["warnings"]
    assert (warning["severity"], warning["code"], warning["line"]) == ("warning", "missing-flatten", 10)
    (file,) = json.loads(run("check", SPEC, "--format", "json", "--strict").out)["files"]
    assert (file["ok"], file["warnings"]) == (False, [])
    assert [error["severity"] for error in file["errors"]] == ["error"]


def test_a_warning_of_several_variants_is_printed_once(run: Run, tmp_path: Path) -> None:
    text = HEAD + "params: {width: 4}\ninputs: {image: [32, 32, 3]}\n" + CONV.replace("4,", "$width,")
    (tmp_path / "net.yaml").write_text(text + "variants: {wide: {width: 8}, wider: {width: 9}}\n")
    done = run("check", "net.yaml")
    assert done.err.count("warning[") == 1
    assert done.out.endswith(" MACs, 1 warning\n")
