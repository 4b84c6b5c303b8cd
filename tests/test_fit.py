"""Fits: the best of every value, whatever the figures do in between; and variants added to files as they are."""

from __future__ import annotations

import json
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from command import Run
from corpus import SOME_SPECS
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import PROFILE, examples

import archspec
from archspec.exploration import fitting
from archspec.exploration.variants import added
from archspec.language.composer import parse
from archspec.language.limits import Limits
from archspec.language.source import Source

ROOT = Path(__file__).parent.parent
BUDGETS = 20 if PROFILE == "nightly" else 4

NET = """archspec: 1
name: net
params: {{w: {{default: 5, min: 1, max: {most}}}, v: {{default: 1, min: 1}}}}
inputs: {{x: [4]}}
graph: {{fc: {{op: linear, out_features: "$(({table})[w % {count}] * v)", bias: false}}}}
"""


def written(folder: Path, table: list[int], most: int) -> Path:
    """A network whose parameters go up and down with `w`, as a table says; where that says 0 it is invalid."""
    path = folder / "net.yaml"
    path.write_text(NET.format(table=table, count=len(table), most=most))
    return path


def exhaustive(
    spec: Any, knobs: dict[str, list[Any]], target: dict[str, float], order: list[str], **params: Any
) -> tuple[list[Any], Any]:
    """The values that do best within a budget, and the least of its first figure beyond it, by compiling all."""
    loaded, known = archspec.load(spec), []
    for values in product(*knobs.values()):
        point = dict(zip(knobs, values, strict=True))
        try:
            network = loaded.compile(**point, **params)
        except archspec.ArchspecError:
            continue
        known.append((point, {name: getattr(network, name) for name in ("params", "macs", "activations")}))
    within = [(point, told) for point, told in known if all(told[name] <= most for name, most in target.items())]
    ranks = [tuple(told[name] for name in order) for _, told in within]
    best = [point for (point, _), rank in zip(within, ranks, strict=True) if rank == max(ranks)]
    first = next(iter(target))
    return best, min((told[first] for _, told in known if told[first] > target[first]), default=None)


def check(found: archspec.Fit, best: list[Any], above: Any) -> None:
    """A fit found what an exhaustive search did."""
    told = [] if found.best is None else [found.best.values, *found.ties]
    assert sorted(map(repr, told)) == sorted(map(repr, best))
    first = next(iter(found.target))
    assert (found.above and found.above.figures[first]) == above


@settings(max_examples=examples(60))
@given(table=st.lists(st.integers(0, 12), min_size=1, max_size=9), most=st.integers(2, 20), budget=st.integers(0, 60))
def test_a_fit_of_one_knob_is_the_best_of_all_values(
    tmp_path_factory: pytest.TempPathFactory, table: list[int], most: int, budget: int
) -> None:
    spec = written(tmp_path_factory.mktemp("fit"), table, most)
    found = archspec.fit(spec, "w", {"params": budget}, v=1)
    check(found, *exhaustive(spec, {"w": list(range(1, most + 1))}, {"params": budget}, ["params"], v=1))
    known = [4 * table[w % len(table)] for w in range(1, most + 1) if table[w % len(table)]]
    assert (found.exhaustive, found.compiles, len(found.invalid)) == (True, most, most - len(known))
    rise = known[-1] - known[0] if known else 0
    assert ("params are not monotone in w:" in str(found)) == bool(found.turns)
    turns = [(one, other) for one, other in pairwise(known) if (other - one) * rise < 0]
    assert [(t.before.figures["params"], t.after.figures["params"]) for t in found.turns] == turns


@settings(max_examples=examples(30))
@given(table=st.lists(st.integers(0, 9), min_size=1, max_size=5), budget=st.integers(0, 99), other=st.integers(0, 99))
def test_a_fit_of_two_knobs_is_the_best_by_the_stated_order(
    tmp_path_factory: pytest.TempPathFactory, table: list[int], budget: int, other: int
) -> None:
    spec, knobs = written(tmp_path_factory.mktemp("fit"), table, 7), {"w": [1, 2, 3, 4], "v": [3, 1, 2]}
    target = {"params": budget, "activations": other}
    found = archspec.fit(spec, knobs, target, maximize="activations")
    check(found, *exhaustive(spec, knobs, target, ["activations", "params"]))
    assert found.order == ("activations", "params")


NETWORKS = {
    "mobilenet_v2": ({"width": "0.25:1.5:0.05"}, "macs", []),
    "resnet50": ({"image_size": "64:321:8"}, "macs", []),
    "efficientnet": ({"width": "0.5:1.3:0.25", "depth": "0.5:1.6:0.25"}, "macs", ["params"]),
    "mnasnet": ({"width": "0.3:1.4:0.1", "image_size": "128:225:32"}, "params", ["macs"]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_fits_of_bundled_networks_are_those_of_an_exhaustive_search(name: str) -> None:
    knobs, first, maximize = NETWORKS[name]
    every = archspec.sweep(name, knobs)
    values = sorted(row.figures[first] or 0 for row in every)
    listed = {knob: list(dict.fromkeys(row.values[knob] for row in every)) for knob in knobs}
    for number in range(BUDGETS):
        budget = values[0] + (values[-1] - values[0]) * number / (BUDGETS - 1) + (number % 2)
        found = archspec.fit(name, knobs, {first: budget}, maximize=maximize)
        check(found, *exhaustive(name, listed, {first: budget}, [*maximize, first]))
        assert found.compiles == len(every)


# Knobs without values


@pytest.mark.parametrize(
    ("declared", "bounds", "settings", "open"),
    [
        ("{default: 3, min: 1, max: 9}", {"w": (1, 9)}, 9, ()),
        ("{default: 3, choices: [8, 2, 4]}", {"w": (2, 8)}, 3, ()),
        ("{default: 3}", {"w": (1, 12)}, 12, ("w",)),
        ("{type: size, default: 3}", {"w": (1, 12)}, 12, ("w",)),
        ("{type: int}", {"w": (1, 16)}, 16, ("w",)),
    ],
)
def test_a_knob_without_values_has_those_of_its_parameter(
    tmp_path: Path, declared: str, bounds: Any, settings: int, open: tuple[str, ...]
) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(
        f"archspec: 1\nname: net\nparams: {{w: {declared}}}\ninputs: {{x: [10]}}\n"
        "graph: {fc: {op: linear, out_features: $w, bias: false}}\n"
    )
    found = archspec.fit(spec, "w", {"params": 85})
    assert found.best is not None
    assert (found.best.values, found.bounds, found.settings, found.open) == ({"w": 8}, bounds, settings, open)


def test_a_number_has_steps_and_the_shortest_of_equal_values_is_best() -> None:
    found = archspec.fit("mobilenet_v2", "width", {"macs": 300e6})
    assert found.best is not None
    assert found.above is not None
    assert (found.best.figures["macs"], found.best.values) == (299_896_192, {"width": 0.98})
    assert (found.above.figures["macs"], found.above.values) == (300_774_272, {"width": 1.0})
    assert (found.bounds, found.settings, found.exhaustive) == ({"width": (0.05, 1.0)}, 96, True)
    assert all(set(values) == {"width"} for values in found.ties)
    assert str(found).startswith("mobilenet_v2: at most 300,000,000 MACs; the most MACs\n")


def test_of_many_values_some_are_compiled_and_that_is_said(tmp_path: Path) -> None:
    spec = written(tmp_path, [3], 9)
    found = archspec.fit(spec, {"v": "1..1_000_000"}, {"params": 4 * 3 * 123_456 + 1})
    assert found.best is not None
    assert (found.best.values, found.above and found.above.values) == ({"v": 123_456}, {"v": 123_457})
    assert (found.settings, found.exhaustive) == (1_000_000, False)
    assert found.compiles < 100
    assert "better settings may be there" in str(found)


WIDE = """
archspec: 1
name: wide
params:
  any: {default: 4, min: -9223372036854775807, max: 9223372036854775807}
  most: {default: 4, min: 1, max: 9223372036854775807}
  large: {type: float, default: 1.0e+308}
  kernel: {type: size, default: 1}
inputs: {image: [3, 8, 8]}
graph:
  any: {op: conv, out_channels: $any, kernel_size: $kernel}
  most: {op: conv, out_channels: $most, kernel_size: 1}
  large: {op: relu, when: $(large > 1)}
"""


@pytest.mark.parametrize(
    ("knob", "settings"),
    [("any", 2**64 - 1), ("most", 2**63 - 1), ("large", 181), ("any=1..9223372036854775807", 2**63 - 1)],
)
def test_numbers_of_any_size_are_settings(run: Run, tmp_path: Path, knob: str, settings: int) -> None:
    (tmp_path / "wide.yaml").write_text(WIDE)
    done = run("fit", "wide.yaml", "--knob", knob, "--target", "params=1k", "--format", "json")
    assert json.loads(done.out)["settings"] == settings


def test_bounds_are_those_of_numbers_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "wide.yaml").write_text(WIDE)
    found = archspec.fit(tmp_path / "wide.yaml", {"kernel": [5, 1, 3]}, {"params": 204})
    assert found.bounds == {"kernel": (1, 5)}
    found = archspec.fit(tmp_path / "wide.yaml", {"kernel": [1, [3, 5], 3]}, {"params": 204})
    assert (found.bounds, found.turns, found.best and found.best.values) == ({}, (), {"kernel": [3, 5]})


# The command


def test_the_command(run: Run) -> None:
    done = run("fit", "lenet", "--knob", "num_classes=10,20,30", "--target", "params=62.6k", "--format", "json")
    told = json.loads(done.out)
    assert (done.code, told["best"]["values"], told["above"]["values"]) == (0, {"num_classes": 20}, {"num_classes": 30})
    done = run("fit", "lenet", "--knob", "num_classes=10,0", "--target", "params=1k")
    assert done.code == 1
    assert "Nothing that was compiled meets the budget." in done.out
    assert "num_classes 0: the parameter `num_classes` of `lenet` expects at least 1" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("lenet", "a fit turns a knob to meet a target"),
        ("- --knob width --target macs=1M", "standard input is read once"),
        ("lenet --knob width --target macs=1M", "`lenet` has no parameter `width`"),
        ("lenet --knob num_classes --target mac=1M", "there is no figure `mac`; did you mean `macs`?"),
        ("lenet --knob num_classes --target macs", "--target takes FIGURE=N, such as `macs=300M`, not `macs`"),
        ("lenet --knob num_classes --target macs=lots", "`lots` is no number such as 5M"),
        ("lenet --knob num_classes --target macs=1 --target macs=2", "--target macs is given twice"),
        ("lenet --knob num_classes --knob num_classes=1 --target macs=1", "--knob num_classes is given twice"),
        ("lenet --knob num_classes --set num_classes=2 --target macs=1", "is a knob, and has a value too"),
        ("mobilenet_v2 --knob act --target macs=1", "say which, as `--knob act=VALUE,VALUE`"),
        ("lenet --knob num_classes --target macs=1M --write a", "`lenet` is a bundled network"),
        ("lenet --knob num_classes=1..9000000000000000000,5 --target macs=1", "give its intervals steps"),
        (
            "mobilenet_v2 --knob num_classes=1..1000 --knob image_size=1..1000 --target macs=1",
            "the knobs have 1,000,000 combinations, more than 100,000: give them steps",
        ),
    ],
)
def test_what_cannot_be_fitted_is_said(run: Run, arguments: str, message: str) -> None:
    done = run("fit", *arguments.split())
    assert (done.code, done.out) == (2, "")
    assert message in done.err


# Variants in files


def test_the_best_is_written_as_a_variant(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    text = (ROOT / "specs" / "mobilenet_v2.yaml").read_text()
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    arguments = ["--knob", "width=0.5,0.75,1", "--target", "macs=250M", "--set", "num_classes=10"]
    done = run("fit", "./net.yaml", *arguments, "--variant", "width_050", "--write", "small")
    assert (done.code, done.err) == (0, "wrote the variant `small` to ./net.yaml\n")
    new = path.read_bytes()
    line = b"  small: {width: 0.75, num_classes: 10}\r\n"
    assert new.replace(line, b"") == b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    network = archspec.compile(path, variant="small")
    assert (network.arguments["width"], network.arguments["num_classes"]) == (0.75, 10)
    again = run("fit", "./net.yaml", *arguments, "--write", "small")
    assert "./net.yaml has a variant `small` already" in again.err
    assert path.read_bytes() == new


def test_a_file_that_changed_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = written(tmp_path, [3], 9)
    loaded, text = archspec.load(spec), spec.read_text()
    spec.write_text(f"{text}# new\n")
    with pytest.raises(archspec.UsageError, match="changed since it was read"):
        fitting.variants.write(str(spec), loaded, "a", {"w": 1}, None, Limits())
    spec.write_text(text)
    with pytest.raises(archspec.UsageError, match="the variant cannot be called"):
        fitting.variants.write(str(spec), loaded, "a b\n", {"w": 100}, None, Limits())
    assert spec.read_text() == text


FORMS = {
    "none": "archspec: 1\nname: n\n",
    "none, without a line's end": "archspec: 1\nname: n # it",
    "empty": "archspec: 1\nvariants: # here\nname: n\n",
    "an empty mapping": "archspec: 1\nvariants: {}   # none\nname: n\n",
    "in a line": "archspec: 1\nvariants: {a: {w: 1}, b: {w: 2} }   # two\nname: n\n",
    "in lines": "variants: {\n  a: {w: 1},   # one\n  b: {w: 2}\n  }\nname: n\n",
    "a file in braces": "{archspec: 1, name: n}\n",
    "a file in braces with variants": "{archspec: 1, variants: {a: {w: 1}}, name: n}\n",
    "a block": (
        "archspec: 1\nvariants:\n    a: {w: 1}   # one\n\n    # two\n    b:\n      w: 2   # last\n\n# end\nname: n\n"
    ),
    "a list at the end": "variants:\n  a:\n    w:\n      - 1\n      - 2\nname: n\n",
    "a text at the end": "variants:\n  a:\n    doc: >-\n      one\n      two\nname: n\n",
    "an alias at the end": "variants:\n  a: &a {w: 1}\n  b: *a\nname: n\n",
    "an alias inside": "variants:\n  a: &a\n    w: 1\n  b:\n    <<: *a\nname: n\n",
    "an empty value": "variants:\n  a: {w: 1}\n  b:\nname: n\n",
    "quotes": "variants:\n  'a': {w: \"# no\"}\nname: n\n",
    "Windows": "archspec: 1\r\nvariants:\r\n  a: {w: 1}\r\nname: n\r\n",
}


def plain(text: str) -> Any:
    return parse(Source("", text), Limits(), []).plain()


def check_added(text: str) -> None:
    """A variant stands in the text, all else of which is as it was."""
    values = {"w": 0.5, "act": {"op": "elu", "alpha": 0.1}, "depths": [1, 2], "t": "a: b"}
    new = added(text, "small", values)
    assert plain(new) == {**plain(text), "variants": {**(plain(text).get("variants") or {}), "small": values}}
    start = next((i for i, (a, b) in enumerate(zip(text, new, strict=False)) if a != b), len(text))
    rest = len(text) - start
    assert new[:start] + (new[-rest:] if rest else "") == text
    assert new.count("\r\n") - text.count("\r\n") == new.count("\n") - text.count("\n") or "\r" not in text


@pytest.mark.parametrize("form", FORMS)
def test_a_variant_is_added_to_every_form(form: str) -> None:
    check_added(FORMS[form])


@pytest.mark.parametrize("path", SOME_SPECS, ids=lambda path: path.stem)
def test_a_variant_is_added_to_every_bundled_spec(path: Path) -> None:
    check_added(path.read_text())


@pytest.mark.parametrize(
    "text",
    [
        "archspec: 1\nname: n\n...\n",
        "archspec: 1\nvariants: null\n",
        "archspec: 1\nvariants: &v {a: {w: 1}}\nparams: *v\n",
    ],
)
def test_a_form_to_which_nothing_is_added_is_said(text: str) -> None:
    with pytest.raises(archspec.UsageError, match=r"write it yourself: small: \{w: 1\}"):
        added(text, "small", {"w": 1})
