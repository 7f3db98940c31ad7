"""The report of a run: one HTML page with all figures inline, which needs no network and no server.

The session registers its writer; notebooks use its graph. Begin with `writer`, then `page`.
"""

from labrun.report.writer import ReportWriter, write_report

__all__ = ["ReportWriter", "write_report"]
