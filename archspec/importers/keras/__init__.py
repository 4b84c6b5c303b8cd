"""Keras: `.keras` (a zip with `config.json`) and the JSON of `model.to_json()`, of Keras 2 and 3.

Source: keras' `src/layers` and `src/models/functional.py` (3.10), where nothing else is said. Shapes are channels first
here: those of the file are turned round.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from typing import BinaryIO, ClassVar

from typing_extensions import override

from archspec.errors import UsageError, shown
from archspec.files import LARGEST, reason, regular
from archspec.importers.draft import LIMITS, Draft, Format, Given
from archspec.importers.keras.models import drafted

_END = b"PK\x05\x06"
_MOST_DIRECTORY = 1_000_000
"""Bytes of the list of a zip's files; those of Keras hold a few."""


class Keras(Format, name="keras"):
    """Keras' `.keras` and `model.json`."""

    endings = (".keras", ".json")
    options: ClassVar[Mapping[str, str]] = {
        "input": "Sizes of the input, channels last as in Keras, where the file leaves them open: `224,224,3`."
    }

    @classmethod
    @override
    def load(cls, path: str | os.PathLike[str]) -> bytes:
        """The configuration, which a `.keras` holds beside weights that may have any size."""
        try:
            with regular(path) as file:
                if file.read(4) != b"PK\x03\x04":
                    file.seek(0)
                    return file.read(LIMITS.file_bytes + 1)
                return _configuration(file)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read {shown(path)}: {reason(error)}") from None
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, EOFError) as error:
            raise UsageError(f"cannot read {shown(path)}: it is no zip with a config.json ({error})") from None
        except Exception as error:
            if type(error).__module__ in ("zlib", "lzma", "_lzma", "_bz2"):
                raise UsageError(f"cannot read {shown(path)}: it is damaged ({error})") from None
            raise

    @override
    def read(self, given: Given) -> Draft:
        source = given.source()
        try:
            model = json.loads(source.text, parse_constant=_no_number)
        except ValueError as error:
            at = getattr(error, "pos", 0)
            raise given.faults.error(f"it is no JSON: {error}", source.span(at, at + 1)) from None
        return drafted(given, source.text, model)


def _no_number(text: str) -> None:
    raise ValueError(f"`{text}` is no number")


def _configuration(file: BinaryIO) -> bytes:
    """The file `config.json` of a zip, of which no list of files is read that is longer than any of Keras."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(_END)
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at < 0 or directory > _MOST_DIRECTORY:
        raise zipfile.BadZipFile("it lists too many files")
    with zipfile.ZipFile(file) as archive:
        info = archive.getinfo("config.json")
        if info.file_size > min(LIMITS.file_bytes, LARGEST):
            raise zipfile.BadZipFile(f"its config.json has more than {LIMITS.file_bytes:,} bytes")
        return archive.read(info)
