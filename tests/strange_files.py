"""Files that are none, or that no reader is ready for, and every way by which a command or function takes a file."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command import Done, Run

import archspec

LENET = str(Path(__file__).parent.parent / "specs" / "lenet.yaml")
CFG = str(Path(__file__).parent / "data" / "imports" / "yolov3-tiny.cfg")
GIGABYTES = 3 * 2**30

HOLDER = "archspec: 1\nname: holder\ninputs: {x: [3, 8, 8]}\ngraph: {a: {block: FILE}}\n"
EXTENDING = "archspec: 1\nname: holder\nextends: FILE\n"


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None: ...


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket is short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(GIGABYTES)


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def nowhere(path: Path) -> None:
    path.symlink_to("no-such-file")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(1000))


def no_text(path: Path) -> None:
    path.write_bytes(b"archspec: \xff\xfe\x00")


def empty(path: Path) -> None:
    path.write_bytes(b"")


KINDS: tuple[Callable[[Path], None], ...] = (
    fifo, folder, missing, listening, device, sparse, circle, nowhere, zeros, no_text, empty,
)  # fmt: skip
"""What can stand in the place of a file; none is a spec, a checkpoint, an image or a picture."""

READING: dict[str, Callable[[str], list[str]]] = {
    "compile SPEC": lambda file: ["compile", file],
    "emit SPEC": lambda file: ["emit", file],
    "export SPEC": lambda file: ["export", file, "-o", "made.pt2"],
    "draw SPEC...": lambda file: ["draw", file],
    "diff A B": lambda file: ["diff", LENET, file],
    "report SPEC": lambda file: ["report", file],
    "weights SPEC": lambda file: ["weights", file, "w.pth"],
    "run SPEC": lambda file: ["run", file],
    "sweep SPEC...": lambda file: ["sweep", file, "--set", "num_classes=4,5"],
    "fit SPEC": lambda file: ["fit", file, "--knob", "num_classes=4,5", "--target", "params=1M"],
    "show SPEC": lambda file: ["show", "--flat", f"./{file}"],
    "fmt FILE...": lambda file: ["fmt", "--check", file],
    "check SPEC...": lambda file: ["check", LENET, file],
    "emit --check": lambda file: ["emit", LENET, "--check", file],
    "draw --check": lambda file: ["draw", LENET, "--check", file],
    "draw --block": lambda file: ["draw", "--block", f"./{file}"],
    "weights FILE": lambda file: ["weights", LENET, file],
    "export --weights": lambda file: ["export", LENET, "-o", "made.pt2", "--weights", file],
    "run --weights": lambda file: ["run", LENET, "--weights", file],
    "run --input": lambda file: ["run", LENET, "--input", file],
    "import SOURCE": lambda file: ["import", file, "--format", "darknet"],
    "import SOURCE, onnx": lambda file: ["import", file, "--format", "onnx"],
    "compile SPEC, extends": lambda file: ["compile", holder(EXTENDING, file)],
    "check SPEC..., block": lambda file: ["check", holder(HOLDER, file)],
}
"""Each way by which a command reads a file, and a call of it."""

WRITING: dict[str, Callable[[str], list[str]]] = {
    "compile --output": lambda file: ["compile", LENET, "-o", file],
    "emit --output": lambda file: ["emit", LENET, "-o", file],
    "export --output": lambda file: ["export", LENET, "-o", file],
    "draw --output": lambda file: ["draw", LENET, "-o", file],
    "diff --output": lambda file: ["diff", "resnet18", "resnet34", "-o", file],
    "report --output": lambda file: ["report", LENET, "-o", file],
    "sweep --output": lambda file: ["sweep", LENET, "--set", "num_classes=4:54", "-o", f"{file}.csv"],
    "sweep --plot": lambda file: ["sweep", LENET, "--set", "num_classes=4,5", "--plot", f"{file}.svg"],
    "import --output": lambda file: ["import", CFG, "-o", file],
}
"""Each way by which a command writes a file, and a call of it."""

NO_FILES = [
    *(
        f"{name} --root"
        for name in "compile emit export draw diff report weights run check show sweep fit live lsp".split()
    ),
    "live FILE",
]
"""Options that take folders, of which nothing is read; `test_live` has what `live` does with its file."""

API: dict[str, Callable[[str], object]] = {
    "compile": lambda file: archspec.compile(file),
    "load": lambda file: archspec.load(file),
    "emit": lambda file: archspec.emit(file),
    "export": lambda file: archspec.export(file, "made.pt2"),
    "export, weights": lambda file: archspec.export(LENET, "made.pt2", weights=file),
    "draw": lambda file: archspec.draw(file),
    "draw, block": lambda file: archspec.draw(block=f"./{file}"),
    "diff": lambda file: archspec.diff(LENET, file),
    "check_weights": lambda file: archspec.check_weights(LENET, file),
    "build": lambda file: archspec.build(file),
    "load_weights": lambda file: archspec.load_weights(archspec.build(LENET), file),
    "run": lambda file: archspec.run(LENET, weights=file),
    "run, image": lambda file: archspec.run(LENET, image=file),
    "import_file": lambda file: archspec.import_file(file, format="darknet"),
}
"""Each function of the package that reads a file, and a call of it."""

NEED_TORCH = (
    "weights FILE",
    "run --weights",
    "run --input",
    "check_weights",
    "build",
    "load_weights",
    "run",
    "run, image",
)


def holder(text: str, file: str) -> str:
    """A spec that names a file."""
    Path("holder.yaml").write_text(text.replace("FILE", f"./{file}"), encoding="utf-8")
    return "holder.yaml"


@contextmanager
def not_for_ever(seconds: int = 60) -> Iterator[None]:
    """A block of code that ends, or is ended: to wait for a pipe takes no processor time."""

    def ended(*_: object) -> None:
        pytest.fail("it waits for ever")

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def called(run: Run, arguments: list[str], stdin: str = "") -> Done:
    with not_for_ever():
        return run(*arguments, stdin=stdin)
