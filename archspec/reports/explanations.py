"""The pages behind ``archspec explain``: one Markdown file for each kind of error."""

from __future__ import annotations

from pathlib import Path

from archspec.errors import UsageError, did_you_mean

_FOLDER = Path(__file__).parent / "explain"


def codes() -> list[str]:
    """Every code that a diagnostic can have, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.md"))


def page(code: str) -> str:
    """The page of a code, as Markdown.

    Raises:
        UsageError: There is no such code.
    """
    if code not in codes():
        raise UsageError(f"no error has the code `{code}`; {did_you_mean(code, codes())}".rstrip("; "))
    return (_FOLDER / f"{code}.md").read_text(encoding="utf-8").rstrip()


def listing() -> str:
    """Every code with the title of its page."""
    titles = {code: page(code).splitlines()[0].partition(": ")[2] for code in codes()}
    width = max(map(len, titles))
    return "\n".join(f"{code:<{width}}  {title}" for code, title in titles.items())
