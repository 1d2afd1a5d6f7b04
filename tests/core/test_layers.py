"""The architecture: what each package may import, where each library is imported, what replay loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "workbench"

ROOT = (
    "errors",
    "file_edits",
    "files",
    "findings",
    "import_path",
    "json_schema",
    "machine",
    "plain",
    "pydantic_types",
    "source",
    "suggest",
    "text",
    "version",
)
CONTRACTS: dict[str, tuple[str, ...]] = {  # a package: those below it; what these may import, it may too
    "trace": (),
    "authoring": ("trace",),
    "engine": ("authoring",),
    "transcripts": ("trace",),
    "replay": ("engine", "transcripts"),
    "models": ("engine",),
    "runtime": ("replay", "models"),
    "trials": ("runtime",),
    "check": ("runtime",),
    "mutation": ("runtime",),
    "testing": ("runtime",),
    "workspace": ("runtime",),
    "store": ("workspace",),
    "tui": ("workspace",),
    "cli": ("tui", "store", "check", "trials", "mutation"),
}
AUTHORS = ("authoring", "trace", "")  # what `from workbench import ...` loads
EXCEPT = {"tui": ("models",), "workspace": ("models",)}  # below it, and still not its business
LIBRARIES = {  # an outside library: where alone it may be imported
    "anthropic": ("models/claude",),
    "httpx2": ("models/claude",),
    "psutil": ("runtime/descendants.py",),
    "httpx": ("runtime/http_recording.py",),
    "watchfiles": ("runtime/watch.py",),
    "sqlite_utils": ("store/index/schema.py",),
    "filelock": ("store/journal.py",),
    "platformdirs": ("store/config.py",),
    "detect_secrets": ("transcripts/secrets.py",),
    "regex": ("transcripts/patterns.py",),
    "jsonschema": ("json_schema.py",),
    "referencing": ("json_schema.py",),
    "typer": ("cli/app", "cli/options.py"),
    "textual": ("tui/",),
    "rich": ("tui/", "text.py"),
}
METHOD = (ast.FunctionDef, ast.AsyncFunctionDef)


def files() -> list[str]:
    """Every file of Workbench's own, by its path in the package; the template is the user's."""
    found = (p.relative_to(SRC) for p in SRC.rglob("*.py"))
    return sorted(p.as_posix() for p in found if "template" not in p.parts and p.name != "__main__.py")


def module_of(file: str) -> str:
    """ "runtime/loader.py" is "runtime.loader", "tui/__init__.py" is "tui"."""
    return file.removesuffix(".py").replace("/", ".").removesuffix("__init__").rstrip(".")


MODULES = {module_of(file): file for file in files()}


def imports(file: str) -> Iterator[tuple[str, ast.stmt, bool]]:
    """(module, statement, at the top) of every import: our own without "workbench.", a library's by its name."""
    tree = ast.parse((SRC / file).read_text("utf-8"))
    package = file.split("/")[:-1]
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


def package_of(module: str) -> str:
    """The package of one of our modules; "" for a root module."""
    head = module.split(".")[0]
    return head if head in CONTRACTS else ""


def below(package: str) -> set[str]:
    """What a package may import besides itself."""
    direct = CONTRACTS[package]
    return {"", *direct, *(p for d in direct for p in below(d))} - set(EXCEPT.get(package, ()))


@pytest.mark.parametrize("file", files())
def test_a_package_imports_only_what_its_contract_allows(file: str) -> None:
    package = package_of(module_of(file))
    allowed = {package, *below(package)} if package else set(AUTHORS) if file == "__init__.py" else {""}
    wrong = [
        f"{file}:{node.lineno} imports {imported}"
        for imported, node, _ in imports(file)
        if imported in MODULES and package_of(imported) not in allowed
    ]
    assert wrong == []


def test_no_two_modules_import_each_other() -> None:
    graph = {module_of(f): {m for m, _, top in imports(f) if top and m in MODULES} for f in files()}
    graph = {module: used - {module, ""} for module, used in graph.items()}
    assert list(TopologicalSorter(graph).static_order())  # raises CycleError, naming the cycle


def test_an_outside_library_is_imported_in_one_place() -> None:
    wrong = [
        f"{file}:{node.lineno} imports {imported}"
        for file in files()
        for imported, node, _ in imports(file)
        if (places := LIBRARIES.get(imported.split(".")[0])) and not file.startswith(places)
    ]
    assert wrong == []


def test_every_module_is_in_a_package_or_one_of_the_root_modules() -> None:
    assert {m for m in MODULES if "." not in m} == {"", *ROOT, *CONTRACTS}


def test_the_screens_are_opened_by_one_command_and_their_keys_checked_inside_a_function() -> None:
    importing = {
        (file, top)
        for file in files()
        if file.startswith("cli/")
        for imported, _, top in imports(file)
        if imported.split(".")[0] == "tui"
    }
    assert importing == {("cli/commands/dev.py", False), ("cli/settings.py", False)}


def test_the_view_is_produced_without_a_screen() -> None:
    wrong = [
        f"{file}:{node.lineno} imports {imported}"
        for file in files()
        if file.startswith("tui/view/")
        for imported, node, _ in imports(file)
        if imported.startswith(("textual", "rich", "tui.screens", "tui.widgets", "tui.dialogs", "tui.app"))
        and not imported.startswith("rich.cells")  # how wide a character is
    ]
    assert wrong == []


def test_nothing_imports_the_helpers_for_tests_of_journeys() -> None:
    importing = {f for f in files() for m, _, _ in imports(f) if package_of(m) == "testing"}
    assert {f for f in importing if not f.startswith("testing/")} == set()


def test_the_contracts_forbid_what_they_should() -> None:
    assert {"trials", "mutation", "check", "store"}.isdisjoint(below("workspace"))
    assert {"store", "models", "cli"}.isdisjoint(below("tui"))
    assert {"engine", "authoring"}.isdisjoint(below("transcripts"))
    assert {"runtime", "models"}.isdisjoint(below("replay"))


@pytest.mark.parametrize("folder", ["src", "tools", "bench"])
def test_no_file_has_more_than_400_lines(folder: str) -> None:
    found = (SRC.parents[1] / folder).rglob("*.py")
    assert [p.name for p in found if len(p.read_text("utf-8").splitlines()) > 400] == []


def test_no_class_has_more_than_25_methods() -> None:
    wrong = [
        f"{file}: {node.name}"
        for file in files()
        for node in ast.walk(ast.parse((SRC / file).read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and sum(isinstance(n, METHOD) for n in node.body) > 25
    ]
    assert wrong == []


# in a fresh process


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        (
            "import workbench.cli.commands.replay, workbench.runtime.pool",
            ["textual", "anthropic", "asyncio", "rich"],
        ),
        ("import workbench.cli.commands.check, workbench.cli.commands.init", ["textual", "anthropic", "rich"]),
        ("import workbench.cli.commands.chat, workbench.runtime.worker_main", ["textual", "anthropic", "rich"]),
        ("import workbench", ["textual", "anthropic", "typer", "rich"]),
        ("import workbench.tui.app", ["anthropic", "workbench.store", "workbench.models"]),
        ("import workbench.store.library", ["sqlite_utils", "anthropic", "textual"]),
    ],
)
def test_a_fresh_process_loads_only_what_it_needs(statement: str, heavy: list[str]) -> None:
    look = f"import sys\n{statement}\nprint(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


SAVING_ONLY = ["detect_secrets", "requests", "yaml", "filelock", "platformdirs"]


@pytest.mark.parametrize("arguments", [["replay", "--tools=sandbox"], ["replay"], ["pending", "list"], ["--help"]])
def test_a_command_that_saves_nothing_does_not_load_the_detection_of_secrets(arguments: list[str]) -> None:
    look = f"""import sys
from workbench.__main__ import main
sys.argv[1:] = {arguments!r}
try:
    main()
except SystemExit:
    pass
print("loaded:", *[name for name in {SAVING_ONLY!r} if name in sys.modules])"""
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=SRC.parents[1]
    )
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_a_recorded_world_is_prepared_without_the_detection_of_secrets() -> None:
    look = f"""import sys
from workbench.transcripts.redaction import Redactor
Redactor().redact_value({{"id": "OL-1042", "mail": "ann@firm.com", "at": "2026-03-10T10:00:00+01:00"}})
print(*[name for name in {SAVING_ONLY!r} if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_benchmarks_import_existing_names() -> None:
    for file in (SRC.parents[1] / "bench").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("workbench."):
                module = SRC.parent / f"{str(node.module).replace('.', '/')}"
                there = _names(module)
                assert {alias.name for alias in node.names} <= there, f"{file.name}: {node.module}"


def _names(module: Path) -> set[str]:
    """What a module's text stores, defines or imports, anywhere in it."""
    file = module.with_suffix(".py")
    if not file.exists():
        return {p.stem for p in module.glob("*.py")}
    nodes = ast.walk(ast.parse(file.read_text()))
    return {getattr(node, "id", getattr(node, "name", "")) for node in nodes}
