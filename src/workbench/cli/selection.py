"""The selection of a replay: the paths that were named, what of them is wanted, and which shard of that."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ..errors import UsageError
from ..plain import digest, writable
from ..store.failures import Failures
from ..store.project import Project, lies_in
from ..store.selection import read_searchables
from ..text import count
from ..transcripts.files import BESIDE, find, holds_none, passed_over
from ..transcripts.header import look
from ..transcripts.query import Query
from ..transcripts.searchable import Searchable
from ..transcripts.selection import Shard, matching, unmatched_words
from .output import say


class Scope(msgspec.Struct, frozen=True):
    """What a command was asked to replay."""

    paths: tuple[Path, ...] = ()
    query: Query = Query()
    failed: bool = False
    shard: Shard | None = None

    @property
    def options(self) -> dict[str, str]:
        paths = {"paths": ", ".join(map(str, self.paths))} if self.paths else {}
        return (
            paths
            | ({"--query": str(self.query)} if self.query else {})
            | ({"--last-failed": "yes"} if self.failed else {})
        )


def parse_query(
    text: str, tags: list[str] | None = None, kinds: list[str] | None = None, agents: list[str] | None = None
) -> Query:
    """The query of `--query`, `--tag`, `--kind` and `--agent`, which all must hold. Raises UsageError."""
    query = Query.parse_whole(text)
    return query.also("tag", tags or ()).also("kind", kinds or ()).also("agent", agents or ())


class Selection(msgspec.Struct, frozen=True):
    """The files to replay, last failures first. `total` of all shards, `seal` a hash of what they hold.

    `passed_over` lie in the folders too and say that they are transcripts, but none would look for them there.
    """

    names: list[str]
    total: int
    seal: str = ""
    passed_over: list[str] = []


def select(project: Project, scope: Scope, failures: Failures) -> Selection:
    """Raises UsageError for a path, a name or an expression that makes no sense; says why nothing is selected."""
    left: list[str] = []
    names = [os.path.relpath(path) for path in files(project, scope.paths, left)]
    _all_told(names)
    over = [writable(os.path.relpath(path)) for path in passed_over(left)]
    found = len(names)
    if not found:
        say("nothing to replay: no transcript is selected")
        say("  next: save one in the workbench (it goes to transcripts/), or name files")
    if scope.query and found:
        searchables = read_searchables(names, scope.query)
        names = matching(scope.query, searchables)
        if not names:
            _say_nothing_matches(scope.query, searchables)
    names = _failed_first(names, failures, scope.failed)
    if scope.shard is None:
        return Selection(names, len(names), passed_over=over)
    looked = {name: look(name) for name in names}
    ids = {name: (one.id if (one := looked[name].head) else Path(name).as_posix()) for name in names}
    mine = [name for name in names if scope.shard.holds(ids[name])]
    if names and not mine:
        say(f"shard {scope.shard} holds none of {count(len(names), 'selected transcript')}")
    seal = digest(sorted((name, ids[name], looked[name].seal) for name in names))
    return Selection(mine, len(names), seal, over)


def _all_told(names: list[str]) -> None:
    """Raises UsageError for a name that no report can hold."""
    for name in names:
        if writable(name) != name:
            raise UsageError("a file's name is no UTF-8", where=writable(name), next="give it another name")


def _say_nothing_matches(query: Query, searchables: dict[str, Searchable | None]) -> None:
    """Say which words nothing has and what they may have meant, else what there is."""
    say(f"nothing to replay: none of {count(len(searchables), 'transcript')} matches {query}")
    unmatched = unmatched_words(query, searchables)
    if unmatched:
        say(f"  no transcript has the word{'s' * (len(unmatched) > 1)} {', '.join(map(repr, unmatched))}")
    near = [f"{' or '.join(there)} for {word}" for word, there in unmatched.items() if there]
    then = f"did you mean {', '.join(near)}?" if near else ""
    if unmatched and not then and len(query.terms) > 1:
        then = f"take {' and '.join(map(repr, unmatched))} out of the query"
    say(f"  next: {then or 'choose one of: ' + _some(Path(name).stem for name in searchables)}")


def _failed_first(names: list[str], failures: Failures, only: bool) -> list[str]:
    """Last failures first; where `only` they are asked for and there are any, nothing else."""
    first = [name for name in names if name in failures]
    if only and first:
        return first
    if only and names:
        say("nothing of this failed last time: all of it is replayed")
    known = set(first)
    return first + [name for name in names if name not in known] if first else names


def files(project: Project, paths: Iterable[Path], left: list[str]) -> list[Path]:
    """The files to replay. A path that names nothing is an error, never an empty success."""
    paths = list(paths)
    if not paths:
        return find([project.transcripts], left) if project.transcripts.is_dir() else []
    found = find(paths, left)
    for path in paths:
        if path.name.lower().endswith(BESIDE):
            raise UsageError(f"{path} waits for a person's word", next="name the transcript it lies beside")
        if not lies_in(path, project):
            raise UsageError(f"{path} lies in another project", next="go there and replay it on its journeys")
        if path.is_dir() and holds_none(path):
            raise UsageError(f"there is no transcript in {path}", next="check the path")
    return found


def _some(ids: Iterable[str], most: int = 8) -> str:
    names = sorted(ids)
    return ", ".join(names[:most]) + (f" … ({len(names)})" if len(names) > most else "")
