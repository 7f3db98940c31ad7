"""Open a quiet client of MLflow: no telemetry, no lines on the terminal, no long waits for a missing server."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from labrun import LabrunError

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["open_client"]

NEVER_TELEMETRY = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
UNLESS_SET = {
    "MLFLOW_ALLOW_FILE_STORE": "true",  # MLflow 3 refuses folders otherwise, but the user named one
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # by default it retries for minutes before it reports a missing server
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
NEEDED_BY_DATABASES = ("sqlalchemy", "alembic")


def open_client() -> MlflowClient:
    """Return a client for `MLFLOW_TRACKING_URI`. Messages never repeat that address, which may hold a password.

    Raises:
        LabrunError: MLflow, or a package that it needs for a database, is not installed.
    """
    os.environ.update(NEVER_TELEMETRY)
    for name, value in UNLESS_SET.items():
        os.environ.setdefault(name, value)
    scheme = os.environ["MLFLOW_TRACKING_URI"].partition(":")[0].partition("+")[0]
    missing = [name for name in NEEDED_BY_DATABASES if find_spec(name) is None]
    if find_spec("mlflow") is None:
        raise LabrunError(
            "MLFLOW_TRACKING_URI is set, but MLflow is not installed: pip install 'labrun[mlflow]', or unset the variable"
        )
    if scheme in DATABASES and missing:
        raise LabrunError(
            f"MLFLOW_TRACKING_URI names a database ({scheme}), for which MLflow needs {' and '.join(missing)}: pip install "
            f"{' '.join(missing)}, or name a folder (file:///…) or a server (http://…)"
        )
    from mlflow import MlflowClient

    return MlflowClient()
