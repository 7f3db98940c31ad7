"""`labrun export`: a run as a crate that other programs understand."""

from __future__ import annotations

from pathlib import Path

import click

from labrun.faults import Fault, ProjectFaults, printable

__all__ = ["export"]


@click.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option(
    "--ro-crate",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder, or the file .zip, that is written; it must not be there yet.",
)
@click.option("--members", is_flag=True, help="Take the arrays of the simulations along, too; they may be large.")
@click.option(
    "--license",
    "licence",
    metavar="URL",
    default="",
    help="The address of the licence, such as https://spdx.org/licenses/CC-BY-4.0",
)
def export(run: Path, target: Path, members: bool, licence: str) -> None:
    """Write a Workflow Run RO-Crate of RUN, the folder of a run such as runs/gray_scott.

    It holds the project with its tables and plugin files, the report, tables, figures and models, and says in
    ro-crate-metadata.json which stage made what, when, from what, with which plugin, version and seed.
    """
    from labrun.crate import write_crate

    if licence and not licence.startswith(("https://", "http://")):
        raise ProjectFaults([Fault(f"--license is the address of a licence, https://…, not '{licence}'")])
    written = write_crate(run, target, members, licence)
    click.echo(f"wrote {target}: {written.files} files of {written.stages} stages")
    for remark in written.remarks:
        click.echo(printable(remark), err=True)
