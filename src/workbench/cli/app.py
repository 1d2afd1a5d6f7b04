"""The table of commands for typer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand

from ..errors import UsageError
from .app_project import chat, check, default, dev, doctor, init, review, tour
from .app_replay import merge, replay, trial
from .app_transcripts import (
    accept,
    coverage,
    fmt,
    import_,
    mutate,
    pending,
    pending_accept,
    pending_list,
    pending_reject,
    pending_show,
    rerecord,
    show,
)

COMMANDS: dict[str, Callable[..., None]] = {
    "dev": dev,
    "review": review,
    "tour": tour,
    "replay": replay,
    "trial": trial,
    "merge": merge,
    "accept": accept,
    "rerecord": rerecord,
    "pending": pending,
    "fmt": fmt,
    "chat": chat,
    "show": show,
    "import": import_,
    "check": check,
    "mutate": mutate,
    "coverage": coverage,
    "init": init,
    "doctor": doctor,
}
GROUPS: dict[str, dict[str, Callable[..., None]]] = {  # command groups; the function in COMMANDS runs first
    "pending": {"list": pending_list, "show": pending_show, "accept": pending_accept, "reject": pending_reject},
}


class Command(TyperCommand):
    """Rejects empty option values, which usually come from an unset shell variable."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = {name for one in self.params if not getattr(one, "is_flag", False) for name in one.opts}
        for before, value in zip(["", *args], args, strict=False):
            option, equals, rest = value.partition("=")
            if not value.strip():
                what = before if before in named else "an argument"
            elif equals and not rest.strip() and option.startswith("--"):
                what = option
            else:
                continue
            raise UsageError(f"{what} is empty", hint="remove it, or check for an unset variable")
        return super().parse_args(ctx, args)


def build(only: str = "") -> typer.Typer:
    """Build the app with all commands, or with one: describing the others would cost replay 8 ms."""
    app = typer.Typer(
        help="Chat with your agent, inspect every step, annotate mistakes, and replay them as tests.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(default)
    for name, command in COMMANDS.items():
        if only in ("", name) and name in GROUPS:
            app.add_typer(_group(name, command), name=name)
        elif only in ("", name):
            app.command(name, cls=Command)(command)
    return app


def _group(name: str, callback: Callable[..., None]) -> typer.Typer:
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True)(callback)
    for word, command in GROUPS[name].items():
        group.command(word, cls=Command)(command)
    return group
