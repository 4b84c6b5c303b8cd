"""build, load_weights and run."""

from __future__ import annotations

import copy
import inspect
import json
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

import archspec
from archspec import Network
from archspec.analysis.training import step_macs

torch = pytest.importorskip("torch")
from archspec.pytorch import runtime  # noqa: E402

torch.set_num_threads(1)

ROOT = Path(__file__).parent.parent
LENET = ROOT / "specs" / "lenet.yaml"

NORMED = """
archspec: 1
name: normed
inputs: {image: [3, 8, 8]}
graph:
  conv: {op: conv, out_channels: 4, kernel_size: 3}
  bn: batch_norm
  flat: flatten
  fc: {op: linear, out_features: 5}
weights:
  other: {"head": "fc", "extra": null}
"""


@pytest.fixture
def normed() -> Network:
    return archspec.compile_text(NORMED)


# build


def test_build_takes_paths_and_networks_and_parameters() -> None:
    assert archspec.build(LENET, num_classes=7)(torch.zeros(3, 1, 28, 28)).shape == (3, 7)
    assert archspec.build(archspec.compile(LENET, num_classes=7))(torch.zeros(3, 1, 28, 28)).shape == (3, 7)
    assert archspec.build(str(LENET), variant="linear").conv1.kernel_size == (3, 3)


@pytest.mark.parametrize("given", [{"num_classes": 3}, {"variant": "linear"}])
def test_a_compiled_network_takes_no_parameters(given: dict[str, Any]) -> None:
    with pytest.raises(archspec.UsageError, match="compiled already"):
        archspec.build(archspec.compile(LENET), **given)


def test_the_source_is_what_emit_prints() -> None:
    model = archspec.build(LENET)
    lines = archspec.emit(LENET)
    assert inspect.getsource(type(model)) in lines
    assert inspect.getsource(type(model).forward) in lines
    assert inspect.getdoc(type(model))


def test_networks_of_one_source_share_their_classes() -> None:
    assert type(archspec.build(LENET)) is type(archspec.build(LENET))
    assert type(archspec.build(LENET)) is not type(archspec.build(LENET, num_classes=7))


def test_one_seed_gives_one_network() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(archspec.build(LENET).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_tracebacks_show_the_lines_of_the_source() -> None:
    model = archspec.build(LENET)
    with pytest.raises(RuntimeError) as caught:
        model(torch.zeros(1, 2, 28, 28))
    shown = "".join(traceback.format_exception(caught.value))
    assert "x = self.conv1(x)" in shown


def test_uncaught_errors_show_them_too() -> None:
    script = f"import archspec, torch; archspec.build({str(LENET)!r})(torch.zeros(1, 2, 28, 28))"
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert "x = self.conv1(x)" in done.stderr
    (file,) = {line.split('"')[1] for line in done.stderr.splitlines() if "archspec-" in line}
    assert not Path(file).exists(), "the file outlives its process"


def test_it_builds_where_no_file_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_folder", lambda: "/nowhere/at/all")
    model = archspec.build(LENET, num_classes=13)
    assert model(torch.zeros(1, 1, 28, 28)).shape == (1, 13)
    assert inspect.getsource(type(model)) in archspec.emit(LENET, num_classes=13)


def test_dtypes_and_memory_formats(normed: Network) -> None:
    for dtype in (torch.float64, "bfloat16", "torch.float16"):
        model = archspec.build(normed, dtype=dtype)
        assert str(model.fc.weight.dtype).endswith(str(dtype).removeprefix("torch."))
        assert model.bn.num_batches_tracked.dtype == torch.int64
    for layout in (torch.channels_last, "channels_last"):
        assert archspec.build(normed, memory_format=layout).conv.weight.is_contiguous(memory_format=torch.channels_last)
    assert archspec.build(normed).conv.weight.is_contiguous()


def test_tensors_are_made_on_the_device(normed: Network) -> None:
    made = archspec.build(normed, device="meta", dtype="bfloat16").state_dict().values()
    assert {tensor.device.type for tensor in made} == {"meta"}
    with torch.device("meta"):
        assert archspec.build(normed).fc.weight.is_meta
    assert archspec.build(normed, device="cpu").fc.weight.device.type == "cpu"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"device": "gpu"}, "no device `gpu` .* available: `cpu`, .*`meta`"),
        ({"device": "cuda:99"}, "no device `cuda:99` .* available: `cpu`"),
        ({"dtype": "int8"}, "cannot have the dtype `int8`; available: `float32`"),
        ({"dtype": torch.complex64}, "cannot have the dtype"),
        ({"memory_format": "channels"}, "no memory format `channels`; available: .*`channels_last`"),
        ({"memory_format": torch.preserve_format}, "no memory format"),
    ],
    ids=str,
)
def test_what_is_not_there_is_said(normed: Network, given: dict[str, Any], message: str) -> None:
    with pytest.raises(archspec.UsageError, match=message):
        archspec.build(normed, **given)


def test_a_layout_that_does_not_fit_is_said(normed: Network) -> None:
    graph = "{c: {op: conv, out_channels: 2, kernel_size: 3}}"
    volume = archspec.compile_text(f"archspec: 1\nname: volume\ninputs: {{x: [1, 4, 4, 4]}}\ngraph: {graph}\n")
    with pytest.raises(archspec.UsageError, match="`volume` cannot be channels_last on cpu"):
        archspec.build(volume, memory_format="channels_last")
    with pytest.raises(archspec.UsageError, match="`normed` cannot be bfloat16 channels_last_3d on cpu"):
        archspec.build(normed, dtype="bfloat16", memory_format="channels_last_3d")


def test_a_class_of_the_users_own_is_pickled_by_its_name(normed: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    own = type("Own", (type(archspec.build(normed)),), {"__module__": __name__})
    monkeypatch.setattr(sys.modules[__name__], "Own", own, raising=False)
    twin = pickle.loads(pickle.dumps(own()))
    assert type(twin) is own
    assert twin(torch.zeros(2, 3, 8, 8)).shape == (2, 5)


# load_weights


Saver = Callable[[dict[str, Any], Path], Path]


def saved_safely(state: dict[str, Any], folder: Path) -> Path:
    from safetensors.torch import save_file

    save_file(state, folder / "weights.safetensors")
    return folder / "weights.safetensors"


def saved(state: Any, folder: Path) -> Path:
    torch.save(state, folder / "weights.pth")
    return folder / "weights.pth"


def saved_as_before_1_6(state: Any, folder: Path) -> Path:
    torch.save(state, folder / "old.pth", _use_new_zipfile_serialization=False)
    return folder / "old.pth"


def equal(model: Any, state: dict[str, Any]) -> bool:
    own = model.state_dict()
    return set(own) == set(state) and all(torch.equal(own[name], state[name]) for name in own)


@pytest.mark.parametrize("save", [saved_safely, saved, saved_as_before_1_6])
def test_files(save: Saver, normed: Network, tmp_path: Path) -> None:
    state = archspec.build(normed).state_dict()
    path = save(state, tmp_path)
    assert archspec.check_weights(normed, path).ok
    for device in (None, "meta"):
        model = archspec.build(normed, device=device)
        assert archspec.load_weights(model, path).names == {name: name for name in state}
        assert equal(model, state)
        assert all(param.requires_grad for param in model.parameters())


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict", "state_dict_ema"])
def test_checkpoints_are_unwrapped(key: str, normed: Network, tmp_path: Path) -> None:
    state = archspec.build(normed).state_dict()
    path = saved({"epoch": 3, key: {f"module.{name}": tensor for name, tensor in state.items()}}, tmp_path)
    model = archspec.build(normed)
    assert archspec.load_weights(model, path).ok
    assert equal(model, state)
    assert archspec.check_weights(normed, path).ok


def test_wrapped_models(normed: Network) -> None:
    state = archspec.build(normed).state_dict()
    for wrap in (torch.nn.DataParallel, lambda model: torch.compile(model, backend="eager")):
        model = archspec.build(normed)
        archspec.load_weights(wrap(model), state)
        assert equal(model, state)


def test_what_pytorch_would_take_too(normed: Network) -> None:
    state = archspec.build(normed).state_dict()
    older = {name: tensor for name, tensor in state.items() if name != "bn.num_batches_tracked"}
    convolved = state | {"fc.weight": state["fc.weight"][:, :, None, None]}
    for given in (older, convolved):
        for device in (None, "meta"):
            model = archspec.build(normed, device=device)
            archspec.load_weights(model, given)
            assert equal(model, state)


def test_a_meta_model_takes_the_weights_in_its_own_dtype(normed: Network) -> None:
    state = archspec.build(normed).state_dict()
    model = archspec.build(normed, device="meta", dtype="bfloat16")
    archspec.load_weights(model, state)
    assert model.fc.weight.dtype == torch.bfloat16
    assert torch.equal(model.fc.weight, state["fc.weight"].bfloat16())


def test_the_networks_rules_rename(normed: Network) -> None:
    state = archspec.build(normed).state_dict()
    theirs = {name.replace("fc.", "head."): tensor for name, tensor in state.items()} | {"extra.x": torch.zeros(1)}
    built = archspec.build(normed)
    for model in (built, copy.deepcopy(built), pickle.loads(pickle.dumps(built))):
        assert archspec.load_weights(model, theirs).source == "other"
        assert equal(model, state)
    assert archspec.load_weights(built, theirs, source="other").left_out == ("extra.x",)
    with pytest.raises(archspec.WeightsError):
        archspec.load_weights(archspec.build(normed), theirs, source="")
    with pytest.raises(archspec.UsageError, match="other"):
        archspec.load_weights(archspec.build(normed), theirs, source="othr")
    with pytest.raises(archspec.WeightsError):
        archspec.load_weights(archspec.build(normed), theirs, rules={})
    plain = torch.nn.Sequential(torch.nn.Linear(2, 2))
    assert archspec.load_weights(plain, torch.nn.Sequential(torch.nn.Linear(2, 2)).state_dict()).ok


def test_what_does_not_fit_is_listed_and_nothing_is_loaded(normed: Network, tmp_path: Path) -> None:
    state = archspec.build(normed).state_dict()
    wrong = {"conv.wait": state["conv.weight"], "conv.bias": state["conv.bias"], "bn.weight": torch.zeros(9)}
    model = archspec.build(normed)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(archspec.WeightsError) as caught:
        archspec.load_weights(model, wrong)
    assert equal(model, before)
    matching = caught.value.matching
    assert isinstance(matching, archspec.Matching)
    for name in ("conv.weight", "conv.wait", "bn.weight", "fc.bias"):
        assert name in str(caught.value)
    assert archspec.check_weights(normed, saved(wrong, tmp_path)) == matching


class Stranger:
    """What a checkpoint of unknown origin may hold."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("was-run",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no file of weights"),
        (b"hello", "no file of weights"),
        (b"PK\x03\x04 nonsense", "no file of weights"),
        ({"w": Stranger()}, "mkdir` besides tensors"),
        ([1, 2], "holds a list"),
        ({"epoch": 3}, "no tensors: `epoch`"),
    ],
    ids=["empty", "text", "zip", "code", "list", "number"],
)
def test_files_that_hold_no_weights(
    content: Any, message: str, normed: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(archspec.UsageError, match=message):
        archspec.load_weights(archspec.build(normed), path)
    assert not Path("was-run").exists()


@pytest.mark.parametrize("name", ["missing.pth", "missing.safetensors", "."])
def test_files_that_cannot_be_read(name: str, normed: Network, tmp_path: Path) -> None:
    with pytest.raises(archspec.UsageError, match="cannot read"):
        archspec.load_weights(archspec.build(normed), tmp_path / name)


def test_a_broken_safetensors_file(normed: Network, tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"hello")
    with pytest.raises(archspec.UsageError, match="no safetensors file"):
        archspec.load_weights(archspec.build(normed), tmp_path / "weights.safetensors")


# run


@pytest.mark.parametrize(
    "given", [{}, {"train": True, "dtype": "float64"}, {"memory_format": "channels_last"}], ids=str
)
def test_run_measures(normed: Network, given: dict[str, Any]) -> None:
    result = archspec.run(normed, batch=4, seconds=0.02, **given)
    assert result.outputs == {"output": (4, 5)}
    assert 0 < result.latency.lower <= result.latency.median <= result.latency.upper
    assert result.throughput == 4 / result.latency.median
    assert result.flops == 4 * (2 * step_macs(normed) if given.get("train") else normed.flops)
    item = 8 if given else 4
    # At the least, the largest tensor that is made: the convolution's output.
    assert result.peak_memory >= 4 * 4 * 6 * 6 * (item if given.get("train") else 4)
    assert result.weight_memory == (normed.params + 8) * (8 if given.get("train") else 4) + 8
    with pytest.raises(FrozenInstanceError):
        result.batch = 1
    shown = str(result)
    assert "output 4x5" in shown
    assert ("forward and backward" in shown) == bool(given.get("train"))


def test_the_peak_is_that_of_the_tensors_alive_at_once() -> None:
    # Five elementwise ops, each of which frees the one before: input, output, and no more.
    text = "archspec: 1\nname: chain\ninputs: {x: [256, 64]}\ngraph: {a: tanh, b: tanh, c: tanh, d: tanh, e: tanh}\n"
    network = archspec.compile_text(text)
    result = archspec.run(network, batch=8, seconds=0.01)
    assert result.peak_memory == 2 * 4 * 8 * 256 * 64
    assert result.activation_memory == result.peak_memory


def test_outputs_for_training_come_in_training() -> None:
    heads = "graph: {a: relu, b: {op: linear, out_features: 2}, c: {op: linear, from: a, out_features: 3}}\n"
    heads += "outputs: {main: b, aux: {from: c, training_only: true}}\n"
    network = archspec.compile_text(f"archspec: 1\nname: heads\ninputs: {{x: [4]}}\n{heads}")
    assert archspec.run(network, batch=2, seconds=0.01).outputs == {"main": (2, 2)}
    assert archspec.run(network, batch=2, seconds=0.01, train=True).outputs == {"main": (2, 2), "aux": (2, 3)}


def test_run_reports_its_progress(normed: Network) -> None:
    seen: list[tuple[str, float]] = []
    archspec.run(normed, seconds=0.02, progress=lambda stage, done: seen.append((stage, done)))
    assert seen[0] == ("building", 0.0)
    assert seen[-1] == ("measuring time", 1.0)
    assert all(0 <= done <= 1 for _, done in seen)


def test_run_says_what_it_cannot_do(normed: Network) -> None:
    point = "archspec: 1\nname: p\ninputs: {x: [4]}\ngraph: {fc: {op: linear, out_features: 3}, bn: batch_norm}\n"
    with pytest.raises(archspec.UsageError, match="batch of at least 2"):
        archspec.run(archspec.compile_text(point), train=True)
    with pytest.raises(archspec.UsageError, match="nothing runs"):
        archspec.run(normed, device="meta")
    with pytest.raises(archspec.UsageError, match="no parameters to train"):
        archspec.run(archspec.compile_text(point.partition("graph")[0] + "graph: {a: relu}\n"), train=True)
    with pytest.raises(archspec.UsageError, match="at least one sample"):
        archspec.run(normed, batch=0)
    with pytest.raises(archspec.UsageError, match="`p` takes no image"):
        archspec.run(archspec.compile_text(point), image="photo.png")


def test_run_loads_weights(normed: Network, tmp_path: Path) -> None:
    with pytest.raises(archspec.WeightsError):
        archspec.run(normed, weights=saved({"a": torch.zeros(1)}, tmp_path))
    path = saved(archspec.build(normed).state_dict(), tmp_path)
    assert archspec.run(normed, weights=path, seconds=0.01)


# images


def photo(path: Path, size: tuple[int, int], colours: Callable[[int, int], tuple[int, int, int]]) -> Path:
    image = pytest.importorskip("PIL.Image").new("RGB", size)
    image.putdata([colours(x, y) for y in range(size[1]) for x in range(size[0])])
    image.save(path)
    return path


def test_an_image_is_normalised(tmp_path: Path) -> None:
    from archspec.pytorch.images import read_image

    path = photo(tmp_path / "red.png", (50, 40), lambda x, y: (255, 0, 0))
    red = read_image(path, (3, 8, 8))
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]
    torch.testing.assert_close(red, torch.tensor(expected).view(3, 1, 1).expand(3, 8, 8), rtol=1e-4, atol=1e-4)
    grey = read_image(path, (1, 8, 8))
    assert grey.shape == (1, 8, 8)
    torch.testing.assert_close(grey, torch.full((1, 8, 8), (0.299 - 0.449) / 0.226), rtol=0.02, atol=0.01)


@pytest.mark.parametrize("size", [(448, 896), (896, 448), (100, 30), (31, 57)])
def test_the_centre_is_cut_out(size: tuple[int, int], tmp_path: Path) -> None:
    from archspec.pytorch.images import read_image

    # The left half is black and the upper half has no green: the borders run through the middle of the crop.
    path = photo(tmp_path / "cross.png", size, lambda x, y: (255 * (x >= size[0] / 2), 255 * (y >= size[1] / 2), 0))
    red, green, _ = read_image(path, (3, 28, 28))
    assert red[:, :13].max() < red[:, 15:].min()
    assert green[:13].max() < green[15:].min()


def test_images_that_cannot_be_read(tmp_path: Path) -> None:
    from archspec.pytorch.images import read_image

    (tmp_path / "text.png").write_text("hello")
    for name in ("text.png", "missing.png"):
        with pytest.raises(archspec.UsageError, match="as an image"):
            read_image(tmp_path / name, (3, 8, 8))


@pytest.mark.parametrize("probabilities", [False, True])
def test_the_best_classes_of_an_image(probabilities: bool, tmp_path: Path) -> None:
    softmax = ", p: {op: softmax, dim: 1}" if probabilities else ""
    graph = f"{{pool: global_avg_pool, flat: flatten, fc: {{op: linear, out_features: 3}}{softmax}}}"
    network = archspec.compile_text(f"archspec: 1\nname: sums\ninputs: {{x: [1, 4, 4]}}\ngraph: {graph}\n")
    path = photo(tmp_path / "white.png", (9, 9), lambda x, y: (255, 255, 255))
    weights = saved({"fc.weight": torch.zeros(3, 1), "fc.bias": torch.tensor([1.0, 4.0, 2.0]).log()}, tmp_path)
    result = archspec.run(network, image=path, weights=weights, seconds=0.01)
    assert [index for index, _ in result.top] == [1, 2, 0]
    assert [probability for _, probability in result.top] == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert "57.1%" in str(result)


# Without PyTorch


def test_without_torch_only_what_runs_is_missing(tmp_path: Path) -> None:
    script = (
        "import sys, json; sys.modules['torch'] = None\n"
        "import archspec\n"
        f"assert len(archspec.emit({str(LENET)!r})) > 500\n"
        "found = {}\n"
        "for name in ('build', 'load_weights', 'run'):\n"
        "    try: getattr(archspec, name)\n"
        "    except archspec.UsageError as error: found[name] = str(error)\n"
        "print(json.dumps(found))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path)
    messages = json.loads(done.stdout)
    assert set(messages) == {"build", "load_weights", "run"}
    assert all('pip install "archspec-nn[torch]"' in message for message in messages.values())
