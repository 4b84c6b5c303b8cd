"""Every malformed spec of ``golden/errors`` is refused at the places its first line names, with the text beside it.

Those of ``golden/warnings`` compile, with warnings at these places.

``ARCHSPEC_UPDATE_GOLDENS=1`` writes the texts anew. The places are not written: they are compared with the first line.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import traceback
from pathlib import Path

import pytest

import archspec
from archspec.compiler.lint import Warned, warned
from archspec.errors import Diagnostic, Report
from archspec.reports import explanations
from archspec.reports.diagnostics import render_github, render_json

PACKAGE = Path(archspec.__file__).parent
GOLDENS = Path(__file__).parent / "golden" / "errors"
WARNINGS = Path(__file__).parent / "golden" / "warnings"
SPECS = sorted([*GOLDENS.glob("*.yaml"), *GOLDENS.glob("*/main.yaml")])
WARNED = sorted(WARNINGS.glob("*.yaml"))
UPDATE = bool(os.environ.get("ARCHSPEC_UPDATE_GOLDENS"))


def slug(spec: Path) -> str:
    return spec.parent.name if spec.name == "main.yaml" else spec.stem


def code_of(page: Path) -> str:
    return page.stem


def directives(spec: Path) -> dict[str, str]:
    """What the comments at the top say: ``expect``, and where needed ``limits`` and ``variant``."""
    text = spec.read_bytes().decode("utf-8-sig", "replace")
    return dict(re.findall(r"^# (expect|limits|variant): (.*?)\r?$", text, flags=re.MULTILINE))


def compile_golden(spec: Path) -> archspec.Network:
    """The network of a golden, compiled in the folder of goldens so that file names are relative to it."""
    said = directives(spec)
    bounds = {name: int(number) for name, number in (pair.split("=") for pair in said.get("limits", "").split())}
    return archspec.compile(spec.relative_to(Path.cwd()), limits=archspec.Limits(**bounds), variant=said.get("variant"))


def refused(spec: Path) -> archspec.SpecError:
    """The error of a golden."""
    with pytest.raises(archspec.SpecError) as caught:
        compile_golden(spec)
    return caught.value


def place(diagnostic: Diagnostic, spec: Path) -> str:
    """``code line:column``, with the file before the line where that is not the spec itself."""
    name = spec.relative_to(Path.cwd())
    file = Path(diagnostic.span.file)
    other = f"{file.relative_to(name.parent)}:" if file != name else ""
    return f"{diagnostic.code} {other}{diagnostic.span.line}:{diagnostic.span.column}"


RULES = [spec for spec in SPECS if slug(spec).startswith(("init-", "freeze-", "weights-"))]


@pytest.mark.parametrize("spec", RULES, ids=slug)
def test_an_error_in_rules_says_how_to_mend_it(spec, monkeypatch):
    """But where it says itself what is expected, or speaks of an expression."""
    monkeypatch.chdir(spec.parent)
    for each in refused(spec).diagnostics:
        assert each.help or each.expected or each.code == "unknown-name"


@pytest.mark.parametrize("spec", SPECS, ids=slug)
def test_a_malformed_spec_is_refused_where_it_is_wrong(spec, monkeypatch):
    monkeypatch.chdir(GOLDENS)
    hold_to_golden(refused(spec), spec)


@pytest.mark.parametrize("spec", WARNED, ids=slug)
def test_a_spec_with_a_likely_mistake_compiles_with_a_warning_where_it_is(spec, monkeypatch):
    monkeypatch.chdir(WARNINGS)
    network = compile_golden(spec)
    report = warned(network)
    hold_to_golden(report, spec)
    assert network.warnings == report.diagnostics
    assert {each.severity for each in report.diagnostics} == {"warning"}


def hold_to_golden(report: Report, spec: Path) -> None:
    """A report is at the places that the first line of its golden names, and as the text beside it."""
    golden = (spec.parent if spec.name == "main.yaml" else spec).with_suffix(".txt")
    if UPDATE:
        golden.write_text(str(report) + "\n", encoding="utf-8")
    assert sorted(place(d, spec) for d in report.diagnostics) == sorted(directives(spec)["expect"].split(", "))
    assert str(report) + "\n" == golden.read_text(encoding="utf-8")


def test_goldens_and_texts_are_pairs():
    assert len(SPECS) >= 90
    for folder, specs in ((GOLDENS, SPECS), (WARNINGS, WARNED)):
        assert {path.stem for path in folder.glob("*.txt")} == set(map(slug, specs))


# One mistake, one error

MISTAKES = {
    "unknown-op": (r"(?<=\bop: )\w+|(?<=: )(?<!block: )(?<!unit: )(?<!as: )(?<!from: )[a-z_]+$", "no_such_op"),
    "unknown-block": (r"(?:(?<=block: )|(?<=unit: ))\w+(?![\w.])", "no_such_block"),
    "unknown-node": (r"(?<=from: )\w+", "no_such_node"),
    "unknown-name": (r"(?<=\$)\w+", "no_such_name"),
    "invalid-argument": (r"(?<=(?<!repeat): )\d+(?=[,}])", "many"),
    "invalid-value": (r"(?<=repeat: )\d+", "many"),
}
"""Texts in a graph, and what to write in their place to get an error of this code."""

LEFT_OUT = {
    ("aux_heads", "false"): True,
    ("aux_head", "false"): True,
    ("p6_of_p5", "false"): True,
    ("dropout", "0.0"): 0.5,
    ("pools", "[4, 8]"): [3, 4, 5, 8],
}
"""Parameters whose default leaves nodes out, with a value that does not."""

GRAPHS = [path for path in sorted((PACKAGE.parent / "specs").glob("*.yaml")) if "\ngraph:\n" in path.read_text()]


@pytest.mark.parametrize("spec", GRAPHS, ids=code_of)
def test_one_mistake_in_a_graph_is_one_error(spec):
    """Whatever stands below the mistake, nothing is invented about it."""
    text = spec.read_text(encoding="utf-8")
    graph = re.search(r"^graph:\n(?:[ #].*\n)+", text, flags=re.MULTILINE)
    params = {name: value for (name, default), value in LEFT_OUT.items() if f"\n  {name}: {{default: {default}" in text}
    for code, (pattern, wrong) in MISTAKES.items():
        for match in re.compile(pattern, re.MULTILINE).finditer(text, graph.start(), graph.end()):
            with pytest.raises(archspec.SpecError) as caught:
                archspec.compile_text(text[: match.start()] + wrong + text[match.end() :], root=spec.parent, **params)
            (found,) = caught.value.diagnostics
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - text.rfind("\n", 0, match.start())
            assert (found.code, found.span.line, found.span.column) == (code, line, column)


# The pages of `archspec explain`


PAGES = sorted((PACKAGE / "reports" / "explain").glob("*.md"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def compiled(text: str) -> archspec.Network:
    return archspec.compile_text(text, name="spec.yaml", root=GOLDENS)


def told(text: str) -> Report:
    """What is wrong with a text, or else likely to be."""
    try:
        return warned(compiled(text))
    except archspec.SpecError as error:
        return error


@pytest.mark.parametrize("page", PAGES, ids=code_of)
def test_a_page_shows_a_wrong_spec_its_message_and_a_right_one(page, monkeypatch, tmp_path):
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}: ")
    (_, wrong), (_, message), (_, right) = FENCE.findall(text)
    report = told(wrong) if page.stem != "not-importable" else not_imported(wrong, monkeypatch, tmp_path)
    rendered = str(report) + "\n"
    if UPDATE:
        page.write_text(text.replace(f"```text\n{message}```", f"```text\n{rendered}```"), encoding="utf-8")
        message = rendered
    assert {diagnostic.code for diagnostic in report.diagnostics} == {page.stem}
    assert message == rendered
    right = archspec.import_file(write("net.cfg", right)).text if page.stem == "not-importable" else right
    assert compiled(right).nodes
    assert not compiled(right).warnings


def write(name, text):
    Path(name).write_text(text, encoding="utf-8")
    return name


def not_imported(text, monkeypatch, folder):
    """What is wrong with a file of another tool, here Darknet."""
    monkeypatch.chdir(folder)
    with pytest.raises(archspec.SpecError) as caught:
        archspec.import_file(write("net.cfg", text))
    return caught.value


def test_every_code_has_a_page_and_a_golden():
    """Codes as the source names them, as the goldens expect them, and as the pages describe them are the same."""
    described = set(explanations.codes())
    expected = {"not-importable"}  # whose goldens are of `test_importers`
    expected |= {expect.split()[0] for spec in SPECS + WARNED for expect in directives(spec)["expect"].split(", ")}
    words = {
        word for path in PACKAGE.rglob("*.py") for word in re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', path.read_text())
    }
    named = {
        word for word in words if word in described or re.match("(unknown|invalid|missing|duplicate|wrong)-", word)
    }
    assert described == expected == named


# Renderings


def test_annotations_name_file_line_and_help(monkeypatch):
    monkeypatch.chdir(GOLDENS)
    (line,) = render_github(refused(GOLDENS / "unknown-op.yaml")).splitlines()
    place = "file=unknown-op.yaml,line=6,endLine=6,col=14,endColumn=18,title=archspec unknown-op"
    assert line == f"::error {place}::no op is called `cnov`%0Ahelp: did you mean `conv`?"


def test_json_has_the_places(monkeypatch):
    monkeypatch.chdir(GOLDENS)
    error = refused(GOLDENS / "error-inside-own-block.yaml")
    report = json.loads(render_json({"spec.yaml": (error, Warned((), {})), "other.yaml": (None, Warned((), {}))}))
    first, second = report["files"]
    (found,) = first["errors"]
    assert (found["code"], found["line"], found["column"], found["path"]) == ("shape-mismatch", 10, 7, "body.add")
    assert found["notes"][0]["line"] == 12
    assert (second["ok"], second["errors"]) == (True, [])


def test_an_error_as_text_is_what_the_command_line_prints(run, monkeypatch):
    """So Python, tracebacks and notebooks show the place, the excerpt and the help; also after a pickle."""
    monkeypatch.chdir(GOLDENS)
    printed = run("check", "error-inside-own-block.yaml").err
    error = refused(GOLDENS / "error-inside-own-block.yaml")
    assert printed == f"{error}\n\n"
    sent = pickle.loads(pickle.dumps(error))
    assert (str(sent), sent.diagnostics, sent.left_out) == (str(error), error.diagnostics, error.left_out)
    shown = "".join(traceback.format_exception_only(error))
    assert all(line in shown for line in printed.split("\n"))


def test_a_report_holds_no_characters_that_steer_a_terminal():
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text('archspec: 1\nname: "\\e[31m"\ninputs: {x: [1]}\ngraph: {a: relu} # \u2028\n')
    assert all(line.isprintable() for line in str(caught.value).split("\n"))


def test_an_empty_text_is_refused_at_its_start():
    with pytest.raises(archspec.SpecError, match=r"error\[yaml-syntax\]: the file is empty\n +--> <text>:1:1\n"):
        archspec.compile_text("")


@pytest.mark.parametrize("node", ["{{op: relu, from: r_{0}}}", "{{block: bottleneck, channels: 8, k{0}: 1}}"])
def test_the_search_ends_where_there_are_too_many_errors(node):
    nodes = "".join(f"  r{i}: {node.format(i)}\n" for i in range(20_000))
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(f"archspec: 1\nname: t\ninputs: {{x: [1]}}\ngraph:\n{nodes}")
    assert len(caught.value.diagnostics) == archspec.Limits().errors
    assert caught.value.left_out == 4 * archspec.Limits().errors


def test_many_copies_of_one_mistake_hide_no_other():
    block = "blocks: {b: {params: {k: {type: int}}, graph: {a: {op: conv, out_channels: $k, kernel_size: 1}}}}\n"
    nodes = "".join(f"  a{i}: {{block: b}}\n" for i in range(600))
    with pytest.raises(archspec.SpecError) as caught:
        archspec.compile_text(
            f"archspec: 1\nname: t\ninputs: {{x: [3, 8, 8]}}\n{block}graph:\n{nodes}  z: {{op: nonsense}}\n"
        )
    assert [each.code for each in caught.value.diagnostics] == ["missing-argument", "unknown-op"]
