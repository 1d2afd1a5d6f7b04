"""`workbench check`: what an engineer is told before anyone has talked to the agent."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from support.kit import AGENT, JOURNEY, WINDOW, shop_files, write
from workbench.check.lint import lint
from workbench.check.rules import RULES
from workbench.cli import run


class Checked:
    """What `workbench check` came to in a project of one shop."""

    def __init__(self, code: int, said: str, findings: list[dict[str, Any]]) -> None:
        self.code = code
        self.said = said
        self.findings = findings

    @property
    def rules(self) -> list[str]:
        return [f["rule"] for f in self.findings]

    def the(self, rule: str) -> dict[str, Any]:
        """The one finding of a rule."""
        (found,) = [f for f in self.findings if f["rule"] == rule]
        return found


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """check(*policies, files={...}): the shop of the kit with these changes, checked."""

    def run_check(*policies: str, files: dict[str, str] | None = None, **changes: str) -> Checked:
        write(tmp_path / "journeys", {**shop_files(*policies, **changes), **(files or {})})
        monkeypatch.chdir(tmp_path)
        code = run(["check", "--json"])
        said = capsys.readouterr()
        return Checked(code, said.err, json.loads(said.out))

    return run_check


def journey(*parts: str) -> str:
    return "\n".join(textwrap.dedent(p) for p in (JOURNEY, WINDOW, *parts))


def line_of(path: Path, words: str) -> int:
    return next(n for n, line in enumerate(path.read_text().splitlines(), 1) if words in line)


# how it ends


def test_a_journey_without_findings_exits_with_0(check: Any) -> None:
    checked = check(WINDOW)
    assert (checked.code, checked.findings) == (0, [])
    assert checked.said == "1 agent: no errors, no warnings\n"


def test_an_error_is_printed_as_a_line_that_an_editor_can_open(
    check: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(WINDOW, "import time\nstarted = time.time()\n").code == 0
    assert run(["check"]) == 0
    line = line_of(tmp_path / "journeys/shop/returns/journey.py", "time.time()")
    said = capsys.readouterr()
    assert "# workbench: allow clock" in said.err
    assert said.out == (
        f"journeys/shop/returns/journey.py:{line}: warning clock: time.time reads the clock "
        "(next: use conversation.now in a policy or a condition, `clock: Clock` in a tool)\n"
    )


def test_warnings_alone_exit_with_0(check: Any) -> None:
    checked = check()
    assert (checked.code, checked.rules) == (0, ["unguarded-write"])
    assert checked.said == "1 agent: no errors, 1 warning\n"


def test_all_agents_are_checked_unless_one_is_named(
    check: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {
        "desk/agent.py": 'from workbench import Agent\nagent = Agent("desk")\nimport uuid\nID = uuid.uuid4()\n',
        "desk/persona.md": "# Voice\n",
    }
    checked = check(files=other)
    assert [(f["agent"], f["rule"]) for f in checked.findings] == [("desk", "random"), ("shop", "unguarded-write")]
    assert run(["check", "--agent", "shop"]) == 0
    assert "random" not in capsys.readouterr().out
    assert run(["check", "--agent", "shoop"]) == 4
    assert "did you mean shop?" in capsys.readouterr().err


def test_a_finding_in_shared_code_is_printed_once(check: Any) -> None:
    shared = {
        "money.py": "import random\nrandom.seed(1)\n",
        "desk/agent.py": 'from workbench import Agent\nfrom .. import money\nagent = Agent("desk")\n',
        "desk/persona.md": "# Voice\n",
    }
    checked = check(WINDOW, agent="from .. import money\n" + textwrap.dedent(AGENT), files=shared)
    assert [(f["file"], f["line"]) for f in checked.findings] == [("journeys/money.py", 2)]


def test_without_an_agent_the_check_does_not_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["check"]) == 4
    (tmp_path / "journeys").mkdir()
    assert run(["check"]) == 5
    assert "workbench init" in capsys.readouterr().err


# loading


def test_a_syntax_error_names_its_line_once(check: Any) -> None:
    checked = check("def oops(:\n    pass\n")
    assert checked.the("load")["message"].startswith("invalid syntax")
    assert checked.code == 1


def test_a_missing_manual_or_a_policy_without_a_tool_is_a_load_error(check: Any, tmp_path: Path) -> None:
    stray = "\n@returns.policy(before='create_refund')\ndef stray(call):\n    '''No.'''\n"
    assert "'create_refund'" in check(WINDOW, stray).the("load")["message"]
    (tmp_path / "journeys/shop/returns/manual.md").unlink()
    assert run(["check", "--json"]) == 1


def test_an_agent_that_does_not_load_is_still_checked_by_reading_its_files(check: Any) -> None:
    checked = check("import os\nKEY = os.environ['SHOP']\n")
    assert checked.rules == ["environment", "load"]
    assert "KeyError: 'SHOP'" in checked.the("load")["message"]


def test_an_endless_import_times_out_and_names_its_line(tmp_path: Path) -> None:
    root = write(tmp_path / "journeys", shop_files("while True:\n    pass\n"))
    (found,) = [f for f in lint(root, "shop", timeout=0.5) if f.rule == "load"]
    assert found.message == "loading did not finish within 0.5 s"
    assert found.file == "shop/returns/journey.py"
    assert found.line >= line_of(root / found.file, "while True")


def test_an_import_that_exits_is_a_finding(check: Any) -> None:
    assert "SystemExit" in check("raise SystemExit(3)\n").the("load")["message"]
    gone = check("import os\nos._exit(7)\n").the("load")
    assert "exit status 7" in gone["message"]


# names


def test_a_tool_named_in_code_must_exist(check: Any) -> None:
    late = """
        from workbench import Call

        @returns.policy(before=create_return)
        def late(call, conversation):
            '''Not late.

            Why: seasons.
            '''
            if conversation.result("find_ordr") is None and call.tool == "create_retrun":
                return Block("no")

        MOVE = Call("create_return", number=1)
        OTHER = Call("send_mail")
    """
    checked = check(WINDOW, late)
    said = {f["message"]: (f["severity"], f["hint"]) for f in checked.findings}
    assert said == {
        "unknown tool 'find_ordr'": ("error", "did you mean find_order?"),
        "unknown tool 'create_retrun'": ("warning", "did you mean create_return?"),
        "unknown tool 'send_mail'": ("error", "the tools here: create_return, find_order, hand_off"),
    }


def test_a_removed_tool_in_a_manual_is_an_error_and_an_unknown_name_a_warning(check: Any) -> None:
    manual = """
        # Returns

        Call search_orders first, then `find_order`. Ask for the `order_number`.
        Never mention the `loyalty_tier`; `create_return()` opens it, `open_return()` does not.
    """
    checked = check(WINDOW, files={"shop/returns/manual.md": manual})
    assert [(f["line"], f["severity"], f["message"]) for f in checked.findings] == [
        (3, "error", "the text says to call search_orders, but there is no such tool"),
        (4, "error", "the text says to call open_return, but there is no such tool"),
        (4, "warning", "no name loyalty_tier exists in the code"),
    ]
    assert all(f["file"] == "journeys/shop/returns/manual.md" for f in checked.findings)


def test_persona_and_tool_docstrings_are_checked_like_manuals(check: Any) -> None:
    more = """
        @returns.tool
        def stock(sku: str) -> int:
            '''Pieces on the shelf. Call find_shelf first.'''
            return 1
    """
    checked = check(WINDOW, more, files={"shop/persona.md": "# Voice\nAlways call `greet_customer` first.\n"})
    assert [(f["file"], f["rule"]) for f in checked.findings] == [
        ("journeys/shop/persona.md", "unknown-tool"),
        ("journeys/shop/returns/journey.py", "unknown-tool"),
    ]


TWO = """
    from workbench import Agent
    from .returns.journey import returns
    from .stock.journey import stock
    agent = Agent("shop", journeys=[returns, stock])
"""


def stock_files(text: str, manual: str = "# Stock\n") -> dict[str, str]:
    head = 'from workbench import Block, Journey\n\nstock = Journey("stock", goal="Say what is there")\n\n'
    return {"shop/stock/journey.py": head + textwrap.dedent(text), "shop/stock/manual.md": manual}


def test_a_manual_may_not_name_a_tool_of_another_journey(check: Any) -> None:
    found = check(WINDOW, agent=TWO, files=stock_files("", "# Stock\nCall find_order first.\n")).the(
        "other-journey"
    )
    assert found["message"] == "find_order belongs to the journey returns: it is not available in stock"


def test_two_tools_with_one_name_are_an_error(check: Any) -> None:
    twin = """
        @stock.tool
        def find_order(sku: str) -> str:
            '''Find the order that a sku is in.'''
            return sku
    """
    found = check(WINDOW, agent=TWO, files=stock_files(twin)).the("duplicate-tool")
    assert (found["severity"], found["file"]) == ("error", "journeys/shop/stock/journey.py")
    assert "also in the journey returns (shop/returns/journey.py:" in found["message"]


def test_a_journey_that_no_agent_uses_is_reported(check: Any) -> None:
    assert check(WINDOW, files=stock_files("")).the("unused-journey")["hint"] == "import it in agent.py"
    imported = textwrap.dedent(AGENT) + "from .stock import journey\n"
    assert check(WINDOW, agent=imported).the("unused-journey")["hint"] == "add it to journeys=[...] in agent.py"


# tools


def test_a_tool_needs_types_and_a_docstring(check: Any) -> None:
    mute = "\n@returns.tool\ndef mute(sku) -> int:\n    return 1\n"
    checked = check(WINDOW, mute)
    assert checked.the("tool-types")["hint"] == "add a type, for example sku: str"
    assert checked.the("tool-docstring")["severity"] == "error"


def test_a_policy_of_the_agent_covers_every_write(check: Any) -> None:
    guard = """
        from workbench import WRITES

        @agent.policy(before=WRITES)
        def signed_in(conversation):
            '''Only for customers who are signed in.

            Why: an order number proves nothing.
            '''
    """
    assert check(agent=textwrap.dedent(AGENT) + textwrap.dedent(guard)).findings == []


# policies


def test_a_policy_without_rule_or_why_is_a_warning(check: Any) -> None:
    bare = "\n@returns.policy(before=create_return)\ndef bare(call):\n    return None\n"
    half = "\n@returns.policy(before=create_return)\ndef half(call):\n    '''Only on Mondays.'''\n"
    checked = check(WINDOW, bare, half)
    assert checked.code == 0
    assert checked.rules == ["policy-rule", "policy-why", "policy-why"]


def test_a_policy_cannot_have_the_world_or_a_parameter_of_another_hook(check: Any) -> None:
    greedy = """
        @returns.policy(before=create_return)
        def greedy(call, shop: Shop):
            '''No.

            Why: no.
            '''

        @returns.policy(before_reply=True)
        def early(result):
            '''No.

            Why: no.
            '''
    """
    world, stand = check(WINDOW, greedy).findings
    assert world["rule"] == stand["rule"] == "policy-parameters"
    assert "cannot see the world" in world["message"]
    assert stand["hint"] == "use any of: reply, conversation"


def test_a_policy_of_one_journey_cannot_apply_to_a_tool_of_another(check: Any) -> None:
    astray = """
        @stock.policy(before="create_return")
        def astray(call):
            '''No returns while we count.

            Why: the count would be wrong.
            '''
    """
    found = check(WINDOW, agent=TWO, files=stock_files(astray)).the("never-called")
    assert "never available together" in found["message"]


def test_a_policy_on_an_absent_built_in_tool_is_reported(check: Any) -> None:
    waiting = """
        @returns.policy(before="enter_journey")
        def waiting(call):
            '''One thing at a time.

            Why: people forget the first.
            '''

        @returns.policy(after="hand_off")
        def after(call):
            '''Never.

            Why: it is over.
            '''
    """
    said = [f["message"] for f in check(WINDOW, waiting).findings]
    assert said == [
        "policy waiting applies to enter_journey, but the agent has one journey and starts in it",
        "policy after applies to hand_off, but no policy runs after it",
    ]


# conditions

CONDITIONS = """
    def signed_in(conversation):
        '''Whether we know who it is.'''
        return bool(conversation.customer.get("id"))

    def stranger(conversation):
        return not signed_in(conversation)
"""


def voucher(tool_when: str, policy_when: str) -> str:
    return f"""
        @returns.tool(writes=True, when={tool_when})
        def give_voucher(percent: int) -> int:
            '''Give a voucher.'''
            return percent

        @returns.policy(before=give_voucher, when={policy_when})
        def goodwill(call):
            '''20% at most.

            Why: kindness that can be repeated becomes a discount.
            '''
    """


@pytest.mark.parametrize(
    ("tool", "policy"),
    [
        ("signed_in", "stranger"),
        ("signed_in", "lambda conversation: not signed_in(conversation)"),
        ("lambda conversation: signed_in(conversation) and conversation.turn > 2", "lambda t: t.turn <= 2"),
        (
            "lambda conversation: conversation.channel == 'chat'",
            "lambda conversation: conversation.channel == 'voice'",
        ),
        (
            "lambda conversation: conversation.channel == 'chat'",
            "lambda conversation: 'chat' and conversation.channel != 'chat'",
        ),
        ("lambda conversation: not (stranger(conversation) or conversation.turn == 1)", "stranger"),
    ],
)
def test_mutually_exclusive_conditions_leave_a_write_without_a_policy(check: Any, tool: str, policy: str) -> None:
    checked = check(WINDOW, CONDITIONS, voucher(tool, policy))
    assert checked.code == 1
    assert "available only when its tool give_voucher is not" in checked.the("never-called")["message"]
    assert "give_voucher writes, and no policy applies before it" in checked.the("unguarded-write")["message"]


@pytest.mark.parametrize(
    ("tool", "policy"),
    [
        ("signed_in", "signed_in"),
        ("signed_in", "lambda conversation: conversation.turn > 1"),
        ("lambda conversation: signed_in(conversation) or conversation.turn > 2", "stranger"),
        (
            "lambda conversation: conversation.channel != 'chat'",
            "lambda conversation: conversation.channel != 'voice'",
        ),
        (
            "lambda conversation: len(conversation.user_messages) == 1",
            "lambda conversation: len(conversation.agent_messages) == 2",
        ),
    ],
)
def test_conditions_that_can_both_be_true_are_not_reported(check: Any, tool: str, policy: str) -> None:
    assert check(WINDOW, CONDITIONS, voucher(tool, policy)).findings == []


def test_a_condition_that_cannot_be_true_or_called_is_an_error(check: Any) -> None:
    odd = """
        @returns.tool(when=lambda conversation: signed_in(conversation) and not signed_in(conversation))
        def never() -> int:
            '''Never.'''
            return 1

        async def later(conversation):
            return False

        @returns.tool(when=later)
        def always() -> int:
            '''Always.'''
            return 1

        @returns.tool(when=lambda: True)
        def broken() -> int:
            '''Broken.'''
            return 1
    """
    checked = check(WINDOW, CONDITIONS, odd)
    assert sorted(checked.rules) == ["condition", "condition", "never-available"]


def test_a_tool_hidden_whenever_its_journey_is_available_is_reported(check: Any) -> None:
    shut = journey().replace(
        'goal="Return a pair of shoes"', 'goal="Return", when=lambda conversation: conversation.turn > 1'
    )
    first = """
        @returns.tool(when=lambda conversation: conversation.turn <= 1)
        def first() -> int:
            '''Only at first.'''
            return 1
    """
    assert (
        "is unavailable whenever its journey returns is available"
        in check(first, journey=shut).the("never-available")["message"]
    )


# undeclared inputs

TAKEN = {
    "import time\nX = time.time()": "clock",
    "from time import monotonic as now\nX = now()": "clock",
    "import datetime as dt\nX = dt.datetime.now(dt.timezone.utc)": "clock",
    "from datetime import datetime\nX = datetime.utcnow": "clock",
    "from datetime import date\ndef f():\n    return date.today()": "clock",
    "from dataclasses import field\nimport time\nX = field(default_factory=time.time)": "clock",
    "import random\nX = random.choice([1])": "random",
    "from random import randint\nX = randint(1, 2)": "random",
    "from random import *": "random",
    "import random\nX = random.Random()": "random",
    "import uuid\nX = str(uuid.uuid4())": "random",
    "from secrets import token_hex\nX = token_hex()": "random",
    "import os\nX = os.urandom(4)": "random",
    "import random\nX = random.Random(None)": "random",
    "import random\nX = random.Random(x=None)": "random",
    "import time\nX = time.clock_gettime(time.CLOCK_REALTIME)": "clock",
    "from time import process_time_ns\nX = process_time_ns()": "clock",
    "import os\nX = os.times()": "clock",
    "import os\nX = os.environ.get('HOME')": "environment",
    "import os\nX = os.getcwd()": "environment",
    "from os.path import expanduser\nX = expanduser('~')": "environment",
    "import os\nX = os.path.expandvars('$HOME')": "environment",
    "from pathlib import Path\nX = Path.home()": "environment",
    "import sys\nX = sys.argv": "environment",
    "import getpass\nX = getpass.getuser()": "environment",
    "import platform\nX = platform.node()": "environment",
    "import uuid\nX = uuid.getnode()": "environment",
    "from os import getenv\nX = getenv('HOME')": "environment",
    "import socket": "network",
    "import urllib.request": "network",
    "from urllib import request": "network",
    "def f():\n    from http.client import HTTPSConnection": "network",
}


@pytest.mark.parametrize(("code", "rule"), TAKEN.items())
def test_undeclared_inputs_are_found(check: Any, code: str, rule: str) -> None:
    checked = check(WINDOW, files={"shop/tricks.py": code + "\n"})
    assert checked.rules == [rule]
    assert checked.findings[0]["file"] == "journeys/shop/tricks.py"
    assert checked.code == 0  # a replay pins or refuses it


@pytest.mark.parametrize(
    "code",
    [
        "import random\ndef roll(random: random.Random) -> int:\n    return random.randint(1, 6)",
        "import random\nX = random.Random(7).random()",
        "import random\ndef f(seed):\n    return random.Random(seed)",
        "from datetime import date, datetime\nX = datetime(2026, 1, 1), date.fromisoformat('2026-01-01')",
        "def f(time):\n    return time.time()",
        "import os.path\nX = os.path.join('a', 'b')",
        "import urllib.parse\nX = urllib.parse.quote('a')",
        "import uuid\nX = uuid.uuid5(uuid.NAMESPACE_DNS, 'a')",
        "class conversation:\n    now = 1\nX = conversation.now",
    ],
)
def test_code_that_only_resembles_an_undeclared_input_is_not_reported(check: Any, code: str) -> None:
    assert check(WINDOW, files={"shop/tricks.py": code + "\n"}).findings == []


def test_tests_of_a_journey_are_not_checked(check: Any) -> None:
    assert check(WINDOW, files={"shop/test_window.py": "import time\ntime.time()\n"}).findings == []


# fixtures


def test_a_fixture_must_match_its_world_classes(check: Any) -> None:
    wrong = '{"world": {"Shop": {"orders": {"OL-1": {"number": "OL-1", "days": "many"}}}}}'
    found = check(WINDOW, files={"shop/fixtures/wrong.json": wrong}).the("fixture")
    assert (found["file"], found["severity"]) == ("journeys/shop/fixtures/wrong.json", "error")
    assert "Expected `int`, got `str`" in found["message"]


def test_unused_parts_of_a_fixture_are_reported(check: Any) -> None:
    vain = """
        {
          "world": {
            "Shop": {"orders": {
              "OL-1": {"number": "OL-1", "days": 1, "delivred": "2026-01-01"}
            }},
            "Stock": {}
          }
        }
    """
    checked = check(WINDOW, files={"shop/fixtures/vain.json": vain})
    assert [(f["line"], f["rule"], f["message"].split(":")[0]) for f in checked.findings] == [
        (4, "fixture-field", "Shop.orders.OL-1.delivred is not a field of its class"),
        (6, "fixture-field", "no tool uses Stock"),
    ]


@pytest.mark.parametrize("clock", ["yesterday", "2026-03-10T10:00:00"])
def test_the_clock_of_a_fixture_needs_an_offset(check: Any, clock: str) -> None:
    text = shop_files()["shop/fixtures/base.json"].replace("{", f'{{"clock": "{clock}", ', 1)
    assert clock in check(WINDOW, files={"shop/fixtures/base.json": text}).the("fixture")["message"]


# allowing


def test_a_comment_suppresses_one_rule_on_its_line(check: Any) -> None:
    allowed = """
        import time
        STARTED = time.time()  # workbench: allow clock

        @returns.tool(writes=True)  # workbench: allow unguarded-write
        def note(text: str) -> str:
            '''Keep a note.'''
            return text

        @returns.policy(before=create_return)
        def mondays(call):  # workbench: allow policy-why, policy-rule
            return None
    """
    manual = "# Returns\nCall legacy_lookup first. <!-- workbench: allow unknown-tool -->\n"
    assert check(WINDOW, allowed, files={"shop/returns/manual.md": manual}).findings == []


def test_a_comment_suppresses_no_other_rule_and_an_unknown_rule_is_reported(check: Any) -> None:
    wrong = "import time\nA = time.time()  # workbench: allow random\nB = 1  # workbench: allow clocks\n"
    checked = check(WINDOW, files={"shop/tricks.py": wrong})
    assert sorted(checked.rules) == ["allow", "clock"]
    assert checked.the("allow")["message"] == "unknown rule 'clocks'"


def test_every_rule_that_is_reported_is_described() -> None:
    package = Path(__file__).parents[2] / "src/workbench"
    text = "".join(p.read_text() for p in [*package.glob("check/*.py"), package / "runtime/nondeterminism.py"])
    assert all(f'"{rule}"' in text for rule in RULES if rule != "allow")


def test_the_hint_on_suppressing_fits_the_language_of_the_file(tmp_path, monkeypatch, capsys) -> None:
    fixture = '{"world": {"Shop": {"orders": {}, "typo": 1}}}'
    write(tmp_path / "journeys", shop_files(WINDOW) | {"shop/fixtures/base.json": fixture})
    monkeypatch.chdir(tmp_path)
    run(["check"])
    said = capsys.readouterr()
    assert "base.json" in said.out
    assert "workbench: allow fixture" not in said.err
    manual = {"shop/returns/manual.md": "# Returns\nCall legacy_lookup first.\n"}
    write(tmp_path / "journeys", manual)
    run(["check"])
    assert "<!-- workbench: allow unknown-tool -->" in capsys.readouterr().err


def test_the_tools_of_the_agent_are_listed_without_built_in_tools_that_it_lacks(check) -> None:
    checked = check(WINDOW, files={"shop/returns/manual.md": "# Returns\nCall zzz_qqq_lookup first.\n"})
    hint = checked.the("unknown-tool")["hint"]
    assert "find_order" in hint
    assert "look_up" not in hint
    assert "enter_journey" not in hint


def test_a_text_that_names_a_built_in_tool_that_the_agent_lacks_is_an_error(check) -> None:
    checked = check(WINDOW, files={"shop/returns/manual.md": "# Returns\nCall look_up first.\n"})
    assert "knowledge" in checked.the("unknown-tool")["message"]
