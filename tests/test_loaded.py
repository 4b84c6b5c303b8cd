"""Specs that are read once and compiled again and again."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from told import told

import archspec
from archspec import SpecError
from archspec.language.loader import Loader


def test_a_loaded_spec_compiles_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "unit.yaml").write_text(
        "archspec: 1\nblock: unit\nparams: {width: 8}\n"
        "graph: {conv: {op: conv, out_channels: $width, kernel_size: 1}}\n"
    )
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "archspec: 1\nname: net\nparams: {width: 8, deep: false}\ninputs: {image: [3, 4, 4]}\n"
        "variants: {wide: {width: 32}}\n"
        "graph:\n  a: {block: ./unit.yaml, width: $width}\n  b: {block: ./unit.yaml, width: $width, when: $deep}\n"
    )
    loaded = archspec.load(spec)
    assert repr(loaded) == f"<LoadedSpec {spec}>"
    expected = {width: archspec.compile(spec, width=width) for width in (4, 8, 16)}
    spec.unlink()
    for width, net in expected.items():
        assert told(loaded.compile(width=width)) == told(net)
    assert loaded.compile(variant="wide").outputs["output"].shape == (32, 4, 4)
    assert loaded.compile(deep=True).digest != loaded.compile().digest
    with pytest.raises(archspec.UsageError, match="has no parameter `widht`; did you mean `width`"):
        loaded.compile(widht=3)


def test_a_spec_that_is_wrong_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("archspec: 1\nname: net\ninputs: {x: [3]}\ngraph: {a: relu, b: {opp: relu}}\n")
    with pytest.raises(SpecError, match=r"unknown-key"):
        archspec.load(tmp_path / "net.yaml")
    with pytest.raises(SpecError, match=r"unreadable-file"):
        archspec.load(tmp_path / "none.yaml")


def test_errors_come_up_at_each_compile_of_a_loaded_spec(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("archspec: 1\nblock: broken\ngraph: {a: {opp: relu}}\n")
    (tmp_path / "net.yaml").write_text(
        "archspec: 1\nname: net\nparams: {broken: false}\ninputs: {x: [3]}\n"
        "graph: {a: relu, b: {block: ./broken.yaml, when: $broken}}\n"
    )
    loaded = archspec.load(tmp_path / "net.yaml")
    for _ in range(2):
        with pytest.raises(SpecError) as caught:
            loaded.compile(broken=True)
        assert {each.code for each in caught.value.diagnostics} == {"unknown-key"}
        assert loaded.compile().outputs["output"].shape == (3,)


def test_threads_read_each_file_of_a_loaded_spec_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unit.yaml").write_text("archspec: 1\nblock: unit\ngraph: {a: relu}\n")
    (tmp_path / "net.yaml").write_text(
        "archspec: 1\nname: net\ninputs: {x: [3]}\ngraph: {a: {block: ./unit.yaml, repeat: 2}}\n"
    )
    read, loaded, names = Loader._read, archspec.load(tmp_path / "net.yaml"), []

    def slowly(loader: Loader, path: Path, *others: Any) -> Any:
        names.append(path.name)
        sleep(0.02)
        return read(loader, path, *others)

    monkeypatch.setattr(Loader, "_read", slowly)
    with ThreadPoolExecutor(4) as threads:
        networks = list(threads.map(lambda _: told(loaded.compile()), range(4)))
    assert names == ["unit.yaml"]
    assert all(network == networks[0] for network in networks)
    assert told(copy.deepcopy(loaded).compile()) == networks[0]
    assert told(pickle.loads(pickle.dumps(loaded)).compile()) == networks[0]


def test_a_block_whose_file_is_no_text_is_an_error_at_each_compile(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"archspec: 1\nblock: bad\ngraph: {a: \xff}\n")
    text = "archspec: 1\nname: net\ninputs: {x: [3]}\ngraph: {a: relu, b: {block: ./bad.yaml}, c: relu}\n"
    (tmp_path / "net.yaml").write_text(text)
    loaded = archspec.load(tmp_path / "net.yaml")
    for _ in range(2):
        with pytest.raises(SpecError, match="not UTF-8") as caught:
            loaded.compile()
        assert list(caught.value.partial.problems) == ["b"]


@pytest.mark.parametrize("inline", [False, True])
def test_a_block_of_too_many_errors_is_one_at_each_compile(inline: bool, tmp_path: Path) -> None:
    nodes = "".join(f"    n{number}: {{op: relu, nonsense: {{}}}}\n" for number in range(800))
    block = f"  graph:\n{nodes}"
    (tmp_path / "wrong.yaml").write_text("archspec: 1\nblock: wrong\ngraph:\n" + nodes)
    blocks = f"blocks:\n  wrong:\n  {block}" if inline else ""
    use = "wrong" if inline else "./wrong.yaml"
    text = f"archspec: 1\nname: user\ninputs: {{x: [3, 8, 8]}}\n{blocks}graph:\n  a: {{block: {use}}}\n"
    (tmp_path / "user.yaml").write_text(text)
    loaded = archspec.load(tmp_path / "user.yaml")
    told_at = []
    for _ in range(2):
        with pytest.raises(SpecError) as caught:
            loaded.compile()
        told_at.append([each.code for each in caught.value.diagnostics])
    assert told_at[0] == told_at[1]


def test_what_a_network_is_given_by_a_variant_is_its_own(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "archspec: 1\nname: net\nparams: {sizes: [3]}\ninputs: {x: [3]}\nvariants: {two: {sizes: [4, 5]}}\n"
        'graph: {fc: {op: linear, out_features: "$(sum(sizes))"}}\n'
    )
    loaded = archspec.load(spec)
    for variant, sizes in (("two", [4, 5]), (None, [3])):
        loaded.compile(variant=variant).arguments["sizes"].append(9)
        assert loaded.compile(variant=variant).arguments["sizes"] == sizes
