"""Standard streams as they may be, and names from outside in what is printed."""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from command import Run
from sampling import few
from strange_files import API, LENET, NEED_TORCH, READING, WRITING, called

import archspec
from archspec.cli import COMMANDS, main
from archspec.errors import Diagnostic, Span, shown
from archspec.language.places import is_path
from archspec.reports.diagnostics import render_github

FOREIGN = """archspec: 1
name: foreign
doc: "Netz für Größen: 名前 😀 ×"
params: {k: {default: 3, doc: "Größe → 名前"}}
inputs: {x: [1, 8, 8]}
graph:
  a: {op: conv, out_channels: 2, kernel_size: $k}
"""
BROKEN = FOREIGN + "  größe: {op: convв, 名前: 😀}\n"
CFG = "# Größe\n[net]\nwidth=8\nheight=8\n[convolutional]\nfilters=2\nactivation=größe\n"
ENCODINGS = ("ascii", "cp1252", "latin-1", "cp437", "shift_jis", "utf-16", "utf-8")

CALLS: dict[str, list[str]] = {
    "compile": ["compile", "ü.yaml"],
    "compile json": ["compile", "ü.yaml", "--format", "json"],
    "compile csv": ["compile", "ü.yaml", "--format", "csv"],
    "compile markdown": ["compile", "ü.yaml", "--format", "markdown"],
    "emit": ["emit", "ü.yaml"],
    "export": ["export", "ü.yaml", "-o", "ü😀.txt"],
    "draw": ["draw", "ü.yaml", "-o", "ü😀.svg"],
    "diff": ["diff", "ü.yaml", "resnet50", "-o", "ü😀.svg"],
    "diff json": ["diff", "ü.yaml", "vgg11", "--format", "json"],
    "diff markdown": ["diff", "ü.yaml", "vgg11", "--format", "markdown"],
    "diff with a wrong one": ["diff", "ü.yaml", "wrong.yaml"],
    "report": ["report", "ü.yaml", "-o", "ü😀.md"],
    "check": ["check", "ü.yaml", "wrong.yaml"],
    "check json": ["check", "ü.yaml", "wrong.yaml", "--format", "json"],
    "check github": ["check", "wrong.yaml", "--format", "github"],
    "check nothing": ["check", "名前.yaml"],
    "list": ["list"],
    "import": ["import", "ü.cfg"],
    "import nothing": ["import", "名前.cfg"],
    "fmt": ["fmt", "--diff", "ü.yaml"],
    "fmt broken": ["fmt", "wrong.yaml"],
    "new": ["new", "größe", "--from", "nothing名"],
    "show": ["show", "ü.yaml"],
    "show flat": ["show", "--flat", "ü.yaml"],
    "sweep": ["sweep", "ü.yaml", "--set", "größe=1,2"],
    "fit": ["fit", "ü.yaml", "--knob", "größe=1,2", "--target", "params=1k"],
    "live of no file": ["live", "größe.yaml"],
    "ops": ["ops"],
    "ops conv": ["ops", "conv"],
    "blocks": ["blocks"],
    "blocks bottleneck": ["blocks", "bottleneck"],
    "schema": ["schema"],
    "explain": ["explain"],
    "explain shape-mismatch": ["explain", "shape-mismatch"],
    "run": ["run", "ü.yaml", "--seconds", "0.01"],
    "weights": ["weights", "ü.yaml", "w.pth"],
    "lsp of no folder": ["lsp", "--root", "größe"],
    "help": ["--help"],
    "help of compile": ["compile", "--help"],
    "version": ["--version"],
    "unknown command": ["größe"],
    "unknown option": ["compile", "--größe"],
    "wrong value": ["compile", "ü.yaml", "--depth", "名"],
    "too many arguments": ["compile", "ü.yaml", "名", "😀"],
}
"""Calls of each command, with characters that few encodings have."""


def test_every_command_is_called() -> None:
    assert {call[0] for call in CALLS.values()} >= set(COMMANDS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ü.yaml").write_text(FOREIGN, encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "ü.cfg").write_text(CFG, encoding="utf-8")
    return tmp_path


def prepared(name: str, folder: Path) -> list[str]:
    """The arguments of a call, for which checkpoints are made where it takes one."""
    if CALLS[name][0] in ("export", "run", "weights"):
        torch = pytest.importorskip("torch")
        torch.save({"größe.名前\n\x1b": torch.zeros(1)}, folder / "w.pth")
    return CALLS[name]


@contextmanager
def streams(
    monkeypatch: pytest.MonkeyPatch, out: io.TextIOWrapper | None, err: io.TextIOWrapper | None
) -> Iterator[None]:
    """Others in the places of standard output and error."""
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        yield
        for stream in (sys.stdout, sys.stderr, out, err):
            if stream and not isinstance(stream.buffer, io.BytesIO):
                with suppress(OSError):
                    stream.close()


def code(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a call; what it raises instead fails the test."""
    monkeypatch.setattr(sys, "argv", ["archspec", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def written(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def text_of(stream: io.TextIOWrapper) -> bytes:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()


DOCUMENTS = (
    "compile json",
    "compile csv",
    "compile markdown",
    "diff json",
    "diff markdown",
    "emit",
    "schema",
    "show",
    "show flat",
)
"""What programs read is in UTF-8 whatever a terminal has."""


@pytest.mark.parametrize(("name", "encoding"), few([(name, each) for name in CALLS for each in ENCODINGS], 60))
def test_a_command_says_the_same_in_every_encoding(
    name: str, encoding: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = prepared(name, folder)
    found = []
    for each in ("utf-8", encoding):
        out, err = written(each), written(each)
        with streams(monkeypatch, out, err):
            found.append((code(arguments, monkeypatch), text_of(out), text_of(err)))
    (right, plain, _), (other, told, error) = found
    assert other == right
    assert b"Traceback" not in error
    if name in DOCUMENTS:
        assert told == plain
    elif name != "run":  # which prints times
        lines = told.decode(encoding).splitlines()
        assert len(lines) == len(plain.decode().splitlines())
    error.decode(encoding)


def full() -> io.TextIOWrapper:
    return Path("/dev/full").open("w", encoding="utf-8")


def unread() -> io.TextIOWrapper:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "w", encoding="utf-8")


def unwritable() -> io.TextIOWrapper:
    return open(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")  # noqa: PTH123


def closed() -> None:
    return None


BAD: tuple[Callable[[], io.TextIOWrapper | None], ...] = (full, unread, unwritable, closed)


@pytest.mark.parametrize(
    ("name", "bad"),
    few([(name, bad) for name in CALLS for bad in BAD], 45),
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_command_ends_well_where_its_output_goes_nowhere(
    name: str, bad: Callable[[], io.TextIOWrapper | None], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = prepared(name, folder)
    good = written("utf-8")
    with streams(monkeypatch, good, written("utf-8")):
        right = code(arguments, monkeypatch)
    err = written("utf-8")
    with streams(monkeypatch, bad(), err):
        found = code(arguments, monkeypatch)
    assert b"Traceback" not in text_of(err)
    if not text_of(good):
        assert found == right
    else:
        assert found == (1 if bad is unread else 2)
        assert (b"cannot write to standard output" in text_of(err)) == (bad is not unread)
    for out in (bad, written_utf8):
        with streams(monkeypatch, out(), bad()):
            assert code(arguments, monkeypatch) in (right, 1, 2)


def written_utf8() -> io.TextIOWrapper:
    return written("utf-8")


def test_standard_input_that_is_closed_or_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    err = written("utf-8")
    with streams(monkeypatch, written("utf-8"), err):
        monkeypatch.setattr(sys, "stdin", None)
        assert code(["check", "-"], monkeypatch) == 2
        with os.fdopen(os.open(os.devnull, os.O_WRONLY), closefd=True) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            assert code(["check", "-"], monkeypatch) == 2
    assert text_of(err).count(b"error: cannot read standard input: ") == 2


def test_endless_input_is_read_up_to_the_limit() -> None:
    command = [sys.executable, "-m", "archspec", "check", "-"]
    with Path("/dev/zero").open() as stdin:
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "more than 8,000,000 bytes" in done.stderr) == (1, True)


# The interpreter's own end


@pytest.mark.parametrize(
    ("redirection", "expected", "said"),
    [
        (">/dev/full", 2, "error: cannot write to standard output: No space left on device\n"),
        (">&-", 2, "error: cannot write to standard output: Bad file descriptor\n"),
        (">/dev/full 2>/dev/full", 2, ""),
        (">&- 2>&-", 2, ""),
        ("<&-", 0, ""),
        ("| true", 1, ""),
    ],
)
def test_a_process_ends_with_its_own_exit_code(redirection: str, expected: int, said: str, tmp_path: Path) -> None:
    """Python says 120 where it cannot write what is left as it ends."""
    told = tmp_path / "code"
    command = f"{sys.executable} -m archspec schema {redirection}; echo ${{PIPESTATUS[0]}} > {told}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (int(told.read_text()), done.stderr) == (expected, said)


@pytest.mark.parametrize("arguments", [["check", "-"], ["draw", "-"], ["run", "-"]], ids=" ".join)
def test_a_command_that_is_interrupted_says_nothing(arguments: list[str]) -> None:
    """As it waits for its input, which is when it is sure to have begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", "archspec", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_until_it_reads(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, b"", b"")


def wait_until_it_reads(pid: int) -> None:
    for _ in range(600):
        if "pipe" in Path(f"/proc/{pid}/wchan").read_text():
            return
        time.sleep(0.1)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "run"])
def test_an_interrupt_at_any_line_ends_a_command_with_130(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At some of the calls of functions of the package that a command makes."""
    arguments = prepared(name, folder)
    for _ in range(2):  # the first time it imports, and works out what is kept
        with streams(monkeypatch, written("utf-8"), written("utf-8")):
            calls = interrupted(arguments, None, monkeypatch)[1]
    for at in few(range(0, calls, max(calls // 6, 1)), 4):
        err = written("utf-8")
        with streams(monkeypatch, written("utf-8"), err):
            assert interrupted(arguments, at, monkeypatch)[0] == 130
        assert not re.search(b"Traceback|Abort|Interrupt", text_of(err))  # `check` tells of files before


def interrupted(arguments: list[str], at: int | None, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """The exit code of a call that is interrupted at one of its calls of functions, and how many it makes."""
    package, count, begun = str(Path(archspec.__file__).parent), 0, False

    def trace(frame: object, event: str, _: object) -> None:
        nonlocal count, begun
        file, name = frame.f_code.co_filename, frame.f_code.co_name  # type: ignore[attr-defined]
        begun = begun or (file.endswith("cli.py") and name == "_code")
        closing = frame.f_code.co_flags & inspect.CO_GENERATOR  # type: ignore[attr-defined]  # where none can be raised
        if event == "call" and begun and file.startswith(package) and not closing:
            count += 1
            if count - 1 == at:
                sys.setprofile(None)
                raise KeyboardInterrupt

    sys.setprofile(trace)
    try:
        return code(arguments, monkeypatch), count
    finally:
        sys.setprofile(None)


# Names from outside


NAMES = (
    "\n::error::injected.yaml",
    "::add-mask::x.yaml",
    " ::add-mask::x.yaml",
    "##[error]x.yaml",
    "a\x1b[31m\x1b]0;title\x07.yaml",
    "a\r\x08\x7f\x9b.yaml",
    "a\u2028\u202e\ufeff.yaml",
    os.fsdecode(b"a\xff.yaml"),
    'a"""\nimport os\n"""b.yaml',
    "a\\",
    "%0A::error::x,y:z.yaml",
    "x" * 255,
)

WAYS = (*READING, *WRITING)


def harmless(text: str) -> None:
    """Nothing steers a terminal, and no line is a command to a runner but those that the format writes."""
    for line in text.split("\n"):
        assert line.isprintable()
        assert not line.lstrip().startswith("##[")
        assert (
            not line.lstrip().startswith("::")
            or line.lstrip().startswith("::: ")
            or re.match(r"::(error|warning) file=[^:]*,title=archspec [a-z-]+::", line)
        )


@pytest.mark.parametrize(
    ("name", "way", "there"),
    few([(name, way, there) for name in NAMES for way in WAYS for there in ("missing", "right", "wrong")], 120),
    ids=ascii,
)
def test_a_name_from_outside_steers_nothing(run: Run, way: str, name: str, there: str, tmp_path: Path) -> None:
    if way in NEED_TORCH:
        pytest.importorskip("torch")
    calls = {**READING, **WRITING}
    if there != "missing":
        (tmp_path / name).write_text(FOREIGN if there == "right" else BROKEN, encoding="utf-8")
    try:
        arguments = calls[way](name)
    except UnicodeEncodeError:
        return  # no spec can name this file
    for extra in ([], ["--format", "github"], ["--format", "json"]) if arguments[0] == "check" else ([],):
        done = called(run, [*arguments, *extra])
        harmless(done.out)
        harmless(done.err)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_spec_in_a_file_of_any_name_is_one(run: Run, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FOREIGN, encoding="utf-8")
    path = name if is_path(name) else f"./{name}"  # else it is the name of a bundled network
    for words in (["check", path], ["emit", path], ["draw", path], ["compile", path]):
        assert run(*words).code == 0
    assert all(
        node["place"]["file"] == name for node in json.loads(run("compile", path, "--format", "json").out)["nodes"]
    )
    (checked,) = json.loads(run("check", path, "--format", "json").out)["files"]
    assert (checked["file"], checked["ok"]) == (path, True)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize(
    "arguments",
    [
        ["NAME"], ["compile", "--NAME"], ["compile", LENET, "NAME", "NAME"], ["compile", LENET, "--depth", "NAME"],
        ["compile", LENET, "--variant", "NAME"], ["compile", LENET, "--set", "NAME=1"],
        ["compile", LENET, "--set", "NAME"],
        ["compile", LENET, "--set", "num_classes=NAME"], ["compile", LENET, "--limit", "NAME=1"],
        ["compile", LENET, "--format", "NAME"], ["draw", LENET, "--theme", "NAME"], ["draw", LENET, "--expand", "NAME"],
        ["draw", LENET, "--detail", "NAME"], ["draw", LENET, "--paper", "NAME"], ["draw", LENET, "--show", "NAME"],
        ["draw", "--block", "NAME"], ["ops", "NAME"], ["blocks", "NAME"], ["explain", "NAME"],
        ["compile", LENET, "--root", "NAME", "-o", "out"],
    ],
    ids=lambda words: " ".join(words).replace(LENET, "SPEC"),
)  # fmt: skip
def test_a_word_of_a_command_steers_nothing(run: Run, arguments: list[str], name: str) -> None:
    done = run(*[word.replace("NAME", name) for word in arguments])
    harmless(done.err)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("way", API)
def test_an_error_of_a_function_is_one_line(
    way: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way in NEED_TORCH:
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    with pytest.raises((archspec.UsageError, archspec.SpecError)) as caught:
        API[way](name)
    if isinstance(caught.value, archspec.UsageError):
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", NAMES[:8], ids=ascii)
def test_the_source_of_a_spec_of_any_name_is_the_source_of_the_spec(name: str) -> None:
    """The header holds the name, and nothing of it gets out of the docstring."""
    one = archspec.emit(archspec.compile_text(FOREIGN, name="plain.yaml"))
    other = archspec.emit(archspec.compile_text(FOREIGN, name=name))
    assert one.split('"""', 2)[2] == other.split('"""', 2)[2]
    compile(other, "emitted", "exec")
    other.encode()


@pytest.mark.parametrize("text", ["a\nb", "\x1b[0m", "%", "a,b:c", "\r", "::x", "\ud800", "\u2028"])
def test_annotations_hold_any_text(text: str) -> None:
    span = Span(f"{text}.yaml", 1, 1, 1, 2)
    error = archspec.SpecError([Diagnostic("unknown-op", text, span, help=text, expected=text, found=text)])
    (line,) = render_github(error).split("\n")
    harmless(line)
    properties = line.removeprefix("::error ").partition("::")[0]
    assert [each.partition("=")[0] for each in properties.split(",")] == "file line endLine col endColumn title".split()
    harmless(str(error).replace(" = ", "   "))


@pytest.mark.parametrize(
    ("text", "expected"), [("a b", "a b"), ("ü😀", "ü😀"), ("a\tb\n", "a\\tb\\n"), ("\ud800", "\\ud800")]
)
def test_a_name_is_shown_as_it_is_but_for_what_is_not_seen(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert shown(shown(text)) == expected
