"""Shards: each transcript is in one, always the same."""

from __future__ import annotations

import pytest

from workbench.errors import UsageError
from workbench.transcripts.selection import Shard


def test_each_transcript_is_always_in_the_same_single_shard():
    ids = [f"transcript-{number}" for number in range(200)]
    shards = [[id for id in ids if Shard(number, 8).contains(id)] for number in range(1, 9)]
    assert sorted(id for shard in shards for id in shard) == sorted(ids)
    assert all(shards)
    assert [number for number in range(1, 9) if Shard(number, 8).contains("a-fixed-id")] == [3]


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "3/0", "a/b", "-1/2", "1/8/2"])
def test_an_invalid_shard_is_an_error(text):
    with pytest.raises(UsageError, match="invalid shard"):
        Shard.parse_expression(text)
