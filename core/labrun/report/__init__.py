"""The report of a run: one HTML page with all figures in line, which needs no network and no server."""

from labrun.report.writer import ReportWriter, write_report

__all__ = ["ReportWriter", "write_report"]
