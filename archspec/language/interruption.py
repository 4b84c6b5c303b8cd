"""Work that ends before it is done, where whoever asked for it needs it no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_IS_WANTED: ContextVar[Callable[[], bool] | None] = ContextVar("is_wanted", default=None)


class Interrupted(BaseException):
    """What is being done is not wanted any more. It is no error, and whoever handles errors does not handle it."""


@contextmanager
def while_wanted(is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Let compiles in the block end as soon as they are not wanted, with `Interrupted`.

    Args:
        is_wanted: Whether what is being done still is; it is asked at each node, so that it should be quick.
    """
    token = _IS_WANTED.set(is_wanted)
    try:
        yield
    finally:
        _IS_WANTED.reset(token)


def go_on() -> None:
    """End what is being done if it is not wanted any more.

    Raises:
        Interrupted: It is not.
    """
    is_wanted = _IS_WANTED.get()
    if is_wanted is not None and not is_wanted():
        raise Interrupted
