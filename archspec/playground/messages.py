"""Messages of JSON-RPC, as texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Params = Mapping[str, Any]


class NoMessageError(ValueError):
    """What came is nothing that a page sends."""


def read(message: str) -> tuple[str, Params, Params]:
    """The method of a message, what it is given, and the whole message."""
    try:
        call = json.loads(message)
    except (ValueError, RecursionError):
        call = None
    if not isinstance(call, dict) or not isinstance(call.get("method"), str):
        raise NoMessageError("this is no message of JSON-RPC")
    params = call.get("params") or {}
    if not isinstance(params, dict):
        raise NoMessageError(f"`{call['method']}` is given no names")
    return call["method"], params, call


def notification(method: str, params: Params) -> str:
    """A message that asks for no answer."""
    return written({"method": method, "params": params})


def written(content: Mapping[str, Any]) -> str:
    """The text of a message."""
    return json.dumps({"jsonrpc": "2.0", **content}, ensure_ascii=False)
