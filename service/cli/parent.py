"""A child of `earshot up` ends with its parent, however that ends: kill -9 leaves no orphans."""

import os
import signal
import threading

import click


def _end_when_parent_does() -> None:
    # The parent holds the other end of this pipe and never writes: reading ends when the parent does. Not through
    # sys.stdin, whose lock a thread must not hold when the interpreter ends.
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _watch(_context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        threading.Thread(target=_end_when_parent_does, daemon=True, name="parent").start()


with_parent = click.option(
    "--with-parent", is_flag=True, hidden=True, expose_value=False, is_eager=True, callback=_watch
)
