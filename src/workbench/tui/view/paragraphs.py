"""Text with styles that is not yet fitted to a width: drawn in a pane, or written as plain text for the pager."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .extent import Excerpt
from .text import BLANK, Line, Span, data, fit, one_line, plain, width, wrap

LABEL = 11  # cells of the labels at the left
SIDE_BY_SIDE = 92  # cells from which two columns fit next to each other


class Paragraph(NamedTuple):
    """A text with its styles; its lines after the first are indented."""

    spans: tuple[Span, ...] = ()
    indent: int = 0
    source: str = ""  # file:line, shown after the text

    def lines(self, cells: int) -> list[Line]:
        """Break it into lines, with the source at the right of the last one if there is room."""
        lines = wrap(self.spans, cells, self.indent)
        if not self.source:
            return lines
        if width(lines[-1]) + len(self.source) + 2 <= cells:
            lines[-1] = (*fit(lines[-1], cells - len(self.source)), Span(self.source, "source"))
            return lines
        return [*lines, (Span(" " * LABEL), Span(self.source, "source"))]

    def text(self) -> str:
        """Return it as plain text, broken only at its own line breaks."""
        text = plain(self.spans).replace("\n", "\n" + " " * self.indent)
        return f"{text}  {self.source}" if self.source else text


class Columns(NamedTuple):
    """Two texts next to each other if there is room, else one after the other, each below its title."""

    left: tuple[Paragraph, ...]
    right: tuple[Paragraph, ...]
    titles: tuple[str, str] = ("", "")

    def _stacked(self) -> tuple[Paragraph, ...]:
        left, right = (
            (paragraph(Span(title, "bold")), *side) if title and side else side
            for title, side in zip(self.titles, (self.left, self.right), strict=True)
        )
        return (*left, *right)

    def lines(self, cells: int) -> list[Line]:
        if cells < SIDE_BY_SIDE:
            return styled(self._stacked(), cells)
        half = (cells - 3) // 2
        left, right = styled(self.left, half), styled(self.right, half)
        rows = max(len(left), len(right))
        left += [BLANK] * (rows - len(left))
        right += [BLANK] * (rows - len(right))
        return [(*fit(a, half), Span(" │ ", "rule"), *fit(b, half)) for a, b in zip(left, right, strict=True)]

    def text(self) -> str:
        return plain_text(self._stacked())


Block = Paragraph | Columns
EMPTY = Paragraph()


def styled(blocks: Iterable[Block], cells: int) -> list[Line]:
    """Draw paragraphs as lines of at most `cells` cells."""
    return [line for block in blocks for line in block.lines(cells)]


def plain_text(blocks: Iterable[Block]) -> str:
    """Write paragraphs as plain text, without styles and without a width."""
    return "\n".join("\n".join(line.rstrip() for line in block.text().split("\n")) for block in blocks)


def paragraph(*spans: Span, indent: int = 0, source: Any = "") -> Paragraph:
    return Paragraph(spans, indent, one_line(source, 200))


def labelled(label: str, *spans: Span, role: str = "label", source: Any = "") -> Paragraph:
    """Put a label at the left of a text."""
    head = label.ljust(LABEL) if len(label) < LABEL else label + " "
    return paragraph(Span(head, role), *spans, indent=LABEL, source=source)


def value_block(label: str, thing: Any, extent: Excerpt) -> list[Paragraph]:
    """Show a plain value next to its label: on its line if it is short, else over several lines."""
    short = extent.short(thing)
    if short:
        return [labelled(label, Span(short))]
    text = data(thing)
    shown = extent.text(text).split("\n")[: extent.lines]
    left = text.count("\n") + 1 - len(shown)
    blocks: list[Paragraph] = [labelled(label, Span("\n".join(shown)))]
    if left > 0:
        blocks.append(labelled("", Span(f"… {left:,} lines more: the pager shows all", "dim")))
    return blocks
