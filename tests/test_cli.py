"""The command line: what it prints, writes and returns."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import Run

import archspec
import archspec.language.library
import archspec.ops.registry
import archspec.reports.explanations
from archspec.commands.check import check

ROOT = Path(__file__).parent.parent
LENET = str(ROOT / "specs" / "lenet.yaml")
BROKEN = "archspec: 1\nname: broken\ninputs: {x: [3, 8, 8]}\ngraph:\n  a: {op: convv}\n  b: {op: relu, x: 1}\n"


def test_compile_prints_the_table_and_writes_the_report(run: Run, tmp_path: Path) -> None:
    done = run("compile", LENET)
    assert done.code == 0
    assert "61,706" in done.out
    assert "416,520" in done.out
    report = json.loads((tmp_path / "build" / "lenet" / "report.json").read_text())
    assert (report["format"], report["version"]) == ("archspec-report", 1)
    assert report["totals"]["params"] == 61_706
    assert report["totals"]["activations"] == sum(node["activations"] for node in report["nodes"])
    assert report["totals"]["tiling"] is None


def test_the_report_has_fields_and_tiles(run: Run, tmp_path: Path) -> None:
    unet = json.loads(run("compile", str(ROOT / "tests" / "data" / "unet.yaml"), "--format", "json").out)
    assert unet["totals"]["tiling"] == {"before": [94, 94], "after": [94, 94], "step": [16, 16]}
    assert unet["nodes"][-1]["receptive_field"] == {
        "size": [204, 204], "stride": [1.0, 1.0], "padding": [94.0, 94.0], "least": [188, 188],
        "before": [107.0, 107.0], "after": [107.0, 107.0],
    }  # fmt: skip
    (tmp_path / "two.yaml").write_text(
        "archspec: 1\nname: two\ninputs: {x: [1, 8], y: [1, 4]}\n"
        "graph: {a: {op: max_pool, kernel_size: 2, from: x}, b: {op: add, from: [a, y]}}\n"
    )
    node = json.loads(run("compile", "two.yaml", "--format", "json").out)["nodes"][-1]
    assert node["receptive_field"] is None
    assert {name: field["size"] for name, field in node["receptive_fields"].items()} == {"x": [2], "y": [1]}


def test_compile_writes_the_source(run: Run, tmp_path: Path) -> None:
    (tmp_path / "my-net.yaml").write_text("archspec: 1\nname: my-net\ninputs: {x: [3]}\ngraph: {a: relu}\n")
    assert str(Path("build", "my-net", "my_net.py")) in run("compile", "my-net.yaml").out
    assert (tmp_path / "build" / "my-net" / "my_net.py").read_text() == archspec.emit("my-net.yaml")


def test_emit_prints_and_writes(run: Run, tmp_path: Path) -> None:
    source = archspec.emit(LENET, num_classes=7)
    assert run("emit", LENET, "--set", "num_classes=7") == (0, source, "")
    assert run("emit", LENET, "--set", "num_classes=7", "-o", "nets/lenet.py") == (0, "", "")
    assert (tmp_path / "nets" / "lenet.py").read_text() == source
    assert run("emit", LENET, "-o", "-") == run("emit", LENET)
    assert run("emit", "-", stdin=BROKEN).code == 1


def test_emit_checks_a_file(run: Run, tmp_path: Path) -> None:
    run("emit", LENET, "-o", "lenet.py")
    assert run("emit", LENET, "--check", "lenet.py") == (0, "", "")
    done = run("emit", LENET, "--set", "num_classes=7", "--check", "lenet.py")
    assert (done.code, done.out) == (1, "")
    assert "lenet.py is stale; line " in done.err
    assert f"regenerate it: archspec emit {LENET} --set num_classes=7 -o lenet.py" in done.err
    lines = (tmp_path / "lenet.py").read_text().splitlines(keepends=True)
    lines[20] = "changed by hand\n"
    (tmp_path / "lenet.py").write_text("".join(lines))
    done = run("emit", LENET, "--check", "lenet.py")
    assert "line 21 differs:\n- changed by hand\n+ " in done.err
    (tmp_path / "lenet.py").write_text("".join(lines[:9]))
    assert "line 10 differs:\n- \n+ " in run("emit", LENET, "--check", "lenet.py").err


def test_weights_are_checked_against_a_spec(run: Run, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save(archspec.build(LENET).state_dict(), tmp_path / "lenet.pth")
    done = run("weights", LENET, "lenet.pth")
    assert (done.code, done.err) == (0, "")
    assert "10 of 10 tensors" in done.out
    done = run("weights", LENET, "lenet.pth", "--set", "num_classes=7")
    assert (done.code, done.err) == (1, "")
    assert "fc3.weight" in done.out


def test_run_prints_what_it_measures(run: Run, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save(archspec.build(LENET).state_dict(), tmp_path / "lenet.pth")
    pytest.importorskip("PIL.Image").new("L", (40, 30)).save(tmp_path / "digit.png")
    done = run("run", LENET, "--batch", "3", "--weights", "lenet.pth", "--input", "digit.png", "--seconds", "0.01")
    assert (done.code, done.err) == (0, "")
    assert "output 3x10" in done.out
    assert done.out.count("class ") == 5
    done = run("run", LENET, "--train", "--dtype", "bfloat16", "--channels-last", "--seconds", "0.01")
    assert "bfloat16, channels last, batch 1, forward and backward" in done.out


@pytest.mark.parametrize("depth", [["--depth", "0"], ["--depth", "1"], ["--depth", "2"]])
def test_every_format_holds_the_whole_network(run: Run, depth: list[str]) -> None:
    spec = str(ROOT / "specs" / "resnet18.yaml")
    rows = list(csv.DictReader(io.StringIO(run("compile", spec, "--format", "csv", *depth).out)))
    assert sum(int(row["params"]) for row in rows) == 11_689_512
    assert sum(int(row["macs"]) for row in rows) == 1_814_073_344
    markdown = run("compile", spec, "--format", "markdown", *depth).out
    assert all(f"| {row['path']} |" in markdown for row in rows)
    report = json.loads(run("compile", spec, "--format", "json", *depth).out)
    assert sum(node["macs"] for node in report["nodes"]) == report["totals"]["macs"] == 1_814_073_344


def test_set_and_variant(run: Run, tmp_path: Path) -> None:
    spec = str(ROOT / "specs" / "mobilenet_v1.yaml")
    run("compile", spec, "--set", "width=0.5", "--set", "num_classes=10", "-o", "out")
    arguments = json.loads((tmp_path / "out" / "mobilenet_v1" / "report.json").read_text())["arguments"]
    assert (arguments["width"], arguments["num_classes"]) == (0.5, 10)


def test_standard_input(run: Run) -> None:
    text = Path(LENET).read_text()
    assert run("check", "-", stdin=text).code == 0
    assert run("compile", "-", stdin=text).code == 0
    done = run("check", "-", stdin=BROKEN)
    assert done.code == 1
    assert "<stdin>:5:11" in done.err


def test_check_reports_every_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN)
    done = run("check", LENET, "broken.yaml", "missing.yaml")
    assert done.code == 1
    assert f"{LENET}: ok" in done.out
    assert done.err.count("error[") == 3
    assert "broken.yaml:5:11" in done.err
    assert "error[unreadable-file]" in done.err


def test_check_holds_the_contracts_of_variants(run: Run, tmp_path: Path) -> None:
    spec = (
        "archspec: 1\nname: n\nparams: {w: 2}\ninputs: {x: [1, 4]}\n"
        "graph: {c: {op: conv, out_channels: $w, kernel_size: 1}}\nvariants: {wide: {w: 4, expect: {params: 9}}}\n"
    )
    (tmp_path / "n.yaml").write_text(spec)
    assert run("check", "n.yaml").code == 1
    assert run("check", "n.yaml", "--set", "w=3").code == 0
    assert run("check", "n.yaml", "--variant", "wide").code == 1


def test_check_takes_the_file_of_a_block_by_its_example(run: Run, tmp_path: Path) -> None:
    text = "archspec: 1\nblock: mine\nparams: {k: {type: int}}\nexample: {k: 4}\n"
    (tmp_path / "mine.yaml").write_text(text + "graph: {c: {op: conv, out_channels: $k, kernel_size: 1}}\n")
    assert run("check", "mine.yaml") == (0, "mine.yaml: ok, 260 params, 802,816 MACs\n", "")
    (tmp_path / "mine.yaml").write_text(text + "graph: {c: {op: convv, out_channels: $k, kernel_size: 1}}\n")
    done = run("check", "mine.yaml")
    assert done.code == 1
    assert "error[unknown-op]" in done.err
    assert "mine.yaml:5:17" in done.err


def test_check_as_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN)
    done = run("check", LENET, "broken.yaml", "--format", "json")
    assert done.code == 1
    checked = json.loads(done.out)
    assert (checked["format"], checked["version"]) == ("archspec-check", 1)
    assert [file["ok"] for file in checked["files"]] == [True, False]
    assert [error["code"] for error in checked["files"][1]["errors"]] == ["unknown-op", "unknown-argument"]
    assert checked["files"][1]["errors"][0]["line"] == 5


def test_check_as_github_annotations(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN)
    lines = run("check", "broken.yaml", "--format", "github").out.splitlines()
    assert lines[0].startswith(
        "::error file=broken.yaml,line=5,endLine=5,col=11,endColumn=16,title=archspec unknown-op::"
    )
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compile", LENET, "--set", "num_classes"], "NAME=VALUE"),
        (["compile", LENET, "--set", "classes=3"], "no parameter `classes`"),
        (["compile", LENET, "--set", "num_classes=many"], "expects an integer"),
        (["compile", LENET, "--variant", "big"], "no variant `big`"),
        (["check", LENET, "--limit", "nods=3"], "did you mean `nodes`"),
        (["check", LENET, "--limit", "nodes=no"], "positive integer"),
        (["check", LENET, "--root", "nope"], "nope` is no folder"),
        (["check", "-", "--root", LENET], "is no folder"),
        (["compile", LENET, "-o", "-"], "names a folder, not `-`"),
        (["emit", LENET, "-o", "a.py", "--check", "b.py"], "one of them"),
        (["emit", LENET, "--check", "missing.py"], "cannot read missing.py"),
        (["emit", LENET, "-o", "/dev/null/a.py"], "cannot write"),
        (["weights", LENET, "missing.pth"], "cannot read `missing.pth`"),
        (["run", LENET, "--device", "gpu"], "available: `cpu`"),
        (["run", LENET, "--seconds", "0"], "takes some time"),
        (["run", LENET, "--input", "missing.png"], "as an image"),
        (["ops", "cnv"], "did you mean `conv`"),
        (["blocks", "botleneck"], "did you mean `bottleneck`"),
        (["explain", "unknwn-op"], "did you mean `unknown-op`"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_2(run: Run, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


def test_unknown_commands_and_options_are_2(run: Run) -> None:
    assert run("compil", LENET).code == 2
    assert run("compile", LENET, "--varient", "x").code == 2


def test_a_folder_that_cannot_be_written_is_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("compile", LENET, "-o", "file")
    assert done.code == 2
    assert "cannot write" in done.err


def test_limits_can_be_set(run: Run) -> None:
    done = run("check", LENET, "--limit", "nodes=5")
    assert done.code == 1
    assert "error[limit-exceeded]" in done.err


@pytest.mark.parametrize("name", archspec.ops.registry.ops())
def test_every_op_has_a_page(run: Run, name: str) -> None:
    page = run("ops", name)
    assert page.code == 0
    assert page.out.startswith(f"{name}: ")
    assert not re.search(r"\d{10}|e\+", page.out), "bounds that no user comes near to"
    assert "example" in page.out


def test_lists(run: Run) -> None:
    assert len(run("ops").out.splitlines()) == len(archspec.ops.registry.ops())
    assert len(run("blocks").out.splitlines()) == len(archspec.language.library.blocks())
    assert len(run("explain").out.splitlines()) == len(archspec.reports.explanations.codes())


@pytest.mark.parametrize("name", archspec.language.library.blocks())
def test_every_block_has_a_page(run: Run, name: str) -> None:
    page = run("blocks", name).out
    assert page.startswith(f"{name}: ")
    assert re.search(rf"\{{block: {name}[,}}]", page)
    assert "graph:" in page


def test_version(run: Run) -> None:
    assert run("--version").out == f"archspec {archspec.__version__}\n"


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=cwd, env=environment)


def test_the_package_can_be_run(run: Run, tmp_path: Path) -> None:
    done = python("-m", "archspec", "check", LENET, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == run("check", LENET)
    done = python("-m", "archspec", "check", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: archspec check [OPTIONS]")


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "--version",
        "draw --help",
        f"compile {LENET}",
        f"compile {LENET} --format markdown",
        f"check {LENET} --format json",
        f"emit {LENET} -o lenet.py",
        f"draw {LENET} -o lenet.svg",
        f"draw {LENET} -o lenet.html",
        "draw --block inception",
        "ops",
        "ops conv",
        "blocks",
        "blocks bottleneck",
        "schema",
        "explain",
        "explain unknown-op",
    ],
)
def test_commands_work_without_docstrings_and_assertions(tmp_path: Path, words: str) -> None:
    done = python("-OO", "-m", "archspec", *words.split(), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout or words.startswith("emit")


def test_errors_are_told_without_docstrings_and_assertions(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN)
    done = python("-OO", "-m", "archspec", "check", "broken.yaml", "missing.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == run("check", "broken.yaml", "missing.yaml")


def test_what_is_emitted_does_not_depend_on_docstrings(tmp_path: Path) -> None:
    spec = str(ROOT / "specs" / "deepface.yaml")
    assert python("-OO", "-m", "archspec", "emit", spec, cwd=tmp_path).stdout == archspec.emit(spec)


def test_a_command_is_a_function_that_returns_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN)
    assert check([LENET]) == 0
    assert check([LENET, str(tmp_path / "broken.yaml")]) == 1
    assert capsys.readouterr().out.count(": ok") == 2


@pytest.mark.parametrize(
    ("command", "meant"),
    [("ops deconv", "conv_transpose"), ("ops Dense", "linear"), ("blocks SEBlock", "squeeze_excite")],
)
def test_a_name_of_another_tool_leads_to_ours(run: Run, command: str, meant: str) -> None:
    done = run(*command.split())
    assert done.code == 2
    assert f"did you mean `{meant}`?" in done.err


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("resnet5", "specs/resnet50.yaml"),
        ("tiny", "tiny.yaml"),
        ("./tiny", "tiny.yaml"),
        ("specs/resnet5", "specs/resnet50.yaml"),
    ],
)
def test_a_file_that_is_not_there_leads_to_one_that_is(run: Run, tmp_path: Path, given: str, meant: str) -> None:
    (tmp_path / "specs").mkdir()
    for name in ("specs/resnet50.yaml", "tiny.yaml"):
        (tmp_path / name).write_text("")
    done = run("check", given)
    assert done.code == 1
    assert f"help: did you mean `{meant}`?" in done.err
