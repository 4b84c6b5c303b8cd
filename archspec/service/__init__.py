"""What editors and pages ask of a document: pure functions of its analysis and a position.

A `Workspace` holds the documents that are open, and gives an `Analysis` of the present version of each; `analyse` makes
one without a workspace. All else is a function of an analysis, which takes and gives what the Language Server Protocol
has, as plain dictionaries (`archspec.service.protocol`)::

    diagnostics(analysis) -> list[Diagnostic]                        errors and warnings
    completion(analysis, position) -> list[CompletionItem]           what can stand at the cursor, in broken text too
    hover(analysis, position) -> Hover | None                        shapes, figures, docs and values
    inlay_hints(analysis, range=None) -> list[InlayHint]             the output and the cost of each node
    definition(analysis, position) -> list[Location]                 where a name comes from, in other files too
    references(analysis, position, declaration=True) -> list[Location]    where else it stands
    prepare_rename(analysis, position) -> Range | None               the name at the cursor, where it can be another
    rename(analysis, position, new_name) -> WorkspaceEdit            edits that give it another name everywhere
    code_actions(analysis, range) -> list[CodeAction]                what mends a diagnostic, where there is one answer
    document_symbols(analysis) -> list[DocumentSymbol]               the outline
    folding_ranges(analysis) -> list[FoldingRange]                   what can be shown as one line
    formatting(analysis) -> list[TextEdit]                           the text as ``archspec fmt`` writes it

An analysis belongs to one version of its document, ``analysis.document.version``. ``analysis.network`` is the network,
None where there are errors; ``analysis.partial`` is then what compiles in spite of them, and ``analysis.last`` the
network of the last version that was right. What is wrong in variants alone is found by `with_variants`, when there is
time.

Nothing here needs more than pydantic and PyYAML, starts a thread, or writes a file: it runs in a browser too.
"""

from __future__ import annotations

import archspec.display  # noqa: F401 - attaches receptive fields to networks
from archspec.service.actions import code_actions
from archspec.service.analysis import Analysis, Document, analyse, with_variants
from archspec.service.completion import completion
from archspec.service.diagnostics import diagnostics
from archspec.service.formatting import formatting
from archspec.service.hints import inlay_hints
from archspec.service.hover import hover
from archspec.service.navigation import definition, prepare_rename, references, rename
from archspec.service.symbols import document_symbols, folding_ranges
from archspec.service.workspace import Workspace, path_of, uri_of

__all__ = [
    "Analysis", "Document", "Workspace", "analyse", "code_actions", "completion", "definition", "diagnostics",
    "document_symbols", "folding_ranges", "formatting", "hover", "inlay_hints", "path_of", "prepare_rename",
    "references", "rename", "uri_of", "with_variants",
]  # fmt: skip
