import pytest

from tests.support.subscriptions import FakeChannel, Opened


@pytest.fixture
async def channel() -> FakeChannel:
    """A channel without a broker."""
    return FakeChannel()


@pytest.fixture
async def subscription(channel: FakeChannel) -> Opened:
    """A subscription that consumes on it."""
    opened = Opened()
    await opened.begin(channel)
    return opened
