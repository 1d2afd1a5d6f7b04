"""The style of each role of text: a color of the theme and attributes, applied by panes to their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style
from textual.color import Color


class RoleStyle(NamedTuple):
    """Name the theme variables and the Rich attributes of a role; "" leaves the part to what is below."""

    color: str = ""
    background: str = ""
    attributes: str = ""


ROLES = {
    "dim": RoleStyle("faint"),
    "bold": RoleStyle(attributes="bold"),
    "good": RoleStyle("success"),
    "bad": RoleStyle("error"),
    "warn": RoleStyle("warning"),
    "accent": RoleStyle("accent"),
    "user": RoleStyle("primary", attributes="bold"),
    "agent": RoleStyle("secondary"),
    "think": RoleStyle("think", attributes="italic"),
    "tool": RoleStyle("accent"),
    "label": RoleStyle("faint"),
    "rule": RoleStyle("rule"),
    "head": RoleStyle("foreground", attributes="bold"),
    "annotation": RoleStyle("error", attributes="bold"),
    "source": RoleStyle("faint", attributes="underline"),
    "link": RoleStyle("accent", attributes="underline"),
    "draft": RoleStyle("faint", attributes="italic"),
    "title": RoleStyle(attributes="bold reverse"),
    "key": RoleStyle("primary", attributes="bold"),
    "disabled": RoleStyle("background", "error", "bold"),
    "hit": RoleStyle(attributes="bold reverse underline"),
    "gone": RoleStyle("error", attributes="bold underline"),
    "come": RoleStyle("success", attributes="bold underline"),
    "hang": RoleStyle(),  # a line that is wrapped goes on below its text, with no style of its own
    "indent": RoleStyle(),
    "cursor": RoleStyle(background="cursor-line"),
    "chosen": RoleStyle(background="panel"),
}
ANSI_ROLES = ROLES | {  # the terminal's own colors may not differ from its background
    "disabled": RoleStyle("background", "error", "bold reverse"),
    "cursor": RoleStyle(background="cursor-line", attributes="reverse"),
    "chosen": RoleStyle(attributes="underline"),
}


def role_style(role: str, variables: Mapping[str, str], ansi: bool) -> Style:
    """Return the style of a role in a theme, given its variables. Raises KeyError for an unknown role."""
    color, background, attributes = (ANSI_ROLES if ansi else ROLES)[role]
    return Style.parse(attributes) + Style(
        color=Color.parse(variables[color]).rich_color if color else None,
        bgcolor=Color.parse(variables[background]).rich_color if background else None,
    )
