"""What the service takes and gives: values of the Language Server Protocol 3.17, as its JSON has them.

Lines count from 0, and characters within a line in UTF-16 code units, as editors count.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NotRequired, TypedDict


class Position(TypedDict):
    """A place between two characters."""

    line: int
    character: int


class Range(TypedDict):
    """The text between two places."""

    start: Position
    end: Position


class Location(TypedDict):
    """A place in a document."""

    uri: str
    range: Range


class TextEdit(TypedDict):
    """A text that takes the place of another."""

    range: Range
    newText: str


class WorkspaceEdit(TypedDict):
    """Edits of documents, by URI. Those of one document speak of the text before any of them."""

    changes: dict[str, list[TextEdit]]


class DiagnosticSeverity(IntEnum):
    """How bad it is."""

    ERROR = 1
    WARNING = 2


class CodeDescription(TypedDict):
    """Where a code is described."""

    href: str


class RelatedInformation(TypedDict):
    """A second place that a diagnostic speaks of."""

    location: Location
    message: str


class Diagnostic(TypedDict):
    """An error or a warning. ``data`` is the title and the edits of its fix, where there is one."""

    range: Range
    severity: DiagnosticSeverity
    code: str
    source: str
    message: str
    codeDescription: NotRequired[CodeDescription]
    relatedInformation: NotRequired[list[RelatedInformation]]


class MarkupContent(TypedDict):
    """A text in Markdown."""

    kind: str
    value: str


class CompletionItemKind(IntEnum):
    """What a completion is; editors show it as an icon."""

    FUNCTION = 3
    FIELD = 5
    VARIABLE = 6
    CLASS = 7
    MODULE = 9
    PROPERTY = 10
    VALUE = 12
    ENUM_MEMBER = 20
    FILE = 17
    REFERENCE = 18
    CONSTANT = 21
    OPERATOR = 24


class LabelDetails(TypedDict, total=False):
    """What is shown beside a label."""

    detail: str
    description: str


class CompletionItem(TypedDict):
    """A text that can stand at the cursor. ``textEdit`` puts it there, in place of what has been typed."""

    label: str
    kind: CompletionItemKind
    textEdit: TextEdit
    sortText: str
    filterText: NotRequired[str]
    labelDetails: NotRequired[LabelDetails]
    documentation: NotRequired[MarkupContent]


class Hover(TypedDict):
    """What is told of what stands under the mouse."""

    contents: MarkupContent
    range: Range


class InlayHint(TypedDict):
    """A text shown in a line that does not hold it."""

    position: Position
    label: str
    paddingLeft: bool
    tooltip: NotRequired[MarkupContent]


class CodeAction(TypedDict):
    """A change that an editor offers."""

    title: str
    kind: str
    edit: WorkspaceEdit
    diagnostics: NotRequired[list[Diagnostic]]
    isPreferred: NotRequired[bool]


class SymbolKind(IntEnum):
    """What a symbol is."""

    MODULE = 2
    CLASS = 5
    PROPERTY = 7
    FIELD = 8
    FUNCTION = 12
    VARIABLE = 13
    CONSTANT = 14
    OBJECT = 19
    STRUCT = 23
    EVENT = 24
    OPERATOR = 25


class DocumentSymbol(TypedDict):
    """A named part of a document."""

    name: str
    detail: str
    kind: SymbolKind
    range: Range
    selectionRange: Range
    children: list[DocumentSymbol]


class FoldingRange(TypedDict):
    """Lines that can be shown as one."""

    startLine: int
    endLine: int
