"""`labrun export`: write a run as an RO-Crate, which other programs read."""

from __future__ import annotations

from pathlib import Path

import click

from labrun.amounts import counted
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
    help="New folder or .zip file to write.",
)
@click.option("--members", is_flag=True, help="Include the arrays of the simulations, which may be large.")
@click.option(
    "--license",
    "licence",
    metavar="URL",
    default="",
    help="Address of the licence, such as https://spdx.org/licenses/CC-BY-4.0.",
)
def export(run: Path, target: Path, members: bool, licence: str) -> None:
    """Write a run as a Workflow Run RO-Crate.

    RUN is the folder of a run, such as runs/gray_scott. The crate holds the project with its tables and plugin files, the report,
    tables, figures and models. Its ro-crate-metadata.json records which stage made each file, when, from which inputs, and with
    which plugin, version and seed.
    """
    from labrun.crate import write_crate

    if licence and not licence.startswith(("https://", "http://")):
        raise ProjectFaults([Fault(f"--license takes the address of a licence, https://…, not '{licence}'")])
    written = write_crate(run, target, members, licence)
    click.echo(f"wrote {target}: {counted(written.files, 'files')} of {counted(written.stages, 'stages')}")
    for remark in written.remarks:
        click.echo(printable(remark), err=True)
