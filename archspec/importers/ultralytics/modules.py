"""Rows of the table, one after another: the nodes that say them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from archspec.errors import did_you_mean
from archspec.files import read
from archspec.importers.draft import LIMITS, Names, UnsaidError
from archspec.importers.ultralytics.table import REPEATED, SCALED, Row, Table
from archspec.language.composer import parse
from archspec.language.source import Source

_KINDS = (*sorted(SCALED), "nn.Upsample", "torch.nn.Upsample", "Concat", "Detect", "Classify")
_SHORT = {"conv_bn_silu": "conv"}
_NEEDED = {
    "c3": ("bottleneck", "c3"),
    "c3k2": ("bottleneck", "c3k", "c3k2"),
    "c2psa": ("psa_block", "c2psa"),
}


@cache
def _blocks() -> dict[str, Any]:
    """The blocks that stand for modules."""
    path = Path(__file__).with_name("blocks.yaml")
    source = Source(path.name, read(path).decode())
    blocks: dict[str, Any] = parse(source, LIMITS, []).plain()
    return blocks


class Modules:
    """The nodes of the rows.

    Attributes:
        table: The table.
        nodes: The nodes so far, by name.
        blocks: The blocks that they are.
        given_by: The node that gives each row's output, that of the image before them.
        weights: Rules from the names of Ultralytics to those here.
        outputs: The outputs, and their nodes.
        head: Names for the widths of a head, and their expressions.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.names = Names(["image"])
        self.nodes: dict[str, Any] = {}
        self.blocks: dict[str, Any] = {}
        self.given_by: list[str] = ["image"]
        self.weights: dict[str, Any] = {}
        self.outputs: dict[str, str] = {}
        self.head: dict[str, str] = {}
        for row in table.rows:
            try:
                self.given_by.append(self._read(row))
            except UnsaidError as fault:
                table.faults.add(str(fault), fault.span, path=f"{row.number} {row.kind}", help=fault.help)
                node = {"op": "identity", "from": self._of(row.taken[0]), "doc": f"{row.kind} is not here: {fault}"}
                self.given_by.append(self._add(row, "unsaid", node))

    def _of(self, row: int) -> str:
        """The node that gives a row's output; that of -1 is the image."""
        return self.given_by[row + 1]

    def _channels(self, number: int) -> Any:
        width = self._width(number)
        return width if isinstance(width, int) else f"$({width})"

    def _width(self, number: int) -> int | str:
        """The channels of so many in the table, or an expression for them."""
        if self.table.is_scaled and number != self.table.unscaled:
            return f"scaled({number})"
        return self.table.scaled(number, self.table.scale)

    def _times(self, count: int) -> dict[str, Any]:
        """How often a module is there, or what it holds."""
        if count == 1:
            return {}
        return {"n": f"$(times({count}))" if self.table.is_scaled else count}

    def _add(self, row: Row, kind: str, node: Any) -> str:
        """Add a node; without `from` where it takes the row above."""
        name = self.names.take(f"{kind}{'_' if kind[-1].isdigit() else ''}{row.number}")
        if isinstance(node, dict) and node.get("from") == (list(self.nodes)[-1] if self.nodes else "image"):
            node = {key: value for key, value in node.items() if key != "from"}
        self.nodes[name] = node["op"] if list(node) == ["op"] else node
        return name

    def _use(self, name: str) -> str:
        """Take a block, with those that it uses, into the spec."""
        for each in _NEEDED.get(name, (name,)):
            self.blocks[each] = _blocks()[each]
        return name

    def _read(self, row: Row) -> str:
        """Add the node of a row; its name."""
        kind = row.kind.removeprefix("torch.").removeprefix("nn.")
        reader = getattr(self, f"_read_{kind.lower()}", None) if row.kind in _KINDS else None
        if reader is None:
            help = did_you_mean(row.kind, _KINDS)
            raise UnsaidError(f"there is nothing for the module `{row.kind}`", row.place.items[2].span, help)
        if kind not in ("Concat", "Detect") and len(row.taken) != 1:
            raise UnsaidError(f"{row.kind} takes one map", row.place.span)
        if row.times > 1 and kind not in REPEATED and kind not in ("Conv", "Bottleneck"):
            raise UnsaidError(f"{row.kind} cannot be repeated here", row.place.span)
        name = str(reader(row))
        if kind not in ("Concat", "Upsample", "Detect"):
            self.weights[f"model.{row.number}"] = name
        return name

    def _block(self, row: Row, kind: str, **arguments: Any) -> str:
        node = {"block": kind, "from": self._of(row.taken[0]), **arguments}
        if row.times > 1 and row.kind not in REPEATED:
            node["repeat"] = f"$(times({row.times}))" if self.table.is_scaled else row.times
        return self._add(row, _SHORT.get(kind, kind), node)

    def _read_conv(self, row: Row) -> str:
        self.table.most(row, 5)
        channels = self.table.argument(row, 0, None, int)
        kernel, stride = self.table.argument(row, 1, 1, int), self.table.argument(row, 2, 1, int)
        padding, groups = self.table.argument(row, 3, None, int, type(None)), self.table.argument(row, 4, 1, int)
        extra = {"stride": stride} if stride != 1 else {}
        usual = (kernel - 1) // 2
        own = kernel // 2 if padding is None else padding
        extra |= {"padding": own} if own != usual else {}
        extra |= {"groups": groups} if groups != 1 else {}
        return self._block(row, "conv_bn_silu", out_channels=self._channels(channels), kernel_size=kernel, **extra)

    def _read_dwconv(self, row: Row) -> str:
        raise UnsaidError(
            "DWConv divides by the greatest common divisor of channels, which is no expression", row.place.span
        )

    def _read_bottleneck(self, row: Row) -> str:
        self.table.most(row, 2)
        channels, shortcut = self.table.argument(row, 0, None, int), self.table.argument(row, 1, True, bool)
        extra = {} if shortcut else {"shortcut": False}
        return self._block(row, self._use("bottleneck"), channels=self._channels(channels), **extra)

    def _read_c2f(self, row: Row) -> str:
        self.table.most(row, 2)
        channels, shortcut = self.table.argument(row, 0, None, int), self.table.argument(row, 1, False, bool)
        extra = {"shortcut": True} if shortcut else {}
        return self._block(row, "c2f", channels=self._channels(channels), **self._times(row.times), **extra)

    def _read_c3(self, row: Row) -> str:
        self.table.most(row, 2)
        channels, shortcut = self.table.argument(row, 0, None, int), self.table.argument(row, 1, True, bool)
        extra = {} if shortcut else {"shortcut": False}
        return self._block(row, self._use("c3"), channels=self._channels(channels), **self._times(row.times), **extra)

    def _read_c3k2(self, row: Row) -> str:
        self.table.most(row, 3)
        channels, big = self.table.argument(row, 0, None, int), self.table.argument(row, 1, False, bool)
        share = self.table.argument(row, 2, 0.5, float)
        extra: dict[str, Any] = {"unit": "c3k"} if big else {"unit": "$unit"} if self.table.has_named_scales else {}
        extra |= {"e": share} if share != 0.5 else {}
        return self._block(row, self._use("c3k2"), channels=self._channels(channels), **self._times(row.times), **extra)

    def _read_sppf(self, row: Row) -> str:
        self.table.most(row, 2)
        channels, kernel = self.table.argument(row, 0, None, int), self.table.argument(row, 1, 5, int)
        extra = {"kernel_size": kernel} if kernel != 5 else {}
        return self._block(row, "sppf", channels=self._channels(channels), **extra)

    def _read_c2psa(self, row: Row) -> str:
        self.table.most(row, 1)
        self.table.argument(row, 0, None, int)
        return self._block(row, self._use("c2psa"), **self._times(row.times))

    def _read_upsample(self, row: Row) -> str:
        self.table.most(row, 3)
        self.table.argument(row, 0, None, type(None))
        factor, mode = self.table.argument(row, 1, 2, int), self.table.argument(row, 2, "nearest", str)
        if mode not in ("nearest", "bilinear", "bicubic") or factor < 1:
            raise UnsaidError(f"the mode `{mode}` cannot be said", row.place.span)
        node = {"op": "upsample", "from": self._of(row.taken[0]), "scale_factor": factor}
        return self._add(row, "up", node | ({"mode": mode} if mode != "nearest" else {}))

    def _read_concat(self, row: Row) -> str:
        if self.table.argument(row, 0, 1, int) != 1:
            raise UnsaidError("maps are joined by their channels", row.place.span)
        return self._add(row, "concat", {"op": "concat", "from": [self._of(each) for each in row.taken]})

    def _read_classify(self, row: Row) -> str:
        self.table.most(row, 1)
        self._check_classes(row)
        name = self._block(row, self._use("classify"), num_classes="$num_classes")
        self.outputs["output"] = name
        return name

    def _read_detect(self, row: Row) -> str:
        self._check_classes(row)
        anchors = self.table.anchors(row)
        name = ""
        if not anchors:
            channels = self._channels_of(row.taken[0])
            self.head = {"boxes": f"$(max({max(16, 4 * self.table.distances)}, {channels} // 4))"}
            self.head |= {"classes": f"$(max({channels}, min(num_classes, 100)))"}
        for level, taken in enumerate(row.taken):
            if anchors:
                count = f"{len(anchors[level]) // 2} * (num_classes + 5)"
                node = {"op": "conv", "out_channels": f"$({count})", "kernel_size": 1}
            else:
                kind = self._use("light_head") if self.table.has_light_head else "decoupled_head"
                node = {"block": kind, "num_classes": "$num_classes"}
                node |= {} if self.table.distances == 16 else {"distances": self.table.distances}
                node |= {"box_channels": "$boxes", "class_channels": "$classes"}
            name = self.names.take(f"detect{level + 3}")
            kept = {"op": node.pop("op")} if "op" in node else {"block": node.pop("block")}
            self.nodes[name] = {**kept, "from": self._of(taken), **node}
            self.outputs[name] = name
            key = "m" if anchors else "cv*"
            self.weights[f"model.{row.number}.{key}.{level}"] = name if anchors else f"{name}.cv*"
        self.weights[f"model.{row.number}.{'anchors' if anchors else 'dfl'}"] = None
        return name

    def _check_classes(self, row: Row) -> None:
        """Refuse a head for other classes than those of the table."""
        if self.table.argument(row, 0, self.table.classes, int) != self.table.classes:
            raise UnsaidError("its number of classes is not `nc`", row.place.span)

    def _channels_of(self, row: int) -> str:
        """The channels of a row's output, as an expression over parameters."""
        stated = self.table.rows[row]
        if stated.kind == "C2PSA":
            return self._channels_of(stated.taken[0])
        if stated.kind not in SCALED:
            raise UnsaidError(
                f"the first level of Detect comes from {stated.kind}, whose channels are not stated", stated.place.span
            )
        return str(self._width(self.table.argument(stated, 0, None, int)))
