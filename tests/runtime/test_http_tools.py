"""Tools that call systems outside through the client they are handed: kept on the tape, and replayed from it."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time

import httpx
import msgspec
import pytest

from support.kit import JOURNEY, ScriptedModel, saved, shop, use
from workbench.engine.conversation import ConversationRun
from workbench.engine.sandbox import Sandbox
from workbench.engine.turn import run_turn
from workbench.replay.judge import replay
from workbench.replay.verdict import Options, Verdict
from workbench.runtime.http_recording import (
    MAX_BODY,
    _exchange,
    request_difference,
)
from workbench.runtime.json_layout import LAYOUTS, layout_of, write
from workbench.runtime.loader import make_world
from workbench.trace.events import HttpExchange
from workbench.transcripts.codec import decode, encode
from workbench.transcripts.redaction import Redactor, redact
from workbench.transcripts.secrets import HIDDEN, hide, is_secret_name

WORLD = Options(tools="sandbox")
TRACK = '''
    import httpx

    @returns.tool
    def track(parcel: str, http: httpx.Client) -> str:
        """Where a parcel is."""
        got = http.post("{url}/track?parcel=" + parcel, json={{"parcel": parcel, "token": "sk-123"}})
        return got.json()["place"]
'''


class Carrier(http.server.BaseHTTPRequestHandler):
    """A system of somebody else's, on loopback."""

    asked = 0

    def do_POST(self):
        Carrier.asked += 1
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = json.dumps({"place": f"{body['parcel']} is in Ghent", "access_token": "secret!"}).encode()
        self.send_response(200 if body["parcel"] != "P-9" else 500)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args):
        pass


@pytest.fixture
def carrier():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Carrier)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Carrier.asked = 0
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def journey(url, old="", new=""):
    return JOURNEY + TRACK.format(url=url).replace(old, new)


def tracked(folder, url, *calls):
    """A conversation in which the carrier was really asked."""
    loaded = shop(folder / "then", journey=journey(url))
    conversation = ConversationRun(loaded.agent, loaded.fixtures["base"].setup)
    model = ScriptedModel([use("track", parcel=parcel) for parcel in calls or ("P-1",)], "It is there.")
    sandbox = Sandbox(make_world(loaded, conversation.setup))
    asyncio.run(run_turn(conversation, "where is it?", model, sandbox))
    return decode(encode(saved(conversation)))


def again(folder, transcript, code):
    loaded = shop(folder / "now", journey=code)
    return replay(transcript, loaded.agent, WORLD, lambda setup: make_world(loaded, setup, recorded=True))


def exchanges(transcript):
    return [step for step in transcript.events if isinstance(step, HttpExchange)]


def test_the_exchanges_of_a_tool_are_recorded_as_steps_of_its_call(tmp_path, carrier):
    transcript = tracked(tmp_path, carrier)
    made = exchanges(transcript)
    assert [(str(e.step_id), e.method, e.status) for e in made] == [("1.1.1", "POST", 200)]
    assert made[0].url == f"{carrier}/track?parcel=P-1"
    assert made[0].response_body["place"] == "P-1 is in Ghent"


def test_values_with_names_of_secrets_are_not_recorded(tmp_path, carrier):
    kept = encode(tracked(tmp_path, carrier)).decode()
    assert "sk-123" not in kept
    assert "secret!" not in kept


def test_a_replay_with_tools_uses_recorded_responses_and_sends_no_request(tmp_path, carrier):
    transcript = tracked(tmp_path, carrier)
    asked = Carrier.asked
    assert again(tmp_path, transcript, journey(carrier)).verdict is Verdict.PASS
    assert Carrier.asked == asked


def test_a_request_that_is_not_in_the_recording_fails_and_names_the_nearest_one(tmp_path, carrier):
    transcript = tracked(tmp_path, carrier)
    changed = journey(carrier, '"parcel": parcel,', '"parcel": parcel, "fast": True,')
    outcome = again(tmp_path, transcript, changed)
    assert outcome.verdict is Verdict.TOOL_ERROR
    assert f"the recording does not contain POST {carrier}/track?parcel=P-1" in outcome.why
    assert "body.fast is new" in outcome.why


def test_an_unrecorded_request_fails_the_replay_even_if_the_tool_catches_the_error(tmp_path, carrier):
    transcript = tracked(tmp_path, carrier)
    asked = "        got = http.post("
    hidden = "with contextlib.suppress(Exception): http.get('http://other/')"
    hiding = journey(carrier).replace(asked, f"        import contextlib\n        {hidden}\n{asked}")
    outcome = again(tmp_path, transcript, hiding)
    assert outcome.verdict is Verdict.TOOL_ERROR
    assert "its host was 127.0.0.1" in outcome.why


def test_a_recorded_request_that_is_no_longer_sent_is_stale(tmp_path, carrier):
    transcript = tracked(tmp_path, carrier)
    silent = journey(carrier).split("        got = ")[0] + '        return "P-1 is in Ghent"\n'
    outcome = again(tmp_path, transcript, silent)
    assert outcome.verdict is Verdict.STALE
    assert "no longer requests: POST" in outcome.why


def test_two_calls_of_one_answer_each_have_their_own_exchange(tmp_path, carrier):
    transcript = tracked(tmp_path, carrier, "P-1", "P-2")
    assert [str(e.step_id) for e in exchanges(transcript)] == ["1.1.1", "1.1.2"]
    assert again(tmp_path, transcript, journey(carrier)).verdict is Verdict.PASS


def test_a_failed_connection_is_recorded_and_replayed(tmp_path):
    nobody = "http://127.0.0.1:1"
    transcript = tracked(tmp_path, nobody)
    made = exchanges(transcript)
    assert made[0].status == 0
    assert "ConnectError" in made[0].response_body
    assert again(tmp_path, transcript, journey(nobody)).verdict is Verdict.PASS


def test_requests_of_an_async_client_are_recorded_and_replayed(tmp_path, carrier):
    def waiting(code):
        code = code.replace("def track", "async def track").replace("httpx.Client", "httpx.AsyncClient")
        return code.replace("http.post(", "await http.post(")

    loaded = shop(tmp_path / "then", journey=waiting(journey(carrier)))
    conversation = ConversationRun(loaded.agent, loaded.fixtures["base"].setup)
    model = ScriptedModel([use("track", parcel="P-1")], "It is there.")
    asyncio.run(run_turn(conversation, "where?", model, Sandbox(make_world(loaded, conversation.setup))))
    transcript = saved(conversation)
    asked = Carrier.asked
    assert len(exchanges(transcript)) == 1
    assert again(tmp_path, transcript, waiting(journey(carrier))).verdict is Verdict.PASS
    assert Carrier.asked == asked


def test_a_default_replay_runs_no_tool_and_needs_no_exchange(tmp_path, carrier):
    transcript = tracked(tmp_path, carrier)
    loaded = shop(tmp_path / "now", journey=journey("http://elsewhere"))
    assert replay(transcript, loaded.agent).verdict is Verdict.PASS


def asking(url, content=b""):
    return _exchange((1, 1, 1), 1, httpx.Request("POST", url, content=content))


def test_two_long_bodies_of_one_length_make_different_requests():
    one, other = (asking("http://carrier.example/", letter * (MAX_BODY + 1)) for letter in (b"a", b"b"))
    assert request_difference(one, one) == ""
    assert "body" in request_difference(one, other)
    assert len(str(one.request_body)) < 200


def test_the_same_address_without_encryption_is_a_different_request():
    assert "its scheme was https" in request_difference(
        asking("https://carrier.example/"), asking("http://carrier.example/")
    )


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *[
            (name, True)
            for name in ("token", "accessToken", "refresh_token", "clientSecret", "sessionId", "session_id")
        ],
        *[(name, True) for name in ("api_key", "X-API-Key", "apiKey", "otp", "cookie", "PASSWORD", "Set-Cookie")],
        *[(name, False) for name in ("output_tokens", "keyboard", "id", "orderId", "secretary", "", "session")],
    ],
)
def test_a_secret_is_recognized_by_the_last_word_of_its_name(name, secret):
    assert is_secret_name(name) == secret


def test_every_value_below_a_secret_name_is_hidden_and_the_shape_stays():
    body = {"token": {"value": "A5", "ttl": 3600, "parts": ["x"], "valid": True}, "cookie": "A7", "place": "Ghent"}
    assert hide(body) == {
        "token": {"value": HIDDEN, "ttl": 0, "parts": [HIDDEN], "valid": True}, "cookie": HIDDEN, "place": "Ghent",
    }  # fmt: skip


# headers and errors


class Odd(http.server.BaseHTTPRequestHandler):
    """A system with headers, redirects, slow answers and JSON laid out in its own way."""

    def do_GET(self):
        if "slow" in self.path:
            time.sleep(1)
        self.send_response(302 if "moved" in self.path else 200)
        self.send_header("x-next", "42")
        self.send_header("set-cookie", "session=abc")
        self.send_header("location", "/ok?token=abcdef&at=1")
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(
            json.dumps({"ü": 1.50, "b": [1, 2]}, indent=4 if "indented" in self.path else None).encode()
        )

    def log_message(self, *args):
        pass


@pytest.fixture
def odd():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


READ = '''
    import httpx

    @returns.tool
    def track(parcel: str, http: httpx.Client) -> str:
        """Where a parcel is."""
        try:
            return {read}
        except httpx.TimeoutException as error:
            return f"later: {{error}}"
        except httpx.HTTPError as error:
            return f"{{type(error).__name__}}: {{error}}"
'''


@pytest.mark.parametrize(
    "read",
    [
        'http.get("{url}/ok").headers["x-next"]',
        'http.get("{url}/ok").headers["location"].split("?")[0]',
        'http.get("{url}/ok").headers.get("content-length", "none")',
        'http.get("{url}/ok").text',
        'http.get("{url}/indented").text',
        'http.get("{url}/moved", follow_redirects=True).text',
        'http.get("{url}/slow", timeout=0.2).text',
        'http.get("http://127.0.0.1:1/").text',
        'http.get("ftp://127.0.0.1:1/").text',
    ],
)
def test_a_tool_that_reads_headers_texts_or_errors_gets_the_same_in_a_replay(tmp_path, odd, read):
    code = JOURNEY + READ.format(read=read.format(url=odd))
    loaded = shop(tmp_path / "then", journey=code)
    conversation = ConversationRun(loaded.agent, loaded.fixtures["base"].setup)
    model = ScriptedModel([use("track", parcel="P-1")], "It is there.")
    asyncio.run(run_turn(conversation, "where?", model, Sandbox(make_world(loaded, conversation.setup))))
    transcript = decode(encode(saved(conversation)))
    outcome = again(tmp_path, transcript, code)
    assert (outcome.verdict, outcome.why) == (Verdict.PASS, "")
    assert b"session=abc" not in encode(transcript)
    assert b"abcdef" not in encode(transcript)


def test_a_changed_header_that_a_tool_reads_is_noticed(tmp_path, odd):
    code = JOURNEY + READ.format(read=f'http.get("{odd}/ok").headers["x-next"]')
    loaded = shop(tmp_path / "then", journey=code)
    conversation = ConversationRun(loaded.agent, loaded.fixtures["base"].setup)
    model = ScriptedModel([use("track", parcel="P-1")], "It is there.")
    asyncio.run(run_turn(conversation, "where?", model, Sandbox(make_world(loaded, conversation.setup))))
    events = [
        msgspec.structs.replace(e, headers={**e.headers, "x-next": "43"}) if isinstance(e, HttpExchange) else e
        for e in saved(conversation).events
    ]
    changed = msgspec.structs.replace(saved(conversation), events=events)
    assert again(tmp_path, changed, code).verdict is Verdict.STALE


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_json_text_is_written_in_its_recorded_layout(layout):
    value = {"ü": [1, {"b": None}], "c": "x y, z: 1"}
    assert write(value, layout_of(write(value, layout), value)) == write(value, layout)


def test_a_request_with_personal_data_is_found_in_a_redacted_recording(carrier, tmp_path):
    code = journey(
        carrier,
        '"parcel": parcel,',
        '"parcel": parcel, "reply_to": "help@wool-shop.de", "phone": "+49 30 1234567",',
    )
    loaded = shop(tmp_path / "then", journey=code)
    conversation = ConversationRun(loaded.agent, loaded.fixtures["base"].setup)
    model = ScriptedModel([use("track", parcel="ida@posteo.de")], "It is there.")
    asyncio.run(run_turn(conversation, "where?", model, Sandbox(make_world(loaded, conversation.setup))))
    clean = redact(saved(conversation), Redactor())
    assert "posteo" not in encode(clean).decode()
    outcome = again(tmp_path, clean, code)
    assert outcome.verdict is Verdict.PASS, outcome.why
