"""Mutants: what each operator makes of a line, what is left alone, and where a change stands."""

from __future__ import annotations

import textwrap

import pytest

from workbench.errors import JourneyError
from workbench.mutation.coverage import CoveredDefinition, coverage, format_ranges
from workbench.mutation.mutants import Mutant, generate_mutants
from workbench.mutation.operators import OPERATORS
from workbench.mutation.regex_edits import shifted_quantifiers, without_alternatives
from workbench.mutation.targets import find_targets

HEAD = "from workbench import Agent, Block, Journey, Rewrite\nshop = Journey('shop')\nagent = Agent('a', [shop])\n"


def of(code: str, **more: str) -> list[Mutant]:
    """The mutants of an agent whose agent.py is this code."""
    files = {"a/agent.py": HEAD + textwrap.dedent(code)}
    return generate_mutants(files | {f"a/{name}.py": textwrap.dedent(text) for name, text in more.items()}, "a")


def after(operator: str, line: str) -> list[str]:
    """What an operator makes of a line in a policy."""
    code = f"""
        @shop.policy(before="pay")
        def rule(call, conversation):
            {line}
        """
    return [m.after for m in of(code) if m.operator == operator]


@pytest.mark.parametrize(
    ("operator", "line", "made"),
    [
        ("decision-removed", "return Block('no', n=1)", ["return None"]),
        ("comparison-negated", "x = a == b", ["x = a != b"]),
        ("comparison-negated", "x = a is  not b", ["x = a is b"]),
        ("comparison-negated", "x = a < b < c", ["x = a >= b < c", "x = a < b >= c"]),
        ("comparison-negated", "x = (a) not in [b]", ["x = (a) in [b]"]),
        ("boundary-moved", "x = a > b", ["x = a >= b"]),
        ("boundary-moved", "x = a == b", []),
        ("condition-negated", "if a or b: pass", ["if not (a or b): pass"]),
        ("condition-negated", "if a > b: pass", []),
        ("not-removed", "if not a: pass", ["if bool(a): pass"]),
        ("and-or", "x = (a) and b and c", ["x = (a) or b and c", "x = (a) and b or c"]),
        (
            "operand-removed",
            "x = (a and b) or (c)",
            ["x = (c)", "x = (b) or (c)", "x = (a) or (c)", "x = (a and b)"],
        ),
        ("number-shifted", "x = 20", ["x = 21", "x = 19"]),
        ("number-shifted", "x = 0", ["x = 1", "x = (-1)"]),
        ("number-shifted", "x = True", []),
        ("arithmetic", "x = a - b * 2", ["x = a + b * 2", "x = a - b / 2"]),
        ("boolean-flipped", "x = f(a, strict=True)", ["x = f(a, strict=False)"]),
        ("string-changed", "x = a == 'é'", ["x = a == 'é~'"]),
        ("string-changed", "x = call['sku']", []),
        (
            "regex-alternative-removed",
            "x = re.search(r'é|b', a)",
            ["x = re.search(r'b', a)", "x = re.search(r'é', a)"],
        ),
        (
            "regex-quantifier-shifted",
            "x = re.search(r'é{2}', a)",
            ["x = re.search(r'é{1}', a)", "x = re.search(r'é{3}', a)"],
        ),
        ("string-changed", "x = re.search(r'a|b', a)", []),
        ("element-removed", "x = a in ('b', 'c')", ["x = a in ('c',)", "x = a in ('b',)"]),
        ("element-removed", "x, y = 1, 2", []),
        ("lookup-argument-removed", "x = conversation.result(find, n=1)", ["x = conversation.result(find)"]),
        ("statement-removed", "raise ValueError", ["pass"]),
    ],
)
def test_each_operator_changes_a_line_as_described(operator: str, line: str, made: list[str]) -> None:
    assert after(operator, line) == made


def test_a_policy_is_removed_completely_or_from_one_tool() -> None:
    code = """
        @shop.policy(before=["pay", "send"], when=late)
        def rule(call):
            return Block("no")
        """
    made = {m.operator: m.after for m in of(code)}
    assert made["policy-removed"] == ""
    assert made["when-removed"] == '@shop.policy(before=["pay", "send"])'
    assert [m.after for m in of(code) if m.operator == "hook-removed"] == [
        '@shop.policy(before=["send"], when=late)',
        '@shop.policy(before=["pay"], when=late)',
    ]


def test_the_schema_and_the_body_of_a_tool_are_mutated_separately() -> None:
    code = """
        Percent = Annotated[int, "how much", Meta(le=20)]

        class Reason(StrEnum):
            small = "small"

        @shop.tool(writes=True)
        def pay(to: str, percent: Percent, why: Literal["gift", "debt"], reason: Reason, times: int = 1) -> Bill:
            return Bill(to, times + 1)
        """
    made = of(code)
    schema = {(m.operator, m.after) for m in made if not m.bodies}
    assert ("number-shifted", 'Percent = Annotated[int, "how much", Meta(le=21)]') in schema
    assert ("type-changed", 'Percent = Annotated[str, "how much", Meta(le=20)]') in schema
    assert ("string-changed", "small = 'small~'") in schema
    assert {m.operator for m in made if m.bodies} == {"number-shifted", "arithmetic", "return-emptied"}
    signature = [after for operator, after in schema if after.startswith("def pay")]
    assert any("to: int" in s for s in signature)
    assert any("'gift~'" in s for s in signature)
    assert any(s.endswith("times: int) -> Bill:") for s in signature)


def test_texts_for_people_are_not_mutated() -> None:
    code = """
        @shop.policy(before="pay")
        def rule(call):
            '''Nobody pays 3 times.'''
            if call:
                return Block("3 times are enough", most=3, reply="no" + "!")
            return Rewrite({"n": f"{call}"}, "2 are fine", found=2)
        """
    assert {m.operator for m in of(code)} == {
        "policy-removed",
        "decision-removed",
        "condition-negated",
        "string-changed",
    }
    assert [m.after for m in of(code) if m.operator == "string-changed"] == [
        """return Rewrite({'n~': f"{call}"}, "2 are fine", found=2)"""
    ]


def test_helper_code_of_policies_and_tools_is_mutated_in_any_file() -> None:
    rules = """
        from .limits import most as limit
        from . import names

        @shop.policy(before="pay")
        def rule(call):
            if limit(call) or call["to"] in names.BANNED:
                return Block("no")
        """
    made = of(
        rules,
        limits="def most(call):\n    return call['n'] > 5\n\ndef unused():\n    return 5\n",
        names="BANNED = ['eve', 'mallory']\nOTHER = [1, 2]\n",
        rehearsal="from .limits import most\nx = most({'n': 1})\n",
    )
    places = {(m.file, m.line) for m in made}
    # a registry may find a function that nothing names, and no code finds a value without its name
    assert {("a/limits.py", 2), ("a/limits.py", 5), ("a/names.py", 1)} <= places
    assert places.isdisjoint({("a/names.py", 2), ("a/rehearsal.py", 2)})


RULE = "def too_much(n):\n    return n > 50\n"
IMPORTS = {
    "by name": "from .extra import too_much",
    "with another name": "from .extra import too_much as check",
    "all of it": "from .extra import *",
    "the module": "from . import extra",
    "absolute": "import journeys.a.extra",
    "absolute with a name": "import journeys.a.extra as extra",
    "inside a function": "def late():\n    from .extra import too_much\n    return too_much",
    "under a condition": "if shop:\n    from .extra import too_much",
    "by a string": "import importlib\nextra = importlib.import_module('.extra', __package__)",
    "not by a statement": "for name in NAMES:\n    load(name)",
}


@pytest.mark.parametrize("form", IMPORTS)
def test_a_rule_is_mutated_however_its_file_is_imported(form: str) -> None:
    assert {"boundary-moved", "number-shifted"} <= {m.operator for m in of(IMPORTS[form], extra=RULE)}


@pytest.mark.parametrize("statement", ["import journeys.common.extra", "from ..common import extra"])
def test_a_rule_outside_the_folder_of_the_agent_is_mutated_if_it_is_imported(statement: str) -> None:
    files = {"a/agent.py": f"{HEAD}{statement}\n", "common/extra.py": RULE, "common/other.py": RULE}
    assert {m.file for m in generate_mutants(files, "a")} == {"common/extra.py"}


REGISTRIES = {
    "subclasses": """
        class Rule:
            def __init_subclass__(cls):
                RULES.append(cls)

        class Late(Rule):
            most: int = 50

            def refuses(self, n):
                return n > self.most
        """,
    "a decorator": """
        def register(fn):
            RULES.append(fn)

        @register
        def late(n):
            return n > 50
        """,
    "a call": """
        def late(n):
            return n > 50

        RULES.append(late)
        """,
    "an item": """
        class Late:
            most = 50

            def refuses(self, n):
                return n > self.most

        RULES["late"] = Late()
        """,
    "a lambda": """
        RULES.append(lambda n: n > 50)
        """,
}


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_rule_that_is_found_by_a_registry_is_mutated(registry: str) -> None:
    made = [m for m in of("RULES = []\n" + textwrap.dedent(REGISTRIES[registry])) if not m.bodies]
    assert any("n >= " in m.after for m in made)
    assert any("51" in m.after for m in made)


@pytest.mark.parametrize(
    "code",
    [
        'def rule(call):\n    return Block("no") if call["n"] > 5 else None\n\nshop.policy(before="pay")(rule)',
        'def make(n):\n    @shop.policy(before="pay")\n    def rule(call):\n'
        '        return Block("no") if call["n"] > n else None\n\nmake(5)',
        "def make(n):\n    def rule(call):\n"
        '        return Block("no") if call["n"] > n else None\n    return rule\n\n'
        'shop.policy(before="pay")(make(5))',
    ],
    ids=["by a call", "in a factory", "made by a factory"],
)
def test_a_policy_is_mutated_however_it_is_declared(code: str) -> None:
    made = of(code)
    assert {"decision-removed", "boundary-moved", "number-shifted"} <= {m.operator for m in made}
    assert {"policy-removed", "statement-removed"} & {m.operator for m in made}


def test_code_that_only_tool_bodies_use_is_marked_however_it_is_registered() -> None:
    code = """
        RATES = {}

        class Rate:
            def of(self, n):
                return n + 5

        RATES["normal"] = Rate()

        @shop.tool
        def pay(n: int) -> int:
            return RATES["normal"].of(n)
        """
    assert [m.bodies for m in of(code) if "n - 5" in m.after] == [True]


def test_a_script_of_a_rehearsal_has_no_mutants() -> None:
    script = """
        from workbench import Rehearsal, Slot
        from .agent import shop

        shop.rehearsal = script = Rehearsal()
        SIZE = Slot("size", r"\\d{2}")

        @script.intent("pay")
        def pay(scene):
            yield part(scene, 5)

        def part(scene, n):
            return n + 5
        """
    assert of("", rehearsal=script) == []


def test_values_that_nothing_names_are_listed_as_unused() -> None:
    files = {"a/agent.py": HEAD + "OTHER = [1, 2]\n", "a/test_rules.py": "LIMIT = 5\n"}
    assert [(d.file, d.name) for d in find_targets(files, "a").unused] == [("a/agent.py", "OTHER")]


def test_a_mutant_does_not_move_other_lines() -> None:
    code = """
        @shop.policy(
            before=["pay",
                    "send"],
        )
        def rule(call):
            if (call["n"]
                    and call["m"]):
                return Block("no",
                             n=1)
            return None
        """
    data = (HEAD + textwrap.dedent(code)).encode()
    for mutant in of(code):
        old, new = data.split(b"\n"), mutant.apply(data).split(b"\n")
        assert len(old) == len(new)
        touched = data[mutant.start : mutant.end].count(b"\n") + 1
        changed = [n for n, (a, b) in enumerate(zip(old, new, strict=True), 1) if a != b]
        assert set(changed) <= set(range(mutant.line, mutant.line + touched)), mutant


def test_no_two_mutants_are_equal_and_every_operator_creates_some() -> None:
    assert len(set(of("CODE = 1"))) == len(of("CODE = 1")) == 0
    assert all(operator.description for operator in OPERATORS.values())


def test_a_file_with_a_syntax_error_is_reported_with_its_line() -> None:
    with pytest.raises(JourneyError, match=r"a/agent.py:5"):
        of("\ndef broken(:\n")
    with pytest.raises(JourneyError, match="there is no agent"):
        generate_mutants({}, "a")


def test_alternatives_and_limits_of_a_pattern_are_found_in_groups_and_not_in_classes() -> None:
    def cut(pattern: str, cuts) -> list[str]:
        return [pattern[: c.start] + c.text + pattern[c.end :] for c in cuts(pattern)]

    assert cut(r"a(?:b|[|)]|\|)c", without_alternatives) == [r"a(?:[|)]|\|)c", r"a(?:b|\|)c", r"a(?:b|[|)])c"]
    assert cut(r"(?P<x>a|b)|c", without_alternatives) == ["(?P<x>b)|c", "(?P<x>a)|c", "c", "(?P<x>a|b)"]
    assert cut(r"x{0,2}\{3}", shifted_quantifiers) == [r"x{1,2}\{3}", r"x{0,1}\{3}", r"x{0,3}\{3}"]


def test_coverage_lists_what_was_never_called_decided_or_executed() -> None:
    code = HEAD + textwrap.dedent(
        """
        @shop.tool
        def find(n: int) -> str:
            return str(n)

        @shop.policy(before="find")
        def rule(call):
            '''A rule.'''
            if call["n"] > 1:
                x = 1
                return Block("no")
            return Allow("few")

        @shop.policy(after="find")
        def other(call):
            return None
        """
    )
    line = {text.strip(): n for n, text in enumerate(code.splitlines(), 1)}
    test, allow = line['if call["n"] > 1:'], line['return Allow("few")']
    lines = {("a/agent.py", test), ("a/agent.py", allow)}
    declared = [
        CoveredDefinition("a/agent.py", 9, "rule", True),
        CoveredDefinition("a/agent.py", 17, "other", False),
    ]
    found = coverage({"a/agent.py": code}, "a", lines, {("a/agent.py", "allow", allow)}, {"find"}, declared)
    assert found.policies == declared
    assert [(r.effect, r.reached) for r in found.decisions] == [("block", False), ("allow", True)]
    assert [(t.name, t.reached) for t in found.tools] == [("find", True)]
    assert [(f.all, format_ranges(f.missed), f.bodies) for f in found.files] == [
        (5, f"{test + 1}-{test + 2}, {line['return None']}", 1)
    ]
