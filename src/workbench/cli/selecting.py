"""The selection of a replay: the paths that were named, what of them is wanted, and which shard of that."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ..errors import UsageError
from ..outside.failures import Failures
from ..outside.heads import head, seal
from ..outside.project import Project, lies_in
from ..outside.transcripts import BESIDE, find, holds_none
from ..shard import Shard
from ..steps import digest
from ..wanted import Wanted
from .report import say


class Scope(msgspec.Struct, frozen=True):
    """What a command was asked to replay."""

    paths: tuple[Path, ...] = ()
    wanted: Wanted = Wanted()
    failed: bool = False
    shard: Shard | None = None

    @property
    def options(self) -> dict[str, str]:
        paths = {"paths": ", ".join(map(str, self.paths))} if self.paths else {}
        return paths | self.wanted.options | ({"--failed": "yes"} if self.failed else {})


class Selection(msgspec.Struct, frozen=True):
    """The files to replay, last failures first. `total` of all shards, `seal` a hash of what they hold."""

    names: list[str]
    total: int
    seal: str = ""


def select(project: Project, scope: Scope, failures: Failures) -> Selection:
    """Raises UsageError for a path, a name or an expression that makes no sense; says why nothing is selected."""
    names = [os.path.relpath(path) for path in files(project, scope.paths)]
    found = len(names)
    if not found:
        say("nothing to replay: no transcript is selected")
        say("  next: save one in the workbench (it goes to transcripts/), or name files")
    heads = {name: head(name) for name in names} if scope.wanted or scope.shard else {}
    if scope.wanted and found:
        wanted = scope.wanted.chooser(heads.values())
        names = [name for name in names if wanted(name, heads[name])]
        if not names:
            told = " ".join(f"{option} {value!r}" for option, value in scope.wanted.options.items())
            say(f"nothing to replay: none of the {found} transcripts fits {told}")
            say(f"  next: choose of these: {_some(one.id for one in heads.values() if one)}")
    names = _failed_first(names, failures, scope.failed)
    if scope.shard is None:
        return Selection(names, len(names))
    ids = {name: (one.id if (one := heads[name]) else Path(name).as_posix()) for name in names}
    mine = [name for name in names if scope.shard.holds(ids[name])]
    if names and not mine:
        say(f"shard {scope.shard} holds none of the {len(names)} selected transcripts")
    return Selection(mine, len(names), digest(sorted((name, ids[name], seal(name)) for name in names)))


def _failed_first(names: list[str], failures: Failures, only: bool) -> list[str]:
    """Last failures first; where `only` they are asked for and there are any, nothing else."""
    first = [name for name in names if name in failures]
    if only and first:
        return first
    if only and names:
        say("nothing of this failed last time: all of it is replayed")
    known = set(first)
    return first + [name for name in names if name not in known] if first else names


def files(project: Project, paths: Iterable[Path]) -> list[Path]:
    """The files to replay. A path that names nothing is an error, never an empty success."""
    paths = list(paths)
    if not paths:
        return find([project.transcripts]) if project.transcripts.is_dir() else []
    found = find(paths)
    for path in paths:
        if path.name.endswith(BESIDE):
            raise UsageError(f"{path} waits for a person's word", next="name the transcript it lies beside")
        if not lies_in(path, project):
            raise UsageError(f"{path} lies in another project", next="go there and replay it on its journeys")
        if path.is_dir() and holds_none(path):
            raise UsageError(f"there is no transcript in {path}", next="check the path")
    return found


def _some(ids: Iterable[str], most: int = 8) -> str:
    names = sorted(ids)
    return ", ".join(names[:most]) + (f" … ({len(names)})" if len(names) > most else "")
