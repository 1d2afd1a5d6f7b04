"""The replay report as JUnit XML. Only PASS counts as passed."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import PurePath
from xml.etree import ElementTree as xml

from ...replay.case import Case
from ...replay.exit_codes import junit_status
from ...replay.explain import deciding_line, explain
from ...replay.summary import Summary
from ...text import sanitize


def render(summary: Summary) -> str:
    """Return the document: a suite per folder, a test case per transcript."""
    top = xml.Element("testsuites", {"name": "workbench replay", **_numbers(summary.cases)})
    top.set("time", f"{summary.seconds:.3f}")
    for folder, cases in groupby(sorted(summary.cases, key=_folder), key=_folder):
        _suite(top, folder, list(cases), summary)
    if summary.interrupted:
        _unfinished(top, summary)
    xml.indent(top)
    # escapes the characters that XML does not allow too
    document = sanitize(xml.tostring(top, "unicode"))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{document}\n'


def _unfinished(top: xml.Element, summary: Summary) -> None:
    """Add a test case for what did not run, so that an interrupted report does not look complete."""
    suite = xml.SubElement(top, "testsuite", {"name": "interrupted", "tests": "1", "errors": "1"})
    item = xml.SubElement(suite, "testcase", {"name": "interrupted", "classname": "workbench"})
    xml.SubElement(item, "error", {"message": summary.headline, "type": "INTERRUPTED"})
    for name in ("tests", "errors"):
        top.set(name, str(int(top.get(name, "0")) + 1))


def _folder(case: Case) -> str:
    return PurePath(case.path).parent.as_posix()


def _numbers(cases: list[Case]) -> dict[str, str]:
    statuses = Counter(junit_status(case.verdict) for case in cases)
    totals = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(cases)), **{name: str(statuses[one]) for name, one in totals.items()}}


def _suite(top: xml.Element, folder: str, cases: list[Case], summary: Summary) -> None:
    suite = xml.SubElement(top, "testsuite", {"name": folder, **_numbers(cases)})
    if summary.options:
        _properties(suite, summary.options)
    for case in cases:
        _case(suite, case, summary.root)


def _case(suite: xml.Element, case: Case, root: str) -> None:
    head, outcome = case.head, case.outcome
    where = deciding_line(case, root) if junit_status(case.verdict) != "passed" else None
    attributes = {
        "name": head.id if head else PurePath(case.path).name,
        "classname": _folder(case).replace("/", "."),
        "file": PurePath(case.path).as_posix(),
    }
    if where and where.file == attributes["file"]:
        attributes["line"] = str(where.line)
    item = xml.SubElement(suite, "testcase", attributes)
    known = {"verdict": case.verdict.value, "steps": str(outcome.steps), "where": str(where) if where else ""}
    if head:
        known |= {"title": head.title, "kind": head.kind, "agent": head.agent, "state": head.state}
        known |= {"tags": ", ".join(head.tags), "step": head.step, "expected": head.expected}
    if outcome.prompt_changed_from:
        known["prompt_changed_from"] = str(outcome.prompt_changed_from)
    _properties(item, known)
    if where:
        message = f"{case.verdict.value}: {outcome.why}"
        end = xml.SubElement(item, junit_status(case.verdict), {"message": message, "type": case.verdict.value})
        end.text = "\n".join([str(where), *(line.text for line in explain(case))])


def _properties(parent: xml.Element, values: dict[str, str]) -> None:
    holder = xml.SubElement(parent, "properties")
    for name, value in values.items():
        if value:
            xml.SubElement(holder, "property", {"name": name, "value": value})
