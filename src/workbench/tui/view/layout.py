"""The sizes of chat, steps and detail: how the height or the width of the screen is shared."""

from __future__ import annotations

from ...workspace.settings import PaneSizes

PANES = ("chat", "steps", "detail")
STACKED = {"chat": 9.0, "steps": 7.0, "detail": 4.0}  # the shares of stacked panes
FOCUSED = 2.5  # the factor on the share of the focused pane
LEAST = {"chat": 4, "steps": 3, "detail": 3}  # rows with the border; of the chat also the input
CHAT_WIDTH, STEPS_HEIGHT = 0.33, 11 / 21  # where the chat is next to the others
LEAST_WIDTH = 24
STEP = 1.3  # the factor by which a key changes a share


def stacked_heights(total: int, focused: str, chat_lines: int, sizes: PaneSizes) -> dict[str, int]:
    """Share `total` rows among stacked panes.

    The focused pane grows. A chat of `chat_lines` lines (border and input included) takes no more
    rows than it fills, unless it was made larger.
    """
    shares = {name: _share(name, focused, sizes) for name in PANES}
    heights = _divide(total, shares)
    if sizes.stacked.get("chat", 1.0) <= 1.0 and chat_lines < heights["chat"]:
        chat = max(chat_lines, LEAST["chat"])
        rest = _divide(total - chat, {name: shares[name] for name in PANES if name != "chat"})
        heights = {"chat": chat, **rest}
    return heights


def _share(name: str, focused: str, sizes: PaneSizes) -> float:
    return STACKED[name] * sizes.stacked.get(name, 1.0) * (FOCUSED if name == focused else 1.0)


def _divide(total: int, shares: dict[str, float]) -> dict[str, int]:
    """Divide rows in these proportions, with the least that each pane needs."""
    heights: dict[str, int] = {}
    left, weight = total, sum(shares.values())
    for name in sorted(shares, key=lambda name: shares[name] / LEAST[name]):  # the smallest first
        heights[name] = max(LEAST[name], round(left * shares[name] / weight))
        left, weight = left - heights[name], weight - shares[name]
    return heights


def chat_width(total: int, sizes: PaneSizes) -> int | None:
    """Return the columns of the chat next to the others; None for the default."""
    if sizes.chat_width is None:
        return None
    return min(max(round(total * sizes.chat_width), LEAST_WIDTH), max(total - 2 * LEAST_WIDTH, LEAST_WIDTH))


def resized(sizes: PaneSizes, pane: str, grow: bool, wide: bool, width: int = 0) -> PaneSizes:
    """Return the sizes after a key press on a pane; `width` are the columns of the chat now, as a share."""
    factor = STEP if grow else 1 / STEP
    if not wide:
        share = min(max(sizes.stacked.get(pane, 1.0) * factor, 0.2), 8.0)
        return PaneSizes({**sizes.stacked, pane: share}, sizes.chat_width, sizes.steps_height)
    if pane == "chat":
        return with_chat_width(sizes, (sizes.chat_width or CHAT_WIDTH) * factor)
    steps = sizes.steps_height or STEPS_HEIGHT
    return with_steps_height(sizes, steps + (0.07 if grow == (pane == "steps") else -0.07))


def with_chat_width(sizes: PaneSizes, share: float) -> PaneSizes:
    return PaneSizes(sizes.stacked, min(max(share, 0.15), 0.7), sizes.steps_height)


def with_steps_height(sizes: PaneSizes, share: float) -> PaneSizes:
    return PaneSizes(sizes.stacked, sizes.chat_width, min(max(share, 0.15), 0.85))


def with_heights(sizes: PaneSizes, heights: dict[str, int], focused: str) -> PaneSizes:
    """Return sizes by which stacked panes have these heights while `focused` has the focus."""
    total = sum(heights.values())
    plain = {name: STACKED[name] * (FOCUSED if name == focused else 1.0) for name in PANES}
    stacked = {name: max(heights[name], 1) / total * sum(plain.values()) / plain[name] for name in PANES}
    return PaneSizes(stacked, sizes.chat_width, sizes.steps_height)
