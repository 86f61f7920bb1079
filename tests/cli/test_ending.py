"""How runs end: output that nobody takes, a disk that is full, closed streams, Ctrl+C and SIGTERM at any time."""

import os
import signal
import subprocess
import sys
import time

from core.processes import each

WHOLE = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""The environment of a user, whose output waits until there is enough of it."""


def run(code, **streams):
    return subprocess.run([sys.executable, "-c", code], env=WHOLE, text=True, timeout=60, **streams)


HELP = "import sys; from app.cli.main import main; sys.exit(main(['info', '--help']))"


def test_output_that_is_not_taken():
    reader, writer = os.pipe()
    os.close(reader)
    done = run(HELP, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
    with open("/dev/full", "w") as full:
        done = run(HELP, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.startswith("counterpoint: No space left on device") and done.stderr.count("\n") == 1
    closed = run(HELP.replace("--help", "no such.png"), stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2))
    assert (closed.returncode, closed.stdout) == (2, "")


def test_interrupt_while_libraries_load():
    code = """
import os, signal, sys
import app.cli.main as command
def load(name):
    if "options" in name:
        return real(name)
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise ImportError("initialization failed")  # as Open3D does
real, command.import_module = command.import_module, load
sys.exit(command.main(["info", "a.png"]))
"""
    done = run(code, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "counterpoint: stopped\n")


def wait(seconds):
    time.sleep(seconds)
    return os.getpid(), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_processes_of_a_run_hear_no_interrupt_and_end_with_it():
    begun = time.monotonic()
    running = each(wait, [0.0, 50.0, 50.0], workers=2)
    _, (_, held_back) = next(running)
    assert held_back
    children = [int(number) for number in os.popen(f"pgrep -P {os.getpid()} -f spawn_main").read().split()]
    assert children
    running.close()
    while any(map(is_alive, children)):
        assert time.monotonic() - begun < 40
        time.sleep(0.05)


def test_a_request_to_end_leaves_nothing_behind():
    code = """
import os, signal, sys
import app.cli.main as command
from core.processes import each
def run(options, progress):
    for _ in each(os.getpgid, [0, 0, 0], workers=2):
        os.kill(os.getpid(), signal.SIGTERM)
real, work = command.import_module, type(sys)("work")
work.run, work.lines = run, None
command.import_module = lambda name: real(name) if "options" in name else work
sys.exit(command.main(["info", "a.png"]))
"""
    done = run(code, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "counterpoint: stopped\n")


def is_alive(number):
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
