"""Caffe's `.prototxt`, mostly called `deploy.prototxt`.

Source: caffe's `src/caffe/proto/caffe.proto` and `src/caffe/layers/*.cpp` (BVLC/caffe).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from archspec.importers.caffe.net import drafted
from archspec.importers.caffe.prototext import parsed
from archspec.importers.draft import Draft, Format, Given


class Caffe(Format, name="caffe"):
    """Caffe's `.prototxt`, mostly called `deploy.prototxt`."""

    endings = (".prototxt", ".pbtxt")
    options: ClassVar[Mapping[str, str]] = {
        "input": "Sizes of the input, channels first, where the file reads them from a data base."
    }

    @override
    def read(self, given: Given) -> Draft:
        return drafted(given, parsed(given))
