"""Tags for one conversation or many."""

from __future__ import annotations

import re

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ..view.text import clean
from .form import Form, FormLine


class TagScreen(Form[list[str]]):
    """Returns the tags to add, and with "-" before them those to remove; or None."""

    TITLE_TEXT = "Tag"
    KEYS = "enter add the tags · -word removes one · esc cancel"

    def __init__(self, count: int, tags: tuple[str, ...], known: list[str]) -> None:
        super().__init__()
        self.count, self.tags, self.known = count, tags, known

    def fields(self) -> ComposeResult:
        about = f"{self.count:,} conversations" if self.count != 1 else "this conversation"
        has = f"; it has {' '.join(f'#{tag}' for tag in self.tags)}" if self.tags else ""
        yield Static(Content(clean(f"{about}{has}")), classes="label")
        yield self.field("tags", FormLine(id="tags", placeholder="one or more words, such as refund"))
        if self.known:
            yield Static(Content(clean("used before: " + " ".join(self.known), 400)), classes="hint")

    def on_mount(self) -> None:
        self.query_one("#tags").focus()

    def done(self) -> None:
        words = re.findall(r"-?[^\s#,:\"-][^\s#,:\"]*", self.query_one("#tags", FormLine).text)
        if words:
            self.dismiss(list(dict.fromkeys(words)))
        else:
            self.notify_user("write a tag, or leave with esc", bad=True)
