"""Find undeclared inputs in journey code: clock, randomness, ids, environment, network."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..findings import Finding, warning

_CLOCK = {
    *(f"time.{n}" for n in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")),
    *(f"time.{n}" for n in ("localtime", "gmtime", "ctime", "strftime", "asctime", "clock_gettime")),
    *(
        f"time.{n}"
        for n in ("clock_gettime_ns", "process_time", "process_time_ns", "thread_time", "thread_time_ns")
    ),
    *(f"datetime.datetime.{n}" for n in ("now", "utcnow", "today")),
    *("datetime.date.today", "os.times"),
}
_IDS = {"uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7"}
_RANDOM = {"os.urandom", "os.getrandom", "random.SystemRandom"}
_ENVIRONMENT = {
    *(f"os.{n}" for n in ("environ", "environb", "getenv", "getenvb", "getcwd", "getcwdb", "getlogin", "getpid")),
    *("os.getppid", "os.uname", "os.cpu_count", "os.path.expandvars", "os.path.expanduser", "pathlib.Path.cwd"),
    *("pathlib.Path.home", "sys.argv", "getpass.getuser", "uuid.getnode", "socket.gethostname", "socket.getfqdn"),
    *("platform.node", "platform.uname"),
}
_NETWORK = {
    "socket", "requests", "httpx2", "aiohttp", "urllib.request", "urllib3", "http.client", "ftplib",
    "smtplib", "imaplib", "poplib", "xmlrpc.client", "websockets", "websocket", "grpc", "boto3", "anthropic",
    "openai",
}  # fmt: skip
_HTTP = {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "Client", "AsyncClient"}
_NEXT = {
    "clock": "use conversation.now in a policy or a condition, `clock: Clock` in a tool",
    "random": "declare a parameter `rng: random.Random` of the tool: the injected one is the same in every run",
    "ids": "declare a parameter `ids: Ids` of the tool: ids.new() returns the same ids in every run",
    "environment": "put it into the fixture, the code, or [replay] environment in workbench.toml",
    "network": "declare a parameter `http: httpx.Client` of the tool, or use a @world class with fixture data",
}
_STARS = {"time": "clock", "random": "random", "secrets": "random"}


class Mention(NamedTuple):
    """A tool name in a string; `sure` if it can only be a tool name."""

    where: str
    tool: str
    sure: bool


@dataclass
class CodeScan:
    """The findings in one Python file; `names` are all names and name-like strings in it."""

    findings: list[Finding] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class Reader(ast.NodeVisitor):
    """Visits a module; resolves names through its imports, except local names of functions."""

    def __init__(self, file: str, tree: ast.Module, code: CodeScan) -> None:
        self.file = file
        self.code = code
        self.imported = dict(_imports(tree))
        self.locals: list[set[str]] = [_stored(tree.body)]

    def _report(self, node: ast.AST, rule: str, message: str, what: str = "") -> None:
        where = f"{self.file}:{getattr(node, 'lineno', 0)}"
        self.code.findings.append(warning(rule, where, message, _NEXT[what or rule]))

    def _dotted(self, node: ast.AST) -> str:
        """Resolve a name or an attribute through the imports: "time.time"; "" for anything else."""
        if isinstance(node, ast.Attribute):
            head = self._dotted(node.value)
            return f"{head}.{node.attr}" if head else ""
        if isinstance(node, ast.Name) and not any(node.id in names for names in self.locals):
            return self.imported.get(node.id, "")
        return ""

    def _judge(self, node: ast.AST) -> bool:
        """Report an expression that the engine should inject instead."""
        dotted = self._dotted(node)
        head, _, name = dotted.rpartition(".")
        if dotted in _CLOCK:
            self._report(node, "clock", f"{dotted} reads the clock")
        elif dotted in _IDS:
            self._report(node, "random", f"{dotted} returns a different id in every live conversation", "ids")
        elif dotted in _RANDOM or head in ("secrets", "numpy.random") or (head == "random" and name.islower()):
            self._report(node, "random", f"{dotted} is different in every live conversation")
        elif dotted in _ENVIRONMENT:
            self._report(node, "environment", f"{dotted} differs between machines")
        else:
            return False
        return True

    # scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.code.names.add(node.name)
        for outer in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(outer)
        self._inside(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._inside(node.args, [node.body])

    def _inside(self, args: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> None:
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
        self.code.names.update(a.arg for a in named)
        for note in filter(None, (a.annotation for a in named)):
            self.visit(note)
        self.locals.append({a.arg for a in named} | _stored(body))
        for node in body:
            self.visit(node)
        self.locals.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.code.names.add(node.name)
        self.generic_visit(node)

    # uses

    def visit_Name(self, node: ast.Name) -> None:
        self.code.names.add(node.id)
        if isinstance(node.ctx, ast.Load):
            self._judge(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.code.names.add(node.attr)
        if not self._judge(node):
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and len(node.value) < 80:
            self.code.names.update(re.findall(r"[A-Za-z_]\w*", node.value))

    def visit_keyword(self, node: ast.keyword) -> None:
        self.code.names.add(node.arg or "")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        seeds = [*node.args, *(k.value for k in node.keywords)]
        if self._dotted(node.func) == "random.Random" and all(getattr(s, "value", s) is None for s in seeds):
            self._report(node, "random", "random.Random() without a seed is different in every live conversation")
        head, _, name = self._dotted(node.func).rpartition(".")
        if head == "httpx" and name in _HTTP:
            message = f"httpx.{name} leaves the sandbox: a replay cannot record it"
            self._report(node, "network", message)
        names_tool = self._dotted(node.func) in ("workbench.Call", "workbench.authoring.rehearsal.Call")
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("result", "results"):
            of = node.func.value
            names_tool = getattr(of, "id", getattr(of, "attr", "")) == "conversation"
        if names_tool and node.args:
            self._mention(node.args[0], sure=True)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Find tool names in `call.tool == "create_return"` and `call.tool in ("a", "b")`."""
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Attribute) and side.attr == "tool" for side in sides):
            for side in sides:
                for item in side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]:
                    self._mention(item, sure=False)
        self.generic_visit(node)

    def _mention(self, node: ast.AST, sure: bool) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.code.mentions.append(Mention(f"{self.file}:{node.lineno}", node.value, sure))

    # imports

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._import(node, name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module:
            return
        for name in node.names:
            if name.name == "*" and node.module in _STARS:
                rule = _STARS[node.module]
                self._report(node, rule, f"`from {node.module} import *` hides undeclared inputs")
            if self._import(node, f"{node.module}.{name.name}"):
                return

    def _import(self, node: ast.AST, module: str) -> bool:
        parts = module.split(".")
        found = next((m for n in range(1, len(parts) + 1) if (m := ".".join(parts[:n])) in _NETWORK), "")
        if found:
            self._report(node, "network", f"{found} leaves the sandbox: a replay cannot record it")
        return bool(found)


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (local name, full name) of every absolute import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield (name.asname, name.name) if name.asname else (name.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def _stored(body: Iterable[ast.AST]) -> set[str]:
    """Return the names that these statements assign to, without those of inner functions."""
    found: set[str] = set()
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(node)
    return found
