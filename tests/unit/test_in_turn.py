"""Addresses are literal, so that no name has to be resolved."""

import asyncio

import pytest

from worker.infra.hosts import Host
from worker.infra.in_turn import InTurn, NoServerError, Server

HOSTS = [Host("127.0.0.1", 1), Host("127.0.0.2", 2), Host("::1", 3)]


class Servers:
    """Servers that let in, refuse or say nothing, and how long each was waited for."""

    def __init__(self, **answers_after: float) -> None:
        self._answers_after = {name.removeprefix("port_"): s for name, s in answers_after.items()}
        self.tried: list[str] = []

    async def connect(self, server: Server) -> str:
        self.tried.append(server.label)
        seconds = self._answers_after.get(str(server.host.port))
        if seconds is None:
            await asyncio.sleep(0.001)
            raise ConnectionRefusedError("refused")
        await asyncio.sleep(seconds)
        return server.label


def in_turn(first_round: float = 0.05, total: float = 1) -> InTurn:
    return InTurn(
        variable="SOME_URL",
        order=lambda servers: servers,
        errors=(OSError,),
        in_brief=str,
        first_round=first_round,
        total=total,
    )


async def test_a_silent_server_costs_its_own_time_alone() -> None:
    servers = Servers(port_1=60, port_2=0)

    assert await in_turn(total=60).connect(HOSTS, servers.connect) == "127.0.0.2:2"
    assert servers.tried == ["127.0.0.1:1", "127.0.0.2:2"]


async def test_a_slow_server_is_let_more_time_in_later_rounds() -> None:
    servers = Servers(port_1=60, port_2=0.15)

    assert await in_turn(total=60).connect(HOSTS, servers.connect) == "127.0.0.2:2"
    assert len(servers.tried) > len(HOSTS)


async def test_a_round_of_refusals_is_the_last() -> None:
    servers = Servers()

    with pytest.raises(NoServerError) as none:
        await in_turn().connect(HOSTS, servers.connect)

    assert len(servers.tried) == len(HOSTS)
    assert str(none.value) == (
        "no host of SOME_URL can be used: 127.0.0.1:1, 127.0.0.2:2, [::1]:3: refused"
    )


async def test_what_each_said_is_kept_when_the_time_is_up() -> None:
    servers = Servers(port_1=60)

    with pytest.raises(NoServerError) as none:
        await in_turn().connect(HOSTS, servers.connect)

    assert str(none.value) == (
        "no host of SOME_URL can be used: 127.0.0.1:1: no answer; 127.0.0.2:2, [::1]:3: refused"
    )


async def test_a_server_that_is_alone_gets_all_the_time_and_its_error_is_told_as_it_is() -> None:
    slow, refusing = Servers(port_1=0.2), Servers()

    assert await in_turn().connect(HOSTS[:1], slow.connect) == "127.0.0.1:1"
    with pytest.raises(ConnectionRefusedError, match=r"^refused$"):
        await in_turn().connect(HOSTS[:1], refusing.connect)
    assert slow.tried == refusing.tried == ["127.0.0.1:1"]


async def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(NoServerError, match=r"no-such-host\.invalid:5: .*Errno"):
        await in_turn(total=20).connect([Host("no-such-host.invalid", 5)], Servers().connect)
