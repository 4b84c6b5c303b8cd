"""Laws of another name: it goes everywhere, and the networks, their figures and what they expect stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpus import SPECS
from sampling import PROFILE

from archspec import service
from archspec.errors import UsageError
from archspec.language import library
from archspec.service import Analysis, Document, Workspace, analyse
from archspec.service.edits import carried_out
from archspec.service.names import Occurrence
from archspec.service.protocol import Position, WorkspaceEdit
from archspec.service.workspace import uri_of

ROOT = Path(__file__).parent.parent
FILES = {path.stem: path for path in (*SPECS, *library.blocks().values())}
STEP = {"nightly": 1, "default": 12, "quick": 24}[PROFILE]
EVERY = {"nightly": 1, "default": 9, "quick": 17}[PROFILE]
"""By day a part of the files, and in each a part of the names."""


def analysed(path: Path, text: str) -> Analysis:
    return analyse(Document(uri_of(path.resolve()), path.resolve(), text))


def names(known: Analysis) -> Iterator[tuple[Occurrence, Position]]:
    """The names that a document declares and that can be others, each with its place."""
    for found in [each for each in known.occurrences if each.declares][::EVERY]:
        place = known.lines.position(found.start)
        if service.prepare_rename(known, place) is not None:
            yield found, place


def renamed(known: Analysis, place: Position, name: str) -> WorkspaceEdit | None:
    """The edits of another name; None where that is refused since the network would be another one."""
    try:
        return service.rename(known, place, name)
    except UsageError as error:
        if not re.search("speak of other nodes|would be", str(error)):
            raise
        return None


def told(known: Analysis) -> object:
    """The figures of a network, its shapes, and what is said of it and of its variants."""
    network = known.network
    assert network is not None, known.found
    found = [known, *service.with_variants(known)][-1].found
    shapes = [(node.op, node.shape) for node in network]
    figures = network.params, network.frozen_params, network.macs, [each.shape for each in network.outputs.values()]
    return figures, shapes, [each.code for each in found]


@pytest.mark.parametrize("name", list(FILES)[::STEP])
def test_another_name_leaves_a_network_as_it_is(name: str) -> None:
    known = analysed(FILES[name], FILES[name].read_text(encoding="utf-8"))
    before = told(known)
    for found, place in names(known):
        edit = renamed(known, place, f"{found.symbol.name}_x")
        if edit is not None:
            text = carried_out(known.document.text, edit["changes"][known.document.uri])
            assert text != known.document.text
            assert told(analysed(known.document.path, text)) == before


EXTENDING = {
    path.stem: (path, base)
    for path in SPECS
    if (stated := re.search(r"^extends: (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
    and (base := path.with_name(f"{stated[1]}.yaml")).is_file()
}
"""Bundled specs that extend another one."""


@pytest.mark.parametrize("name", list(EXTENDING)[:: max(1, STEP // 3)])
def test_another_name_goes_to_the_files_that_extend(name: str, tmp_path: Path) -> None:
    """Both as files of a user, which are open and not saved."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in EXTENDING[name]}
    user, base = (path.name for path in EXTENDING[name])
    texts[user] = re.sub(r"^extends: (\w+)$", rf"extends: {base}", texts[user], flags=re.MULTILINE)
    workspace = Workspace()
    uris = {name: uri_of(tmp_path / name) for name in texts}
    for each, text in texts.items():
        workspace.open(uris[each], text)
    before = [told(workspace.analysis(uri)) for uri in uris.values()]
    known = workspace.analysis(uris[base])
    for found, place in names(known):
        edit = renamed(known, place, f"{found.symbol.name}_x")
        if edit is None:
            continue
        after = Workspace()
        for each, text in texts.items():
            after.open(uris[each], carried_out(text, edit["changes"].get(uris[each], [])))
        assert [told(after.analysis(uri)) for uri in uris.values()] == before


def test_another_name_goes_through_everything() -> None:
    text = (
        "archspec: 1\nname: a\nparams: {w: 8}\ninputs: {x: [3, 8, 8]}\n"
        "blocks:\n  unit: {params: {width: 4}, graph: {c: {op: conv, out_channels: $width, kernel_size: 1}}}\n"
        "graph:\n  stem: {block: unit, width: $w, repeat: 2}\n  side: {op: relu, from: stem}\n"
        "  add: {op: add, from: [side, stem.-1], when: $(stem.channels == w)}\n"
        "init: {stem.0.c: zeros, stem.*.c: ones}\nweights: {other: {features: stem}}\n"
        "override: {stem.1.c: {bias: false}}\nfreeze: [stem.0]\n"
        "variants: {wide: {w: 16}}\nexpect: {shapes: {stem: [8, 8, 8]}}\n"
    )
    known = analysed(ROOT / "specs" / "a.yaml", text)
    assert known.network is not None, known.found
    for old, count in (("stem", 10), ("w", 4), ("width", 3), ("unit", 2), ("c", 4)):
        place = known.lines.position(re.search(rf"\b{old}:", text).start())  # type: ignore[union-attr]
        edits = service.rename(known, place, "other_name")["changes"][known.document.uri]
        assert len(edits) == count, old
        after = analysed(known.document.path, carried_out(text, edits))
        assert after.network is not None
        assert after.network.params == known.network.params


def test_a_name_that_patterns_speak_of_is_kept() -> None:
    known = analysed(FILES["resnet50"], FILES["resnet50"].read_text(encoding="utf-8"))
    place = known.lines.position(known.document.text.index("layer1:"))
    with pytest.raises(UsageError, match="would speak of other nodes"):
        service.rename(known, place, "stage1")
