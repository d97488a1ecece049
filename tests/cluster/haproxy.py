"""HAProxy before two nodes of Patroni: one address, which leads to the primary."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dev.servers.ports import LOOPBACK, accepts_connections, free_port
from dev.servers.process import ServerProcess
from tests.cluster.patroni_node import PatroniNode
from tests.cluster.programs import find_or_skip

_CONFIGURATION = """\
defaults
  mode tcp
  timeout connect 2s
  timeout check 2s
  timeout client 30m
  timeout server 30m

listen primary
  bind {address}
  option httpchk GET /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
"""


@contextmanager
def haproxy_before(nodes: Sequence[PatroniNode], folder: Path) -> Iterator[int]:
    """Yields its port."""
    program, port = find_or_skip("haproxy"), free_port()
    servers = [
        f"  server {node.name} {LOOPBACK}:{node.port} check port {node.rest_port}\n"
        for node in nodes
    ]
    file = folder / "haproxy.cfg"
    file.write_text(_CONFIGURATION.format(address=f"{LOOPBACK}:{port}") + "".join(servers))
    process = ServerProcess("haproxy", [program, "-db", "-f", str(file)], folder=folder, env={})
    try:
        process.wait_until(lambda: accepts_connections(port), timeout=30)
        yield port
    finally:
        process.end(signal.SIGKILL)
