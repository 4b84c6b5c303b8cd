"""Imports the networks of torchvision and timm, one after another, and keeps for each what came of it.

Results are kept in build/import_survey with a digest of what they depend on: run again, it goes on where it ended, and
does what has changed since. `--all` takes all networks of timm in place of one for each of its families, `--only` those
whose names fit a pattern, `--retry` those that failed before.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import multiprocessing
import re
import sys
import time
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from counterparts import models
from torch import nn

from archspec.errors import ArchspecError
from archspec.importers.module import from_module
from archspec.importers.module.construction import remembered

timm: Any = import_module("timm")  # once `counterparts` has made torchvision importable

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "build" / "import_survey"
FAMILIES = Path(__file__).parent / "data" / "timm_families.json"
SECONDS = 600
"""The time after which a network is given up."""
MOST_COMPARED = 700_000_000
"""Networks of more parameters are imported without a comparison of their outputs."""
ARGUMENTS: dict[str, dict[str, Any]] = {
    "googlenet": {"init_weights": False},
    "inception_v3": {"init_weights": False},
    **{name: {"weights_backbone": None} for name in models.list_models(module=models.segmentation)},
}
"""What a builder of torchvision is given."""
OWN_SIZE = {"inception_v3": 299, "maxvit_t": 224, "efficientnet_v2": 128}
SMALL = 128
"""The height and width of images where a network allows for it: comparing outputs takes most of the time."""


def names(*, everything: bool = False) -> list[str]:
    """The networks: ``torchvision:NAME`` and ``timm:NAME``."""
    kinds = (models, models.segmentation, models.video)
    found = [f"torchvision:{name}" for kind in kinds for name in models.list_models(module=kind)]
    own = timm.list_models() if everything else list(json.loads(FAMILIES.read_text(encoding="utf-8")).values())
    return found + [f"timm:{name}" for name in own]


def built(name: str) -> nn.Module:
    """A network, whose weights are whatever lies in memory: `from_module` compares with weights of its own."""
    library, _, own = name.partition(":")
    skipped = [each for each in dir(nn.init) if each.endswith("_") and not each.startswith("_")]
    before = {each: getattr(nn.init, each) for each in skipped}
    for each in skipped:
        setattr(nn.init, each, lambda tensor, *_, **__: tensor)
    try:
        with remembered():
            model: nn.Module = (
                timm.create_model(own) if library == "timm" else models.get_model(own, **ARGUMENTS.get(own, {}))
            )
    finally:
        for each, function in before.items():
            setattr(nn.init, each, function)
    return model.eval()


def sizes(name: str, model: nn.Module) -> list[tuple[int, ...]]:
    """Shapes of an input, the one to be tried first."""
    own = name.partition(":")[2]
    if name.startswith("timm:"):
        settings = model.pretrained_cfg
        channels, height, width = settings["input_size"]
        native = (channels, height, width)
        small = (channels, min(SMALL, height), min(SMALL, width))
        return [native] if settings.get("fixed_input_size") or own.startswith("test_") else [small, native]
    if own in models.list_models(module=models.video):
        frames = 16 if own.startswith(("mvit", "swin3d", "s3d")) else 8
        return [(3, frames, 224, 224)] if own.startswith(("mvit", "s3d")) else [(3, frames, 64, 64)]
    return [(3, SMALL, SMALL), (3, 224, 224), (3, 299, 299)]


def surveyed(name: str) -> dict[str, Any]:
    """What comes of importing a network."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    model = built(name)
    params = sum(parameter.numel() for parameter in model.parameters())
    shapes = sizes(name, model)
    while True:
        start = time.perf_counter()
        try:
            imported = from_module(
                model, shapes[0], name=re.sub(r"\W", "_", name.partition(":")[2]), verify=params <= MOST_COMPARED
            )
        except ArchspecError as error:
            if " raises " in str(error) and len(shapes) > 1:
                del shapes[0]
                continue
            return {"params": params, "input": shapes[0], "refused": str(error), "seconds": _seconds(start)}
        report = imported.report
        return {
            "params": params, "input": shapes[0], "lines": len(imported.text.splitlines()), "text": imported.text,
            "blocks": len(report.blocks), "difference": report.difference, "seconds": _seconds(start),
        }  # fmt: skip


def _seconds(start: float) -> float:
    return round(time.perf_counter() - start, 1)


def kind(refusal: str) -> str:
    """A refusal without what is its network's own."""
    lines = refusal.strip().splitlines()
    text = lines[1] if len(lines) > 1 else lines[0]
    text = re.sub(r"\s*\([^()]*:\d+\)", "", text)
    text = re.sub(r"^\s*\S+( and \d+ more)?: ", "", text) if len(lines) > 1 else text
    text = re.sub(r"\S*/\S+:\d+ ", "", text)
    return re.sub(r"`[^`]*\.[^`]*`", "`…`", re.sub(r"\d[\d,.e-]*", "…", text)).strip()


def digest() -> str:
    """Stands for all that a result depends on."""
    found = hashlib.sha256()
    for path in sorted((ROOT / "archspec").rglob("*")):
        if path.suffix in (".py", ".yaml"):
            found.update(path.read_bytes())
    found.update(Path(__file__).read_bytes())
    found.update(" ".join(version(each) for each in ("torch", "torchvision", "timm")).encode())
    return found.hexdigest()


def path_of(name: str) -> Path:
    """Where the result of a network is kept."""
    return RESULTS / f"{name.replace(':', '-')}.json"


def results(*, everything: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is known of networks, by name."""
    for name in names(everything=everything):
        if path_of(name).exists():
            yield name, json.loads(path_of(name).read_text(encoding="utf-8"))


def _child(name: str, key: str) -> None:
    try:
        result = surveyed(name)
    except BaseException as error:  # a fault of archspec, which is a result too
        result = {"refused": f"fault: {type(error).__name__}: {error}"}
    path_of(name).write_text(json.dumps({"key": key, **result}, indent=1), encoding="utf-8")


def survey(found: list[str], *, retry: bool) -> None:
    """Import networks whose results are not known, each in a process of its own."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    key = digest()
    for name in found:
        known = json.loads(path_of(name).read_text(encoding="utf-8")) if path_of(name).exists() else {}
        if known.get("key") == key or (retry and known and "refused" not in known):
            continue
        process = multiprocessing.get_context("fork").Process(target=_child, args=(name, key))
        process.start()
        process.join(SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            path_of(name).write_text(json.dumps({"key": key, "refused": f"more than {SECONDS} s"}), encoding="utf-8")
        elif process.exitcode:
            path_of(name).write_text(json.dumps({"key": key, "refused": "the process ended"}), encoding="utf-8")
        result = json.loads(path_of(name).read_text(encoding="utf-8"))
        told = kind(result["refused"]) if "refused" in result else f"{result['lines']} lines, {result['seconds']} s"
        print(f"{name}: {told}", flush=True)


def summary(*, everything: bool) -> str:
    """How many networks are imported, and why others are not."""
    lines = []
    for library in ("torchvision", "timm"):
        own = {name: result for name, result in results(everything=everything) if name.startswith(f"{library}:")}
        refused: dict[str, list[str]] = {}
        for name, result in own.items():
            if "refused" in result:
                refused.setdefault(kind(result["refused"]), []).append(name.partition(":")[2])
        lines.append(f"{library}: {len(own) - sum(map(len, refused.values()))} of {len(own)}")
        for reason, those in sorted(refused.items(), key=lambda pair: -len(pair[1])):
            lines.append(f"  {len(those)}: {reason}: {', '.join(those[:12])}")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", action="store_true", help="all networks of timm")
    parser.add_argument("--only", default="*", help="names that fit, such as 'timm:vit*'")
    parser.add_argument("--retry", action="store_true", help="only those that failed before, or are not known")
    parser.add_argument("--summary", action="store_true", help="only print what is known")
    options = parser.parse_args()
    if not options.summary:
        survey(
            [name for name in names(everything=options.all) if fnmatch.fnmatch(name, options.only)], retry=options.retry
        )
    print(summary(everything=options.all))
    sys.exit(0)
