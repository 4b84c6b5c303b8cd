"""Commands at random in bad surroundings: files that are none, streams that are closed or full, damaged checkpoints."""

from __future__ import annotations

import io
import os
import random
import re
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

from strange_files import KINDS, NEED_TORCH, READING, WRITING

import archspec.files
from archspec.cli import main

ROOT = Path(__file__).parent.parent
SPEC = (ROOT / "specs" / "lenet.yaml").read_bytes()
BLOCK = b"archspec: 1\nblock: mine\ngraph: {a: relu, b: relu}\n"
OLD = b"old\n"
HAVE_TORCH = find_spec("torch") is not None
SECRET = "not-to-be-seen"
SECONDS = 60

CALLS: dict[str, Callable[[str], list[str]]] = {
    **{way: call for way, call in {**READING, **WRITING}.items() if HAVE_TORCH or way not in NEED_TORCH},
    "check -": lambda file: ["check", "-", file],
    "emit -": lambda file: ["emit", "-", "-o", file],
    "draw --partial": lambda file: ["draw", "--partial", file],
    "ops": lambda file: ["ops", file],
    "blocks": lambda file: ["blocks", file],
    "explain": lambda file: ["explain", file],
    "schema": lambda _: ["schema"],
    "help": lambda _: ["--help"],
    "nothing": lambda _: [],
    "unknown": lambda file: [file, file],
}
ENDINGS = ("", ".yaml", ".svg", ".pdf", ".html", ".py", ".pth", ".safetensors", ".SAFETENSORS", ".png")
PIECES = (
    "a",
    "ü",
    "名",
    "😀",
    "::",
    "\n",
    "\r",
    "\x1b[31m",
    "\x9b",
    "%0A",
    ",",
    " ",
    '"',
    "'",
    "\\",
    "\u202e",
    "\udcff",
    "##[",
    "x" * 90,
)
ENCODINGS = ("ascii", "cp1252", "latin-1", "cp437", "utf-16", "utf-8", "shift_jis")
BEFORE = archspec.files._fill


@dataclass(frozen=True)
class Case:
    """A call of a command, and what it meets.

    Attributes:
        way: The call, of `CALLS`.
        name: The file that it is given.
        seed: What its contents are made from.
        stands: What stands in the place of the file: the name of one of `KINDS`, or of `CONTENTS`.
        out: Standard output, of `STREAMS`; so `err`.
        stdin: Whether there is a standard input.
        fails: The write, counted from 0, at which the disk is full; None for one that has room.
        root: The folder that reports of a case that failed are told from.
    """

    way: str
    name: str
    seed: int
    stands: str
    out: str
    err: str
    stdin: bool
    fails: int | None
    root: Path = field(default=ROOT, repr=False)

    @property
    def text(self) -> str:
        """What to do again."""
        return f"{self!r}\n"


def cases(seed: int) -> Iterator[Case]:
    """Cases without end."""
    rng = random.Random(seed)
    kinds = [kind.__name__ for kind in KINDS]
    streams = [*ENCODINGS, *ENCODINGS, "full", "unread", "closed"]
    while True:
        name = "".join(rng.choice(PIECES) for _ in range(rng.choice((1, 1, 2, 3)))) + rng.choice(ENDINGS)
        yield Case(
            way=rng.choice(list(CALLS)),
            name=name.replace("/", ""),
            seed=rng.randrange(2**32),
            stands=rng.choice([*kinds, *CONTENTS, *CONTENTS]),
            out=rng.choice(streams),
            err=rng.choice([*streams, *ENCODINGS]),
            stdin=rng.random() < 0.8,
            fails=rng.randrange(3) if rng.random() < 0.2 else None,
        )


def changed(rng: random.Random, data: bytes) -> bytes:
    """Bytes with one to a few faults."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, size = rng.randrange(len(data) + 1), rng.choice((1, 1, 2, 8, 100))
        new = rng.choice((b"", rng.randbytes(size), bytes(size), b"\xff" * size, data[at : at + size] * 2))
        data = data[:at] + new + data[at + rng.choice((0, size, size)) :]
        if rng.random() < 0.1:
            data = data[: rng.randrange(len(data) + 1)]
    return data


@cache
def _checkpoint() -> Any:
    import torch

    made: dict[str, torch.Tensor] = archspec.build(ROOT / "specs" / "lenet.yaml").state_dict()
    return made


def strange_state(rng: random.Random) -> Any:
    """A state_dict of LeNet with a few faults, and wrappers around it."""
    import torch

    found: dict[Any, Any] = dict(_checkpoint())
    tensors = (
        lambda: torch.zeros(rng.choice(((), (0,), (10,), (10, 1), (1, 2, 3)))),
        lambda: torch.zeros(10, dtype=rng.choice((torch.complex64, torch.float16, torch.int8, torch.bool))),
        lambda: torch.zeros(10).to_sparse(),
        lambda: torch.quantize_per_tensor(torch.zeros(10), 0.1, 0, torch.qint8),
        lambda: torch.zeros(1).expand(10**12),
        lambda: torch.zeros(10, device="meta"),
        lambda: rng.choice((3, None, "text", [torch.zeros(1)], {"a": torch.zeros(1)})),
    )
    keys = (*found, 0, None, b"x", ("a", 1), "", ".", "model", "net", "\n::error::\x1b[31m", "x." * 1000, "\ud800")
    for _ in range(rng.randrange(4)):
        found[rng.choice(keys)] = rng.choice(tensors)()
    for _ in range(rng.randrange(3)):
        prefix = rng.choice(("module.", "model.", "net.", "_orig_mod.", "ema_model.", "x."))
        found = {f"{prefix}{key}" if isinstance(key, str) else key: value for key, value in found.items()}
    for _ in range(rng.randrange(3)):
        found = {rng.choice(("state_dict", "model", "net", "ema_model", "other")): found, "epoch": 1}
    if rng.random() < 0.1:
        found["model"] = found
    return found


def saved(rng: random.Random) -> bytes:
    """What torch.save or safetensors make of a state_dict, often with faults."""
    if not HAVE_TORCH:
        return SPEC
    import torch
    from safetensors.torch import save

    stream = io.BytesIO()
    if rng.random() < 0.3:
        data = save(dict(_checkpoint()))
        if rng.random() < 0.5:
            (size,) = struct.unpack("<Q", data[:8])
            header = changed(rng, data[8 : 8 + size])
            data = struct.pack("<Q", len(header)) + header + data[8 + size :]
    else:
        with suppress(Exception):  # PyTorch does not save all of them
            torch.save(strange_state(rng), stream, _use_new_zipfile_serialization=rng.random() < 0.8)
        data = stream.getvalue()
    return changed(rng, data) if rng.random() < 0.4 else data


CONTENTS: dict[str, Callable[[random.Random], bytes]] = {
    "spec": lambda rng: SPEC,
    "wrong spec": lambda rng: changed(rng, SPEC),
    "block": lambda rng: BLOCK,
    "wrong block": lambda rng: changed(rng, BLOCK),
    "not UTF-8": lambda rng: SPEC.decode().encode(rng.choice(("utf-16", "utf-32"))),
    "NULs": lambda rng: SPEC[: rng.randrange(len(SPEC))] + bytes(10),
    "old": lambda rng: OLD,
    "checkpoint": saved,
    "other checkpoint": saved,
    "link out": lambda rng: b"",
}


def check(case: Case) -> bool:
    """Call it; an assertion fails where what it says, writes or returns is not as it should be."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "inside"
        folder.mkdir()
        (Path(made) / "secret.yaml").write_text(
            f"archspec: 1\nname: n\ninputs: {{x: [1]}}\n{SECRET}: here\ngraph: {{a: relu}}\n"
        )
        os.chdir(folder)
        try:
            return _checked(case, folder)
        finally:
            os.chdir(here)


def _checked(case: Case, folder: Path) -> bool:
    rng = random.Random(case.seed)
    place = folder / case.name
    kinds = {kind.__name__: kind for kind in KINDS}
    try:
        if case.stands == "link out":
            place.symlink_to("../secret.yaml")
        elif case.stands in kinds:
            kinds[case.stands](place)
        else:
            place.write_bytes(CONTENTS[case.stands](rng))
        arguments = CALLS[case.way](case.name)
    except (OSError, UnicodeEncodeError):
        return False  # no such file can be, or no spec can name it
    before = _contents(folder)
    code, out, err = _called(case, arguments)
    assert code in (0, 1, 2), code
    for text in (out, err):
        assert "Traceback" not in text
        assert case.stands != "link out" or SECRET not in text
        if case.way != "emit SPEC":  # a source is many lines, of which some are the spec's
            _harmless(text)
    after = _contents(folder)
    assert not [name for name in after if name.endswith(".tmp")]
    heard = case.out in ENCODINGS and case.err in ENCODINGS  # a command may write its files, and then not say so
    if heard and (code == 2 or (code and case.way != "draw --partial")):
        kept = f"{case.name}.csv.rows"  # by a sweep that is done, and whose table cannot be written
        assert {name: data for name, data in after.items() if case.way != "sweep --output" or name != kept} == before
        assert kept not in after or kept in before or "the same sweep goes on" in err
    return code == 0


def _harmless(text: str) -> None:
    for line in re.split("\n|\r\n", text):
        assert line.isprintable(), line
        assert not re.match(r"\s*(##\[|::(?!: |error file=|warning file=))", line), line


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.stat().st_size < 10**8)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _called(case: Case, arguments: list[str]) -> tuple[int, str, str]:
    """The exit code, and what is on standard output and error."""
    stdin = io.TextIOWrapper(io.BytesIO(SPEC)) if case.stdin else None
    count = iter(range(10**6))

    def fill(target: Path, new: Path, data: bytes) -> None:
        BEFORE(target, new, data[: len(data) // 2] if case.fails is not None else data)
        if next(count) == case.fails:
            raise OSError(28, os.strerror(28))
        if case.fails is not None:
            new.write_bytes(data)

    with _stream(case.out) as out, _stream(case.err) as err, mock.patch.object(archspec.files, "_fill", fill):
        with mock.patch.multiple(sys, argv=["archspec", *arguments], stdin=stdin, stdout=out, stderr=err):
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
            finally:
                for stream, given in ((sys.stdout, out), (sys.stderr, err)):
                    if given is None and stream:
                        stream.close()
        return code, _text(case.out, out), _text(case.err, err)


@contextmanager
def _stream(kind: str) -> Iterator[io.TextIOWrapper | None]:
    if kind == "closed":
        yield None
        return
    if kind == "full":
        made = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115
    elif kind == "unread":
        reading, writing = os.pipe()
        os.close(reading)
        made = os.fdopen(writing, "w", encoding="utf-8")
    else:
        made = io.TextIOWrapper(io.BytesIO(), encoding=kind)
    try:
        yield made
    finally:
        with suppress(OSError):
            made.close()


def _text(kind: str, stream: io.TextIOWrapper | None) -> str:
    if stream is None or not isinstance(stream.buffer, io.BytesIO):
        return ""
    data = stream.buffer.getvalue()
    with suppress(UnicodeDecodeError):
        return data.decode()  # a document is in UTF-8 in any case
    return data.decode(kind)
