"""Files of other tools become specs: right figures, text worth editing, refusals with places, and nothing else."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from command import Run
from sampling import PROFILE, few
from strange_files import not_for_ever

import archspec
from archspec.importers import registry
from archspec.importers.draft import Given
from archspec.importers.imported import statistics
from archspec.importers.writing import write

DATA = Path(__file__).parent / "data" / "imports"
GOLDENS = Path(__file__).parent / "golden" / "imports"
UPDATE = bool(os.environ.get("ARCHSPEC_UPDATE_GOLDENS"))

FIGURES: dict[str, tuple[dict[str, str], int, int, int, int]] = {
    "yolov3-tiny.cfg": ({}, 8_852_366, 6_368, 2_782_480_896, 40),  # yolov3-tiny.weights; 5.565 GFLOPs
    "yolov3.cfg": ({}, 61_949_149, 52_608, 32_932_037_632, 65),  # yolov3.weights; 65.86 GFLOPs
    "yolov2.cfg": ({}, 50_962_889, 20_672, 31_469_126_656, 45),  # yolov2.weights; 62.94 GFLOPs
    "darknet19.cfg": ({}, 20_842_376, 14_400, 3_645_374_464, 42),  # 7.29 GFLOPs at 256x256
    "squeezenet_v1.1.prototxt": ({}, 1_235_496, 0, 387_747_520, 25),
    "alexnet.prototxt": ({}, 60_965_224, 0, 724_406_816, 32),
    "caffenet.prototxt": ({}, 60_965_224, 0, 724_406_816, 32),
    "googlenet.prototxt": ({}, 6_998_552, 0, 1_582_671_872, 36),
    "lightened_cnn_b.prototxt": ({}, 8_198_639, 0, 979_455_744, 50),  # Wu et al. 2015, arXiv:1511.02683
    "resnet50.prototxt": ({}, 25_557_096, 53_120, 3_857_973_248, 26),  # with a bias in its first convolution
    "yolov8.yaml --scale n": ({"scale": "n"}, 3_157_184, 10_592, 4_371_456_000, 130),  # ultralytics; 8.743 GFLOPs
    "yolov8.yaml --scale s": ({"scale": "s"}, 11_166_544, 20_032, 14_300_774_400, 130),
    "yolov8.yaml --scale m": ({"scale": "m"}, 25_902_624, 33_120, 39_467_827_200, 130),
    "yolov8.yaml --scale l": ({"scale": "l"}, 43_691_504, 46_464, 82_573_721_600, 130),
    "yolov8.yaml --scale x": ({"scale": "x"}, 68_229_632, 58_080, 128_901_632_000, 130),
    "yolo11.yaml --scale n": ({"scale": "n"}, 2_624_064, 15_664, 3_270_713_600, 225),  # "gradients" of ultralytics
    "yolo11.yaml --scale x": ({"scale": "x"}, 56_966_160, 93_504, 97_635_686_400, 225),
    "yolov5u.yaml": ({}, 2_654_800, 11_232, 3_861_913_600, 160),
    "yolov5s.yaml": ({}, 7_235_389, 19_008, 8_216_780_800, 100),  # yolov5's README: 7.2 M, 16.5 GFLOPs
    "yolov8-cls.yaml": ({}, 2_719_288, 6_816, 1_644_595_200, 100),
    "mobilenet_v2.json": ({}, 3_504_872, 34_112, 300_774_272, 100),  # of Keras: 3,538,984 in all
    "densenet121.keras": ({}, 7_978_856, 83_648, 2_834_161_664, 50),  # 8,062,504 in all
    "inception_v3.keras": ({}, 23_817_352, 34_432, 5_713_216_096, 105),  # 23,851,784 in all
    "xception.keras": ({}, 22_855_952, 54_528, 8_357_403_496, 75),  # 22,910,480 in all
    "resnet50.keras": ({}, 25_583_592, 53_120, 3_857_973_248, 65),  # 25,636,712 in all
    "efficientnet_b0.keras": ({}, 5_288_548, 42_016, 385_814_752, 150),  # 5,330,571 with 7 of its input
    "mnist_convnet.keras": ({}, 34_826, 0, 2_440_960, 22),
    "siamese.json": ({}, 89, 0, 112_904, 30),
    "transfer.keras": ({}, 1_317, 32, 2_506_912, 26),  # 1,349 in all, of two models in a model
    "siamese_nested.keras": ({}, 697, 16, 355_408, 34),  # 713 in all, of a model that is called twice
    "pairs.json": ({}, 99, 12, 21_220, 26),  # the same in the form of Keras 2, with a model in the model
}
"""Options, parameters, statistics, multiply-accumulates, and the most lines of what is written, for each file."""

CASES = list(FIGURES)


def imported(case: str) -> archspec.Imported:
    return archspec.import_file(DATA / case.partition(" ")[0], **FIGURES[case][0])


@pytest.mark.parametrize("case", CASES)
def test_figures_are_those_that_the_tools_print(case: str) -> None:
    _, params, saved, macs, lines = FIGURES[case]
    result = imported(case)
    network = archspec.compile_text(result.text)
    assert (network.params, statistics(network), network.macs) == (params, saved, macs)
    assert (result.report.params, result.report.statistics, result.report.macs) == (params, saved, macs)
    assert result.report.checked
    assert len(result.text.splitlines()) <= lines
    assert max(map(len, result.text.splitlines())) <= 120


@pytest.mark.parametrize("case", CASES)
def test_the_text_is_that_of_the_golden(case: str) -> None:
    golden = GOLDENS / f"{case.replace(' --scale ', '-')}.yaml"
    text = imported(case).text
    if UPDATE:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_the_spec_that_is_written_is_the_one_to_be_edited(case: str) -> None:
    """None of those that are there in case that it does not compile."""
    path = str(DATA / case.partition(" ")[0])
    kind = registry.of_path(path)
    draft = kind().read(Given(kind.load(path), path, FIGURES[case][0]))
    assert imported(case).text == write(draft.specs[0])


REFUSED = sorted(path for path in GOLDENS.iterdir() if path.is_file() and path.suffix not in (".yaml", ".txt"))
REFUSED += sorted((GOLDENS / "yaml").glob("*.yaml"))


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.name)
def test_what_cannot_be_said_is_told_with_its_places(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(archspec.SpecError) as caught:
        archspec.import_file(path.name)
    golden = path.with_suffix(f"{path.suffix}.txt")
    if UPDATE:
        golden.write_text(f"{caught.value}\n", encoding="utf-8")
    assert f"{caught.value}\n" == golden.read_text(encoding="utf-8")
    assert {found.code for found in caught.value.diagnostics} == {"not-importable"}


# The command


def test_the_command_writes_the_spec_and_says_what_it_found(run: Run, tmp_path: Path) -> None:
    done = run("import", str(DATA / "yolov3-tiny.cfg"), "-o", str(tmp_path / "new" / "net.yaml"), "--name", "tiny")
    assert (done.code, done.out) == (0, "")
    assert "8,852,366 params and 6,368 statistics, 2,782,480,896 MACs" in done.err
    network = archspec.compile(tmp_path / "new" / "net.yaml")
    assert (network.name, network.params) == ("tiny", 8_852_366)


def test_the_command_prints_the_spec(run: Run) -> None:
    done = run("import", str(DATA / "darknet19.cfg"))
    assert done.out == imported("darknet19.cfg").text
    assert "[cost] is left out" in done.err


def test_nothing_is_written_where_something_cannot_be_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.cfg").write_text(
        "[net]\nwidth=8\nheight=8\n[lstm]\noutput=3\n[connected]\noutput=2\nactivation=linear\n"
    )
    done = run("import", str(tmp_path / "x.cfg"), "-o", str(tmp_path / "x.yaml"))
    assert done.code == 1
    assert "x.cfg:4:1 (0 [lstm])" in done.err
    assert not (tmp_path / "x.yaml").exists()
    partly = run("import", str(tmp_path / "x.cfg"), "--partial")
    assert partly.code == 0
    assert "op: identity" in partly.out
    assert "not checked" in partly.err
    assert archspec.compile_text(partly.out).params == 8 * 8 * 3 * 2 + 2


def test_models_of_models_that_double_are_bounded(tmp_path: Path) -> None:
    """A file of a few kilobytes can ask for as many layers as it likes."""

    def model(name: str, inside: dict[str, Any], last: tuple[str, int]) -> dict[str, Any]:
        ends = {"input_layers": [["x", 0, 0]], "output_layers": [[*last, 0]]}
        config = {"name": name, "layers": [image, inside], **ends}
        calls = [[["x", 0, 0, {}]], [[name, 1, 0, {}]]]
        return {"class_name": "Functional", "name": name, "config": config, "inbound_nodes": calls}

    image = {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [None, 8]}}
    dense = {"class_name": "Dense", "name": "d", "config": {"name": "d", "units": 8}}
    whole = model("m0", dense | {"inbound_nodes": [[["x", 0, 0, {}]]]}, ("d", 0))
    for number in range(1, 28):
        whole = model(f"m{number}", whole, (f"m{number - 1}", 2))
    (tmp_path / "double.json").write_text(json.dumps(whole))
    with pytest.raises(archspec.SpecError, match="calls, more than 5,000 layers"):
        archspec.import_file(tmp_path / "double.json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x.bin"], "--format"),
        (["x.cfg", "--format", "darnket"], "did you mean `darknet`?"),
        (["x.cfg", "--scale", "n"], "no option `scale`"),
        (["x.cfg", "--option", "x"], "--option"),
        (["no.cfg"], "cannot read no.cfg"),
    ],
)
def test_a_wrong_call_is_told(
    run: Run, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.cfg").write_text("[net]\nwidth=8\nheight=8\n[convolutional]\n")
    done = run("import", *words)
    assert done.code == 2
    assert said in done.err


# Ultralytics' table


NORMS: list[dict[str, Any]] = [{}, {"scale": False}, {"scale": False, "center": False}]


@pytest.mark.parametrize("norm", NORMS, ids=["both", "offsets", "none"])
@pytest.mark.parametrize("act", [None, "relu", "leaky_relu"])
@pytest.mark.parametrize("rank", [1, 2])
def test_a_convolution_and_what_finishes_it_are_one_node(
    norm: dict[str, Any], act: str | None, rank: int, tmp_path: Path
) -> None:
    """Whatever the normalisation has, and how often a convolution asks for what."""
    asked = [{"padding": "same"}, {"strides": [2] * rank}, {"dilation_rate": [3] * rank, "use_bias": True}]
    layers: list[tuple[str, dict[str, Any]]] = [("InputLayer", {"batch_shape": [None, *[32] * rank, 4]})]
    for conv in asked:
        layers += [
            (f"Conv{rank}D", {"filters": 8, "kernel_size": [3] * rank, "use_bias": False, **conv}),
            ("BatchNormalization", norm),
            *([("Activation", {"activation": act})] if act else []),
        ]
    listed = [{"class_name": kind, "config": {"name": f"l{n}", **config}} for n, (kind, config) in enumerate(layers)]
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"class_name": "Sequential", "config": {"name": "net", "layers": listed}}))
    result = archspec.import_file(path)
    assert result.report.checked
    network = archspec.compile_text(result.text)
    convs = [f"l{n}" for n, (kind, _) in enumerate(layers) if kind.startswith("Conv")]
    assert [child.name for child in network.blocks.children] == convs, result.text


def table(*rows: str) -> str:
    lines = ["nc: 10", "backbone:", "  - [-1, 1, Conv, [8, 3, 2]]", *(f"  - {row}" for row in rows), "head: []"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("row", "params", "output"),
    [
        ("[-1, 1, nn.Upsample, [None, 2, nearest]]", 0, (8, 640, 640)),
        ("[-1, 1, torch.nn.Upsample, [None, 2, nearest]]", 0, (8, 640, 640)),
        ("[-1, 1, nn.Upsample, [None]]", 0, (8, 640, 640)),
        ("[-1, 1, Conv, [nc, 1]]", 10 * 8 + 2 * 10, (10, 320, 320)),
        ("[-1, 1, Conv, [9, 1]]", 16 * 8 + 2 * 16, (16, 320, 320)),
        ("[-1, 1, Classify, [nc]]", 8 * 1280 + 2 * 1280 + 1281 * 10, (10,)),
    ],
)
def test_a_row_is_counted_in_each_form_that_is_read(
    row: str, params: int, output: tuple[int, ...], tmp_path: Path
) -> None:
    (tmp_path / "x.yaml").write_text(table(row))
    result = archspec.import_file(tmp_path / "x.yaml")
    network = archspec.compile_text(result.text)
    assert (network.params, network.outputs["output"].shape) == (3 * 8 * 9 + 2 * 8 + params, output)


@pytest.mark.parametrize("row", ["[-1, 1, Classify, [7]]", "[[-1], 1, Detect, [7]]"])
def test_a_head_of_another_number_of_classes_is_refused(row: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(table(row))
    with pytest.raises(archspec.SpecError, match="its number of classes is not `nc`"):
        archspec.import_file(tmp_path / "x.yaml")


# Hostile files

SOURCES = sorted({case.partition(" ")[0] for case in CASES})
WORDS = [
    "-1",
    "0",
    "99999999999",
    "1e400",
    "nan",
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    "\n",
    "\0",
    "💥",
    "null",
    "true",
    "- ",
    "3",
]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A file with a few small changes."""
    for _ in range(chance.choice([1, 1, 2, 5])):
        at, length = chance.randrange(len(data) + 1), chance.choice([0, 1, 3, 20, 200])
        word = chance.choice(WORDS).encode() if chance.random() < 0.5 else data[(at * 7) % len(data) :][:length]
        data = data[:at] + word + data[at + chance.choice([0, len(word), length]) :] or b"x"
    return data


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("seed", few(range(20 if PROFILE == "nightly" else 8), 4))
def test_a_damaged_file_is_read_or_refused(source: str, seed: int, tmp_path: Path) -> None:
    chance = random.Random(f"{source} {seed}")
    data = (DATA / source).read_bytes()
    for number in range(25):
        path = tmp_path / f"{number}{Path(source).suffix}"
        path.write_bytes(mutated(data, chance))
        with not_for_ever(), suppress(archspec.SpecError, archspec.UsageError):
            result = archspec.import_file(path, partial=chance.random() < 0.3)
            assert not result.report.checked or archspec.compile_text(result.text).params == result.report.params


# What is imported runs nothing, and needs nothing


def test_a_plugin_adds_a_format(tmp_path: Path) -> None:
    (tmp_path / "my_format.py").write_text(
        "from archspec.importers.draft import Draft, Format\n"
        "class Mine(Format, name='mine'):\n"
        "    endings = ('.mine',)\n"
        "    def read(self, given):\n"
        "        graph = {'fc': {'op': 'linear', 'out_features': int(given.data)}}\n"
        "        spec = {'archspec': 1, 'name': 'mine', 'inputs': {'x': [3]}, 'graph': graph}\n"
        "        return Draft([spec], 4 * int(given.data), 0, None, {'output': (int(given.data),)}, 'a number')\n"
    )
    metadata = tmp_path / "mine-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[archspec.importers]\nmine = my_format\n")
    (tmp_path / "x.mine").write_text("5")
    script = f"import sys; sys.path.append({str(tmp_path)!r}); import archspec; "
    script += f"print(archspec.import_file({str(tmp_path / 'x.mine')!r}).report.params, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "20 False\n", done.stderr
