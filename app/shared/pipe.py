"""Messages between the processes: small parts through the pipe, arrays through shared memory."""

import importlib
import itertools
import os
import pickle
from multiprocessing import resource_tracker, shared_memory
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

INLINE_BYTES = 16 << 10
"""Arrays that together are smaller than this go through the pipe."""

GPU_FULL = "The GPU has not enough memory for this, not even in smaller pieces; use the CPU or a smaller encoder."

_numbers = itertools.count()


def prefix(pid: int) -> str:
    """How the blocks that process ``pid`` makes are called."""
    return f"counterpoint-{pid}-"


def send(connection: Connection, message: Any) -> None:
    """Send any picklable object; contiguous numpy arrays at any depth travel in one block of shared memory."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    parts = [buffer.raw() for buffer in buffers]
    total = sum(part.nbytes for part in parts)
    if total < INLINE_BYTES:
        connection.send((body, None, [bytes(part) for part in parts]))
        return
    block = shared_memory.SharedMemory(f"{prefix(os.getpid())}{next(_numbers)}", create=True, size=total)
    memory, at = _memory(block), 0
    for part in parts:
        memory[at : at + part.nbytes] = part
        at += part.nbytes
    memory.release()
    connection.send((body, block.name, [part.nbytes for part in parts]))
    block.close()


def receive(connection: Connection) -> Any:
    """The next message; its block of shared memory is copied once and freed."""
    body, name, parts = connection.recv()
    if name is None:
        return pickle.loads(body, buffers=[bytearray(part) for part in parts])
    block = shared_memory.SharedMemory(name)
    content = memoryview(bytearray(_memory(block)[: sum(parts)]))
    block.close()
    block.unlink()
    buffers, at = [], 0
    for size in parts:
        buffers.append(content[at : at + size])
        at += size
    return pickle.loads(body, buffers=buffers)


def _memory(block: shared_memory.SharedMemory) -> memoryview:
    assert block.buf is not None
    return memoryview(block.buf)


def run_engine(connection: Connection, jobs_module: str, log_path: Path | None) -> None:
    """What the child process begins with: the engine is imported there, never by the window."""
    importlib.import_module("app.engine.process").serve(connection, jobs_module, log_path)


def free_blocks_of(pid: int) -> None:
    """Free what a process that died had sent or was about to send."""
    for file in Path("/dev/shm").glob(f"{prefix(pid)}*"):
        try:
            file.unlink()
        except FileNotFoundError:
            continue  # it was received meanwhile
        resource_tracker.unregister(f"/{file.name}", "shared_memory")
