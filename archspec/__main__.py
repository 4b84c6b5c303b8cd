"""``python -m archspec``."""

import atexit
import gc
import os
import sys


def main() -> None:
    """The entry point of the command; imports take a while, in which somebody may stop it."""
    try:
        _hurry()
        from archspec.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(130)


def _hurry() -> None:
    """Leave out what is in vain where a process ends soon: to look for cycles of objects and for pydantic's plugins."""
    gc.set_threshold(1_000_000)
    atexit.register(gc.freeze)  # so that the interpreter looks for none as it ends
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


if __name__ == "__main__":
    main()
