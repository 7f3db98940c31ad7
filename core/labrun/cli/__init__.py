"""The command line. `labrun PROJECT.yaml` is short for `labrun run PROJECT.yaml`.

One module for each command; nothing imports them but this one. Begin with `run`.
"""

from __future__ import annotations

import gc
import traceback
from typing import Any

import click
from click.shell_completion import CompletionItem

from labrun.cli.compare import compare
from labrun.cli.describe import describe
from labrun.cli.doctor import doctor
from labrun.cli.ending import end_with_main_thread
from labrun.cli.export import export
from labrun.cli.inspect import check, status, why
from labrun.cli.list_plugins import list_plugins
from labrun.cli.new import new
from labrun.cli.plan import plan
from labrun.cli.predict import predict
from labrun.cli.run import run
from labrun.cli.runs import list_runs, open_report, remove
from labrun.cli.schema import schema
from labrun.cli.simulate import simulate
from labrun.cli.store import gc as gc_command
from labrun.cli.store import verify
from labrun.cli.streams import forgiving_streams
from labrun.faults import LabrunError, did_you_mean, printable

# Loading makes some 100,000 objects that stay; scanning them again and again took a tenth of the time of `check`.
gc.set_threshold(100_000, 20, 20)

__all__ = ["main"]

TOPICS: dict[str, tuple[click.Command, ...]] = {
    "Projects": (new, check, plan, run, status, why),
    "Results": (open_report, list_runs, compare, predict, export, remove),
    "Plugins": (list_plugins, describe, simulate, schema),
    "Installation and store": (doctor, verify, gc_command),
}
"""The commands, in the order of work."""


class _Group(click.Group):
    """A group whose first word may be a project."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.commands))
        for topic, commands in TOPICS.items():
            with formatter.section(topic):
                limit = formatter.width - 6 - width
                rows = [(f"{command.name:<{width}}", command.get_short_help_str(limit)) for command in commands]
                formatter.write_dl(rows)

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="file"), *super().shell_complete(context, incomplete)]

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in self.commands:
            if word.endswith((".yaml", ".yml")):
                return "run", self.commands["run"], args
            context.fail(
                f"'{word}' is neither a command nor a project (PROJECT.yaml){did_you_mean(word, self.commands)}"
            )
        return super().resolve_command(context, args)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().__call__(*arguments, **options)
        except SystemExit as ending:
            end_with_main_thread(ending.code if isinstance(ending.code, int) else 1)
            raise

    def main(self, *arguments: Any, **options: Any) -> Any:
        with forgiving_streams():
            return super().main(*arguments, **options)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except KeyboardInterrupt as interrupt:
            if str(interrupt):
                click.echo(str(interrupt), err=True)
            context.exit(130)
        except LabrunError as error:
            if context.params.get("traceback"):
                traceback.print_exc()
            click.echo(printable(str(error)), err=True)
            context.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="labrun", prog_name="labrun")
@click.option("--traceback", is_flag=True, help="Also show the tracebacks of errors.")
def main(traceback: bool) -> None:
    """Simulate, learn, analyse and report from one YAML file.

    labrun PROJECT.yaml is short for: labrun run PROJECT.yaml
    """


for topic in TOPICS.values():
    for command in topic:
        main.add_command(command)
