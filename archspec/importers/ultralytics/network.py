"""The spec of a table: its nodes, with parameters for its scales."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from archspec.importers.draft import Draft, Shape, network_name
from archspec.importers.ultralytics.counting import Tally
from archspec.importers.ultralytics.figures import Figures
from archspec.importers.ultralytics.modules import Modules
from archspec.importers.ultralytics.table import ALL_C3K, Scale, Table


def drafted(table: Table) -> Draft:
    """The network of a table, with a variant for each further scale."""
    modules = Modules(table)
    figures: dict[str, Figures] = {}
    if not table.faults.found:
        figures = {name: Figures(table, name, scale) for name, scale in table.scales.items()}
        modules.outputs = modules.outputs or {"output": list(modules.nodes)[-1]}
    return _Spec(table, modules, figures).draft()


class _Spec:
    def __init__(self, table: Table, modules: Modules, figures: Mapping[str, Figures]) -> None:
        self.table = table
        self.modules = modules
        self.figures = figures
        self.kinds = {row.kind for row in table.rows}
        self.is_repeated = any(row.times > 1 for row in table.rows)
        self.outputs = modules.outputs
        self.family = table.given.stem
        if table.name:
            self.family = re.sub(r"(yolo\w*?\d+)[nslmx](?![a-z])", r"\1", table.given.stem.lower())

    def draft(self) -> Draft:
        table, name = self.table, self.table.name
        chosen = self.figures.get(name)
        tally = chosen.tally if chosen else Tally()
        outputs: dict[str, Shape] = dict(zip(self.outputs, chosen.outputs if chosen else (), strict=False))
        found = f"{len(table.rows)} modules" + (f", scale {name}" if name else "")
        if "Detect" in self.kinds:
            decoding = "its anchors" if "anchors" in table.entries else "the fixed numbers (dfl) that it weighs with"
            table.remarks.append(f"the decoding of boxes is left out, with {decoding}")
        spec = {key: value for key, value in self.spec().items() if value not in ({}, None)}
        return Draft([spec], tally.params, tally.statistics, tally.macs, outputs, found, table.remarks)

    def spec(self) -> dict[str, Any]:
        maps = len(self.outputs) > 1
        what = "The outputs are raw maps: boxes and classes of each level." if maps else "The output is logits."
        activation = self.table.activation()
        return {
            "archspec": 1,
            "name": network_name(f"{self.family}{self.table.name}"),
            "doc": f"Imported from Ultralytics' {self.table.given.stem}.yaml. {what}",
            "params": self.size() | self.params(),
            "inputs": {"image": self.sizes()},
            "blocks": self.modules.blocks,
            "let": self.let(),
            "graph": self.modules.nodes,
            "outputs": list(self.outputs.values()) if maps else None,
            "override": {"**.bn": {"eps": 0.001, "momentum": 0.03}}
            | ({} if activation is None else {"**.silu": activation}),
            "weights": {"ultralytics": self.modules.weights},
            "variants": self.variants() if len(self.table.scales) > 1 else {},
            "expect": self.expect(self.table.name),
        }

    def sizes(self) -> list[Any]:
        """The sizes of the image, of which a square has one for both sides."""
        channels, height, width = self.table.image
        return [channels, "$image_size", "$image_size"] if height == width else [channels, height, width]

    def size(self) -> dict[str, Any]:
        _, height, width = self.table.image
        if height != width:
            return {}
        return {"image_size": {"default": height, "min": 1, "doc": "Height and width of the image."}}

    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if self.outputs and self.kinds & {"Detect", "Classify"}:
            params["num_classes"] = {"default": self.table.classes, "min": 1, "doc": "Number of classes."}
        if self.table.is_scaled:
            params |= self.multipliers()
        if any(isinstance(node, dict) and node.get("unit") == "$unit" for node in self.modules.nodes.values()):
            default = "c3k" if self.table.letter in ALL_C3K else "bottleneck"
            doc = "What each `c3k2` holds; `c3k` in m, l and x."
            params["unit"] = {"type": "block", "default": default, "doc": doc}
        return params

    def multipliers(self) -> dict[str, Any]:
        """The parameters of a scale."""
        scale, params = self.table.scale, dict[str, Any]()
        if self.is_repeated:
            params["depth"] = {"default": scale.depth, "min": 0.0, "doc": "Multiplier of repeats."}
        params["width"] = {"default": scale.width, "min": 0.01, "doc": "Multiplier of all channels."}
        if scale.most != math.inf:
            most = {"default": _whole(scale.most), "min": 1, "doc": "Most channels before the multiplier."}
            params["max_channels"] = most
        return params

    def variants(self) -> dict[str, Any]:
        """A variant for each scale."""
        params = self.params()
        variants = {}
        for name, scale in self.table.scales.items():
            values = self.values(name, scale)
            stated = {key: value for key, value in values.items() if key in params}
            variants[network_name(f"{self.family}{name}")] = stated | {"expect": self.expect(name)}
        return variants

    @staticmethod
    def values(name: str, scale: Scale) -> dict[str, Any]:
        """The values of the parameters at a scale."""
        unit = "c3k" if name in ALL_C3K else "bottleneck"
        return {"depth": scale.depth, "width": scale.width, "max_channels": _whole(scale.most), "unit": unit}

    def let(self) -> dict[str, str]:
        """Names for the expressions of a scale, and those of the head."""
        head = self.modules.head
        if not self.table.is_scaled:
            return head
        channels = "min(c, max_channels)" if self.table.scale.most != math.inf else "c"
        scaled = {"scaled(c)": f"$(ceil({channels} * width / 8) * 8)"}
        times = {"times(n)": "$(max(1, round(n * depth)))"} if self.is_repeated else {}
        return scaled | times | head

    def expect(self, name: str) -> dict[str, Any]:
        """The contract of a scale; empty where something cannot be said."""
        if name not in self.figures:
            return {}
        tally = self.figures[name].tally
        sizes = dict(zip(self.outputs.values(), map(list, self.figures[name].outputs), strict=False))
        given = {"outputs": sizes} if len(sizes) > 1 else {"output": next(iter(sizes.values()))}
        return {"params": tally.params, "macs": tally.macs, **given}


def _whole(number: float) -> float:
    return int(number) if float(number).is_integer() else number
