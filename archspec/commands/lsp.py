"""``archspec lsp``."""

from __future__ import annotations

from archspec.commands.options import Root
from archspec.errors import UsageError


def lsp(root: Root = None) -> int:
    """Serve an editor over the Language Server Protocol, on standard input and output; see docs/editors.md."""
    try:
        from archspec.server import serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("pygls", "lsprotocol", "cattrs"):
            raise
        raise UsageError('`archspec lsp` needs pygls: pip install "archspec-nn[lsp]"') from None
    if root is not None:
        from archspec.language.places import check_root

        check_root(root)
    serve(root.resolve() if root else None)
    return 0
