"""Specs whose white space and comments are others, at random."""

from __future__ import annotations

import random
import re
from pathlib import Path

from mutations import ROOT, corpus, mutated

_WRITTEN = (
    " ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\n\n",
    "\n  ",
    "\n\n\n    ",
    " # c\n",
    "\n# c\n",
    "\n      # d\n",
    "  #e\n\n",
    "",
)
_FENCE = re.compile(r"^```(?:yaml|\{archspec\})\n(.*?)^```", re.DOTALL | re.MULTILINE)


def spaced(rng: random.Random, text: str) -> str:
    """A text with white space or comments put in, or others in the place of white space; it may be no YAML any more."""
    for _ in range(rng.choice((1, 2, 5, 20))):
        places = [number for number, sign in enumerate(text) if sign in " \n,:{}[]"]
        if not places:
            return text
        at = rng.choice(places)
        end = at + (text[at] in " \n" and rng.random() < 0.5)
        text = text[:at] + rng.choice(_WRITTEN) + text[end:]
    return text


def texts(rng: random.Random, count: int) -> list[str]:
    """Specs, blocks, goldens and what the documentation shows, as they are or with mistakes, and with other spaces."""
    cases = corpus()
    fences = [fence for page in sorted((ROOT / "docs").glob("*.md")) for fence in _FENCE.findall(_read(page))]
    found = []
    for _ in range(count):
        case = rng.choice(cases)
        text = mutated(rng, case, cases).text if rng.random() < 0.5 else rng.choice((case.text, rng.choice(fences)))
        found.append(spaced(rng, text) if rng.random() < 0.7 else text)
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
