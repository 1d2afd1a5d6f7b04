"""Select the transcripts of a replay: by path, query and shard."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ..errors import UsageError
from ..plain import content_hash, escape_surrogates
from ..store.failures import Failures
from ..store.project import Project, belongs_to
from ..store.selection import read_searchables
from ..text import pluralize
from ..transcripts.files import LIVE_RESULT, SIBLING_SUFFIXES, find, is_empty
from ..transcripts.header import read_header
from ..transcripts.not_collected import not_collected
from ..transcripts.query import Query
from ..transcripts.searchable import Searchable
from ..transcripts.selection import Shard, matching, unmatched_words
from .output import print_status


class SelectionRequest(msgspec.Struct, frozen=True):
    """The selection options of a command."""

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
    """Return the query of `--query`, `--tag`, `--kind` and `--agent`, which must all match. Raises UsageError."""
    query = Query.parse_whole(text)
    return query.also("tag", tags or ()).also("kind", kinds or ()).also("agent", agents or ())


class Selection(msgspec.Struct, frozen=True):
    """The files to replay, last failures first; `total` and `content_hash` are of all shards.

    `not_collected` are files in the folders that look like transcripts but are not collected, with the reason.
    """

    names: list[str]
    total: int
    content_hash: str = ""
    not_collected: dict[str, str] = {}


def select(project: Project, scope: SelectionRequest, failures: Failures) -> Selection:
    """Select files. Raises UsageError for an invalid path, name or query; reports an empty selection."""
    left: list[str] = []
    names = [os.path.relpath(path) for path in collect_files(project, scope.paths, left)]
    _flatten(names)
    over = named_reasons(left)
    found = len(names)
    if not found:
        print_status("nothing to replay: no transcript was selected")
        print_status("  next: save one in the workbench (it goes to transcripts/), or name files")
    if scope.query and found:
        searchables = read_searchables(names, scope.query)
        names = matching(scope.query, searchables)
        if not names:
            _say_nothing_matches(scope.query, searchables)
    names = _failed_first(names, failures, scope.failed)
    if scope.shard is None:
        return Selection(names, len(names), not_collected=over)
    looked = {name: read_header(name) for name in names}
    ids = {name: (one.id if (one := looked[name].head) else Path(name).as_posix()) for name in names}
    mine = [name for name in names if scope.shard.contains(ids[name])]
    if names and not mine:
        print_status(f"shard {scope.shard} contains none of {pluralize(len(names), 'selected transcript')}")
    all_shards = content_hash(sorted((name, ids[name], looked[name].content_hash) for name in names))
    return Selection(mine, len(names), all_shards, over)


def named_reasons(left: Iterable[str]) -> dict[str, str]:
    """Return the transcripts among the files that were not collected, by their path from here, with the reason."""
    return {escape_surrogates(os.path.relpath(path)): why for path, why in not_collected(left).items()}


def print_not_collected(left: Iterable[str]) -> None:
    """Name the transcripts that a command does not use, with the reason."""
    for path, why in named_reasons(left).items():
        print_status(f"not used: {path}: {why}")


def _flatten(names: list[str]) -> None:
    """Raise UsageError for a file name that reports cannot contain."""
    for name in names:
        if escape_surrogates(name) != name:
            raise UsageError(
                "the file name is not valid UTF-8", where=escape_surrogates(name), hint="rename the file"
            )


def _say_nothing_matches(query: Query, searchables: dict[str, Searchable | None]) -> None:
    """Print the words that no transcript contains, with suggestions, else the existing ids."""
    print_status(f"nothing to replay: none of {pluralize(len(searchables), 'transcript')} matches {query}")
    unmatched = unmatched_words(query, searchables)
    if unmatched:
        print_status(
            f"  no transcript contains the word{'s' * (len(unmatched) > 1)} {', '.join(map(repr, unmatched))}"
        )
    near = [f"{' or '.join(there)} for {word}" for word, there in unmatched.items() if there]
    then = f"did you mean {', '.join(near)}?" if near else ""
    if unmatched and not then and len(query.terms) > 1:
        then = f"remove {' and '.join(map(repr, unmatched))} from the query"
    print_status(f"  next: {then or 'choose one of: ' + _some(Path(name).stem for name in searchables)}")


def _failed_first(names: list[str], failures: Failures, only: bool) -> list[str]:
    """Put last failures first; with `only`, return just these, if there are any."""
    first = [name for name in names if name in failures]
    if only and first:
        return first
    if only and names:
        print_status("no previous failures; replaying everything")
    known = set(first)
    return first + [name for name in names if name not in known] if first else names


def collect_files(project: Project, paths: Iterable[Path], left: list[str]) -> list[Path]:
    """Return the files to replay. A path that matches nothing is an error, never an empty success."""
    paths = list(paths)
    if not paths:
        return find([project.transcripts], left) if project.transcripts.is_dir() else []
    found = find(paths, left)
    for path in paths:
        if path.name.lower().endswith(SIBLING_SUFFIXES):
            kind = "live result" if path.name.lower().endswith(LIVE_RESULT) else "pending re-recording"
            raise UsageError(
                f"{path} is named as a {kind} and cannot be replayed",
                hint="name the transcript next to it, or rename it if it is one itself",
            )
        if not belongs_to(path, project):
            raise UsageError(f"{path} belongs to another project", hint="replay it from that project")
        if path.is_dir() and is_empty(path):
            raise UsageError(f"no transcript in {path}", hint="check the path")
    return found


def _some(ids: Iterable[str], most: int = 8) -> str:
    names = sorted(ids)
    return ", ".join(names[:most]) + (f" … ({len(names)})" if len(names) > most else "")
