"""Compile mutated specs until the time is up: whatever a spec says, the compiler answers soon, in little memory.

``python tests/fuzz.py --minutes 30 --seed 0``. A case that fails is written to ``build/fuzz``. With ``--surroundings``
commands are called with files, streams and checkpoints that are damaged, in place of specs.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

import surroundings
from mutations import ROOT, Case, cases

import archspec
from archspec.compiler.lint import warned
from archspec.errors import Report
from archspec.reports.diagnostics import render_github, render_json

SECONDS = 5
MEMORY = 1_000_000_000


class TooSlow(BaseException):
    """A case that does not end in time; no handler of the compiler catches it."""


def check(case: Case) -> bool:
    """Whether the compiler takes a case; an assertion fails where its answer is not as it should be."""
    try:
        network = archspec.compile_text(case.text, root=case.root)
    except archspec.UsageError:
        return False
    except archspec.SpecError as error:
        check_report(error, "error")
        if error.partial is not None:
            check_report(warned(error.partial), "warning")
        return False
    assert network.outputs
    assert all(size >= 1 for node in network for size in node.shape)
    check_report(warned(network), "warning")
    return True


def check_report(report: Report, severity: str) -> None:
    """Every diagnostic has a message, and a place in its file; every rendering works."""
    assert report.diagnostics or severity == "warning"
    for diagnostic in report.diagnostics:
        assert diagnostic.severity == severity
        assert diagnostic.message
        assert diagnostic.code
        for span in (diagnostic.span, *(note.span for note in diagnostic.notes)):
            assert span.line >= 1
            assert span.column >= 1
            assert (span.end_line, span.end_column) >= (span.line, span.column)
            if span.file in report.sources:
                lines = report.sources[span.file].split("\n")
                assert span.line <= len(lines)
                assert span.column <= len(lines[span.line - 1]) + 1
    assert all(line.isprintable() for line in str(report).split("\n"))
    json.loads(render_json({"spec": (None, report)}))
    lines = render_github(report).split("\n") if report.diagnostics else []
    assert all(line.startswith(f"::{severity} file=") for line in lines)


def stop(*_: object) -> None:
    raise TooSlow


def main() -> None:
    """Run until the time is up; exit with 1 if a case failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--surroundings", action="store_true")
    options = parser.parse_args()
    made, checked, timer, seconds = cases, check, signal.ITIMER_PROF, SECONDS
    if options.surroundings:  # with PyTorch, which maps more than it uses, and files for which one could wait
        made, checked, timer, seconds = surroundings.cases, surroundings.check, signal.ITIMER_REAL, surroundings.SECONDS
        warnings.simplefilter("ignore")
        if surroundings.HAVE_TORCH:  # ended halfway, it could not be imported again
            import torch  # noqa: F401
    else:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, stop)  # processor time, which a busy machine does not stretch
    signal.signal(signal.SIGALRM, stop)
    folder = ROOT / "build" / "fuzz"
    end = time.monotonic() + 60 * options.minutes
    count = accepted = failed = 0
    slowest: tuple[float, str] = (0.0, "")
    for case in made(options.seed):
        if time.monotonic() > end:
            break
        begin = time.process_time()
        count += 1
        signal.setitimer(timer, seconds)
        try:
            accepted += checked(case)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            signal.setitimer(timer, 0)
            failed += 1
            report(folder, failed, case, error)
        signal.setitimer(timer, 0)
        slowest = max(slowest, (time.process_time() - begin, case.text))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count:,} cases, {accepted:,} accepted, {failed} failed; slowest {slowest[0]:.2f} s; at most {peak} MB")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "slowest.yaml").write_text(slowest[1], encoding="utf-8", errors="surrogatepass")
    sys.exit(bool(failed))


def report(folder: Path, number: int, case: Case, error: BaseException) -> None:
    """Keep a case that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:04}.yaml"
    path.write_text(case.text, encoding="utf-8", errors="surrogatepass")
    trace = "".join(traceback.format_exception(error))
    path.with_suffix(".txt").write_text(f"root: {case.root.relative_to(ROOT)}\n{trace}", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {trace.strip().splitlines()[-1][:150]}", flush=True)


if __name__ == "__main__":
    main()
