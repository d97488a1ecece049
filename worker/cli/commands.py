"""What all commands have in common."""

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperOption
from typing_extensions import override

F = TypeVar("F", bound=Callable[..., Any])


class OfflineCommand(TyperCommand):
    """Refuses an option that is given twice where only one value would count."""

    @override
    def parse_args(  # type: ignore[override] # the base class takes a private class of typer
        self, ctx: typer.Context, args: list[str]
    ) -> list[str]:
        asks_for_help = not {*ctx.help_option_names}.isdisjoint(args)
        if not (ctx.resilient_parsing or asks_for_help):
            self._refuse_twice(ctx, list(args))
        return super().parse_args(ctx, args)

    def _refuse_twice(self, ctx: typer.Context, args: list[str]) -> None:
        *_, given = self.make_parser(ctx).parse_args(args)
        for param in given:
            takes_one = isinstance(param, TyperOption) and not (param.multiple or param.is_flag)
            if takes_one and given.count(param) > 1:
                ctx.fail(f"Option '{param.opts[0]}' takes one value and is given twice.")


class ServerCommand(OfflineCommand):
    """Prepares the process for servers, which help and commands without servers do not need."""

    @override
    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override] # as above
        from worker.infra.messaging.amqp.refused_connections import hear_refusals
        from worker.infra.telemetry.logging import configure_logging

        hear_refusals()
        configure_logging("warning", "console")
        return super().invoke(ctx)


class Commands(typer.Typer):
    """A group of commands, each a `ServerCommand` unless it says otherwise."""

    @override
    def command(
        self,
        name: str | None = None,
        *,
        cls: type[TyperCommand] | None = ServerCommand,
        **options: Any,
    ) -> Callable[[F], F]:
        return super().command(name, cls=cls, **options)
