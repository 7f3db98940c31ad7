"""Run as a program: compile and cache a kernel, as simulators do, and print the result as JSON."""

from __future__ import annotations

import json


def main() -> None:
    """Compile a kernel, call it, and print where Numba caches it."""
    import numba

    @numba.njit(cache=True)  # type: ignore[untyped-decorator]
    def total(count: int) -> int:
        result = 0
        for i in range(count):
            result += i
        return result

    assert total(4) == 6
    print(json.dumps({"version": numba.__version__, "cache": total.stats.cache_path}))


if __name__ == "__main__":
    main()
