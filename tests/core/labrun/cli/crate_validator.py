"""The validator of RO-Crates (`pip install roc-validator`), called without a network.

It needs an older rich than labrun's tests, so it has an environment of its own: `.ci/run` makes `.venv/validator`. Elsewhere,
ROCRATE_VALIDATOR names the program, or it is on the PATH. Its profiles come with it; the two JSON-LD contexts that crates name are put
into its cache of web pages.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import rocrate
from tests.waiting import HANG

__all__ = ["find_validator", "validate"]

OWN = Path(__file__).parents[4] / ".venv/validator/bin/rocrate-validator"

BIOSCHEMAS = "https://bioschemas.org/"
TERMS = ("resourceUsage", "sha256", "ParameterConnection", "connection", "sourceParameter", "targetParameter")
"""Those of Workflow Run RO-Crate that labrun writes."""

FILL = """
import io, json, sys
import requests, requests_cache, urllib3
from requests.adapters import BaseAdapter

folder, pages = sys.argv[1], json.load(sys.stdin)

class Pages(BaseAdapter):
    def send(self, request, **_):
        response, body = requests.Response(), json.dumps(pages[request.url]).encode()
        response.status_code, response.url, response.request = 200, request.url, request
        response.headers["Content-Type"] = "application/ld+json"
        response.raw = urllib3.HTTPResponse(io.BytesIO(body), response.headers, 200, preload_content=False)
        return response

    def close(self):
        pass

session = requests_cache.CachedSession(folder + "/cache", backend="sqlite", expire_after=-1)
session.mount("https://", Pages())
for url in pages:
    session.get(url)
"""


def find_validator() -> Path | None:
    """Return the path of the program, or None if it is not installed."""
    named = os.environ.get("ROCRATE_VALIDATOR") or shutil.which("rocrate-validator") or OWN
    return path if (path := Path(named)).exists() else None


def contexts() -> dict[str, object]:
    """The contexts of RO-Crate 1.1 and of Workflow Run RO-Crate, as far as labrun's crates use them.

    That of RO-Crate 1.3 comes with the package `rocrate`; it differs from 1.1 in the terms of Bioschemas.
    """
    page = json.loads((Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_text(encoding="utf-8"))
    page["@context"] |= {name: BIOSCHEMAS + name for name in ("ComputationalWorkflow", "FormalParameter")}
    page["@context"] |= {name: f"{BIOSCHEMAS}ComputationalWorkflow#{name}" for name in ("input", "output")}
    return {
        "https://w3id.org/ro/crate/1.1/context": page,
        "https://w3id.org/ro/terms/workflow-run/context": {
            "@context": {name: f"https://w3id.org/ro/terms/workflow-run#{name}" for name in TERMS}
        },
    }


def validate(validator: Path, crate: Path, profile: str, folder: Path) -> list[str]:
    """Return the requirements of a profile that a crate does not meet, with the entity; `folder` holds the validator's files."""
    python = validator.parent / "python"
    subprocess.run(
        [python, "-c", FILL, folder], input=json.dumps(contexts()), text=True, check=True, timeout=HANG, cwd=folder
    )
    report = folder / "report.json"
    words = ["--no-interactive", "validate", "--no-auto-profile", "--profile-identifier", profile, "--offline"]
    words += ["--cache-path", folder / "cache", "--output-format", "json", "--output-file", report, crate]
    done = subprocess.run([validator, *words], capture_output=True, text=True, check=False, timeout=HANG)
    assert report.exists(), done.stdout + done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    assert found["statistics"]["total_checks"] > 80
    return [f"{issue['violatingEntity']}: {issue['message']}" for issue in found["issues"]]
