"""A plugin package adds an op with one class and a block with one YAML file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent / "plugin"

SPEC = """
archspec: 1
name: with_plugin
inputs: {image: [3, 8, 8]}
graph:
  stem: {block: softsign_conv, out_channels: 4}
  act: softsign
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the plugin as an installer leaves it: the package, and its entry points."""
    site = tmp_path_factory.mktemp("site")
    (site / "archspec_plugin_example").symlink_to(PLUGIN / "archspec_plugin_example")
    metadata = site / "archspec_plugin_example-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: archspec-plugin-example\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[archspec.ops]\nexample = archspec_plugin_example.ops\n"
        "[archspec.blocks]\nexample = archspec_plugin_example.blocks\n"
    )
    return site


def run(site: Path, script: str) -> str:
    command = [sys.executable, "-c", f"import sys; sys.path.append({str(site)!r}); {script}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_plugins_op_and_block_compile(installed: Path) -> None:
    script = f"import archspec; net = archspec.compile_text({SPEC!r}); print([n.path for n in net], net.other_ops)"
    assert run(installed, script) == f"['stem.conv', 'stem.act', 'act'] {4 * 64 + 2 * 3 * 4 * 64}\n"


def test_they_are_listed(installed: Path) -> None:
    script = "from archspec.language import library; from archspec.ops import registry\n"
    script += "print('softsign' in registry.ops(), 'softsign_conv' in library.blocks())"
    assert run(installed, script) == "True True\n"


def test_they_are_unknown_where_the_plugin_is_not_installed(tmp_path: Path) -> None:
    script = (
        f"import archspec\ntry: archspec.compile_text({SPEC!r})\n"
        "except archspec.SpecError as error: print([d.code for d in error.diagnostics])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['unknown-block', 'unknown-op']\n"
