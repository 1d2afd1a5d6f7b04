"""Small words of English that depend on others: a number with its noun, an article."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """1 transcript, 2 transcripts, 1,200 transcripts"""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def an(noun: str) -> str:
    """a secret, an e-mail address"""
    return f"a{'n' * (noun[:1].lower() in 'aeiou')} {noun}"
