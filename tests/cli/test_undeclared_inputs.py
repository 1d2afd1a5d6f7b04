"""A replay refuses undeclared inputs and side effects of journey code, with their lines."""

from __future__ import annotations

import os
import time

import msgspec
import pytest

from support.kit import ScriptedModel, converse, saved, shop, shop_files, use, write
from workbench.cli import run
from workbench.transcripts.files import write as write_transcript

TALK = [use("find_order", order_number="OL-1")], "It is on its way."

POLICY = """
    {imports}

    @returns.policy(before=find_order)
    def curious(call, conversation):
        '''Looks where it must not.'''
        {line}
"""

REFUSED = {
    "the network": (
        "import socket",
        "socket.create_connection(('127.0.0.1', 9))",
        "undeclared side effect: uses the network (socket.getaddrinfo)",
    ),
    "a program": (
        "import subprocess",
        "subprocess.run(['true'])",
        "starts a program or signals one (subprocess.Popen)",
    ),
    "a file": ("", "open('/etc/hosts').read()", "undeclared input: opens /etc/hosts, which is not recorded"),
    "a file by its path": (
        "from pathlib import Path",
        "Path('transcripts/t.json').read_text()",
        "undeclared input: opens transcripts/t.json",
    ),
    "a folder without its name": ("import os", "os.listdir()", "undeclared input: opens ., which is not recorded"),
    "a folder": ("import os", "os.listdir('/')", "undeclared input: opens /, which is not recorded"),
    "a file of another agent": ("", "open(__file__.replace('shop/returns', 'other'))", "undeclared input: opens "),
    "the network in a thread": (
        "import socket, threading",
        "t = threading.Thread(target=socket.create_connection, args=[('127.0.0.1', 9)]); t.start(); t.join()",
        "undeclared side effect: uses the network",
    ),
    "a file in a pool": (
        "from concurrent.futures import ThreadPoolExecutor",
        "with ThreadPoolExecutor() as pool: pool.submit(open, '/etc/hosts').result().close()",
        "undeclared input: opens /etc/hosts",
    ),
    "a process of its own": ("import os", "os.fork()", "starts a program or signals one (os.fork)"),
    "the network, and hides it": (
        "import contextlib, socket",
        "with contextlib.suppress(Exception): socket.create_connection(('127.0.0.1', 9))",
        "undeclared side effect: uses the network",
    ),
}


def project(folder, monkeypatch, *policies):
    """A project with a conversation that was recorded before these policies were there."""
    monkeypatch.chdir(folder)
    conversation = converse(shop(folder / "recorded"), ScriptedModel(*TALK), "where is OL-1?")
    write(folder / "journeys", shop_files(*policies))
    (folder / "transcripts").mkdir()
    write_transcript((folder / "transcripts/t.json"), msgspec.structs.replace(saved(conversation), id="t"))


@pytest.mark.parametrize(("imports", "line", "said"), REFUSED.values(), ids=REFUSED)
def test_an_undeclared_input_of_a_policy_is_an_error_with_its_line(
    tmp_path, monkeypatch, capsys, imports, line, said
):
    project(tmp_path, monkeypatch, POLICY.format(imports=imports, line=line))
    assert run(["replay"]) == 4
    told = capsys.readouterr().err
    source = (tmp_path / "journeys/shop/returns/journey.py").read_text().splitlines()
    number = next(n for n, text in enumerate(source, 1) if text.strip() == line)
    assert f"shop/returns/journey.py:{number}: undeclared" in told
    assert said in told
    assert "next: " in told


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("os.chdir('/')", "undeclared side effect: changes / (os.chdir)"),
        ("os.mkdir('new')", "undeclared side effect: changes new (os.mkdir)"),
        ("os.link('keep', 'new')", "undeclared side effect: changes keep (os.link)"),
        ("os.utime('keep', (0, 0))", "undeclared side effect: changes keep (os.utime)"),
        ("open(__file__, 'a').close()", "undeclared side effect: changes "),
        (
            "with contextlib.suppress(Exception): os.remove('keep')",
            "undeclared side effect: changes keep (os.remove)",
        ),
    ],
)
def test_a_policy_that_changes_a_file_is_refused_with_its_line(tmp_path, monkeypatch, capsys, line, said):
    project(tmp_path, monkeypatch, POLICY.format(imports="import contextlib, os", line=line))
    (tmp_path / "keep").write_text("mine")
    before = sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*") if ".workbench" not in p.parts)
    assert run(["replay"]) == 4
    told = capsys.readouterr().err
    source = (tmp_path / "journeys/shop/returns/journey.py").read_text().splitlines()
    number = next(n for n, text in enumerate(source, 1) if text.strip() == line)
    assert f"shop/returns/journey.py:{number}: undeclared" in told
    assert said in told
    after = sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*") if ".workbench" not in p.parts)
    assert [p.name for p, _ in after if p.is_file()] == [p.name for p, _ in before if p.is_file()]
    assert (tmp_path / "keep").stat().st_mtime_ns == dict(before)[tmp_path / "keep"]
    assert os.getcwd() == str(tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import logging; logging.FileHandler('shop.log').close()", "undeclared"),
        ("import os; os.mkdir('logs')", "changes logs (os.mkdir)"),
        ("HOST = open('/etc/hosts').close()", "opens /etc/hosts"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "uses the network"),
    ],
)
def test_what_a_replay_refuses_is_refused_while_loading_too(tmp_path, monkeypatch, capsys, line, said):
    project(tmp_path, monkeypatch, POLICY.format(imports=line, line="pass"))
    assert run(["replay"]) == 4
    told = capsys.readouterr().err
    assert "while loading" in told
    assert said in told
    assert "shop/returns/journey.py:" in told
    assert sorted(p.name for p in tmp_path.iterdir() if p.name in ("shop.log", "logs")) == []


def test_a_comment_suppresses_check_but_not_a_replay(tmp_path, monkeypatch, capsys):
    line = "open('/etc/hosts').read()  # workbench: allow environment"
    project(tmp_path, monkeypatch, POLICY.format(imports="", line=line))
    assert run(["replay"]) == 4
    said = capsys.readouterr().err
    assert "suppresses `workbench check`" in said
    assert "not the replay" in said


def test_a_policy_that_uses_local_time(tmp_path, monkeypatch):
    """It decides alike on every machine, for wherever journeys run the zone is UTC."""
    same = "conversation.now.astimezone().hour == conversation.now.hour"
    line = f"return None if {same} else __import__('workbench').Block('late')"
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    project(tmp_path, monkeypatch, POLICY.format(imports="", line=line))
    assert run(["replay"]) == 0


def test_code_that_is_not_executed_is_not_an_error_of_the_replay(tmp_path, monkeypatch):
    project(tmp_path, monkeypatch, POLICY.format(imports="import time", line="return time.time() if 0 else None"))
    assert run(["replay"]) == 0


def test_a_clock_read_while_loading_is_pinned(tmp_path, monkeypatch):
    imports = "import time\n    NOW = time.strftime('%Y')"
    line = "return None if NOW == '2026' else __import__('workbench').Block('late')"
    project(tmp_path, monkeypatch, POLICY.format(imports=imports, line=line))
    assert run(["replay"]) == 0


@pytest.mark.parametrize(
    "line",
    [
        "import sqlite3; sqlite3.connect(':memory:').execute('select 1')",
        "import time; time.strftime('%d.%m.', conversation.now.timetuple())",
        "import time; time.asctime(conversation.now.timetuple()); time.gmtime(0)",
        "import mimetypes; mimetypes.guess_type('a.pdf')",
        "from ...common.rates import least; least()",
    ],
)
def test_code_that_takes_nothing_from_the_machine_passes(tmp_path, monkeypatch, line):
    project(tmp_path, monkeypatch, POLICY.format(imports="", line=line))
    rates = "from pathlib import Path\ndef least(): return Path(__file__).with_name('least.txt').read_text()\n"
    write(tmp_path / "journeys", {"common/rates.py": rates, "common/least.txt": "5"})
    assert run(["replay"]) == 0


def test_a_journey_may_read_settings_from_the_environment_while_loading(tmp_path, monkeypatch):
    project(
        tmp_path, monkeypatch, POLICY.format(imports="import os\n    LIMIT = os.getenv('LIMIT', '3')", line="pass")
    )
    assert run(["replay"]) == 0


@pytest.mark.parametrize(
    "line",
    [
        "open(__file__).close()",
        "import json.tool, colorsys",
        "from zoneinfo import ZoneInfo; ZoneInfo('Europe/Berlin')",
        "from . import more",
        "open('/dev/null', 'w').close()",
    ],
)
def test_files_of_the_agent_and_of_python_may_be_read(tmp_path, monkeypatch, line):
    project(tmp_path, monkeypatch, POLICY.format(imports="", line=line))
    write(tmp_path / "journeys", {"shop/returns/more.py": "LIMIT = 3\n"})
    assert run(["replay"]) == 0


def test_the_type_datetime_is_not_replaced(tmp_path, monkeypatch):
    imports = "from datetime import datetime\n    WHEN = datetime(2026, 1, 1)"
    project(tmp_path, monkeypatch, POLICY.format(imports=imports, line="assert type(WHEN) is datetime"))
    assert run(["replay"]) == 0
