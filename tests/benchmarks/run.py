"""Speed, as ratios of things measured side by side in one run: ``make benchmark`` prints them.

The comparison with torchvision needs its wheel: ``pip install --no-deps torchvision==0.28.0 pillow``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path

import archspec
from archspec.compiler import sharing

ROOT = Path(__file__).parent.parent.parent
SPECS = ROOT / "specs"
ROUNDS = 9
PEERS = {"resnet152": "resnet152", "resnet50": "resnet50", "mobilenet_v2": "mobilenet_v2", "googlenet_bn": "googlenet"}
"""Specs, and torchvision's names for the same networks."""
PEER_MS = 320
"""Milliseconds of resnet152's peer on the machine to which numbers a second are scaled."""

Run = Callable[[], object]


def timed(run: Run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def side_by_side(*runs: Run, rounds: int = ROUNDS) -> list[float]:
    """Median milliseconds of several functions, called in turn."""
    times = [[timed(run) for run in runs] for _ in range(rounds)]
    return [statistics.median(each) * 1e3 for each in zip(*times, strict=True)]


def report(figure: str, reached: str, goal: str, detail: str) -> None:
    print(f"{figure:<52} {reached:>10}  {goal:<12} {detail}", flush=True)


# In this process


def peer(name: str) -> Run:
    """torchvision's network on the meta device, with its FLOPs counted."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from torchvision import models

    options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}

    def run() -> None:
        with torch.device("meta"):
            model = getattr(models, name)(**options).eval()
            with FlopCounterMode(display=False):
                model(torch.empty(1, 3, 224, 224))

    return run


def compiled(spec: str) -> tuple[int, int]:
    net = archspec.compile(SPECS / f"{spec}.yaml")
    return net.params, net.macs


def compiled_edited(spec: str, numbers: Iterator[int] = count()) -> tuple[int, int]:  # noqa: B008 - one for all calls
    """The same where the text of the file is another one each time."""
    path = SPECS / f"{spec}.yaml"
    text = f"{path.read_text(encoding='utf-8')}# {next(numbers)}\n"
    net = archspec.compile_text(text, name=str(path), root=SPECS)
    return net.params, net.macs


def compiled_anew(spec: str) -> tuple[int, int]:
    """The same where nothing is known from an earlier compile but the files of the library."""
    sharing.forget()
    return compiled(spec)


def compile_against_torchvision() -> None:
    goals = {"resnet152": 80, "resnet50": 45, "mobilenet_v2": 40, "googlenet_bn": 25}
    for spec, name in PEERS.items():
        theirs, runs = peer(name), [partial(run, spec) for run in (compiled, compiled_edited, compiled_anew)]
        for run in (theirs, *runs):
            run()
        ours, edited, anew, others = side_by_side(*runs, theirs)
        again = f"another text each time {others / edited:.1f} x, nothing kept {others / anew:.1f} x"
        detail = f"{ours:.1f} ms, torchvision on meta {others:.0f} ms; {again}"
        report(
            f"archspec.compile of {spec}, against torchvision", f"{others / ours:.1f} x", f">= {goals[spec]} x", detail
        )


def widths() -> Iterator[float]:
    yield from (0.2 + number * 0.00731 for number in count())


def compile_many_widths() -> None:
    loaded, values, each = archspec.load(SPECS / "mobilenet_v2.yaml"), widths(), 50
    loaded.compile()

    def sweep() -> None:
        for _ in range(each):
            net = loaded.compile(width=next(values))
            assert (net.params > 0, net.macs > 0) == (True, True)

    ours, theirs = side_by_side(sweep, peer("resnet152"))
    rate = each / ours * 1e3
    detail = f"{rate:.0f} a second here, where resnet152's peer takes {theirs:.0f} ms"
    report(
        "loaded.compile(width=…) of mobilenet_v2, scaled", f"{rate * theirs / PEER_MS:.0f} / s", ">= 500 / s", detail
    )


def sweeps() -> None:
    """Points a second in one process, and two processes against one, each with points that nothing knows yet."""
    values, sizes = widths(), range(96, 225, 32)

    def swept(points: int, jobs: int) -> Run:
        def run() -> None:
            knobs = {"width": list(islice(values, points // len(sizes))), "image_size": sizes}
            assert archspec.sweep("mobilenet_v2", knobs, jobs=jobs).invalid == 0

        return run

    swept(100, 1)()
    ours, theirs = side_by_side(swept(250, 1), peer("resnet152"))
    rate = 250 / ours * 1e3
    detail = f"{rate:.0f} a second here, where resnet152's peer takes {theirs:.0f} ms"
    report(
        "a sweep of mobilenet_v2 by width and image size, scaled",
        f"{rate * theirs / PEER_MS:.0f} / s",
        ">= 500 / s",
        detail,
    )
    swept(100, 2)()  # the processes have started
    one, two = side_by_side(swept(2_000, 1), swept(2_000, 2), rounds=5)
    detail = f"{2_000 / one * 1e3:.0f} and {2_000 / two * 1e3:.0f} points a second, in {os.cpu_count()} cores"
    report("the same with two processes, against one", f"{one / two:.2f} x", ">= 1.8 x", detail)


REPEAT = """
archspec: 1
name: deep
params: {depth: 3}
inputs: {image: [16, 16, 16]}
graph: {body: {block: residual_basic, channels: 16, repeat: $depth}}
"""


def repeats() -> None:
    def deep(depth: int) -> archspec.Network:
        net = archspec.compile_text(REPEAT, depth=depth, limits=archspec.Limits(nodes=10_000_000))
        assert (net.params > 0, net.macs > 0, net.shape("body")) == (True, True, (16, 16, 16))
        assert net[f"body.{depth - 1}.conv1"].inputs
        return net

    few, many = side_by_side(lambda: deep(1_000), lambda: deep(100_000))
    report(
        "a block 100,000 times against 1,000: totals, shapes",
        f"{many / few:.2f} x",
        "<= 2 x",
        f"{few:.1f} and {many:.1f} ms",
    )
    small, large = deep(1_000), deep(100_000)
    few, many = side_by_side(
        lambda: sum(1 for _ in small.blocks.nodes()), lambda: sum(1 for _ in large.blocks.nodes()), rounds=3
    )
    report(
        "the same, a full walk, for each node", f"{many / few / 100:.2f} x", "linear", f"{few:.0f} and {many:.0f} ms"
    )


def emission() -> None:
    spent = {}
    for path in sorted(SPECS.glob("*.yaml")):
        net = archspec.compile(path)
        archspec.emit(net)
        times = []
        for _ in range(3):
            start = time.process_time()
            archspec.emit(net)
            times.append(time.process_time() - start)
        spent[path.stem] = statistics.median(times) * 1e3
    slowest = max(spent, key=spent.__getitem__)
    detail = f"{slowest}; {sum(spent.values()):.0f} ms for all {len(spent)}"
    report("emitting a bundled spec, processor time, the slowest", f"{spent[slowest]:.0f} ms", "<= 250 ms", detail)


# As processes


def process(*command: str) -> Run:
    # From bytecode, as installed packages run: the first round writes what an editable install lacks.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": ""}
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)


def processes_against_import_torch() -> None:
    command = str(Path(sys.executable).with_name("archspec"))
    with tempfile.TemporaryDirectory() as folder:
        check = process(command, "check", str(SPECS / "resnet152.yaml"))
        draw = process(command, "draw", str(SPECS / "googlenet.yaml"), "-o", f"{folder}/googlenet.svg")
        imports = process(sys.executable, "-c", "import torch")
        # What both commands build on, and what is left to archspec.
        ground = process(sys.executable, "-c", "import typer, yaml, pydantic; pydantic.BaseModel")
        for run in (check, draw, imports, ground):
            run()
        checks, draws, torches, grounds = side_by_side(check, draw, imports, ground)
    for figure, ours, goal in [("check resnet152", checks, "<= 0.13"), ("draw googlenet", draws, "<= 0.20")]:
        ground_share = f"importing typer, pydantic and yaml alone {grounds / torches:.3f}"
        detail = f"{ours:.0f} ms, import torch {torches:.0f} ms; {ground_share}"
        report(f"archspec {figure}, against `import torch`", f"{ours / torches:.3f}", goal, detail)


def chain(nodes: int) -> str:
    lines = [f"  c{i}: {{op: conv, out_channels: 8, kernel_size: 3, padding: 1}}" for i in range(nodes)]
    return "archspec: 1\nname: chain\ninputs: {image: [8, 32, 32]}\ngraph:\n" + "\n".join(lines) + "\n"


def compile_chain(nodes: int) -> tuple[float, int]:
    """Seconds, and the peak memory of a fresh process in MB."""
    script = (
        "import sys, time, resource; sys.path[:0] = [sys.argv[2]]; from run import chain; import archspec\n"
        "text, limits = chain(int(sys.argv[1])), archspec.Limits(nodes=1_000_000, values=10_000_000)\n"
        "archspec.compile_text(chain(10)); start = time.perf_counter()\n"
        "assert len(archspec.compile_text(text, limits=limits)) == int(sys.argv[1])\n"
        "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)"
    )
    command = [sys.executable, "-c", script, str(nodes), str(Path(__file__).parent)]
    seconds, memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), int(memory)


def linear_in_nodes() -> None:
    small = statistics.median(compile_chain(1_000)[0] for _ in range(5)) / 1_000
    seconds, memory = compile_chain(100_000)
    large = seconds / 100_000
    detail = f"{small * 1e6:.0f} and {large * 1e6:.0f} us; 100,000 in {seconds:.1f} s and {memory} MB"
    report("a chain of 100,000 written nodes against 1,000, each", f"{large / small:.2f} x", "linear", detail)


def comparisons() -> None:
    """A comparison follows what is written, not the copies of it, and what is written linearly."""
    few, many = (
        [archspec.compile(SPECS / "resnetv2_1001_cifar.yaml", n=n, act=act) for act in ("relu", "silu")]
        for n in (11, 111)
    )
    small, large = side_by_side(lambda: archspec.diff(*few), lambda: archspec.diff(*many))
    detail = f"{small:.1f} and {large:.1f} ms"
    report("diff of ResNet-1001 against a tenth of its blocks", f"{large / small:.2f} x", "<= 2 x", detail)
    sizes = ("kernel_size: 3, padding: 1", "kernel_size: 5, padding: 2")
    texts = [(text, text.replace(*sizes)) for text in map(chain, (1_000, 8_000))]
    changed = [list(map(archspec.compile_text, pair)) for pair in texts]
    small, large = side_by_side(*(lambda pair=pair: archspec.diff(*pair) for pair in changed), rounds=5)
    detail = f"{small:.0f} and {large:.0f} ms, each node another one"
    report("diff of 8,000 written nodes against 1,000, each", f"{large / small / 8:.2f} x", "linear", detail)


def keystrokes() -> None:
    """A letter typed in an editor: the text compiled anew, with all that is told of it."""
    from archspec import service
    from archspec.drawing import pictures

    for name, goal in {"resnet50": 4, "densenet": 4}.items():
        path = SPECS / f"{name}.yaml"
        text, workspace = path.read_text(encoding="utf-8"), service.Workspace()
        versions = count()

        def typed(
            uri: str = path.as_uri(),
            text: str = text,
            workspace: service.Workspace = workspace,
            versions: Iterator[int] = versions,
        ) -> service.Analysis:
            version = next(versions)
            workspace.open(uri, text.replace("doc: >-", f"doc: >-\n  {version}.", 1), version)  # shown in the picture
            analysis = workspace.analysis(uri)
            service.diagnostics(analysis)
            service.inlay_hints(analysis)
            return analysis

        def drawn(typed: Run = typed) -> object:
            return pictures.page(typed().network)  # type: ignore[attr-defined]

        typed()
        compile, told, shown = side_by_side(partial(compiled_edited, name), typed, drawn)
        figure = f"{name}: a keystroke to errors and hints, over a compile"
        report(figure, f"{told / compile:.1f}", f"<= {goal}", f"{told:.1f} ms; with the page's picture {shown:.1f} ms")


def schemas() -> object:
    """The schemas that torchvision's models need; its wheel's compiled part does not load on every build of torch."""
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for schema in ("nms", "qnms"):
        library.define(f"{schema}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


if __name__ == "__main__":
    kept = schemas()
    compile_against_torchvision()
    compile_many_widths()
    sweeps()
    repeats()
    emission()
    processes_against_import_torch()
    linear_in_nodes()
    comparisons()
    keystrokes()
