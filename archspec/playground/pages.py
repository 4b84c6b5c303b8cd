"""The page's own files: what it begins with is written into its HTML."""

from __future__ import annotations

import html
import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from archspec.drawing.formats import page as picture_page

FILES = (
    "page.css", "codemirror.js", "compiler.js", "connection.js", "controls.js", "dom.js", "editor.js", "main.js",
    "network.js", "python.js", "saving.js", "sharing.js", "tabs.js", "worker.js",
)  # fmt: skip
"""What stands beside the HTML."""
_COMPILER = '<script type="module" src="compiler.js" async></script>\n'
"""Starts the worker, where there is one, before anything else."""


def file(name: str) -> str:
    """The text of a file of the page."""
    return importlib.resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def index(title: str, setup: Mapping[str, Any], status: str = "") -> str:
    """The HTML of the page.

    Args:
        title: What it is called.
        setup: What its script begins with: `mode` (``worker`` or ``server``), the `uri`, `text` and `name` of the
            document, and the `picture` and the `figures` to show until the compiler is there.
        status: What is said until the compiler is there.
    """
    values = {
        "title": html.escape(title),
        "policy": html.escape(POLICY),
        "status": html.escape(status),
        "compiler": _COMPILER if setup["mode"] == "worker" else "",
        "setup": json.dumps({"title": title, **setup}, ensure_ascii=False).replace("<", "\\u003c"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], file("index.html"))


def _policy() -> Iterator[str]:
    """What the page may load: its own files, and the script of the picture in it."""
    yield "default-src 'none'"
    yield f"script-src 'self' 'wasm-unsafe-eval' '{picture_page.script_digest()}'"
    yield "style-src 'self' 'unsafe-inline'"  # CodeMirror makes its styles as it runs
    yield from (
        "connect-src 'self'",
        "worker-src 'self'",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    )


POLICY = "; ".join(_policy())
"""The page's content security policy; the picture in it has one of its own besides."""
