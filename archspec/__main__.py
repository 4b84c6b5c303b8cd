"""``python -m archspec``."""

import sys


def main() -> None:
    """The entry point of the command; imports take a while, in which somebody may stop it."""
    try:
        from archspec.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
