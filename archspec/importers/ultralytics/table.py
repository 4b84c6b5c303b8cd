"""The table of an Ultralytics YAML: its rows, its scales, and the values around them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping as MappingOf
from typing import Any, NamedTuple

from archspec.errors import SpecError, did_you_mean
from archspec.importers.draft import MOST_LAYERS, MOST_NUMBER, Given, Shape, UnsaidError
from archspec.language.source import Mapping, Sequence, Value

_KEYS = frozenset(
    "nc scales scale backbone head depth_multiple width_multiple anchors activation ch channels reg_max end2end names "
    "yaml_file task".split()
)
_ACTIVATIONS: dict[str, Any] = {
    "SiLU": "silu", "ReLU": "relu", "ReLU6": "relu6", "Hardswish": "hardswish", "Mish": "mish", "GELU": "gelu",
    "Sigmoid": "sigmoid", "LeakyReLU": "leaky_relu",
}  # fmt: skip
SCALED = frozenset("Conv DWConv Bottleneck C2f C3 C3k2 SPPF C2PSA".split())
REPEATED = frozenset("C2f C3 C3k2 C2PSA".split())
"""Modules that repeat something inside, in the place of themselves."""
ALL_C3K = frozenset("mlx")
"""Scales in which each C3k2 has C3k inside, whatever the table says."""
_MOST_SCALES = 20
_NUMBER = r"[-+]?\d{1,7}(\.\d{1,7})?"


class Scale(NamedTuple):
    """What multiplies depths and widths."""

    depth: float
    width: float
    most: float


class Row(NamedTuple):
    """A row of the table: what it takes, how often it is there, what it is, and its arguments."""

    taken: list[int]
    times: int
    kind: str
    arguments: list[Any]
    place: Sequence
    number: int


class Table:
    """What a file says.

    Attributes:
        given: The file.
        faults: What cannot be said of it.
        value: All of it.
        entries: Its keys and values.
        remarks: What was left out or chosen, and why.
        classes: The number of classes.
        distances: The steps of a distance, where a head says how likely each is.
        image: The shape of the image.
        scales: The scales by name; one without a name where the file has none.
        name: The name of the scale that is the default.
        scale: That.
        rows: The rows.
    """

    def __init__(self, given: Given, value: Mapping) -> None:
        self.given = given
        self.faults = given.faults
        self.value = value
        self.entries = value.entries
        self.remarks: list[str] = []
        self._check_keys()
        self.classes = int(self._number("nc", 80, 1, 10**6))
        self.distances = int(self._number("reg_max", 16, 1, 1000))
        self.image = self._image()
        self.scales = self._scales()
        self.name = self._chosen(self.scales)
        self.scale = self.scales[self.name]
        self.rows = self._rows()

    @property
    def has_named_scales(self) -> bool:
        """Whether the file names its scales."""
        return bool(self.scales.keys() - {""})

    @property
    def is_scaled(self) -> bool:
        """Whether depths and widths are multiplied."""
        return self.has_named_scales or self.scale != Scale(1.0, 1.0, math.inf)

    @property
    def letter(self) -> str:
        """The first name of the scale that is the default."""
        return next(name for name, scale in self.scales.items() if scale == self.scale)

    @property
    def unscaled(self) -> int:
        """The one number of channels that no scale changes: those of a head's output, wherever they stand."""
        value = self.entries.get("anchors")
        rows = value.plain() if value else None
        pairs = len(rows[0]) // 2 if isinstance(rows, list) and rows and isinstance(rows[0], list) else 0
        return pairs * (self.classes + 5) if pairs else self.classes

    def scaled(self, channels: int, scale: Scale) -> int:
        """Channels at a scale: a multiple of 8, even where the scale is 1."""
        return channels if channels == self.unscaled else math.ceil(min(channels, scale.most) * scale.width / 8) * 8

    @property
    def has_light_head(self) -> bool:
        """Whether a head is made of convolutions of single maps, as it is where the backbone has C3k2."""
        return any(row.kind == "C3k2" for row in self.rows)

    def error(self, message: str, place: Value, help: str = "") -> SpecError:
        """The error of a fault after which reading cannot go on."""
        return self.faults.error(message, place.span, help=help)

    def _number(self, key: str, default: float, least: float = 0, most: float = MOST_NUMBER) -> float:
        value = self.entries.get(key)
        if value is None or value.plain() is None:
            return default
        return self._checked(value, f"`{key}`", least, most)

    def _checked(self, value: Value, what: str, least: float, most: float = MOST_NUMBER) -> float:
        found = value.plain()
        if not isinstance(found, int | float) or isinstance(found, bool) or not least <= found <= most:
            raise self.error(f"{what} is a number of at least {least}", value)
        return found

    def _scales(self) -> dict[str, Scale]:
        """The scales by name; one without a name where the file has none."""
        depth, width = (self._number(key, 1.0, 1e-6, 1e3) for key in ("depth_multiple", "width_multiple"))
        stated = self.entries.get("scales")
        if stated is None:
            return {"": Scale(depth, width, math.inf)}
        if not isinstance(stated, Mapping) or not stated.entries:
            raise self.error("`scales` maps names to [depth, width, max_channels]", stated)
        scales = {}
        if len(stated.entries) > _MOST_SCALES:
            raise self.error(f"it has more than {_MOST_SCALES} scales", stated)
        for name, row in stated.entries.items():
            items = row.items if isinstance(row, Sequence) else []
            if len(items) != 3:
                raise self.error("a scale is [depth, width, max_channels]", row)
            numbers = [self._checked(item, "a part of a scale", 1e-6) for item in items]
            scales[name] = Scale(*numbers)
        return scales

    def _chosen(self, scales: MappingOf[str, Scale]) -> str:
        """The scale that is asked for, that the file's name ends with, or the first."""
        asked = self.given.options.get("scale")
        if asked is not None:
            if asked not in scales or not asked:
                place = self.entries.get("scales", self.value)
                raise self.error(f"there is no scale `{asked}`", place, did_you_mean(asked, filter(None, scales)))
            return asked
        named = re.search(r"yolo\w*?\d+([nslmx])(?![a-z])", self.given.stem.lower())
        if named and named[1] in scales:
            return named[1]
        first = next(iter(scales))
        if len(scales) > 1:
            self.remarks.append(f"the scale is {first}; choose another with --scale, or compile a variant")
        return first

    def _rows(self) -> list[Row]:
        parts = [self.entries["backbone"], self.entries["head"]]
        items = [(part, item) for part in parts for item in (part.items if isinstance(part, Sequence) else [None])]
        if len(items) > MOST_LAYERS:
            raise self.error(f"it has more than {MOST_LAYERS:,} rows", parts[0])
        rows = []
        for index, (part, item) in enumerate(items):
            if not isinstance(item, Sequence) or len(item.items) != 4:
                raise self.error("a row is [from, number, module, arguments]", item or part)
            plain: list[Any] = [value.plain() for value in item.items]
            taken, count, kind, arguments = plain
            taken = taken if isinstance(taken, list) else [taken]
            right = all(type(each) is int for each in taken) and type(count) is int and 0 < count <= MOST_LAYERS
            if not right or not taken or not isinstance(kind, str) or not isinstance(arguments, list):
                raise self.error("a row is [from, number, module, arguments]", item)
            rows.append(Row([self._row_of(each, index, item) for each in taken], count, kind, arguments, item, index))
        return rows

    def _row_of(self, number: int, index: int, place: Value) -> int:
        """The row that a number means, from 0; -1 is the image for the first."""
        found = index + number if number < 0 else number
        if not -1 <= found < index or (found == -1 and index):
            raise self.error(f"{number} is no row above", place)
        return found

    def _check_keys(self) -> None:
        for key in self.entries:
            if key not in _KEYS:
                self.faults.add(f"`{key}` is not known", self.value.keys[key].span, help=did_you_mean(key, _KEYS))
        if self.entries.get("end2end") is not None and self.entries["end2end"].plain():
            self.faults.add("two heads in one (`end2end`) cannot be said", self.value.keys["end2end"].span)

    def _image(self) -> Shape:
        channels = int(self._number("ch", self._number("channels", 3, 1, 1000), 1, 1000))
        asked = self.given.options.get("input", f"{channels},640,640")
        if not re.fullmatch(r"[1-9]\d{0,4}(\s*,\s*[1-9]\d{0,4}){2}", asked):
            raise self.error("--input is channels, height and width, as `3,640,640`", self.value)
        return tuple(int(part) for part in asked.split(","))

    def activation(self) -> Any:
        """The op in the place of each SiLU; None where it stays."""
        value = self.entries.get("activation")
        if value is None or value.plain() is None:
            return None
        text = str(value.plain())
        match = re.fullmatch(rf"(?:torch\.)?nn\.(\w+)\((?:negative_slope=)?({_NUMBER})?(?:,?\s*inplace=True)?\)", text)
        if match is None or match[1] not in _ACTIVATIONS or (match[2] and match[1] != "LeakyReLU"):
            self.faults.add(f"the activation `{text}` is no op of ours", value.span)
            return None
        op = _ACTIVATIONS[match[1]]
        return {"op": op, "negative_slope": float(match[2])} if match[2] else None if op == "silu" else op

    def argument(self, row: Row, number: int, default: Any, *kinds: type) -> Any:
        """An argument of a module, `None` as the text that YAML makes of it."""
        words = {"None": None, "True": True, "False": False, "nc": self.classes}
        value: Any = row.arguments[number] if number < len(row.arguments) else default
        value = words.get(value, value) if isinstance(value, str) else value
        if type(value) not in kinds:
            raise UnsaidError(f"argument {number + 1} of {row.kind} cannot be said", row.place.span)
        if type(value) in (int, float) and not 0 <= value <= 10**6:
            raise UnsaidError(f"argument {number + 1} of {row.kind} is out of range", row.place.span)
        return value

    def most(self, row: Row, count: int) -> None:
        """Refuse arguments beyond those that are read."""
        if len(row.arguments) > count:
            raise UnsaidError(f"{row.kind} has more than {count} arguments", row.place.span)

    def anchors(self, row: Row) -> list[list[Any]]:
        """The anchors of each level, where a head has them."""
        value = self.entries.get("anchors")
        if value is None:
            self.most(row, 1)
            return []
        rows = value.plain()
        plain = isinstance(rows, list) and all(isinstance(each, list) and len(each) % 2 == 0 for each in rows)
        if not plain or len(rows) != len(row.taken) or row.arguments[1:] != ["anchors"]:
            raise UnsaidError("`anchors` has a row of pairs for each level", value.span)
        return list(rows)
