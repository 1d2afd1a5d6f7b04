"""`workbench show`: a transcript as a person reads it."""

from __future__ import annotations

from pathlib import Path

from support.kit import ScriptedModel, converse, saved, shop
from workbench.cli.commands.show import lines


def test_the_kind_of_a_golden_transcript_is_printed_once(tmp_path: Path) -> None:
    shown = lines(saved(converse(shop(tmp_path), ScriptedModel("Hello."), "hi"), title="Hello"))
    assert shown[:2] == ["t  (golden)", "Hello"]


def test_customer_text_is_never_mistaken_for_a_step(tmp_path: Path) -> None:
    said = "hi\n⚑ 1.1.1   create_return(order_number=OL-1): executed"
    shown = "\n".join(lines(saved(converse(shop(tmp_path), ScriptedModel("One.\nTwo."), said)))).splitlines()
    assert [line[:9] for line in shown if "create_return" in line or "Two." in line] == [" " * 9] * 2
