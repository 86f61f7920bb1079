"""The engine process, really spawned: results, arrays, cancel, crash, restart."""

import gc
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from app.shared.pipe import GPU_FULL
from app.window.engine_client import EngineClient


@pytest.fixture
def engine(qtbot, tmp_path):
    engine = EngineClient("tests.app.engine.jobs", log_path=tmp_path / "engine.log", grace=0.4)
    with qtbot.waitSignal(engine.ready, timeout=20_000):
        engine.start()
    yield engine
    engine.shutdown()


def result(qtbot, engine, job, timeout=15_000, **arguments):
    request = engine.submit(job, **arguments)
    with qtbot.waitSignal(request.done, timeout=timeout) as got:
        pass
    return got.args[0]


def test_result_comes_from_another_process(qtbot, engine):
    answer = result(qtbot, engine, "echo", value={"a": (1, 2)})
    assert answer["value"] == {"a": (1, 2)}
    assert answer["pid"] == engine.pid != os.getpid()


def test_arrays_come_whole_and_leave_nothing_behind(qtbot, engine):
    for size in (3, 5_000, 300_000):
        first, rest = result(qtbot, engine, "array", size=size)
        np.testing.assert_array_equal(first, np.arange(size, dtype=np.float32))
        assert rest["inner"].shape == (size, 3) and rest["inner"].all()
        first[0] = 7  # writable
    gc.collect()
    assert not [*Path("/dev/shm").glob(f"counterpoint-{engine.pid}-*")]


def test_progress_and_errors_are_told(qtbot, engine):
    request = engine.submit("echo", value=1)
    with qtbot.waitSignal(request.progressed, timeout=5_000) as got:
        pass
    assert got.args == [0.5, "half way"]
    for job, sentence, details in (
        ("refuse", "This file is not good.", ""),
        ("fail", "Something went wrong", "ValueError: oops"),
    ):
        request = engine.submit(job)
        with qtbot.waitSignal(request.failed, timeout=5_000) as got:
            pass
        assert got.args[0].startswith(sentence) and details in got.args[1]


def test_what_a_job_warns_of_comes_before_its_result(qtbot, engine):
    heard = []
    request = engine.submit("say", sentences=["The unit was guessed.", "The box was cut.", "The unit was guessed."])
    request.warned.connect(lambda sentences: heard.append(sentences))
    request.done.connect(lambda value: heard.append(value))
    with qtbot.waitSignal(request.finished, timeout=5_000):
        pass
    assert heard == [["The unit was guessed.", "The box was cut."], 3]
    quiet = engine.submit("say", sentences=[])
    with qtbot.assertNotEmitted(quiet.warned), qtbot.waitSignal(quiet.done, timeout=5_000):
        pass


def test_a_query_is_answered_while_work_runs(qtbot, engine):
    work = engine.submit("wait", seconds=5)
    start = time.monotonic()
    result(qtbot, engine, "echo", value=1, lane="query")
    assert time.monotonic() - start < 1
    with qtbot.waitSignal(work.cancelled, timeout=2_000):
        work.cancel()


def test_work_in_the_background_gives_way_and_is_never_stopped_by_force(qtbot, engine):
    """Its twenty reports take no time alone, and wait while a query runs."""
    request = engine.submit("report", lane="background", times=20)
    with qtbot.waitSignal(request.done, timeout=5_000):
        pass
    request, pid = engine.submit("report", lane="background", times=20), engine.pid
    query = engine.submit("wait", lane="query", seconds=1.5)
    ended = []
    request.done.connect(lambda _: ended.append("background"))
    query.done.connect(lambda _: ended.append("query"))
    with qtbot.waitSignals([request.finished, query.finished], timeout=15_000):
        pass
    assert ended == ["query", "background"]
    deaf = engine.submit("block", lane="background", seconds=1.5)
    qtbot.waitUntil(lambda: deaf.state == "running", timeout=5_000)
    with qtbot.waitSignal(deaf.finished, timeout=15_000):
        deaf.cancel()
    assert engine.pid == pid


def test_latest_wins(qtbot, engine):
    first = engine.submit("wait", lane="query", latest="hover", seconds=0.3)
    second = engine.submit("echo", lane="query", latest="hover", value=2)
    with qtbot.waitSignal(second.cancelled, timeout=2_000):
        third = engine.submit("echo", lane="query", latest="hover", value=3)
    with qtbot.waitSignals([first.done, third.done], timeout=5_000):
        pass


def test_a_job_that_does_not_listen_is_killed_and_others_go_on(qtbot, engine):
    pid = engine.pid
    stubborn = engine.submit("block", seconds=60)
    waiting = engine.submit("echo", value=5)
    qtbot.waitUntil(lambda: stubborn.state == "running")
    deaths = []
    engine.died.connect(lambda sentence: deaths.append(sentence))
    with qtbot.waitSignals([stubborn.cancelled, waiting.done], timeout=15_000):
        stubborn.cancel()
    assert engine.pid != pid and deaths == []


def test_a_killed_engine_is_said_and_the_work_done_again(qtbot, engine):
    work = engine.submit("wait", seconds=1)
    with qtbot.waitSignal(work.progressed, timeout=5_000):
        pass
    with qtbot.waitSignals([engine.died, work.done], timeout=15_000):
        os.kill(engine.pid, signal.SIGKILL)


def test_a_job_that_kills_the_engine_twice_is_given_up(qtbot, engine, tmp_path):
    request = engine.submit("crash")
    with qtbot.waitSignal(request.failed, timeout=20_000) as got:
        pass
    assert "twice" in got.args[0]
    assert result(qtbot, engine, "crash_once", flag=str(tmp_path / "flag")) == "survived"


def test_work_that_the_engine_stops_at_goes_on_if_the_user_wants(qtbot, engine, tmp_path):
    asked = []

    def ask(request, sentence, _):
        asked.append(sentence)
        with qtbot.waitSignal(engine.died, timeout=20_000):  # once more before the user answers: not asked twice
            os.kill(engine.pid, signal.SIGKILL)
        (tmp_path / "flag").touch()  # what made it stop is gone
        request.try_again()

    engine.ask = ask
    request = engine.submit("crash_until", flag=str(tmp_path / "flag"))
    with qtbot.waitSignal(request.done, timeout=30_000) as got:
        pass
    assert got.args == ["survived"] and len(asked) == 1 and "twice" in asked[0]
    engine.ask = lambda request, *_: request.cancel()
    with qtbot.waitSignal(engine.submit("crash").cancelled, timeout=30_000):
        pass


def test_a_full_gpu_is_said(qtbot, engine):
    with qtbot.waitSignal(engine.submit("gpu_full").failed, timeout=20_000) as got:
        pass
    assert got.args[0] == GPU_FULL


def test_an_engine_that_cannot_start_is_said_once(qtbot, tmp_path):
    engine = EngineClient("tests.app.engine.no_such_jobs", log_path=tmp_path / "log")
    deaths = []
    engine.died.connect(lambda sentence: deaths.append(sentence))
    engine.start()
    request = engine.submit("echo", value=1)
    with qtbot.waitSignal(request.failed, timeout=20_000) as got:
        pass
    assert "does not start" in got.args[0] and "no_such_jobs" in got.args[1]
    assert "does not start" in deaths[-1] and engine.pid is None
    engine.shutdown()


def test_the_engine_imports_no_window(qtbot, engine):
    loaded = result(qtbot, engine, "modules")
    assert not [name for name in loaded if name.split(".")[0] in ("PySide6", "vtkmodules", "pyvista", "torch")]


def test_shutdown_leaves_no_process(qtbot, tmp_path):
    engine = EngineClient("tests.app.engine.jobs")
    with qtbot.waitSignal(engine.ready, timeout=20_000):
        engine.start()
    pid = engine.pid
    engine.shutdown()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_memory_of_closed_files_goes_back(qapp):
    """Half of many small blocks freed leaves holes that only the C library knows of; Linux' own count falls when it
    gives them back.
    """
    from app.window.trim_memory import trim
    from tests.soak.window import private

    blocks = [bytes(50_000) for _ in range(4000)]
    kept = blocks[::2]
    del blocks
    before = private(os.getpid())
    if not trim():
        pytest.skip("another C library")
    assert before - private(os.getpid()) > 50 and len(kept) == 2000
