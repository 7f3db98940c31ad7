"""Export a run as a Workflow Run RO-Crate: a folder whose `ro-crate-metadata.json` describes what made what, for other programs.

It follows the profiles of https://w3id.org/ro/wfrun: Process, Workflow and Provenance Run Crate 0.5, and Workflow RO-Crate 1.0. It
uses the library `rocrate` (extra `crate`).
"""

from __future__ import annotations

from labrun.crate.writing import Written, write_crate

__all__ = ["Written", "write_crate"]
