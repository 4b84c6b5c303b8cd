"""Files that are read and written: what stands in the place of one, and what happens where one cannot be written."""

from __future__ import annotations

import ast
import os
import resource
import stat
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from command import Run
from sampling import few
from strange_files import API, KINDS, LENET, NEED_TORCH, NO_FILES, READING, WRITING, called, fifo, not_for_ever

import archspec
import archspec.files
from archspec.cli import COMMANDS
from archspec.cli import command as function_of
from archspec.files import read, temporary_folder, write, write_all

PACKAGE = Path(archspec.__file__).parent
STOPPED = OSError(28, os.strerror(28))
"""No space left on device."""


def ways(table: dict[str, Callable[[str], object]]) -> list[tuple[str, Callable[[Path], None]]]:
    return few([(name, kind) for name in table for kind in KINDS], 70)


def name_of(value: object) -> str:
    return getattr(value, "__name__", str(value))


# Reading


def test_every_file_that_a_command_takes_is_in_the_tables() -> None:
    found = set()
    for command in COMMANDS:
        for name, hint in get_type_hints(function_of(command), include_extras=True).items():
            what, *told = get_args(hint) or (hint,)
            named = name in ("spec", "specs", "block") or (command, name) == ("import", "source")
            if told and (named or Path in (what, *get_args(what))):
                found.add(f"{command} {told[0].default if isinstance(told[0].default, str) else told[0].metavar}")
    assert found == {way.partition(",")[0] for way in (*READING, *WRITING, *NO_FILES)}


@pytest.mark.parametrize(("way", "kind"), ways(READING), ids=name_of)
def test_a_command_answers_whatever_stands_in_the_place_of_a_file(
    run: Run, way: str, kind: Callable[[Path], None], tmp_path: Path
) -> None:
    if way in NEED_TORCH:
        pytest.importorskip("torch")
    name = "x.svg" if way == "draw --check" else "x"
    kind(tmp_path / name)
    tracemalloc.start()
    try:
        done = called(run, READING[way](name))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert done.code in (1, 2)
    assert "error" in done.err or "stale" in done.err
    assert peak < 400_000_000


@pytest.mark.parametrize(("way", "kind"), ways(API), ids=name_of)
def test_a_function_answers_whatever_stands_in_the_place_of_a_file(
    way: str, kind: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way in NEED_TORCH:
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    kind(tmp_path / "x")
    with not_for_ever(), pytest.raises((archspec.SpecError, archspec.UsageError)):
        API[way]("x")


def test_a_file_that_may_not_be_read_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("archspec: 1\n")
    (tmp_path / "secret.yaml").chmod(0)

    def refused(*_: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(archspec.files, "regular", refused)  # nothing is refused to root
    assert "cannot read `secret.yaml`: Permission denied" in run("check", "secret.yaml").err


def test_fences_and_directives_read_as_commands_do(tmp_path: Path) -> None:
    markdown = pytest.importorskip("markdown")
    fifo(tmp_path / "x.yaml")
    page = markdown.Markdown(
        extensions=["archspec.markdown"], extension_configs={"archspec.markdown": {"root": tmp_path}}
    )
    with not_for_ever():
        assert "it is no regular file" in page.convert("```archspec\nx.yaml\n```\n")


@pytest.mark.parametrize("size", [0, 1, 9, 10])
def test_a_file_is_read_up_to_a_limit(size: int, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(size))
    assert read(tmp_path / "x", 10) == bytes(size)


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(11))
    with pytest.raises(archspec.UsageError, match="more than 10 bytes"):
        read(tmp_path / "x", 10)


def test_an_image_that_is_a_program_is_not_run(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("PIL")
    (tmp_path / "x.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n%%EndComments\n%%EOF\n")
    assert "as an image: EPS holds a program" in run("run", LENET, "--input", "x.png").err


@pytest.mark.parametrize("size", [(1, 200_000), (200_000, 1)])
def test_an_image_that_would_fill_the_memory_is_refused(run: Run, size: tuple[int, int], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("PIL.Image").new("L", size).save(tmp_path / "x.png")
    spec = str(Path(LENET).with_name("alexnet.yaml"))
    assert "too narrow a strip" in run("run", spec, "--input", "x.png").err


# A spec that is a link


SECRET = "archspec: 1\nname: tiny\ninputs: {x: [3]}\nsecret: hidden\ngraph: {a: relu}\n"
RIGHT = SECRET.replace("secret: hidden\n", "")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder `inside` with links in it, and a folder beside it."""
    (tmp_path / "inside" / "deep").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.yaml").write_text(SECRET)
    (tmp_path / "outside" / "right.yaml").write_text(RIGHT)
    (tmp_path / "outside" / "block.yaml").write_text("archspec: 1\nblock: b\ngraph: {a: relu}\nsecret: hidden\n")
    (tmp_path / "inside" / "deep" / "right.yaml").write_text(RIGHT)
    for name in ("secret", "right", "block"):
        (tmp_path / "inside" / f"{name}.yaml").symlink_to(tmp_path / "outside" / f"{name}.yaml")
    (tmp_path / "inside" / "near.yaml").symlink_to("deep/right.yaml")
    (tmp_path / "other-name").symlink_to("outside")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "inside/secret.yaml"],
        ["emit", "inside/secret.yaml"],
        ["draw", "inside/secret.yaml", "--partial"],
        ["draw", "--block", "inside/block.yaml"],
        ["check", "inside/secret.yaml", "--root", "inside"],
        ["check", "inside/secret.yaml", "--format", "json"],
        ["check", "inside/secret.yaml", "--format", "github"],
    ],
    ids=" ".join,
)
def test_a_link_out_of_its_folder_is_not_read(run: Run, tree: Path, arguments: list[str]) -> None:
    done = run(*arguments)
    told = done.out + done.err
    assert done.code == 1
    assert "path-outside" in told
    assert "--root" in told
    assert "hidden" not in told
    assert str(tree / "outside") not in told


def test_a_link_is_read_where_the_root_holds_what_it_leads_to(run: Run, tree: Path) -> None:
    assert run("check", "inside/right.yaml").code == 1
    assert run("check", "inside/right.yaml", "--root", ".").code == 0
    assert archspec.compile("inside/right.yaml", root=tree).name == "tiny"
    assert "hidden" in run("check", "inside/secret.yaml", "--root", ".").err
    assert "unknown-key" in run("draw", "--block", "inside/block.yaml", "--root", ".").err


@pytest.mark.parametrize("path", ["inside/near.yaml", "other-name/right.yaml", "inside/deep/../near.yaml"])
def test_a_link_within_its_folder_and_a_folder_that_is_a_link_are_read(run: Run, tree: Path, path: str) -> None:
    assert run("check", path).code == 0


def test_a_spec_need_not_lie_in_the_root(run: Run, tree: Path) -> None:
    assert run("check", "outside/right.yaml", "--root", "inside").code == 0


def test_a_reference_that_is_a_link_out_of_the_root_is_not_read(run: Run, tree: Path) -> None:
    (tree / "inside" / "user.yaml").write_text("archspec: 1\nname: user\nextends: right.yaml\n")
    assert "error[path-outside]" in run("check", "inside/user.yaml").err
    assert run("check", "inside/user.yaml", "--root", ".").code == 0


# Writing


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    write_all({tmp_path / "a" / "b" / "c.txt": "ü", tmp_path / "d": b"\0"})
    assert contents(tmp_path) == {"a/b/c.txt": "ü".encode(), "d": b"\0"}


def test_permissions_stay(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    old.chmod(0o604)
    before = os.umask(0o027)
    try:
        write_all({old: "1", new: "2"})
    finally:
        os.umask(before)
    assert stat.S_IMODE(old.stat().st_mode) == 0o604
    assert stat.S_IMODE(new.stat().st_mode) == 0o640  # as any other file that is made


def test_a_link_stays_and_its_file_changes(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("old")
    (tmp_path / "link").symlink_to("real/file")
    (tmp_path / "dangling").symlink_to("real/new")
    write_all({tmp_path / "link": "1", tmp_path / "dangling": "2"})
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "real") == {"file": b"1", "new": b"2"}


def test_a_device_is_written_to_and_stays(run: Run) -> None:
    assert run("emit", LENET, "-o", "/dev/null").code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert "No space left" in run("emit", LENET, "-o", "/dev/full").err


def test_an_open_pipe_is_written_to() -> None:
    reading, writing = os.pipe()
    write(Path(f"/dev/fd/{writing}"), "text")
    os.close(writing)
    assert os.read(reading, 100) == b"text"
    os.close(reading)


def test_a_pipe_that_nobody_reads_is_an_error(run: Run, tmp_path: Path) -> None:
    fifo(tmp_path / "x")
    done = called(run, ["emit", LENET, "-o", "x"])
    assert (done.code, "cannot write x" in done.err) == (2, True)


@pytest.mark.parametrize("files", [1, 3])
@pytest.mark.parametrize("error", [STOPPED, KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("step", ["write", "replace"])
def test_whatever_stops_a_write_the_old_files_stand(
    step: str, error: BaseException, files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each file of the set in turn, as it is written or as it takes its place."""
    for stopped in range(files):
        folder = tmp_path / f"{stopped}"
        folder.mkdir()
        (folder / "0").write_text("old")
        names = ["0", "new/1", "2"][:files]
        calls = iter(range(files))
        with monkeypatch.context() as patched:
            stop_at(step, stopped, calls, error, patched)
            with pytest.raises((archspec.UsageError, KeyboardInterrupt)):
                write_all({folder / name: "new" for name in names})
        assert contents(folder) == {"0": b"old"}
        assert not (folder / "new").exists()


def stop_at(step: str, stopped: int, calls: object, error: BaseException, patched: pytest.MonkeyPatch) -> None:
    fill, replace = archspec.files._fill, Path.replace

    def filling(target: Path, new: Path, data: bytes) -> None:
        fill(target, new, data)
        if next(calls) == stopped:  # type: ignore[call-overload]
            raise error

    def replacing(self: Path, target: Path) -> Path:
        if next(calls, None) == stopped:  # type: ignore[call-overload]
            raise error
        return replace(self, target)

    if step == "write":
        patched.setattr(archspec.files, "_fill", filling)
    else:
        patched.setattr(Path, "replace", replacing)


def test_a_file_that_may_not_be_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("old")
    opened = Path.open

    def refusing(self: Path, mode: str = "r", *rest: object, **options: object) -> object:
        if mode == "r+b":
            raise PermissionError(13, os.strerror(13))  # nothing is refused to root
        return opened(self, mode, *rest, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(archspec.UsageError, match="Permission denied"):
        write(tmp_path / "x", "new")
    assert (tmp_path / "x").read_text() == "old"


@pytest.mark.parametrize("way", WRITING)
def test_where_the_disk_is_full_what_was_there_stays(way: str, tmp_path: Path) -> None:
    """In a process whose files may have no more than 1,000 bytes: each of these has more."""
    name = {"compile": "out", "export": "out.pt2", "report": "out.md"}.get(way.partition(" ")[0], "out.svg")
    arguments = WRITING[way](name)
    subprocess.run([sys.executable, "-m", "archspec", *arguments], cwd=tmp_path, check=True, capture_output=True)
    for path in tmp_path.rglob("*.*"):
        path.write_text("old")
    before = contents(tmp_path)
    assert before
    done = subprocess.run(
        [sys.executable, "-m", "archspec", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000)),
    )
    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    kept = {name: data for name, data in contents(tmp_path).items() if not name.endswith(".rows")}
    assert kept == before  # the journal of a sweep is there to go on with


# Folders that go


def test_folders_that_killed_processes_have_left_go_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    end = "print(made.name, flush=True); os.kill(os.getpid(), 9)"
    killed = f"import os, archspec.files as files; made = files.temporary_folder(); {end}"
    left = [Path(subprocess.run([sys.executable, "-c", killed], stdout=-1, text=True).stdout.strip()) for _ in "ab"]
    assert all(path.is_dir() and path.parent == tmp_path for path in left)
    (left[0] / "net.py").write_text("")
    others = [tmp_path / "archspec-notes", tmp_path / "archspec-temporary-link", tmp_path / "archspec-temporary-file"]
    others[0].mkdir()
    others[1].symlink_to(others[0])
    others[2].write_text("")
    days_ago = time.time() - 2 * 24 * 60 * 60
    for path in (left[0], *others):
        os.utime(path, (days_ago, days_ago), follow_symlinks=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary_folder() as name:
        assert set(tmp_path.iterdir()) == {Path(name), left[1], *others}
    assert set(tmp_path.iterdir()) == {left[1], *others}


# Nothing else opens a file


OWN_DATA = {"explanations.py", "pasting.py", "__init__.py", "pages.py", "provenance.py"}
"""Files that read what is installed with the package: explanations, layers, the parts of a page, all of it."""

METHODS = {"read_text", "read_bytes", "write_text", "write_bytes"}
METHODS |= {"TemporaryDirectory", "mkdtemp", "mkstemp", "TemporaryFile", "NamedTemporaryFile"}
NO_FILES_OPENED = {"Image.open", "self._workspace.open", "self.documents.open"}
"""An image of bytes, and documents of an editor."""


def opens(path: Path) -> set[str]:
    """What a file calls to read and write files."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            found.add(node.func.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", *METHODS}:
            found.add(node.func.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "open":
            found.add(f"{ast.unparse(node.func)}")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_are_opened_by_one_reader_and_one_writer(path: Path) -> None:
    if path.name in ("files.py", "streams.py"):
        return
    allowed = {"read_text", "read_bytes"} if path.name in OWN_DATA else set()
    assert opens(path) <= allowed | NO_FILES_OPENED
