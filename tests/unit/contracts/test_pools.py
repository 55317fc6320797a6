"""The contract, for every pool there is."""

from engine.cache import MemoryCache
from engine.pool import WorkerPool
from engine.pool_local import LocalPool
from tests.support.toy_worker import process_pool, toys
from tests.support.toys import new_lanes
from tests.unit.contracts.pool_contract import PoolContract


class TestLocalPool(PoolContract):
    def make(self) -> WorkerPool:
        return LocalPool(toys, MemoryCache(10**6), new_lanes())


class TestProcessPool(PoolContract):
    def make(self) -> WorkerPool:
        return process_pool()
