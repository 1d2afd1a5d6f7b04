"""`workbench check`: find errors in an agent without running a conversation.

The agent is only loaded, in a separate process: a journey that hangs or exits
during import is a finding and does not end the command.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from ..authoring.agent import Agent
from ..authoring.builtin import BUILT_IN
from ..authoring.journey import Journey
from ..errors import JourneyError
from ..findings import Finding, drop_suppressed, error, location, warning
from ..runtime.agent_files import agent_files
from ..runtime.confinement import adopt_orphans
from ..runtime.descendants import Descendants, end_own_descendants
from ..runtime.loader import LoadedAgent, load
from ..runtime.nondeterminism import CodeScan
from ..runtime.process import StackDump, start_method
from ..runtime.worker import start_process
from ..source import ROOT_PACKAGE, first_journey_line
from ..suggest import did_you_mean
from .agent_rules import absent_built_in, check_conditions, check_policies, check_tools
from .code_rules import read_code, tool_like_words
from .fixture_rules import check_fixtures
from .rules import RULES, unknown_suppressions
from .world_rules import check_results, check_world

LOAD_TIMEOUT = 10.0  # seconds that loading may take
READ_PER_SECOND = 1_000_000  # bytes of a fixture that a slow machine checks
_PACK = msgspec.json.Encoder()
_UNPACK = msgspec.json.Decoder(list[Finding])


def lint(root: Path, agent: str, timeout: float = LOAD_TIMEOUT) -> list[Finding]:
    """Return all findings about one agent, in file order."""
    root = root.resolve()
    timeout += sum(path.stat().st_size for path in (root / agent).rglob("*.json")) // READ_PER_SECOND
    context = multiprocessing.get_context(start_method())
    ours, theirs = context.Pipe(duplex=False)
    stacks = StackDump()
    process = context.Process(  # type: ignore[attr-defined]
        target=_work, args=(theirs, str(root), agent, timeout, stacks.name), daemon=True
    )
    try:
        start_process(process)
        theirs.close()
        # the process times out by itself and reports its location; the extra time is for its start
        if ours.poll(timeout + 5):
            with contextlib.suppress(EOFError, OSError):
                return _UNPACK.decode(ours.recv_bytes())
        process.join(1)
        stack = Path(stacks.name or os.devnull).read_text("utf-8-sig", "replace")
        where = first_journey_line(stack, root) or f"{agent}/agent.py"
        message, then = (
            f"the process exited while loading (exit status {process.exitcode})",
            "look for os._exit, a crash, or a limit of the machine (ulimit -u)",
        )
        if stack:
            message = f"loading did not finish within {timeout:g} s"
            then = "look for an endless loop or a call that never returns"
        return _not_loaded(error("load", where, message, then), root, agent)
    finally:
        if process.pid is not None:
            started = Descendants(process.pid)
            started.note()
            process.kill()
            started.end()
            process.join()
        ours.close()
        stacks.remove()


def _work(connection: Connection, root: str, agent: str, timeout: float, stacks: str) -> None:
    """Run in the process: load the agent, check it, send the findings."""
    quiet = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(quiet, fd)
    adopt_orphans()
    with open(stacks or os.devnull, "w") as file:
        faulthandler.dump_traceback_later(timeout, exit=True, file=file)
        found = _PACK.encode(find_all(Path(root), agent))
    end_own_descendants()
    connection.send_bytes(found)
    os._exit(0)


def find_all(root: Path, agent: str) -> list[Finding]:
    """Return the findings, in this process: imports the agent."""
    try:
        loaded = load(root, agent)
    except JourneyError as problem:
        rule = problem.code if problem.code in RULES else "load"
        found = error(rule, problem.where or f"{agent}/agent.py", problem.message, problem.hint)
        return _not_loaded(found, root, agent)
    findings, code = scan_files(root, agent)
    findings += check_tools(loaded.agent)
    findings += check_policies(loaded.agent)
    findings += check_conditions(loaded.agent)
    findings += check_world(loaded.agent)
    findings += check_results(loaded.agent)
    findings += check_fixtures(loaded)
    findings += _mentions(loaded.agent, code)
    findings += _texts(loaded, code)
    findings += _unused(loaded)
    return drop_suppressed(findings, root)


def _not_loaded(why: Finding, root: Path, agent: str) -> list[Finding]:
    """Return the reason why an agent does not load, and what its files show without loading."""
    shown = [f for f in scan_files(root, agent)[0] if (f.rule, f.file, f.line) != (why.rule, why.file, why.line)]
    return drop_suppressed([why, *shown], root)


def scan_files(root: Path, agent: str) -> tuple[list[Finding], list[CodeScan]]:
    """Scan the Python files of an agent, including those it shares with others."""
    files = {p for p in agent_files(root, agent) if p.suffix == ".py"}
    for name, module in list(sys.modules.items()):
        file = Path(str(getattr(module, "__file__", None) or ""))
        if name.startswith(f"{ROOT_PACKAGE}.") and file.is_relative_to(root):  # not those of another project
            files.add(file)
    findings: list[Finding] = []
    codes = []
    for path in sorted(files):
        if path.name.startswith("test_") or path.name == "conftest.py":
            continue  # tests of a journey are exempt
        name = path.relative_to(root).as_posix()
        text = path.read_text("utf-8-sig", "replace")
        code = read_code(name, text)
        findings += [*code.findings, *unknown_suppressions(name, text)]
        codes.append(code)
    return findings, codes


def _mentions(agent: Agent, codes: list[CodeScan]) -> Iterator[Finding]:
    """Yield unknown tools that code names by a string."""
    known, here = {t.name for t in agent.all_tools()} | set(BUILT_IN), _tool_names(agent)
    for code in codes:
        for mention in code.mentions:
            if mention.tool not in known:
                make = error if mention.sure else warning
                message = f"unknown tool {mention.tool!r}"
                yield make("unknown-tool", mention.where, message, _nearest(mention.tool, here))


def _tool_names(agent: Agent) -> set[str]:
    """Return the tools that the model can be offered, built-in ones included."""
    return {t.name for t in agent.all_tools()} | (set(BUILT_IN) - absent_built_in(agent).keys())


def _texts(loaded: LoadedAgent, codes: list[CodeScan]) -> Iterator[Finding]:
    """Yield unknown tools that the manuals, the persona and the knowledge name."""
    agent, root = loaded.agent, loaded.root.resolve()
    known = _tool_names(agent)
    words = known.union(*(c.names for c in codes))
    for fixture in loaded.fixtures.values():
        words |= _keys(fixture.world) | _keys(fixture.setup.customer)
    texts: list[tuple[Path, Journey | None]] = [(Path(agent.folder, agent.persona), None)]
    texts += [(Path(j.folder, j.manual), j) for j in agent.journeys.values()]
    if agent.knowledge:
        texts += [(p, None) for p in sorted(Path(agent.folder, agent.knowledge).glob("**/*.md"))]
    for tool in agent.all_tools():  # the model also reads the docstring of a tool
        file, line = location(tool.source)
        for finding in _words(agent, agent.journeys.get(tool.journey), file, tool.description, known, words):
            yield msgspec.structs.replace(finding, line=line)
    for path, journey in texts:
        path = path.resolve()
        file = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        text = path.read_text("utf-8-sig", "replace")
        yield from unknown_suppressions(file, text)
        if journey is not None and not text.strip():
            message = f"the manual of {journey.name} is empty"
            yield warning("manual", file, message, "write instructions for the model")
        yield from _words(agent, journey, file, text, known, words)


def _words(
    agent: Agent, journey: Journey | None, file: str, text: str, known: set[str], words: set[str]
) -> Iterator[Finding]:
    for word in tool_like_words(text):
        where = f"{file}:{word.line}"
        if word.name not in known:
            if word.called:
                absent = absent_built_in(agent).get(word.name, "there is no such tool")
                message = f"the text says to call {word.name}, but {absent}"
                yield error("unknown-tool", where, message, _nearest(word.name, known))
            elif word.name not in (*words, *BUILT_IN):
                message = f"no name {word.name} exists in the code"
                yield warning("unknown-tool", where, message, _nearest(word.name, known))
        elif journey is not None and word.name not in (*BUILT_IN, *agent.tools, *journey.tools):
            home = next(j.name for j in agent.journeys.values() if word.name in j.tools)
            message = f"{word.name} belongs to the journey {home}: it is not available in {journey.name}"
            yield warning("other-journey", where, message, "remove it, or declare the tool for the whole agent")


def _unused(loaded: LoadedAgent) -> Iterator[Finding]:
    """Yield journeys that exist and do not belong to the agent."""
    agent = loaded.agent
    mine = {id(j) for j in agent.journeys.values()}
    for name, module in sorted(sys.modules.items()):
        if name.startswith(f"{ROOT_PACKAGE}.{agent.name}."):
            for value in list(vars(module).values()):
                if isinstance(value, Journey) and id(value) not in mine:
                    mine.add(id(value))
                    message = f"the journey {value.name} is not one of the agent's"
                    yield warning("unused-journey", value.source, message, "add it to journeys=[...] in agent.py")
    for path in agent_files(loaded.root, agent.name):
        below = path.relative_to(loaded.root)
        if path.name == "journey.py" and ".".join((ROOT_PACKAGE, *below.with_suffix("").parts)) not in sys.modules:
            message = "this journey is never imported"
            yield warning("unused-journey", f"{below.as_posix()}:1", message, "import it in agent.py")


def _keys(data: object) -> set[str]:
    if isinstance(data, dict):
        return {str(k) for k in data}.union(*(_keys(v) for v in data.values()))
    if isinstance(data, list):
        return set().union(*(_keys(v) for v in data))
    return set()


def _nearest(name: str, known: set[str]) -> str:
    return did_you_mean(name, sorted(known), f"the tools here: {', '.join(sorted(known))}")
