"""What the first shape needs is imported beside the running window."""

import gc
import subprocess
import sys

from app.window.preload import Preload

FIRST_SHAPE = """
import sys
from importlib import import_module
import numpy as np
from PySide6.QtWidgets import QApplication
from app.window.views.mesh import MeshPanel
from app.window.preload import MODULES

app = QApplication([])
panel = MeshPanel()
for module in MODULES:
    import_module(module)
before = set(sys.modules)
from core.geometry.display import DisplayMesh

points = np.eye(3, dtype=np.float32)
panel.set_mesh(DisplayMesh(points, np.array([[0, 1, 2]], np.int32), points, None, None, None, np.zeros(1, np.int32)))
panel.resize(300, 300)
panel.show()
app.processEvents()
late = {name.split(".")[0] for name in set(sys.modules) - before}
panel.close_panel()
assert not late & {"pyvista", "pyvistaqt", "vtkmodules", "matplotlib", "cv2", "core"}, late
"""


def test_the_first_shape_imports_no_library():
    subprocess.run([sys.executable, "-c", FIRST_SHAPE], check=True, timeout=60)


def test_calls_wait_for_the_libraries_and_keep_their_order(qtbot):
    preload, calls = Preload(), []
    preload.then(lambda: calls.append(1))
    preload.then(lambda: calls.append(2))
    assert not calls
    preload.start()
    assert not gc.isenabled()  # it would look through all that is imported, while the window waits
    qtbot.waitUntil(lambda: preload.done, timeout=60_000)
    preload.then(lambda: calls.append(3))
    assert calls == [1, 2, 3] and gc.isenabled()


def test_a_window_that_closes_forgets_the_calls(qtbot):
    preload, calls = Preload(), []
    preload.start()
    preload.then(lambda: calls.append(1))
    preload.stop()
    assert gc.isenabled()
    qtbot.wait(50)
    assert not calls
