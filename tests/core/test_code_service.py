"""An agent's code and its workers, with workers that are told what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from workbench.errors import UsageError
from workbench.replay.verdict import ReplayResult
from workbench.runtime.protocol import AgentInfo, Request, WorkerEvent
from workbench.workspace.code_service import CodeService
from workbench.workspace.session import Session


class Hand:
    """A worker of the code it was started on."""

    def __init__(self, code: str) -> None:
        self.agent_info = AgentInfo(name="shop", code=code, model="script")
        self.alive = True
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> AsyncIterator[WorkerEvent]:
        self.asked.append(request)
        return
        yield

    def stop_turn(self) -> None:
        pass

    def close(self) -> None:
        self.alive = False


class Hands:
    """Starts workers of `code`, as it is when a start begins; where `slow`, each when `go` is set."""

    def __init__(self) -> None:
        self.code, self.slow, self.started = "old", False, []
        self.go = asyncio.Event()

    async def start(self, agent: str, model: str, params: object) -> Hand:
        hand, slow = Hand(self.code), self.slow
        if slow:
            await self.go.wait()
        self.started.append(hand)
        return hand

    async def replay(self, data: bytes) -> ReplayResult:
        raise NotImplementedError


class Notes:
    """A store that keeps nothing but what it was told."""

    problem = ""

    def __init__(self) -> None:
        self.told: list[object] = []

    def claim(self, session: str) -> str:
        return ""

    def begin(self, session: str, head: object) -> None:
        self.told.append(head)

    def append(self, session: str, record: object) -> None:
        self.told.append(record)


def test_a_worker_started_before_a_save_is_not_used_after_it() -> None:
    async def flow() -> None:
        host = Hands()
        code_service = CodeService(host, "shop", "script")
        await code_service.reload()
        async with code_service.borrow_worker():  # the only one is lent out
            host.slow = True

            async def borrow() -> str:
                async with code_service.borrow_worker() as worker:
                    return worker.agent_info.code

            second = asyncio.create_task(borrow())
            await asyncio.sleep(0)  # its start has begun, on the old code
            host.code, host.slow = "new", False
            await code_service.reload()
            host.go.set()
            assert await second == "new"
        assert code_service.agent_info is not None
        assert code_service.agent_info.code == "new"
        assert {hand.agent_info.code for hand in host.started if hand.alive} == {"new"}

    asyncio.run(flow())


def test_a_worker_with_older_code_is_not_reused() -> None:
    async def flow() -> None:
        host = Hands()
        code_service = CodeService(host, "shop", "script")
        await code_service.reload()
        async with code_service.borrow_worker():
            host.code = "new"  # saved, and nobody has said so yet
            async with code_service.borrow_worker() as second:
                assert second.agent_info.code == "new"
        assert {hand.agent_info.code for hand in host.started if hand.alive} == {"new"}

    asyncio.run(flow())


def test_a_turn_interrupted_before_a_worker_was_ready_does_not_run() -> None:
    async def flow() -> None:
        host, notes = Hands(), Notes()
        code_service = CodeService(host, "shop", "script")
        session = Session(code_service, notes)  # type: ignore[arg-type]
        host.slow = True
        turn = asyncio.create_task(session.send("hello"))
        await asyncio.sleep(0)
        assert session.busy
        session.turn.interrupt()
        host.go.set()
        with pytest.raises(UsageError, match="interrupted"):
            await turn
        assert not session.busy
        assert notes.told == []
        assert [hand.asked for hand in host.started] == [[]]

    asyncio.run(flow())
