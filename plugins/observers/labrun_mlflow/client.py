"""A client of MLflow that keeps quiet: no telemetry, no lines on the terminal, no minutes of waiting for a server that is gone."""

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
    "MLFLOW_ALLOW_FILE_STORE": "true",  # MLflow 3 refuses folders otherwise; a person who names one wants it
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # of itself, it tries for minutes before it says that there is no server
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
NEEDED_BY_DATABASES = ("sqlalchemy", "alembic")


def open_client() -> MlflowClient:
    """The client of the place that `MLFLOW_TRACKING_URI` names. Its message never repeats that address, which may hold a password.

    Raises:
        LabrunError: MLflow is not installed, or not what it needs for a database.
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
