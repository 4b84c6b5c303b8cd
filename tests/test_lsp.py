"""``archspec lsp`` with a client of its own over standard streams."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from lsp_client import Client
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcRequestCancelled
from sampling import QUICK

import archspec
from archspec.compiler.walk import Walk
from archspec.server import server

ROOT = Path(__file__).parent.parent
RESNET = (ROOT / "specs" / "resnet50.yaml").read_text(encoding="utf-8")


def session(talk) -> None:
    """A talk with a server, which ends as it should: with nothing said on its standard error."""

    async def whole() -> None:
        client = Client()
        await client.begin(root=ROOT / "specs")
        try:
            await asyncio.wait_for(talk(client), 120)
            assert await client.end() == 0
        finally:
            client.kill()

    asyncio.run(whole())


def place(text: str, word: str) -> types.Position:
    line = text[: text.index(word)].count("\n")
    return types.Position(line, text.index(word) - text.rfind("\n", 0, text.index(word)) - 1)


def named(uri: str) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri)


def test_a_spec_is_typed_letter_by_letter(capfd) -> None:
    """No version is answered for another one, and at the end all is right."""
    uri = (ROOT / "specs" / "typed.yaml").as_uri()
    text = RESNET[RESNET.index("archspec: 1") :]
    text = text[: text.index("init:")] if QUICK else text

    async def talk(client: Client) -> None:
        client.open(uri, "")
        line = column = 0
        for version, letter in enumerate(text, 1):
            at = types.Position(line, column)
            change = types.TextDocumentContentChangePartial(range=types.Range(at, at), text=letter)
            client.change(uri, version, change)
            line, column = (line + 1, 0) if letter == "\n" else (line, column + 1)
            if version % 25 == 0:
                await client.diagnostics(uri, version)
                at = types.Position(line, column)
                await client.text_document_completion_async(types.CompletionParams(named(uri), at))
                await client.text_document_hover_async(types.HoverParams(named(uri), at))
        assert await client.diagnostics(uri, len(text)) == []
        versions = [each.version for each in client.told[uri]]
        assert versions == sorted(versions)
        whole = types.Range(types.Position(0, 0), types.Position(line, column))
        hints = await client.text_document_inlay_hint_async(types.InlayHintParams(named(uri), whole))
        assert hints is not None
        network = archspec.compile("resnet50")
        assert len(hints) == len(network.blocks.children)
        for typed in client.told[uri][:: max(1, len(versions) // 40)]:
            prefix = text[: typed.version]
            if "archspec:" not in prefix:  # it may become something else
                assert not typed.diagnostics
                continue
            with pytest.raises(archspec.SpecError) if typed.diagnostics else _nothing():
                archspec.compile_text(prefix, root=ROOT / "specs")

    session(talk)
    assert capfd.readouterr().err == ""


class _nothing:  # noqa: N801 - reads as `pytest.raises` does
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_requests_of_an_editor() -> None:
    uri = (ROOT / "specs" / "asked.yaml").as_uri()
    text = RESNET.replace("max_pool", "maxpool").replace("name: resnet50", "name: résumé😀").replace("é", "e")

    async def talk(client: Client) -> None:
        client.open(uri, text, version=7)
        shown = await client.diagnostics(uri, 7)
        assert {each.code for each in shown} == {"invalid-name", "unknown-op"}
        wrong = next(each for each in shown if each.code == "unknown-op")
        context = types.CodeActionContext(diagnostics=[wrong])
        actions = await client.text_document_code_action_async(types.CodeActionParams(named(uri), wrong.range, context))
        assert [each.title for each in actions or []] == ["Write `max_pool`"]
        leads = await client.text_document_definition_async(
            types.DefinitionParams(named(uri), place(text, "bottleneck"))
        )
        assert isinstance(leads, list)
        assert leads[0].uri.endswith("archspec/blocks/bottleneck.yaml")
        symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(named(uri)))
        assert "layer1" in {each.name for each in symbols or []}
        assert await client.text_document_folding_range_async(types.FoldingRangeParams(named(uri)))
        uses = await client.text_document_references_async(
            types.ReferenceParams(types.ReferenceContext(True), named(uri), place(text, "num_classes"))
        )
        assert len(uses or []) == 2

    session(talk)


def test_a_rename_that_cannot_be_is_refused_in_words() -> None:
    uri = (ROOT / "specs" / "asked.yaml").as_uri()

    async def talk(client: Client) -> None:
        client.open(uri, RESNET, version=1)
        params = types.RenameParams(named(uri), place(RESNET, "layer1:"), "class")
        with pytest.raises(JsonRpcException, match="is a keyword of Python"):
            await client.text_document_rename_async(params)
        edit = await client.text_document_rename_async(types.RenameParams(named(uri), place(RESNET, "fc:"), "head"))
        assert edit is not None
        assert edit.changes is not None
        assert [each.new_text for each in edit.changes[uri]] == ["head"]

    session(talk)


def test_documents_that_are_no_specs_are_left_alone(tmp_path) -> None:
    uri = (tmp_path / "compose.yaml").as_uri()

    async def talk(client: Client) -> None:
        client.open(uri, "services: {web: {image: nginx}}\n", version=1)
        assert await client.diagnostics(uri, 1) == []
        at = types.Position(0, 3)
        assert not await client.text_document_completion_async(types.CompletionParams(named(uri), at))
        client.open(uri + "2", "services: 3\n", language="archspec", version=1)
        assert await client.diagnostics(uri + "2", 1)

    session(talk)


def test_a_change_reaches_the_documents_that_draw_it_in(tmp_path) -> None:
    base, user = (tmp_path / "base.yaml"), (tmp_path / "user.yaml")
    base.write_text("archspec: 1\nname: base\ninputs: {x: [3, 8, 8]}\ngraph: {a: relu}\n")
    written = "archspec: 1\nname: user\nextends: base.yaml\ngraph: {a: sigmoid}\n"

    async def talk(client: Client) -> None:
        client.open(user.as_uri(), written, version=1)
        assert await client.diagnostics(user.as_uri(), 1) == []
        client.told.clear()
        client.open(base.as_uri(), base.read_text().replace("a: relu", "b: {op: conv}"), version=1)
        while not any(each.diagnostics for each in client.told.get(user.as_uri(), [])):
            client.came.clear()
            await asyncio.wait_for(client.came.wait(), 20)

    session(talk)


def test_who_types_fast_in_a_large_network_is_not_kept_waiting() -> None:
    """Each letter asks for completion and takes back what the one before asked, as editors do. Versions that are old
    by the time are not compiled; the last one is, and its requests are answered."""
    uri = (ROOT / "specs" / "large.yaml").as_uri()
    nodes = "".join(f"  c{i}: {{op: conv, out_channels: {8 + i % 7}, kernel_size: 1}}\n" for i in range(400))
    text = f"archspec: 1\nname: large\ninputs: {{x: [8, 32, 32]}}\ngraph:\n{nodes}"
    typed = "  last: {op: batch_norm, from: c399}"

    async def talk(client: Client) -> None:
        client.open(uri, text)
        assert await client.diagnostics(uri, 0) == []
        line, asked = text.count("\n"), []
        for version, letter in enumerate(typed, 1):
            at = types.Position(line, version - 1)
            change = types.TextDocumentContentChangePartial(range=types.Range(at, at), text=letter)
            client.change(uri, version, change)
            if asked:
                client.cancel_request(types.CancelParams(id=str(version - 1)))
            params = types.CompletionParams(named(uri), types.Position(line, version))
            request = client.protocol.send_request("textDocument/completion", params, msg_id=str(version))
            asked.append(asyncio.wrap_future(request))
        *_, last = answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(each) for each in answers} <= {list, JsonRpcRequestCancelled}
        assert isinstance(last, list)
        assert await client.diagnostics(uri, len(typed)) == []
        versions = [each.version or 0 for each in client.told[uri]]
        assert versions == sorted(versions)
        assert len(versions) < len(typed) / 2
        hints = await client.text_document_inlay_hint_async(
            types.InlayHintParams(named(uri), types.Range(types.Position(line, 0), types.Position(line, 9)))
        )
        assert hints

    session(talk)


def test_a_new_text_ends_the_compile_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while the first node is elaborated, and no other node is; a request that is taken back ends nothing."""
    made, uri, came, steps, spend = server(), "untitled:1", threading.Event(), list[Walk](), Walk.spend

    async def talk() -> None:
        loop = asyncio.get_running_loop()

        def change() -> None:
            made.documents.open(uri, f"# another\n{RESNET}", 2)
            came.set()

        def spent(walk: Walk, *arguments: Any) -> None:
            steps.append(walk)
            if not came.is_set():
                loop.call_soon_threadsafe(change)
                assert came.wait(60)
            spend(walk, *arguments)

        monkeypatch.setattr(Walk, "spend", spent)
        made.documents.open(uri, RESNET, 1)
        assert await made.analysis(uri) is None
        assert len(steps) == 1
        taken_back = asyncio.ensure_future(made.analysis(uri))
        await asyncio.sleep(0)
        taken_back.cancel()
        found = await made.analysis(uri)
        assert found is not None
        assert (found.document.version, found.found) == (2, ())
        assert len(set(map(id, steps))) == 2

    asyncio.run(talk())


def test_what_needs_no_network_waits_for_the_first_compile_and_makes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be one more, in the thread that reads."""
    made, uri, threads, spend = server(), "untitled:1", list[int](), Walk.spend

    def spent(walk: Walk, *arguments: Any) -> None:
        threads.append(threading.get_ident())
        spend(walk, *arguments)

    async def talk() -> None:
        made.documents.open(uri, RESNET, 1)
        written, known = await asyncio.gather(made.written(uri), made.analysis(uri))
        assert written is known is not None
        assert len(set(threads) - {threading.get_ident()}) == len(set(threads)) == 1

    monkeypatch.setattr(Walk, "spend", spent)
    asyncio.run(talk())


def test_a_request_is_answered_for_the_text_that_it_was_made_of_or_not_at_all() -> None:
    uri = (ROOT / "specs" / "asked.yaml").as_uri()
    longer = f"# one more line\n{RESNET}"

    async def talk(client: Client) -> None:
        client.open(uri, RESNET, version=0)
        asked = types.HoverParams(named(uri), place(RESNET, "bottleneck"))
        right = await client.text_document_hover_async(asked)
        assert right is not None
        for version in range(1, 20):
            answer = asyncio.wrap_future(client.protocol.send_request("textDocument/hover", asked))
            client.change(uri, 2 * version, types.TextDocumentContentChangeWholeDocument(text=longer))
            assert await answer in (None, right)
            client.change(uri, 2 * version + 1, types.TextDocumentContentChangeWholeDocument(text=RESNET))
            assert await client.text_document_hover_async(asked) == right

    session(talk)


def test_documents_that_are_not_on_the_disk_are_drawn_in(tmp_path) -> None:
    """Nothing has been saved: neither what extends, nor what it extends, nor the block of that."""
    files = {
        "unit.yaml": "archspec: 1\nblock: unit\ngraph: {a: relu}\n",
        "base.yaml": "archspec: 1\nname: base\ninputs: {x: [3, 8, 8]}\ngraph: {a: {block: ./unit.yaml}}\n",
        "user.yaml": "archspec: 1\nname: user\nextends: base.yaml\ngraph: {b: sigmoid}\n",
    }
    uris = {name: (tmp_path / name).as_uri() for name in files}

    async def talk(client: Client) -> None:
        for name, text in files.items():
            client.open(uris[name], text, version=1)
        for uri in uris.values():
            while not (told := client.told.get(uri)) or told[-1].diagnostics:
                client.came.clear()
                await asyncio.wait_for(client.came.wait(), 20)
        client.change(uris["unit.yaml"], 2, types.TextDocumentContentChangeWholeDocument(text=files["unit.yaml"][:-4]))
        while not client.told[uris["user.yaml"]][-1].diagnostics:
            client.came.clear()
            await asyncio.wait_for(client.came.wait(), 20)

    session(talk)
