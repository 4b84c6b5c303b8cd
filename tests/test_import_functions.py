"""Import of what modules call: functions of torch, methods of tensors, and modules that forward makes."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sampling import few

import archspec

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch_functions import FUNCTIONAL, NONE, OTHERS, UNSAID, Calling  # noqa: E402


@pytest.mark.parametrize("text", few(FUNCTIONAL | OTHERS, 100))
@pytest.mark.filterwarnings("ignore:.*(deprecated|Implicit dimension|use of `x.T`)")
def test_a_call_is_imported_and_gives_the_same_numbers(text: str) -> None:
    imported = archspec.from_module(Calling(text), *(FUNCTIONAL | OTHERS)[text])
    assert imported.report.difference is not None


def test_each_function_is_imported_or_has_a_reason() -> None:
    public = {name for name in dir(F) if not name.startswith("_") and not isinstance(getattr(F, name), type)}
    functions = {name for name in public if callable(getattr(F, name))} - NONE
    called = set(re.findall(r"\bF\.(\w+)\(", " ".join(FUNCTIONAL)))
    assert called | UNSAID.keys() == functions
    assert not called & UNSAID.keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x.pow(x)", "pow with exponent = a tensor"),
        ("x.clamp(min=-x)", "clamp with min = a tensor"),
        ("F.threshold(x, x.shape[0], 0)", "threshold with threshold = "),
        ("(-2) ** x", "a power of -2"),
        ("F.dropout(x)", "draws random numbers in evaluation too: dropout takes training=self.training"),
        ("F.dropout(input=x, p=0.3)", "draws random numbers in evaluation too"),
        ("F.rrelu(x, training=True)", "draws random numbers in evaluation too: rrelu takes training=self.training"),
        ("F.scaled_dot_product_attention(x, x, x, None, 0.5)", "takes dropout_p=p if self.training else 0.0"),
        ("x[:, :1].var(1)", "var of 1 and a correction of 1"),
        ("torch.linalg.vector_norm(x, torch.inf, dim=1)", "vector_norm with ord = inf"),
        ("F.pad(x, (1, 1), value=-torch.inf)", "pad with -inf, which only max_pool takes"),
        ("len(x) * x", "mul with other = a size that grows with the batch"),
        ("torch.stack([x, x])", "the first dimension of an output is not the batch"),
        ("x.view(-1, 8)", "the first dimension of an output is not the batch"),
        ("F.interpolate(x, scale_factor=1.5, mode='nearest-exact')", "by no whole factor"),
        ("torch.linalg.norm(x, 2, dim=(2, 3))", "of matrices with ord = 2"),
        ("F.max_pool2d(x, 2, return_indices=True)[1] + 1", "which only max_unpool takes"),
        ("F.max_unpool2d(*F.max_pool2d(x, 3, return_indices=True), 3, output_size=(7, 7))", "another size"),
        ("torch.diff(x, n=2)", "diff with n"),
        ("x[:, [i * 2 % 7 for i in range(99) if i % 4 < 4]]", "an index with"),
        ("x.masked_fill(x > 0, 0)", "there is no op for torch's `gt`"),
        ("torch.where(torch.eye(8) > 0, x, -torch.inf)", "where with -inf"),
        ("x.std()", "mixes samples"),
    ],
)
def test_what_cannot_be_said_is_told(text: str, told: str) -> None:
    with pytest.raises(archspec.UsageError, match=re.escape(told)):
        archspec.from_module(Calling(text), (4, 8, 8))


# Modules that the network does not hold


class Making(nn.Module):
    """A network whose forward makes modules, and which has some in a list that PyTorch does not see."""

    def __init__(self, made: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.made = made
        self.conv = nn.Conv2d(3, 4, 3)
        self.listed = [nn.Dropout(0.3), nn.Hardswish()]

    def forward(self, x: Tensor) -> Tensor:
        x = self.made()(self.conv(x))
        for module in self.listed:
            x = module(x)
        return nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))(x)


def test_modules_without_tensors_are_functions_wherever_they_are_made() -> None:
    imported = archspec.from_module(Making(nn.ReLU), (3, 8, 8))
    names = ["conv", "relu", "dropout", "hardswish", "relu2", "max_pool"]
    assert [node.path for node in archspec.compile_text(imported.text)] == names
    (remark,) = imported.report.remarks
    assert remark.startswith("drops numbers in evaluation too, where the spec's does not: Dropout (")


def test_modules_with_tensors_that_no_one_holds_are_told() -> None:
    with pytest.raises(archspec.UsageError, match=r"Conv2d with tensors (.|\n)*nn\.ModuleList"):
        archspec.from_module(Making(lambda: nn.Conv2d(4, 4, 1)), (3, 8, 8))


@pytest.mark.parametrize(("text", "op"), [("F.rrelu(x)", "leaky_relu"), ("F.alpha_dropout(x, 0.5, False)", "dropout")])
def test_what_training_does_otherwise_is_told(text: str, op: str) -> None:
    imported = archspec.from_module(Calling(text), (3, 8, 8))
    assert f"what {text[2 : text.index('(')]} does in training is left out: it is {op}" in imported.report.remarks


# Places of maxima


class _Down(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, padding=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, torch.Size]:
        x = self.conv(x).relu()
        return (*self.pool(x), x.size())


class _Up(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.unpool = nn.MaxUnpool2d(2)
        self.conv = nn.Conv2d(before, after, 3, padding=1)

    def forward(self, x: Tensor, indices: Tensor, size: torch.Size) -> Tensor:
        return self.conv(self.unpool(x, indices, output_size=size)).relu()


class SegNet(nn.Module):
    """Encoders hand on where their maxima were (Badrinarayanan et al. 2015)."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([_Down(3, 4), _Down(4, 8)])
        self.up = nn.ModuleList([_Up(8, 4), _Up(4, 2)])

    def forward(self, x: Tensor) -> Tensor:
        places = []
        for down in self.down:
            x, indices, size = down(x)
            places.append((indices, size))
        for up in self.up:
            x = up(x, *places.pop())
        return x


def test_places_of_maxima_go_through_blocks() -> None:
    imported = archspec.from_module(SegNet(), (3, 9, 9))
    network = archspec.compile_text(imported.text)
    assert [node.op.name for node in network].count("max_unpool") == 2
    assert "pool_indices: pool.indices" in imported.text
