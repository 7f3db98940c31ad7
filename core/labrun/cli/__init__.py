"""The command line. `labrun PROJECT.yaml` is short for `labrun run PROJECT.yaml`."""

from __future__ import annotations

import gc
import traceback
from typing import Any

import click

from labrun.cli.compare import compare
from labrun.cli.describe import describe
from labrun.cli.doctor import doctor
from labrun.cli.export import export
from labrun.cli.inspect import check, status, why
from labrun.cli.list_plugins import list_plugins
from labrun.cli.new import new
from labrun.cli.plan import plan
from labrun.cli.predict import predict
from labrun.cli.run import run
from labrun.cli.schema import schema
from labrun.cli.simulate import simulate
from labrun.cli.store import gc as gc_command
from labrun.cli.store import verify
from labrun.faults import LabrunError, did_you_mean, printable

# Loading makes some 100,000 objects that stay; looking through them again and again took a tenth of the time of `check`.
gc.set_threshold(100_000, 20, 20)

__all__ = ["main"]


class _Group(click.Group):
    """A group whose first word may be a project."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in self.commands:
            if word.endswith((".yaml", ".yml")):
                return "run", self.commands["run"], args
            context.fail(
                f"there is no command '{word}'{did_you_mean(word, self.commands)}, and it is no project (PROJECT.yaml)"
            )
        return super().resolve_command(context, args)

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
@click.option("--traceback", is_flag=True, help="Show the traceback of an error, too.")
def main(traceback: bool) -> None:
    """Simulate, learn, analyse and report from one YAML file.

    labrun PROJECT.yaml runs a project; it is short for: labrun run PROJECT.yaml
    """


for command in (
    run,
    check,
    plan,
    status,
    why,
    list_plugins,
    describe,
    schema,
    doctor,
    simulate,
    predict,
    new,
    compare,
    export,
    verify,
    gc_command,
):
    main.add_command(command)
