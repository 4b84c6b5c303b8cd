"""What a page asks of the compiler, once: run as the playground is built, so that its memory has what that takes."""

import gc
import json
from typing import Any

from archspec.language import networks
from archspec.ops import registry
from archspec.playground.session import Session

DOCUMENT = {"uri": "untitled:spec"}
WRONG = "archspec: 1\nparms: {}\ngraph: {a: reul}\n"
ALL = {"start": {"line": 0, "character": 0}, "end": {"line": 1000, "character": 0}}
PLACES = ({"line": 0, "character": 2}, {"line": 20, "character": 6})


def main(first: str) -> None:
    """Open a text with mistakes and a network, and ask what can be asked of them.

    Args:
        first: The name of the network.
    """
    registry.ops()
    session = Session()
    _ask(session, "initialize")
    _ask(session, "archspec/bundled")
    _tell(session, "textDocument/didOpen", textDocument={**DOCUMENT, "version": 0, "text": WRONG})
    _ask(session, "textDocument/codeAction", range=ALL)
    known = networks.find(first)
    assert known is not None
    changes = [{"text": networks.source(known.path).text}]
    _tell(session, "textDocument/didChange", textDocument={**DOCUMENT, "version": 1}, contentChanges=changes)
    _ask(session, "textDocument/inlayHint", range=ALL)
    for part in ("picture", "changes"):
        _ask(session, "archspec/view", part=part)
    for position in PLACES:
        for method in ("completion", "hover", "definition", "references"):
            _ask(session, f"textDocument/{method}", position=position)
    _ask(session, "textDocument/formatting")


def _tell(session: Session, method: str, **params: Any) -> None:
    session.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))
    session.publish()


def _ask(session: Session, method: str, **params: Any) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"textDocument": DOCUMENT, **params}}
    for answer in session.receive(json.dumps(message)):
        assert "error" not in json.loads(answer), answer


main("googlenet")
gc.collect()
