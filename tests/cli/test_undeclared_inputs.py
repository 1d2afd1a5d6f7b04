"""A replay finds undeclared inputs and side effects of journey code, with their lines."""

from __future__ import annotations

import os
import time

import msgspec
import pytest

from support.kit import ScriptedModel, converse, saved, shop, shop_files, use, write
from workbench.cli import run
from workbench.transcripts.codec import encode

TALK = [use("find_order", order_number="OL-1")], "It is on its way."

POLICY = """
    {imports}

    @returns.policy(before=find_order)
    def curious(call, conversation):
        '''Looks where it must not.'''
        {line}
"""

UNDECLARED = {
    "the clock": ("import time", "time.time()", "time.time reads the machine's clock"),
    "the clock by its name": ("from time import time as now", "now()", "time.time reads the machine's clock"),
    "today": ("from datetime import date", "date.today()", "datetime.date.today reads the machine's clock"),
    "now": ("import datetime as d", "d.datetime.now()", "datetime.datetime.now reads the machine's clock"),
    "chance": ("import random", "random.random()", "random.random is different in every run"),
    "an id": ("from uuid import uuid4", "uuid4()", "uuid.uuid4 returns a different id in every run"),
    "the clock of the process": (
        "import time",
        "time.process_time()",
        "time.process_time reads the machine's clock",
    ),
    "another clock": ("import time", "time.clock_gettime(0)", "time.clock_gettime reads the machine's clock"),
    "times": ("import os", "os.times()", "os.times reads the machine's clock"),
    "chance without a seed": (
        "import random",
        "random.Random(None)",
        "random.Random() without a seed is different",
    ),
    "the machine": ("import uuid", "uuid.getnode()", "uuid.getnode differs between machines"),
    "its name": ("import platform", "platform.node()", "platform.node differs between machines"),
    "its name in the network": (
        "import socket",
        "socket.gethostname()",
        "socket.gethostname differs between machines",
    ),
    "where it stands": ("import os", "os.getcwd()", "os.getcwd differs between machines"),
    "home": ("from os.path import expanduser", "expanduser('~')", "os.path.expanduser differs between machines"),
    "a variable in a path": (
        "import os",
        "os.path.expandvars('$HOME')",
        "os.path.expandvars differs between machines",
    ),
    "the user": ("import getpass", "getpass.getuser()", "getpass.getuser differs between machines"),
    "how it was started": ("import sys", "sys.argv[0]", "sys.argv differs between machines"),
    "the environment": ("import os", "os.environ.get('HOME')", "os.environ differs between machines"),
    "a variable": ("import os", "os.getenv('HOME')", "os.getenv differs between machines"),
    "the network": (
        "import socket",
        "socket.create_connection(('127.0.0.1', 9))",
        "undeclared side effect: uses the network (socket.getaddrinfo)",
    ),
    "a program": (
        "import subprocess",
        "subprocess.run(['true'])",
        "undeclared side effect: starts a program (subprocess.Popen)",
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
    "a process of its own": ("import os", "os.fork()", "undeclared side effect: starts a program (os.fork)"),
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
    (folder / "transcripts/t.json").write_bytes(encode(msgspec.structs.replace(saved(conversation), id="t")))


@pytest.mark.parametrize(("imports", "line", "said"), UNDECLARED.values(), ids=UNDECLARED)
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


def test_a_journey_may_open_its_log_while_loading(tmp_path, monkeypatch):
    imports = "import logging, os\n    os.mkdir('logs')\n    logging.FileHandler('logs/shop.log').close()"
    project(tmp_path, monkeypatch, POLICY.format(imports=imports, line="pass"))
    assert run(["replay"]) == 0


@pytest.mark.parametrize(
    "line", ["time.time()  # workbench: allow clock", "open('/etc/hosts').read()  # workbench: allow environment"]
)
def test_a_comment_suppresses_check_but_not_a_replay(tmp_path, monkeypatch, capsys, line):
    project(tmp_path, monkeypatch, POLICY.format(imports="import time", line=line))
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


def test_a_clock_read_while_loading_is_an_error_too(tmp_path, monkeypatch, capsys):
    project(tmp_path, monkeypatch, POLICY.format(imports="import time\n    NOW = time.time()", line="pass"))
    assert run(["replay"]) == 4
    assert "undeclared input: time.time reads the machine's clock" in capsys.readouterr().err


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


def test_a_journey_may_read_a_file_while_loading(tmp_path, monkeypatch):
    project(tmp_path, monkeypatch, POLICY.format(imports="HOST = open('/etc/hosts').close()", line="pass"))
    assert run(["replay"]) == 0


def test_the_type_datetime_is_not_replaced(tmp_path, monkeypatch):
    imports = "from datetime import datetime\n    WHEN = datetime(2026, 1, 1)"
    project(tmp_path, monkeypatch, POLICY.format(imports=imports, line="assert type(WHEN) is datetime"))
    assert run(["replay"]) == 0


def test_code_for_a_replay_is_compiled_separately(tmp_path, monkeypatch):
    project(tmp_path, monkeypatch, POLICY.format(imports="import time", line="time.time()"))
    (tmp_path / ".workbench").mkdir()
    assert run(["replay"]) == 4
    assert run(["replay"]) == 4
    assert shop(tmp_path / "recorded").agent.name == "shop"
