"""The architecture, held: imports go down only, a library has one place, and replay stays light.

cli > ui > session | outside > the core, in the order of CORE > errors
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "workbench"

CORE = (
    "errors",
    "near",
    "words",
    "source",
    "settings",
    "pattern",
    "subject",
    "operators",
    "mutation",
    "score",
    "coverage",
    "steps",
    "files",
    "record",
    "messages",
    "model",
    "trace",
    "alike",
    "world",
    "tool",
    "policy",
    "talk",
    "journey",
    "script",
    "prompt",
    "runner",
    "ablation",
    "rehearsal",
    "engine",
    "tape",
    "splice",
    "sampling",
    "expectation",
    "ladder",
    "lineno",
    "transcript",
    "telling",
    "recheck",
    "follow",
    "drift",
    "blame",
    "replay",
    "case",
    "rerecord",
    "chance",
    "trial",
    "rubric",
    "estimate",
    "receipt",
    "shard",
    "wanted",
    "compare",
    "cause",
    "wire",
    "redact",
    "gist",
    "query",
    "host",
    "saving",
    "library",
    "serving",
    "session",
    "desk",
    "tour",
)
AUTHOR = ""  # workbench/__init__.py: what a journey author imports; stands above the core
LIBRARIES = {  # an outside library: where alone it may be imported
    "anthropic": ("outside/claude.py",),
    "httpx2": ("outside/claude.py",),
    "httpx": ("outside/http.py",),
    "watchfiles": ("outside/watch.py",),
    "sqlite_utils": ("outside/index_tables.py",),
    "typer": tuple(
        f"cli/{name}.py" for name in ("commands", "options", "project_commands", "transcript_commands")
    ),
    "textual": ("ui/",),
    "rich": ("ui/",),
}


def files() -> list[str]:
    """Every file of Workbench's own, by its path in the package; the template is the user's."""
    found = (p.relative_to(SRC) for p in SRC.rglob("*.py"))
    return sorted(p.as_posix() for p in found if p.parts[0] != "template" and p.name != "__main__.py")


def module_of(file: str) -> str:
    """ "outside/loader.py" is "outside.loader", "ui/__init__.py" is "ui"."""
    return file.removesuffix(".py").replace("/", ".").removesuffix("__init__").rstrip(".")


MODULES = {module_of(file): file for file in files()}


def imports(file: str) -> Iterator[tuple[str, ast.stmt, bool]]:
    """(module, statement, at the top) of every import: our own without "workbench.", a library's by its name."""
    tree = ast.parse((SRC / file).read_text("utf-8"))
    package = [] if "/" not in file else file.split("/")[:-1]
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            for name in node.names:
                yield _own(name.name), node, top
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
            else:
                base = _own(base)
            inner = [f"{base}.{name.name}".lstrip(".") for name in node.names]
            yield from ((m if m in MODULES else base, node, top) for m in inner)


def _own(name: str) -> str:
    return name.removeprefix("workbench").lstrip(".") if name.split(".")[0] == "workbench" else name


def layer(module: str) -> str:
    """core, outside, ui or cli."""
    head = module.split(".")[0]
    return head if head in ("outside", "ui", "cli") else "core"


def allowed(importer: str, imported: str) -> bool:
    """Whether one of our modules may import another."""
    if imported == AUTHOR:  # for the version, by those above the core
        return layer(importer) == "cli"
    if importer == AUTHOR:
        return imported in CORE[: CORE.index("prompt")]
    match layer(importer), layer(imported):
        case "core", "core":
            return CORE.index(imported) < CORE.index(importer)
        case "outside", "core":
            return imported != "session"
        case ("outside", "outside") | ("ui", "ui" | "core") | ("cli", "cli" | "outside" | "core"):
            return True
        case "cli", "ui":
            return importer == "cli.dev"
    return False


def test_every_module_of_the_core_has_its_place_in_the_order() -> None:
    assert sorted(m for m in MODULES if layer(m) == "core" and m != AUTHOR) == sorted(CORE)


@pytest.mark.parametrize("file", files())
def test_imports_go_down_only(file: str) -> None:
    importer = module_of(file)
    wrong = [
        f"{file}:{node.lineno} imports {imported}"
        for imported, node, _ in imports(file)
        if imported in MODULES and not allowed(importer, imported)
    ]
    assert wrong == []


def test_no_two_modules_wait_for_each_other() -> None:
    graph = {module_of(f): {m for m, _, top in imports(f) if top and m in MODULES} for f in files()}
    graph = {module: below - {module, AUTHOR} for module, below in graph.items()}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, naming the cycle


def test_an_outside_library_is_imported_in_one_place() -> None:
    wrong = [
        f"{file}:{node.lineno} imports {imported}"
        for file in files()
        for imported, node, _ in imports(file)
        if (places := LIBRARIES.get(imported.split(".")[0])) and not file.startswith(places)
    ]
    assert wrong == []


def test_the_screen_is_opened_by_one_command_and_inside_it() -> None:
    importing = {
        (file, top)
        for file in files()
        if file.startswith("cli/")
        for imported, _, top in imports(file)
        if layer(imported) == "ui"
    }
    assert importing == {("cli/dev.py", False)}


def test_what_is_shown_is_decided_without_a_screen() -> None:
    wrong = [
        f"{file}:{node.lineno} imports {imported}"
        for file in files()
        if file.startswith("ui/present/")
        for imported, node, _ in imports(file)
        if imported.startswith(("textual", "rich", "ui.screens", "ui.widgets", "ui.app"))
        and not imported.startswith("rich.cells")  # how wide a character is
    ]
    assert wrong == []


def test_the_test_sees_the_imports_there_are() -> None:
    seen = {(module_of(file), imported) for file in files() for imported, _, _ in imports(file)}
    assert {("session", "wire"), ("cli.dev", "ui"), ("cli.doctor", AUTHOR), ("outside.lint", "journey")} <= seen
    assert {("ui.screens.bench", "session"), ("outside.models", "outside.claude"), ("", "script")} <= seen
    assert not allowed("session", "outside.loader")
    assert not allowed("steps", "trace")
    assert not allowed("ui.app", "outside.watch")
    assert not allowed("outside.crew", "session")


# in a fresh process


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import workbench.cli.replay, workbench.outside.crew", ["textual", "anthropic", "asyncio", "rich"]),
        ("import workbench.cli.check, workbench.cli.init", ["textual", "anthropic", "rich"]),
        ("import workbench.cli.chat, workbench.outside.serve", ["textual", "anthropic", "rich"]),
        ("import workbench", ["textual", "anthropic", "typer", "rich"]),
        ("import workbench.ui.app", ["anthropic", "workbench.outside"]),
        ("import workbench.outside.shelf", ["sqlite_utils", "anthropic", "textual"]),
    ],
)
def test_a_fresh_process_loads_only_what_it_needs(statement: str, heavy: list[str]) -> None:
    look = f"import sys\n{statement}\nprint(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_benches_import_what_there_is() -> None:
    for file in (SRC.parents[1] / "bench").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("workbench."):
                there = _names(SRC.parent / f"{str(node.module).replace('.', '/')}")
                assert {alias.name for alias in node.names} <= there, f"{file.name}: {node.module}"


def _names(module: Path) -> set[str]:
    """What a module's text stores, defines or imports, anywhere in it."""
    nodes = ast.walk(ast.parse(module.with_suffix(".py").read_text()))
    return {getattr(node, "id", getattr(node, "name", "")) for node in nodes}
