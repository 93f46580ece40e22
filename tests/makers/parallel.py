"""Work that begins in many threads at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def together(n: int, work: Callable[[int], T]) -> list[T]:
    """Run ``work`` in so many threads at once; the answers in order. Raises what the first failing one raised."""
    gate = threading.Barrier(n)

    def one(index: int) -> T:
        gate.wait(timeout=30)
        return work(index)

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))
