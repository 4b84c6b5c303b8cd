"""Ultralytics' YAML: a table of modules, with depths and widths that a scale multiplies.

Sources: `parse_model` in `ultralytics/nn/tasks.py`, and `ultralytics/nn/modules` (8.4); for heads with anchors
`models/yolo.py` of yolov5 (7.0). What is counted is counted after the constructors there.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from typing import ClassVar

from typing_extensions import override

from archspec.errors import Diagnostic, SpecError
from archspec.importers.draft import LIMITS, Draft, Format, Given
from archspec.importers.ultralytics.network import drafted
from archspec.importers.ultralytics.table import Table
from archspec.language.composer import parse
from archspec.language.source import Mapping


class Ultralytics(Format, name="ultralytics"):
    """Ultralytics' YAML of YOLOv5, YOLOv8, YOLO11 and what is made of the same modules."""

    endings = (".yaml", ".yml")
    options: ClassVar[MappingOf[str, str]] = {
        "scale": "The scale that is the default, such as `n`; the others become variants.",
        "input": "Sizes of the image, `3,640,640` unless given.",
    }

    @override
    def read(self, given: Given) -> Draft:
        source = given.source()
        found: list[Diagnostic] = []
        value = parse(source, LIMITS, found)
        if found:
            raise SpecError(found, {source.name: source.text})
        if not isinstance(value, Mapping) or not {"backbone", "head"} <= value.entries.keys():
            is_spec = isinstance(value, Mapping) and "archspec" in value.entries
            message = "it is a spec already" if is_spec else "a YAML of Ultralytics has `backbone:` and `head:`"
            raise given.faults.error(message, given.start)
        return drafted(Table(given, value))
