"""Laws over the page's talk with the compiler, and over what the page is made of."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
import random_edits

import archspec
from archspec.compiler import sharing
from archspec.compiler.walk import Walk
from archspec.language import library, networks
from archspec.playground import pages
from archspec.playground.messages import NoMessageError
from archspec.playground.session import Session

ROOT = Path(__file__).parent.parent
URI = "untitled:spec"
SOME = [*networks.names()[::8], *list(library.blocks())[::6]]


class Page:
    """A page with one document."""

    def __init__(self, text: str = "") -> None:
        self.session = Session()
        self.version = 0
        self.diagnostics: list[Any] = []
        self.say("textDocument/didOpen", textDocument={"uri": URI, "text": text, "version": 0})

    def say(self, method: str, **params: Any) -> None:
        assert self.session.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params})) == []
        for message in self.session.publish():
            self.diagnostics = json.loads(message)["params"]["diagnostics"]

    def ask(self, method: str, **params: Any) -> Any:
        call = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        (answer,) = map(json.loads, self.session.receive(json.dumps(call)))
        assert answer["id"] == 7
        return answer["result"]

    def change(self, text: str) -> None:
        self.version += 1
        document = {"uri": URI, "version": self.version}
        self.say("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def view(self, part: str = "source", variant: str = "", **set: str) -> Any:
        return self.ask("archspec/view", textDocument={"uri": URI}, part=part, variant=variant, set=set)


def test_all_that_is_bundled_can_be_chosen() -> None:
    groups = Page().ask("archspec/bundled")
    assert [name for group in groups for name in group["names"]] == [*networks.names(), *library.blocks()]


@pytest.mark.parametrize("name", SOME)
def test_what_is_chosen_is_seen(name: str) -> None:
    page = Page()
    chosen = page.ask("archspec/text", name=name)
    page.change(chosen["text"])
    assert page.diagnostics == []
    view = page.view("picture", chosen["variant"])
    assert "problem" not in view
    assert view["picture"].startswith("<!DOCTYPE html>")
    if networks.find(name):
        network = archspec.compile(name)
        figures = {figure["name"]: figure["text"] for figure in view["figures"]}
        assert figures["params"] == f"{network.params:,}"
        assert figures["MACs"] == f"{network.macs:,}"


SMALL = """
archspec: 1
name: small
params:
  width: {default: 8, min: 1, doc: Channels.}
  act: {type: op, default: relu}
  deep: false
  kind: {default: a, choices: [a, b]}
variants: {wide: {width: 32}}
inputs: {x: [3, 8, 8]}
graph:
  a: {op: conv, out_channels: $width, kernel_size: 1}
  g:
    when: $(deep or kind == "b")
    graph: {c: {op: $act}}
  b: {op: $act}
"""


def test_parameters_have_controls() -> None:
    width, act, deep, kind = Page(SMALL).view()["parameters"]
    assert width == {"name": "width", "kind": "int", "value": "8", "doc": "Channels."}
    assert (act["kind"], act["value"]) == ("op", "relu")
    assert (deep["kind"], deep["value"]) == ("bool", "false")
    assert kind["choices"] == ["a", "b"]


def test_settings_hold_and_their_changes_are_told() -> None:
    page = Page(SMALL)
    assert "change" not in page.view()["figures"][0]
    output, params, *_ = page.view(width="16", act="{op: leaky_relu, negative_slope: 0.3}")["figures"]
    assert output == {"name": "output", "text": "16x8x8", "change": "was 8x8x8"}
    assert params == {"name": "params", "text": "64", "change": "+32 (+100.0%)"}
    assert "negative_slope=0.3" in page.view(act="{op: leaky_relu, negative_slope: 0.3}")["source"]
    assert page.view(variant="wide")["figures"][0]["text"] == "32x8x8"


@pytest.mark.parametrize(
    ("variant", "set", "problem"),
    [
        ("", {"width": "0"}, "width"), ("", {"width": "many"}, "width"), ("", {"act": "rleu"}, "did you mean `relu`"),
        ("", {"nothing": "1"}, "nothing"), ("none", {}, "wide"), ("", {"width": "["}, "width"),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_and_the_last_network_stays(variant: str, set: dict[str, str], problem: str) -> None:
    view = Page(SMALL).view(variant=variant, **set)
    assert problem in view["problem"]
    assert view["stale"]
    assert view["source"]


def test_a_text_with_errors_shows_the_last_that_was_right() -> None:
    page = Page(SMALL)
    right = page.view()
    page.change(SMALL.replace("$width", "$widht"))
    assert [each["code"] for each in page.diagnostics] == ["unknown-name"]
    view = page.view()
    assert view["stale"]
    assert view["source"] == right["source"]


def test_a_parameter_that_is_declared_wrong_has_no_control() -> None:
    page = Page(SMALL)
    page.change(SMALL.replace("min: 1", "mim: 1"))
    assert [each["code"] for each in page.diagnostics] == ["unknown-key"]
    assert [control["name"] for control in page.view()["parameters"]] == ["act", "deep", "kind"]


TYPED = ["lenet", "resnet18", "unet", *range(5)]


@pytest.mark.parametrize("name", TYPED)
def test_what_is_kept_from_text_to_text_changes_no_answer(name: str | int) -> None:
    """A page on which much was typed says of each text what one says that knows nothing but the last right text."""
    random = Random(name)
    if isinstance(name, int):
        first = random_edits.text(random_edits.case(name).before)
    else:
        text = (ROOT / "specs" / f"{name}.yaml").read_text(encoding="utf-8")
        first = re.split(r"(?m)^(?:variants|expect):", text)[0]  # a figure that it expects would be wrong at once
    page = Page(first)
    answers = [_answers(page)]
    texts, right = [first], [first]
    for _ in range(8):
        text = _typed(random, texts)
        page.change(text)
        answers.append(_answers(page))
        texts.append(text)
        right.append(right[-1] if answers[-1]["view"]["stale"] else text)
    for text, before, answer in zip(texts, [first, *right], answers, strict=False):
        sharing.forget()
        fresh = Page(first)
        fresh.view("picture")
        for each in (before, text):
            fresh.change(each)
            told = _answers(fresh)
        assert told["view"].pop("version") <= answer["view"].pop("version") + 2
        assert told == answer


@pytest.mark.parametrize("asked", ["", "textDocument/inlayHint", "textDocument/hover", "archspec/view"])
@pytest.mark.parametrize("step", [1, 2])
def test_a_new_text_ends_the_work_on_an_older_one(asked: str, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops at the node that it is at, and nothing of it is seen afterwards."""
    page, place = Page(SMALL), {"line": 0, "character": 0}
    second = SMALL.replace("default: 8", "default: 6")
    document = {"textDocument": {"uri": URI, "version": 9}}
    change = json.dumps(
        {"method": "textDocument/didChange", "params": {**document, "contentChanges": [{"text": second}]}}
    )
    for tell in (page.session.announce, page.session.receive):
        tell(change.replace("default: 6", "default: 5"))
    steps, spend = 0, Walk.spend

    def spent(walk: Walk, *arguments: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            page.session.announce(change)
        spend(walk, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Walk, "spend", spent)
        if asked:
            range = {"start": place, "end": place}
            assert page.ask(asked, **document, position=place, range=range, part="picture", variant="", set={}) is None
        assert page.session.publish() == []
    assert steps == (step + 1 if asked else step)
    page.session.receive(change)
    (message,) = page.session.publish()
    assert json.loads(message)["params"] == {"uri": URI, "version": 9, "diagnostics": []}
    seen, fresh = _answers(page), _answers(Page(second))
    assert {**seen["view"], "version": 0, "figures": 0} == {**fresh["view"], "version": 0, "figures": 0}
    assert seen["hints"] == fresh["hints"]


def _typed(random: Random, texts: list[str]) -> str:
    """A text with a character more, less or changed, or one of those before."""
    text = random.choice((texts[-1], texts[0]))
    if random.random() < 0.4:  # which is mostly another network
        digits = [digit.start() for digit in re.finditer(r"\d", text) if digit.start() > text.find("inputs:")]
        place = random.choice(digits)
        return text[:place] + random.choice("12345678") + text[place + 1 :]
    place = random.randrange(len(text))
    end = text.find("\n", place) % len(text)
    return random.choice((
        text[:place] + random.choice("ax1 {:#") + text[place:],
        text[:place] + random.choice("ax1 {:#") + text[place + 1 :],
        f"{text[:end]} # a remark{text[end:]}",
        text[:place] + re.sub(r"(\w): ", r"\1x: ", text[place:], count=1),
        random.choice(texts),
    ))  # fmt: skip


def _answers(page: Page) -> dict[str, Any]:
    """All that a page asks after a keystroke."""
    range = {"start": {"line": 0, "character": 0}, "end": {"line": 10**6, "character": 0}}
    hints = page.ask("textDocument/inlayHint", textDocument={"uri": URI}, range=range)
    return {"diagnostics": page.diagnostics, "hints": hints, "view": page.view("picture")}


def test_changes_are_those_of_a_comparison() -> None:
    page = Page(SMALL)
    assert page.view("changes")["changes"]["rows"] == []
    page.change(SMALL.replace("kernel_size: 1", "kernel_size: 3, padding: 1"))
    made = page.view("changes")["changes"]
    assert made["heads"] == ["", "params", "MACs", "activations"]
    (row,) = (row for row in made["rows"] if row[0].startswith("~"))
    assert row[:2] == ["~ a: kernel_size 1 → 3, padding 0 → 1", "+192"]


def test_nodes_have_lines() -> None:
    lines = Page(SMALL).view()["lines"]
    texts = SMALL.split("\n")
    assert {path: texts[line - 1].split(":")[0].strip() for path, line in lines.items()} == {
        "a": "a", "g": "g", "g.c": "graph", "b": "b",
    }  # fmt: skip


def test_files_are_those_of_the_commands() -> None:
    page = Page(SMALL)
    network = archspec.compile_text(SMALL, name="x.yaml", width=4)
    kept = {
        kind: page.ask("archspec/file", textDocument={"uri": URI}, variant="", set={"width": "4"}, kind=kind)
        for kind in ("svg", "py")
    }
    assert kept["svg"] == {"name": "small", "text": archspec.draw(network).svg}
    assert kept["py"]["text"].split('"""')[2] == archspec.emit(network).split('"""')[2]


def test_unknown_methods_and_documents_are_told() -> None:
    session = Session()
    for method, params, code in (
        ("archspec/none", {}, -32601), ("textDocument/hover", {"textDocument": {"uri": "untitled:none"}}, -32803),
        ("archspec/text", {"name": "none"}, -32803),
    ):  # fmt: skip
        (answer,) = map(json.loads, session.receive(json.dumps({"id": 1, "method": method, "params": params})))
        assert answer["error"]["code"] == code


NO_MESSAGES = [
    "", "{", "[]", "1", "{}", "[" * 100_000, '{"method": 1}', '{"method": "textDocument/didOpen"}',
    '{"method": "textDocument/didChange", "params": [1]}', '{"id": 1, "method": "textDocument/hover", "params": [1]}',
    '{"method": "textDocument/didChange", "params": {"textDocument": {"uri": "a"}, "contentChanges": []}}',
]  # fmt: skip


@pytest.mark.parametrize("message", NO_MESSAGES, ids=range(len(NO_MESSAGES)))
def test_what_is_no_message_is_refused(message: str) -> None:
    with pytest.raises(NoMessageError):
        Session().receive(message)


def test_the_page_has_all_its_files() -> None:
    """Those that its HTML and its scripts name, but for Python, which only the site has."""
    named = re.findall(r'(?:src|href)="([^":]+)"', pages.file("index.html"))
    for name in pages.FILES:
        if name != "codemirror.js":
            named += re.findall(r'(?:from |new URL\(|\bimport\()"(?:\./)?([\w.]+)"', pages.file(name))
    assert {*named} - {"socket"} == {*pages.FILES}


def test_the_editor_is_made_of_what_is_pinned() -> None:
    """Or `make editor` was forgotten."""
    spec = importlib.util.spec_from_file_location("build", ROOT / "docs" / "playground" / "build.py")
    assert spec
    assert spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    assert pages.file("codemirror.js").partition("\n")[0] == build.banner()
