"""Rules of ``weights:``: what other libraries call the tensors of a network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from archspec.compiler.rule_reader import RuleReader, left_out
from archspec.compiler.trace import Failed
from archspec.errors import Help, did_you_mean
from archspec.language import patterns
from archspec.language.names import block_name_problem, similar_name
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Value
from archspec.language.values import Unknown, kind
from archspec.network import Node

_NAME = re.compile(r"[A-Za-z_*0-9][A-Za-z0-9_*]*|-[0-9]{1,18}")
"""A name in a path, or a copy that is counted from the end, of which `did_you_mean` says that it is counted from 0."""


_EXAMPLE = "for example `fc: head`, `layer*.bn1: layers.*.norm1` or `features.**: backbone.**`"


class WeightsReader(RuleReader):
    """Reads the rules of ``weights:``."""

    def sources(self, value: MappingValue | None) -> dict[str, dict[str, str | None]]:
        """The rules by source."""
        entries = value.entries.items() if value else ()
        for key in value.keys.values() if value else ():
            wrong = block_name_problem(str(key.value))
            if wrong:
                meant = similar_name(str(key.value), block_name_problem)
                help = Help.instead(f"for example `{meant}`", meant) if meant else ""
                self.report("invalid-name", f"`{key.value}` cannot be a name here: {wrong}", key, help=help)
        return {name: self._source(entry) for name, entry in entries if isinstance(entry, MappingValue)}

    def _source(self, value: MappingValue) -> dict[str, str | None]:
        rules: dict[str, str | None] = {}
        for theirs, entry in value.entries.items():
            key = value.keys[theirs]
            if not self.is_pattern(key, "a checkpoint's names"):
                continue
            try:
                ours = self.plain(entry)
            except (Failed, Unknown):
                continue
            if self._is_rule(theirs, ours, entry):
                rules[theirs] = ours
        return rules

    def _is_rule(self, theirs: str, ours: Any, place: Value) -> bool:
        if ours is None:
            return True
        if not isinstance(ours, str):
            message, expected = f"`{theirs}` is renamed to what is no name", "a path of this network, or null"
            self.report("invalid-value", message, place, expected=expected, found=kind(ours), help=_EXAMPLE)
            return False
        wrong = _rename_problem(theirs, ours)
        if wrong:
            help = did_you_mean(ours, _prefixes(self._tensors())) or _EXAMPLE
            self.report("invalid-value", f"`{theirs}` cannot be renamed to `{ours}`: {wrong}", place, help=help)
            return False
        if self.known and self.must_speak(place) and not self.exists(theirs, ours):
            what = "node with weights has the path" if "**" in theirs else "tensor has a name that begins with"
            message, known = f"no {what} `{ours}`", _prefixes(self._tensors())
            shared = self.shared_help(ours) or self.shared_help(ours.rpartition(".")[0])
            absent = left_out(self.network, ours) if self.network is not None else ""
            self.report(
                "unknown-node",
                message,
                place,
                help=shared or absent or did_you_mean(ours, known) or self.there_help(ours),
            )
            return False
        return True

    def exists(self, theirs: str, ours: str) -> bool:
        """Whether some node, or tensor, is one that a rule leads to."""
        if "**" in theirs:
            return any(patterns.matches(ours, layer.path) for layer in self.nodes())
        if not patterns.is_pattern(ours):
            return self._is_known(ours)
        return any(patterns.begins(ours, name) for name in self._tensors())

    def _tensors(self) -> Iterator[str]:
        layers = self.nodes()
        return (applied.op.key(path, name) for path, applied in layers for name in (*applied.weights, *applied.buffers))

    def _is_known(self, name: str) -> bool:
        """Whether it is the name of a tensor, or of a node or block with tensors."""
        assert self.network is not None
        if name in self.network:
            part = self.network[name]
            return part.params + part.buffer_elements > 0
        path = next((path for path in _prefixes([name]) if path in self.network), "")
        node = self.network[path] if path else None
        if not isinstance(node, Node):
            return False
        wanted = name.removeprefix(f"{path}.")
        return any(f"{tensor}.".startswith(f"{wanted}.") for tensor in (*node.weights, *node.buffers))


@lru_cache(maxsize=1024)
def _rename_problem(theirs: str, ours: str) -> str:
    """Why a rule of ``weights`` cannot be; empty where it can."""
    wrong = patterns.problem(ours)
    if wrong:
        return wrong
    if not all(_NAME.fullmatch(name) for name in ours.split(".")):
        return "names of nodes are made of letters, digits and `_`"
    if "**" in theirs:
        return ""
    if "**" in ours:
        return "`**` on the right needs one on the left, and pairs modules in order"
    if patterns.stars(ours) > patterns.stars(theirs):
        return "each `*` on the right stands for one on the left, which has fewer"
    return ""


def _prefixes(paths: Iterable[str]) -> list[str]:
    """Paths of the blocks around nodes, each once."""
    found: dict[str, None] = {}
    for path in paths:
        while path := path.rpartition(".")[0]:
            if path in found:
                break
            found[path] = None
    return list(found)
