"""Files of weights that are none, or hold what no network takes: each is refused, in words, and nothing is loaded."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Run
from strange_files import LENET, not_for_ever

import archspec
from archspec.pytorch.weights.match import match
from archspec.pytorch.weights.mismatches import nearest as real_nearest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings(
    "ignore"
)  # PyTorch says that sparse, nested and quantised tensors are new or old


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    return archspec.build(LENET)


@pytest.fixture
def right(model: Any) -> dict[str, Any]:
    """The state_dict of another LeNet."""
    torch.manual_seed(1)
    return dict(archspec.build(LENET).state_dict())


def unchanged(model: Any) -> Callable[[], bool]:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    return lambda: all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


KEY = "fc3.bias"
LAST = torch.zeros(10)

TENSORS: dict[str, Callable[[], Any]] = {
    "quantised": lambda: torch.quantize_per_tensor(LAST, 0.1, 0, torch.qint8),
    "quantised by channel": lambda: torch.quantize_per_channel(LAST, torch.ones(10), torch.zeros(10), 0, torch.qint8),
    "sparse": lambda: LAST.to_sparse(),
    "sparse rows": lambda: torch.zeros(2, 5).to_sparse_csr(),
    "nested": lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]),
    "nested, jagged": lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)], layout=torch.jagged),
    "complex": lambda: torch.zeros(10, dtype=torch.complex64),
    "half complex": lambda: torch.zeros(10, dtype=torch.complex32),
}
"""Tensors that no weight can be copied from."""

OTHERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a number": lambda right: 3,
    "nothing": lambda right: None,
    "a tensor": lambda right: LAST,
    "a list of tensors": lambda right: list(right.values()),
    "an empty mapping": lambda right: {},
    "numbers": lambda right: dict.fromkeys(right, 1.0),
    "a number among tensors": lambda right: right | {"epoch": 3},
    "keys that are numbers": lambda right: dict(enumerate(right.values())),
    "a key that is a number": lambda right: right | {0: LAST},
    "a key that is a tuple": lambda right: right | {("fc3", "bias"): LAST},
    "a key that is bytes": lambda right: right | {b"fc3.bias": LAST},
    "a key that is nothing": lambda right: right | {None: LAST},
    "an empty key": lambda right: right | {"": LAST},
    "a key of dots": lambda right: right | {"." * 500_000: LAST},
    "a key of names": lambda right: right | {"a." * 250_000 + "weight": LAST},
    "a key that steers": lambda right: right | {"\n::error::x\x1b[31m\r": LAST},
    "a key with a surrogate": lambda right: right | {"\ud800": LAST},
    "itself": lambda right: circle(right, "model"),
    "itself, deeper": lambda right: {"state_dict": circle(right, "net")},
    "many keys": lambda right: right | {f"x{i}.weight": LAST for i in range(60_000)},
    "many similar keys": lambda right: {f"fc{i}.weight": LAST for i in range(60_000)},
    "another shape": lambda right: right | {KEY: torch.zeros(7)},
    "a scalar": lambda right: right | {KEY: torch.tensor(1.0)},
    "no elements": lambda right: right | {KEY: torch.zeros(0)},
    "more elements than memory": lambda right: right | {KEY: torch.zeros(1).expand(10**15)},
}
"""Values that are no state_dict of the network."""


def circle(right: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = dict(right)
    found[key] = found
    return found


@pytest.mark.parametrize("kind", TENSORS)
def test_a_tensor_that_is_no_weight_is_named(kind: str, model: Any, right: dict[str, Any], tmp_path: Path) -> None:
    same = unchanged(model)
    held = right | {KEY: TENSORS[kind]()}
    with pytest.raises(archspec.UsageError, match=r"no network takes: `fc3.bias` is \w+"):
        archspec.load_weights(model, held)
    assert same()
    try:
        torch.save(held, tmp_path / "w.pth")
    except (RuntimeError, NotImplementedError):
        return  # PyTorch does not save it
    for call in (
        lambda: archspec.load_weights(model, "w.pth"),
        lambda: archspec.check_weights(LENET, tmp_path / "w.pth"),
    ):
        with pytest.raises(archspec.UsageError):
            call()
    assert same()


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_state_dict_is_refused(
    kind: str, model: Any, right: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    same = unchanged(model)
    held = OTHERS[kind](right)
    with not_for_ever(), pytest.raises(archspec.UsageError) as caught:
        archspec.load_weights(model, held)
    assert same()
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
    assert len(str(caught.value)) < 1_200_000
    torch.save(held, tmp_path / "w.pth")
    with not_for_ever():
        done = run("weights", LENET, "w.pth")
    assert done.code in (1, 2)
    assert all(line.isprintable() for line in (done.out + done.err).split("\n"))
    assert not any(line.startswith("::") for line in (done.out + done.err).split("\n"))


def test_tensors_without_values_are_not_said_to_be_loaded(model: Any, right: dict[str, Any], tmp_path: Path) -> None:
    same = unchanged(model)
    with pytest.raises(archspec.UsageError, match=r"hold no values of `fc3.bias`"):
        archspec.load_weights(model, right | {KEY: LAST.to("meta")})
    assert same()
    torch.save(right | {KEY: LAST.to("meta")}, tmp_path / "w.pth")
    with pytest.raises(archspec.UsageError, match=r"hold no values of `fc3.bias`"):
        archspec.load_weights(model, tmp_path / "w.pth")
    assert same()
    with pytest.raises(archspec.UsageError, match="hold no values"):
        archspec.load_weights(archspec.build(LENET, device="meta"), archspec.build(LENET, device="meta").state_dict())


def test_a_model_from_meta_gets_the_numbers_that_no_checkpoint_holds() -> None:
    text = "archspec: 1\nname: net\ninputs: {x: [4, 8]}\ngraph:\n  fc: {op: linear, out_features: 8}\n"
    text += "  line: {op: linspace, start: 1, end: 8, steps: 8}\n  row: {op: unsqueeze, dim: -2}\n"
    net = archspec.compile_text(text + "  mul: {op: mul, from: [fc, row]}\n")
    model, right = archspec.build(net, device="meta", dtype="float64"), archspec.build(net, dtype="float64")
    archspec.load_weights(model, right.state_dict())
    x = torch.randn(2, 4, 8, dtype=torch.float64)
    assert model(x).equal(right(x))


@pytest.mark.parametrize(
    "dtype", "float64 float16 bfloat16 float8_e4m3fn float8_e5m2 int64 int8 uint8 bool uint16".split()
)
def test_another_type_is_converted_or_refused_before_anything_is_loaded(
    dtype: str, model: Any, right: dict[str, Any]
) -> None:
    same = unchanged(model)
    value = torch.ones(10).to(getattr(torch, dtype))
    try:
        archspec.load_weights(model, right | {KEY: value})
    except archspec.UsageError:
        assert same()
    else:
        assert torch.equal(model.state_dict()[KEY], torch.ones(10))


def test_nothing_is_loaded_where_one_tensor_cannot_be_converted(
    model: Any, right: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stubborn(torch.Tensor):  # type: ignore[misc,name-defined]
        def to(self, *_: object) -> None:
            raise NotImplementedError("no kernel\nfor this")

    same = unchanged(model)
    with pytest.raises(archspec.UsageError, match=r"`fc3.bias` is torch.float32, and no torch.float32"):
        archspec.load_weights(model, right | {KEY: LAST.as_subclass(Stubborn)})
    assert same()


# Wrappers


WRAPPERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    **{
        key: lambda right, key=key: {"epoch": 3, key: right, "optimizer": {"state": {}}}
        for key in (*"state_dict model model_state_dict net module".split(),
                    *"state_dict_ema ema_state_dict ema_model model_ema ema".split())
    },
    "two": lambda right: {"model": {"state_dict": right}},
    **{
        f"{prefix}*": lambda right, prefix=prefix: {f"{prefix}{name}": tensor for name, tensor in right.items()}
        for prefix in ("module.", "_orig_mod.", "model.", "net.", "ema_model.", "model._orig_mod.", "module.model.net.")
    },
    "Lightning": lambda right: {"state_dict": {f"model.{name}": tensor for name, tensor in right.items()}, "loops": {}},
    "OrderedDict": lambda right: OrderedDict(right),
    "averaged": lambda right: torch.optim.swa_utils.AveragedModel(loaded(right)).state_dict(),
    "parallel": lambda right: torch.nn.DataParallel(loaded(right)).state_dict(),
    "trained and averaged": lambda right: {
        "ema": {name: tensor * 0 for name, tensor in right.items()},
        "ema_model": {name: tensor * 0 for name, tensor in right.items()},
        "model": right,
    },
}  # fmt: skip


def loaded(right: dict[str, Any]) -> Any:
    model = archspec.build(LENET)
    model.load_state_dict(right)
    return model


@pytest.mark.parametrize("kind", WRAPPERS)
@pytest.mark.parametrize("ending", [".pth", ".PT"])
def test_what_training_loops_save_is_unwrapped(
    kind: str, ending: str, model: Any, right: dict[str, Any], tmp_path: Path
) -> None:
    torch.save(WRAPPERS[kind](right), tmp_path / f"w{ending}")
    assert archspec.load_weights(model, tmp_path / f"w{ending}").ok
    assert all(torch.equal(tensor, right[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("name", ["w.safetensors", "W.SAFETENSORS", "w.SafeTensors"])
def test_safetensors_are_told_by_their_ending(name: str, model: Any, right: dict[str, Any], tmp_path: Path) -> None:
    save_file = pytest.importorskip("safetensors.torch").save_file
    save_file(right, tmp_path / name)
    assert archspec.load_weights(model, tmp_path / name).ok
    assert archspec.check_weights(LENET, tmp_path / name).ok
    save_file(right | {KEY: torch.zeros(10, dtype=torch.complex64)}, tmp_path / name)
    for call in (
        lambda: archspec.load_weights(model, tmp_path / name),
        lambda: archspec.check_weights(LENET, tmp_path / name),
    ):
        with pytest.raises(archspec.UsageError, match="complex"):
            call()


@pytest.mark.parametrize("word", ["model", "net", "module", "ema_model"])
def test_a_network_may_have_a_node_named_like_a_wrapper(word: str) -> None:
    own = {f"{word}.weight": (2, 2), "head.weight": (3, 2)}
    assert match(own, own, {}).ok
    assert match(own, {f"model.{name}": shape for name, shape in own.items()}, {}).ok
    alone = match(own, {f"{word}.weight": (2, 2)}, {})
    assert [missing.name for missing in alone.missing] == ["head.weight"]
    assert not alone.unexpected


def test_rules_see_names_as_they_are_where_they_speak_of_a_wrapper() -> None:
    rules = {"other": {"model.body": "layer", "model.head": "fc"}}
    found = {"model.body.weight": (2, 2), "model.head.weight": (3, 2)}
    assert match({"layer.weight": (2, 2), "fc.weight": (3, 2)}, found, rules).ok


@pytest.mark.parametrize(
    "rules", ["{self_attn: attn}", "{self_attn.out_proj: attn.out_proj, self_attn: attn}", "{'**': '**'}"]
)
def test_tensors_of_a_layer_in_a_layer_are_renamed_with_it(rules: str) -> None:
    text = "archspec: 1\nname: net\ninputs: {x: [5, 8]}\ngraph: {attn: {op: multi_head_attention, num_heads: 2}}\n"
    model = archspec.build(archspec.compile_text(f"{text}weights: {{other: {rules}}}\n"))
    state = {f"self_attn.{key}": value for key, value in torch.nn.MultiheadAttention(8, 2).state_dict().items()}
    assert archspec.load_weights(model, state, source="other").ok
    for key, value in state.items():
        assert model.state_dict()[key.replace("self_attn", "attn")].equal(value)


def test_the_report_has_an_end(right: dict[str, Any]) -> None:
    text = str(match({}, {f"k{i}": (1,) for i in range(5_000)}, {}))
    assert "  and 4,000 more" in text.split("\n")


def test_few_names_are_compared_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def counted(wrong: str, known: Any) -> str:
        compared.append(len(known))
        return real_nearest(wrong, known)

    monkeypatch.setattr("archspec.pytorch.weights.mismatches.nearest", counted)
    match({f"a{i}": (1,) for i in range(3_000)}, {f"b{i}{'.' * 300}": (2,) for i in range(3_001)}, {})
    assert len(compared) <= 2 * 20
    assert set(compared) <= {0}


# Bytes


def saved(right: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    torch.save(right, stream)
    return stream.getvalue()


def legacy(right: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    torch.save(right, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


class Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("ran"),))


def repacked(data: bytes, kind: int = zipfile.ZIP_STORED, **changes: bytes | None) -> bytes:
    """A zip of PyTorch's with some of its parts changed or left out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", kind) as new:
        for name in old.namelist():
            part = name.rpartition("/")[2].replace(".", "_")
            content = changes.get(part, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return stream.getvalue()


def damaged(right: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    data, old = saved(right), legacy(right)
    yield "empty", b""
    yield "zeros", bytes(1000)
    yield "text", b"hello"
    yield "a pickle", pickle.dumps(right.keys().__len__())
    yield "a pickle that runs", pickle.dumps({"a": Runs()})
    yield "code in the zip", repacked(data, data_pkl=pickle.dumps(Runs()))
    yield "no pickle", repacked(data, data_pkl=None)
    yield "no data", repacked(data, **{"0": None})
    yield "compressed", repacked(data, zipfile.ZIP_DEFLATED)
    yield "short data", repacked(data, **{"0": b"\0"})
    yield "another zip", repacked(data, data_pkl=b"\x80\x02}q\x00.")
    yield "an opcode that is none", repacked(data, data_pkl=b"\xff\xff")
    yield "deep", repacked(data, data_pkl=b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
    yield "a long integer", repacked(data, data_pkl=b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"\0.")
    for part in (1, 100, len(data) // 2, len(data) - 1):
        yield f"cut at {part}", data[:part]
        yield f"legacy, cut at {part}", old[: min(part, len(old) - 1)]


NAMES = [name for name, _ in damaged({"a": torch.zeros(2)})]


@pytest.mark.parametrize("at", range(len(NAMES)), ids=NAMES.__getitem__)
def test_bytes_that_are_no_checkpoint_are_refused_and_nothing_runs(
    at: int, model: Any, right: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    data = list(damaged(right))[at][1]
    same = unchanged(model)
    for name in ("w.pth", "w.safetensors"):
        (tmp_path / name).write_bytes(data)
        with not_for_ever(), pytest.raises(archspec.UsageError):
            archspec.load_weights(model, tmp_path / name)
        with not_for_ever():
            assert run("weights", LENET, name).code in (1, 2)
    assert same()
    assert not Path("ran").exists()


HEADERS = {
    "no JSON": b"{",
    "a list": b"[]",
    "no offsets": b'{"a": {"dtype": "F32", "shape": [2]}}',
    "offsets beyond": b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 800]}}',
    "another type": b'{"a": {"dtype": "X9", "shape": [2], "data_offsets": [0, 8]}}',
    "negative": b'{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}',
    "huge": b'{"a": {"dtype": "F32", "shape": [99999999999, 99999999999], "data_offsets": [0, 8]}}',
    "text that is none": b'{"\xff": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}',
    "a surrogate": b'{"\\ud800": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}',
    "small types": b'{"a": {"dtype": "F4", "shape": [16], "data_offsets": [0, 8]}}',
}


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_of_safetensors_that_are_wrong_are_refused(kind: str, run: Run, tmp_path: Path) -> None:
    header = HEADERS[kind]
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(archspec.UsageError):
        archspec.load_weights(archspec.build(LENET), tmp_path / "w.safetensors")
    assert run("weights", LENET, "w.safetensors").code in (1, 2)
