"""Themes and layout. Only this module maps roles to colours; each has a glyph or a word too."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="workbench-dark",
    primary="#7aa2f7",
    secondary="#89b4c8",
    accent="#7dcfff",
    success="#8fc77a",
    warning="#e0af68",
    error="#f7768e",
    foreground="#c8ccd4",
    background="#16181d",
    surface="#16181d",
    panel="#20242c",
    dark=True,
    variables={"rule": "#3b4252", "faint": "#7b8496", "think": "#a9a1d6", "cursor-line": "#2b3242"},
)
LIGHT = Theme(
    name="workbench-light",
    primary="#2f5fc4",
    secondary="#3b6b80",
    accent="#0b6e99",
    success="#2f7a33",
    warning="#8a5a00",
    error="#b3243e",
    foreground="#24292f",
    background="#fbfbf9",
    surface="#fbfbf9",
    panel="#eeeee9",
    dark=False,
    variables={"rule": "#c3c6cc", "faint": "#6a717c", "think": "#5d4f9e", "cursor-line": "#e3e8f2"},
)
TERMINAL = Theme(
    name="workbench-terminal",
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    dark=True,
    ansi=True,
    variables={
        "rule": "ansi_bright_black",
        "faint": "ansi_bright_black",
        "think": "ansi_magenta",
        "cursor-line": "ansi_default",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_bright_blue",
        "input-selection-foreground": "ansi_black",
        "screen-selection-background": "ansi_bright_blue",
        "screen-selection-foreground": "ansi_black",
    },
)
THEMES = (DARK, LIGHT, TERMINAL)

CSS = """
Screen { background: $background; color: $foreground; }
#status, #keys, #foot { width: 100%; height: 1; background: $panel; }
#status { dock: top; }
#keys, #foot { dock: bottom; }
#foot { display: none; padding: 0 1; }
.asking #foot { display: block; }
.asking #keys { display: none; }
#foot #foot-sign { width: auto; color: $primary; text-style: bold; padding-right: 1; }
#foot #foot-result { width: auto; color: $faint; padding-left: 1; }
#foot #foot-result.bad { color: $error; text-style: bold; }
#foot InputLine, #foot InputLine:focus, #foot InputLine .text-area--cursor-line { background: $panel; }
#panes { width: 100%; height: 1fr; }
#tour { display: none; width: 100%; height: 1; background: $cursor-line; }
.touring #tour { display: block; }
#too-small { display: none; width: 100%; height: 1fr; content-align: center middle; text-align: center; }
.small #panes, .small #tour, .small #status, .small #keys, .small #foot { display: none; }
.small #too-small { display: block; }

Pane {
    background: $background; color: $foreground; overflow-x: hidden; overflow-y: scroll;
    scrollbar-size-vertical: 1; scrollbar-background: $background; scrollbar-color: $rule;
    scrollbar-background-hover: $background; scrollbar-background-active: $background;
    scrollbar-color-hover: $faint; scrollbar-color-active: $primary;
}
#listing { height: 1fr; }
#list { height: 1fr; }
#ask-box { height: auto; display: none; }
#ask { height: 1; width: 100%; padding: 0 1; }
#ask Static { width: 2; color: $primary; text-style: bold; }
#query-hint { height: auto; max-height: 2; width: 100%; padding: 0 1 0 3; color: $faint; display: none; }
#query-hint.bad { color: $error; }
.querying #ask-box, .queried #ask-box { display: block; }
.querying #query-hint { display: block; }
#conversation, #steps, #detail, #list, #pairs, #causes, #difference {
    border: solid $rule; border-title-color: $faint; border-title-background: $background;
    border-subtitle-color: $faint; border-subtitle-background: $background;
    &:focus, &:focus-within { border: heavy $primary; border-title-color: $primary; border-title-style: bold; }
}
Bar { scrollbar-size-vertical: 0; background: $panel; }


#steps.filtered, #steps.filtered:focus { border-title-color: $warning; border-title-style: bold reverse; }

/* wide: the chat next to the steps */
.wide #panes { layout: horizontal; }
.wide #conversation { width: 33%; max-width: 70; height: 100%; }
.wide #right { width: 1fr; height: 100%; }
.wide #steps { height: 11fr; }
.wide #detail { height: 10fr; }
.wide #say { border-top: solid $rule; }

/* narrow: stacked, with rules instead of boxes; 9, 6 and 3 rows at 80x24 */
.narrow #panes { layout: vertical; }
.narrow #conversation { width: 100%; height: 1fr; }
.narrow #right { width: 100%; height: 1fr; }
.narrow #steps { height: 7fr; }
.narrow #detail { height: 4fr; }
.narrow #conversation, .narrow #steps, .narrow #detail, .narrow #list,
.narrow #pairs, .narrow #causes, .narrow #difference {
    border: none; border-top: solid $rule;
    &:focus, &:focus-within { border: none; border-top: heavy $primary; }
}

#chat { height: 1fr; }
#say { height: auto; padding: 0 1; }
#say Static { width: 2; color: $primary; text-style: bold; }
InputLine {
    width: 1fr; height: 1; padding: 0; border: none; background: $background; color: $foreground;
    scrollbar-size: 0 0;
    &:focus { border: none; background: $background; }
    & .text-area--placeholder { color: $faint; }
    & .text-area--cursor-line { background: $background; }
}

.zoom-chat #right, .zoom-steps #conversation, .zoom-detail #conversation { display: none; }
.zoom-steps #detail, .zoom-detail #steps { display: none; }
.zoom-chat #conversation, .zoom-steps #right, .zoom-detail #right { width: 100%; max-width: 100%; height: 100%; }
.zoom-chat #listing, .zoom-steps #listing, .zoom-detail #listing { display: none; }

/* review */
.wide.review #listing { width: 29%; min-width: 36; max-width: 60; height: 100%; }
.wide.review #conversation { width: 27%; }
.narrow.review #listing { width: 100%; height: 100%; }
.narrow.review #conversation, .narrow.review #right { display: none; }
.narrow.review.opened #listing { display: none; }
.narrow.review.opened #conversation, .narrow.review.opened #right { display: block; }
.narrow.review.opened.zoom-chat #right, .narrow.review.opened.zoom-steps #conversation,
.narrow.review.opened.zoom-detail #conversation { display: none; }

/* compare */
.wide.compare #panes { layout: vertical; }
#pairs { width: 100%; height: auto; max-height: 55%; }
#causes { width: 100%; height: auto; max-height: 20%; }
#difference { width: 100%; height: 1fr; }
.zoom-pairs #causes, .zoom-pairs #difference, .zoom-causes #pairs, .zoom-causes #difference,
.zoom-difference #pairs, .zoom-difference #causes { display: none; }
.zoom-pairs #pairs, .zoom-causes #causes { height: 100%; max-height: 100%; }

/* forms */
Form { align: center middle; background: $background 60%; }
Form:ansi { background: ansi_default; }
#form {
    width: 92%; max-width: 100; height: auto; max-height: 96%; padding: 0 1;
    border: heavy $primary; border-title-color: $primary; border-title-style: bold; background: $background;
    scrollbar-size-vertical: 1;
}
#form .label { color: $faint; width: 100%; height: auto; margin: 0; }
#form .hint { color: $faint; width: 100%; height: auto; }
#form .bad { color: $error; }
#form .field { height: auto; width: 100%; }
#form .field > Horizontal { height: auto; width: 100%; }
#form .field > Horizontal > Static { width: 10; color: $faint; }
#form .problem { width: 100%; height: auto; padding-left: 10; color: $error; }
ModelDialog #form .field > Horizontal > Static { width: 13; }
ModelDialog #form .problem { padding-left: 13; }
Choice { width: 1fr; height: auto; color: $foreground; background: $background; }
Choice:focus { background: $cursor-line; }
Choice:ansi:focus { text-style: bold; }
#form InputLine {
    background: $panel;
    &:focus { background: $cursor-line; }
    & .text-area--cursor-line { background: $cursor-line; }
}
#form Pane { border: none; background: $background; height: auto; max-height: 12; overflow-y: auto; }
#form.tall { height: 96%; }
#form #world { height: 1fr; min-height: 4; max-height: 100%; }
#form #results { max-height: 100%; }
#form #message { width: 100%; height: auto; min-height: 1; color: $accent; }
"""
