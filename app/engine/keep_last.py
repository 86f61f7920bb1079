"""What a job computed is kept for the next one."""

from collections.abc import Callable, Hashable
from threading import Condition, Lock
from typing import TypeVar, cast

from cachetools import LRUCache, cached

Function = TypeVar("Function", bound=Callable[..., object])


def keep_last(
    size: int, key: Callable[..., Hashable], bytes_of: Callable[..., int] | None = None
) -> Callable[[Function], Function]:
    """Make a decorator that keeps the last ``size`` results of a function by ``key(*arguments)``.

    With ``bytes_of`` a result, ``size`` is in bytes instead. Two lanes that ask for the same at once compute it once. Keys are the request's own values, so that a restarted
    engine computes it again.
    """

    def decorate(function: Function) -> Function:
        lock = Lock()
        kept = cached(LRUCache(size, getsizeof=bytes_of), key=key, lock=lock, condition=Condition(lock))
        return cast("Function", kept(function))

    return decorate
