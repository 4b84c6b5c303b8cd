"""What is kept with contents stays with them, and in the process."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import archspec
from archspec.drawing import pictures
from archspec.network import Applied, Body, kept
from archspec.reports.table import totals

ROOT = Path(__file__).parent.parent
_ANOTHER = """
import pickle, sys
from archspec.drawing import pictures
sys.stdout.buffer.write(pictures.page(pickle.load(sys.stdin.buffer)))
"""


def test_a_network_that_was_drawn_is_drawn_alike_elsewhere() -> None:
    """Of what is kept, places in memory and hashes would mean something else in another process."""
    network = archspec.compile(ROOT / "specs" / "resnet18.yaml")
    page, figures = pictures.page(network), totals(network)
    for other in (pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
        assert totals(other) == figures
        assert pictures.page(other) == page
    command = [sys.executable, "-c", _ANOTHER]
    assert subprocess.run(command, input=pickle.dumps(network), stdout=subprocess.PIPE, check=True).stdout == page


def test_what_is_kept_is_asked_for_once_and_forgotten_by_copies() -> None:
    asked: list[Applied | Body] = []

    @kept
    def nodes(content: Body) -> int:
        asked.append(content)
        return content.totals.nodes

    network = archspec.compile(ROOT / "specs" / "lenet.yaml")
    body = network.blocks.content
    assert nodes(body) == nodes(body) == len(network)
    assert len(asked) == 1
    assert nodes(copy.deepcopy(body)) == len(network)
    assert len(asked) == 2
