"""Run as a program: a kernel is compiled and kept, as those of simulators are; what was found is printed as JSON."""

from __future__ import annotations

import json


def main() -> None:
    """Compile, call and look."""
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
