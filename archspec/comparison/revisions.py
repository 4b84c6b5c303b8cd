"""Specs as a revision of a git repository has them: read with the ``git`` command, never from a network."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from archspec.compiler import pipeline
from archspec.compiler.pipeline import LoadedSpec
from archspec.errors import UsageError, shown
from archspec.files import read, start, temporary_folder, write
from archspec.language.limits import Limits
from archspec.language.source import Source, decode

ENDINGS = (".yaml", ".yml")
_REGULAR = (b"100644", b"100755")
_SAFE = (
    "--no-pager", "--literal-pathspecs", "-c", "protocol.allow=never", "-c", "core.fsmonitor=false",
    "-c", "core.quotePath=false",
)  # fmt: skip
"""No transport, no program that a repository's configuration names, and paths as they are."""


class Revision(NamedTuple):
    """A commit of a repository.

    Attributes:
        name: As it was given, such as ``HEAD~1``.
        commit: Its hash.
        top: The repository's work tree.
    """

    name: str
    commit: str
    top: Path


def is_of_revision(spec: str) -> bool:
    r"""Whether a text means a file of a revision: there is a ``:``, and not that of a drive.

    >>> is_of_revision("HEAD~1:specs/x.yaml"), is_of_revision("resnet50"), is_of_revision(r"C:\\x.yaml")
    (True, False, False)
    """
    return len(spec.partition(":")[0]) > 1 and ":" in spec


def revision(name: str) -> Revision:
    """The commit that a name means, in the repository of the working directory.

    Raises:
        UsageError: There is no git, no repository, or no such commit.
    """
    if not name or name.startswith("-") or "\0" in name:
        raise UsageError(f"`{shown(name)}` is no revision; give a commit, a branch or a tag, such as `HEAD~1`")
    top = Path(_git("rev-parse", "--show-toplevel").decode().rstrip("\n"))
    try:
        commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except UsageError:
        raise UsageError(f"the repository `{shown(top)}` has no revision `{shown(name)}`") from None
    return Revision(name, commit.decode().strip(), top)


def _git(*arguments: str, given: bytes = b"") -> bytes:
    """What a git command prints.

    Raises:
        UsageError: There is no git, or it fails.
    """
    import subprocess

    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    try:
        done = subprocess.run(["git", *_SAFE, *arguments], input=given, capture_output=True, env=environment)
    except FileNotFoundError:
        raise UsageError("a revision needs the `git` command, and there is none") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ").partition("\n")[0]
        if "not a git repository" in said:
            said = f"`{shown(Path.cwd())}` is in no git repository"
        raise UsageError(f"git: {shown(said)}" if said else f"git {arguments[0]} failed")
    return done.stdout


@contextmanager
def opened(spec: str, root: Path | None = None, limits: Limits | None = None) -> Iterator[LoadedSpec]:
    """A spec of a revision, with the files that it names as that revision has them.

    Args:
        spec: ``REVISION:PATH``; a path begins at the top of the repository, and with a ``./`` in the working directory.
        root: The folder that its references may not leave, as it is called now; that of the spec unless given.
        limits: Bounds on what is read.

    Raises:
        UsageError: There is no git, no repository, no such revision, or it has no such file.
    """
    name, _, path = spec.partition(":")
    of = revision(name)
    file = _in_repository(path, of)
    around = posixpath.dirname(file) if root is None else _relative(root, of)
    with files(of, around, limits or Limits()) as folder:
        if not (folder / file).is_file():
            raise UsageError(_missing(path, of))
        yield loaded(of, folder, file, folder / around, limits or Limits())


def loaded(of: Revision, folder: Path, file: str, root: Path, limits: Limits) -> LoadedSpec:
    """A spec among the files of a revision that lie in a folder."""
    path, name = folder / file, f"{of.name}:{file}"
    text = decode(read(path, limits.file_bytes), name, limits)
    return LoadedSpec(Source(name, text, path), root, limits, shown_as=(folder, f"{of.name}:"))


@contextmanager
def files(of: Revision, around: str, limits: Limits) -> Iterator[Path]:
    """A folder with the YAML files of a revision below one of its folders; links and larger files are left out."""
    with temporary_folder() as made:
        folder = Path(made).resolve()
        (folder / around).mkdir(parents=True, exist_ok=True)
        listed = dict(_listed(of, around, limits))
        for path, data in zip(listed, _blobs(list(listed.values())), strict=True):
            write(folder / path, data)
        yield folder


def _listed(of: Revision, around: str, limits: Limits) -> Iterator[tuple[str, str]]:
    """The paths of the YAML files below a folder, and their hashes."""
    where = ["--", f"{around}/"] if around else []
    for entry in _git("-C", str(of.top), "ls-tree", "-r", "-z", "-l", "--full-tree", of.commit, *where).split(b"\0"):
        about, _, name = entry.partition(b"\t")
        path = name.decode("utf-8", "surrogateescape")
        if not path.endswith(ENDINGS) or ".." in path.split("/"):
            continue
        mode, _, blob, size = about.split()
        if mode in _REGULAR and int(size) <= limits.file_bytes:
            yield path, blob.decode()


def _blobs(hashes: Sequence[str]) -> Iterator[bytes]:
    """What objects of the repository hold, in order."""
    if not hashes:
        return
    output = _git("cat-file", "--batch", given="".join(f"{each}\n" for each in hashes).encode())
    place = 0
    for _ in hashes:
        end = output.index(b"\n", place)
        size = int(output[place:end].split()[2])
        yield output[end + 1 : end + 1 + size]
        place = end + 1 + size + 1


def _in_repository(path: str, of: Revision) -> str:
    """The path of a file from the top of its repository.

    Raises:
        UsageError: It lies outside.
    """
    if path.startswith(("./", "../")):
        path = posixpath.join(_relative(Path(), of), path)
    found = posixpath.normpath(path)
    if not path or found.startswith(("../", "/")) or found in ("..", "."):
        raise UsageError(f"`{shown(of.name)}:{shown(path)}` is no file of the repository")
    return found


def _relative(folder: Path, of: Revision) -> str:
    """The path of a folder from the top of the repository; empty for the top.

    Raises:
        UsageError: It lies outside.
    """
    try:
        found = folder.resolve().relative_to(of.top.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"`{shown(folder)}` lies outside of the repository `{shown(of.top)}`") from None
    return "" if found == "." else found


def _missing(path: str, of: Revision) -> str:
    message = f"the revision `{shown(of.name)}` has no YAML file `{shown(path)}`"
    if not path.startswith("./") and (Path.cwd() / path).exists() and Path.cwd().resolve() != of.top.resolve():
        return f"{message}; its paths begin at the top of the repository: `{shown(of.name)}:./{shown(path)}`"
    return message


def changed_since(of: Revision, folder: Path, limits: Limits) -> list[str]:
    """The YAML files that differ between a revision and the work tree, or whose text names one that does.

    Args:
        of: The revision.
        folder: Its files.
        limits: Bounds on what is read.
    """
    now = _git("-C", str(of.top), "ls-files", "-z", "--cached", "--others", "--exclude-standard").split(b"\0")
    names = {name.decode("utf-8", "surrogateescape") for name in now}
    texts = {path: _text(of.top / path, limits) for path in names if path.endswith(ENDINGS)}
    files = {path.relative_to(folder).as_posix(): _text(path, limits) for path in folder.rglob("*") if path.is_file()}
    before = {path: text for path, text in files.items() if text is not None}
    present = {path: text for path, text in texts.items() if text is not None}
    found = {path for path in {*before, *present} if before.get(path) != present.get(path)}
    todo = list(found)
    while todo:
        name = posixpath.basename(todo.pop()).encode("utf-8", "surrogateescape")
        users = {path for known in (before, present) for path, text in known.items() if name in text} - found
        found |= users
        todo += users
    return sorted(found)


def _text(path: Path, limits: Limits) -> bytes | None:
    """What a regular file holds; None where there is none that can be read."""
    try:
        return None if path.is_symlink() else start(path, limits.file_bytes)
    except OSError:
        return None


_SPEC = re.compile(rb"""^[ {]*["']?archspec["']?[ ]*:""", re.MULTILINE)


class Change(NamedTuple):
    """A spec that may have changed since a revision.

    Attributes:
        path: Its path from the top of the repository.
        before: The spec as the revision has it; None where it has none.
        after: The spec as the work tree has it; None likewise.
    """

    path: str
    before: LoadedSpec | None
    after: LoadedSpec | None


def changes_since(name: str, limits: Limits) -> Iterator[Change]:
    """The specs that may have changed since a revision, in alphabetical order; blocks that have files are among them.

    Raises:
        UsageError: There is no git, no repository, or no such revision.
    """
    of = revision(name)
    with files(of, "", limits) as folder:
        for path in changed_since(of, folder, limits):
            old, new = (_text(around / path, limits) for around in (folder, of.top))
            if any(text and _SPEC.search(text) for text in (old, new)):
                root = (folder / path).parent
                yield Change(
                    path,
                    None if old is None else loaded(of, folder, path, root, limits),
                    None if new is None else pipeline.opened(_from_here(of.top / path), None, limits),
                )


def _from_here(path: Path) -> Path:
    """A path from the working directory, where it lies below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
