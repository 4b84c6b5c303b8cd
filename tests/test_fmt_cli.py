"""``archspec fmt``: what it writes, prints and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Run

ROUGH = b"archspec:   1\nname: x\ninputs: { x: [3,8,8] }\ngraph:\n    a:   relu\n"
NEAT = b"archspec: 1\nname: x\ninputs: {x: [3, 8, 8]}\ngraph:\n  a: relu\n"


@pytest.fixture(autouse=True)
def _specs(tmp_path: Path) -> None:
    (tmp_path / "rough.yaml").write_bytes(ROUGH)
    (tmp_path / "neat.yaml").write_bytes(NEAT)


def test_files_are_formatted_in_place(run: Run, tmp_path: Path) -> None:
    done = run("fmt", "rough.yaml", "neat.yaml")
    assert (done.code, done.out, done.err) == (0, "formatted rough.yaml\n", "1 formatted, 1 unchanged\n")
    assert (tmp_path / "rough.yaml").read_bytes() == NEAT
    assert run("fmt", "rough.yaml").out == ""


def test_check_writes_nothing(run: Run, tmp_path: Path) -> None:
    done = run("fmt", "--check", "rough.yaml", "neat.yaml")
    assert (done.code, done.out, done.err) == (1, "rough.yaml: not formatted\n", "1 to be formatted, 1 unchanged\n")
    assert (tmp_path / "rough.yaml").read_bytes() == ROUGH
    assert run("fmt", "--check", "neat.yaml").code == 0


def test_diff_is_a_patch(run: Run, tmp_path: Path) -> None:
    done = run("fmt", "--diff", "rough.yaml", "neat.yaml")
    assert done.code == 1
    assert done.out.startswith(
        "--- rough.yaml\n+++ rough.yaml\n@@ -1,5 +1,5 @@\n-archspec:   1\n+archspec: 1\n name: x\n"
    )
    assert (tmp_path / "rough.yaml").read_bytes() == ROUGH
    assert run("fmt", "--diff", "neat.yaml").out == ""


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--check",), 1), (("--diff",), 1)])
def test_standard_input(run: Run, options: tuple[str, ...], code: int) -> None:
    done = run("fmt", *options, "-", stdin=ROUGH.decode())
    assert done.code == code
    assert done.err == ""
    assert done.out == NEAT.decode() if not options else "<stdin>" in done.out
    assert run("fmt", *options, "-", stdin=NEAT.decode()).code == 0


def test_a_folder_stands_for_the_specs_in_it(run: Run, tmp_path: Path) -> None:
    for name in ("nets/a.yaml", "nets/deep/b.yml", "nets/.hidden/c.yaml", "nets/not.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(ROUGH)
    (tmp_path / "nets" / "other.yaml").write_text("services:   {}\n")
    done = run("fmt", "nets", "nets/a.yaml")
    assert done.out.replace("\\", "/") == "formatted nets/a.yaml\nformatted nets/deep/b.yml\n"
    assert (tmp_path / "nets" / "other.yaml").read_text() == "services:   {}\n"
    assert (tmp_path / "nets" / ".hidden" / "c.yaml").read_bytes() == ROUGH
    (tmp_path / "empty").mkdir()
    assert "there is no spec in the folder empty" in run("fmt", "empty").err


def test_a_file_that_is_wrong_stays_and_the_others_are_formatted(run: Run, tmp_path: Path) -> None:
    wrong = b"archspec: 1\ngraph: [\n"
    (tmp_path / "wrong.yaml").write_bytes(wrong)
    done = run("fmt", "wrong.yaml", "rough.yaml")
    assert done.code == 1
    assert "error[yaml-syntax]" in done.err
    assert "--> wrong.yaml:" in done.err
    assert done.err.endswith("1 formatted, 1 wrong\n")
    assert (tmp_path / "wrong.yaml").read_bytes() == wrong
    assert (tmp_path / "rough.yaml").read_bytes() == NEAT


def test_a_spec_that_does_not_compile_is_formatted_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rough.yaml").write_bytes(ROUGH.replace(b"relu", b"rellu"))
    assert run("fmt", "rough.yaml").code == 0
    assert (tmp_path / "rough.yaml").read_bytes() == NEAT.replace(b"relu", b"rellu")


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    assert run("fmt", "rough.yaml", "none.yaml").code == 2
    assert (tmp_path / "rough.yaml").read_bytes() == ROUGH
    done = run("fmt", "googlenet")
    assert (done.code, "`archspec new` copies it" in done.err) == (2, True)
