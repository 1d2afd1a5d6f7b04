"""Code of a journey sees the same values in every environment, or the replay refuses it."""

from __future__ import annotations

import sys

import pytest

from hermetic.inputs import ENTRIES
from hermetic.tables import MARK, PAGE, Outcome, tables, try_inputs


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return try_inputs(tmp_path_factory.mktemp("inputs"))


def test_the_list_has_at_least_150_entries():
    assert len({line for _, line in ENTRIES}) >= 150


@pytest.mark.parametrize("entry", [line for _, line in ENTRIES])
def test_an_input_is_the_same_in_two_environments_or_refused(outcomes: dict[str, Outcome], entry: str):
    assert outcomes[entry].word in ("pinned", "refused", "fails"), outcomes[entry]


@pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info[:2] != (3, 11), reason="written on Linux, Python 3.11"
)
def test_the_page_has_the_outcome_of_every_entry(outcomes: dict[str, Outcome]):
    text = PAGE.read_text()
    assert text[text.index(MARK) :] == tables(outcomes)
