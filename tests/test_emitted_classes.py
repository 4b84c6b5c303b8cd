"""The law of emitted classes: a class offers only parameters that it holds for.

Each class of an emitted file is constructed with another value of each of its parameters, beside those of some use,
and run on tensors without data. Wherever the language takes the value, it has the weights and gives the shapes that
the language says, leaves alone what it takes, and keeps what its backward pass asks for. A node that all uses of a
class have is always there, and one that none has never, so that values which change that are left out.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from random_networks import compiled, networks
from random_probes import SPECS
from sampling import QUICK, examples

import archspec

torch = pytest.importorskip("torch")
from class_law import check, check_network  # noqa: E402
from corpus import SOME_VARIANTS  # noqa: E402

EXAMPLES = max(examples(100), settings.default.max_examples // 4)


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=lambda value: getattr(value, "stem", value))
def test_each_class_holds_for_other_values_of_its_parameters(path: Path, variant: str | None) -> None:
    check(archspec.compile(path, variant=variant), Counter())


@pytest.mark.filterwarnings("ignore")
def test_each_class_of_random_networks_holds_for_other_values_of_its_parameters() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES)
    @given(networks())
    def law(text: str) -> None:
        check(compiled(text), seen)

    law()
    assert QUICK or seen["held"] > seen["no other value"]  # a few networks may have no class to try


@pytest.mark.parametrize(("path", "variant"), SOME_VARIANTS, ids=lambda value: getattr(value, "stem", value))
def test_the_class_of_a_network_holds_for_other_values_of_its_parameters(path: Path, variant: str | None) -> None:
    network = archspec.compile(path, variant=variant)
    check_network(network, partial(archspec.compile, path, variant=variant))


@pytest.mark.filterwarnings("ignore")
def test_the_class_of_a_random_network_holds_for_other_values_of_its_parameters() -> None:
    @settings(max_examples=EXAMPLES)
    @given(networks())
    def law(text: str) -> None:
        check_network(compiled(text), partial(archspec.compile_text, text, root=SPECS))

    law()
