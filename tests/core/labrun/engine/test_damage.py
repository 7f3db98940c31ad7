"""Damage at random places of a store: noticed, not used, made again. `python -m benchmarks.damage 200` does more of it."""

from __future__ import annotations

from benchmarks.damage import damage_at_random


def test_twenty_random_places(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tally = damage_at_random(tmp_path / "project", 20, 1)
    assert tally.failures == []
    assert (tally.damaged, tally.noticed, tally.rounds, tally.restored) == (20, 20, 5, 5)
