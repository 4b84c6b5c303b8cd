"""Words of messages: which known one was meant, and names from outside as a terminal can show them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import islice

from archspec.errors.help import Change, Help

_LONGEST_WORD = 50
_MOST_WORDS = 1_000
_MOST_COMPARED = 200


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The known word that was meant, or an empty text where none is near."""
    if len(wrong) > _LONGEST_WORD:
        return ""
    spare, known = 2 + len(wrong) // 2, list(islice(known, _MOST_WORDS))
    alike = [name for name in known if abs(len(name) - len(wrong)) <= spare]
    names = sorted(alike[:_MOST_COMPARED])
    for word in dict.fromkeys((wrong, wrong.lower(), wrong.lower().rpartition(".")[2])):
        for name in difflib.get_close_matches(word, names, n=3, cutoff=0.6):
            if difflib.SequenceMatcher(None, word, name).ratio() >= (0.7 if name[:1] == word[:1] else 0.8):
                return name
    words = {*wrong.split("_")}
    longer = [name for name in known if words <= {*name.split("_")}]
    return longer[0] if len(longer) == 1 else ""


def did_you_mean(wrong: str, known: Iterable[str], also: Iterable[str] = ()) -> str:
    """A hint that names the nearest known word, or lists the words when there are few; else empty.

    Args:
        wrong: The word that stands there.
        known: The words that could stand there.
        also: Further words to compare with, which are not listed.
    """
    if _FROM_END.search(wrong):
        return _counted_from_0(wrong, list(known))
    names = list(islice(known, _MOST_WORDS))
    name, colon, rest = wrong.partition(":")
    if colon and rest and name in names:
        return Help(f"write a space after the colon: `{name}: {rest}`", Change("state", f"{name}: {rest}"))
    near = nearest(wrong, [*names, *also])
    if near:
        return Help.instead(f"did you mean `{near}`?", near)
    return f"known here: {listed(sorted(names))}" if 0 < len(names) <= 12 else ""


_FROM_END = re.compile(r"\.-[0-9]{1,18}(?=\.|\Z)", re.ASCII)


def _counted_from_0(path: str, known: Iterable[str]) -> str:
    """What to write for a path that counts copies from the end, as what a node takes does and a state_dict does not."""
    while found := _FROM_END.search(path):
        before, after = path[: found.start() + 1], path[found.end() :]
        copies = [each[len(before) :].partition(".")[0] for each in known if each.startswith(before)]
        count = 1 + max((int(copy) for copy in copies if copy.isdecimal()), default=-1)
        index = count + int(path[len(before) : found.end()])
        if index < 0:
            return "the copies of a path are counted from 0"
        path = f"{before}{index}{after}"
    return Help.instead(f"the copies of a path are counted from 0: `{path}`", path)


_LONGEST_SHOWN = 1_000


def shown(text: object) -> str:
    r"""A name from outside, such as that of a file, as a message has it: in one line, and not endless.

    What would steer a terminal, or begin a line that a reader of logs takes for a command, is written as an escape.

    >>> shown("a\nb\x1b[31m.yaml")
    'a\\nb\\x1b[31m.yaml'
    """
    name = str(text)
    name = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    return name if name.isprintable() else "".join(map(printable, name))


def printable(character: str) -> str:
    """A character as it is, or an escape in place of one that is not seen."""
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def listed(names: Iterable[str]) -> str:
    """Words as a message lists them."""
    return ", ".join(f"`{name}`" for name in names)
