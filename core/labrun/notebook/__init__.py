"""What Jupyter shows of projects, runs and results. It needs no network, and what others have written is escaped."""
