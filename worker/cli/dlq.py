"""Dead letters: `dlq list`."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Annotated

import typer
from aiormq.abc import DeliveredMessage

from worker.cli.output import AS_JSON, print_json, print_table
from worker.infra.messaging.dead_letters import look_at_dead_letters
from worker.infra.messaging.tolerant_properties import tolerate_undecodable_properties
from worker.settings import read_settings

app = typer.Typer(help="Look at the dead letters.", no_args_is_help=True)


@dataclass(slots=True)
class Group:
    """Dead letters of one code and type."""

    messages: int = 0
    sample_id: str | None = None
    sample_detail: str = ""
    ids: set[str] = field(default_factory=set)


@app.callback()
def dead_letters() -> None:
    """Look at the dead letters."""


@app.command("list")
def list_(*, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Group the dead letters by error code and type; none is taken away."""
    tolerate_undecodable_properties()
    groups: defaultdict[tuple[str, str], Group] = defaultdict(Group)

    def look(message: DeliveredMessage) -> None:
        properties = message.header.properties
        headers = properties.headers or {}
        code = str(headers.get("x-error-code") or f"broker:{headers.get('x-first-death-reason')!s}")
        group = groups[code, properties.message_type or ""]
        group.messages += 1
        group.ids.add(properties.message_id or "")
        group.sample_id = group.sample_id or properties.message_id
        group.sample_detail = group.sample_detail or str(headers.get("x-error-detail", ""))

    total = asyncio.run(look_at_dead_letters(read_settings().rabbitmq_url.get_secret_value(), look))
    rows = [
        {
            "code": code,
            "type": type_,
            "messages": group.messages,
            "distinct": len(group.ids),
            "sample_id": group.sample_id,
            "sample_detail": group.sample_detail,
        }
        for (code, type_), group in sorted(groups.items())
    ]
    if as_json:
        print_json({"total": total, "groups": rows})
        return
    columns = ("code", "type", "#messages", "#distinct", "sample id", "sample detail")
    print_table(f"{total} dead letters", columns, [tuple(row.values()) for row in rows])
