"""The next photo and the one before: of the task that is current, or else of one that has photos to go through."""

from collections.abc import Callable

from app.document.texts import tr
from app.window.feature import Entries, Entry
from app.window.shell import Shell


class PhotoSteps:
    """What the keys D and A do.

    Attributes:
        current: the name of the task that is current.
    """

    def __init__(self, shell: Shell):
        self._shell, self.current = shell, ""
        self._offers: dict[str, tuple[Callable[[int], object], Callable[[], bool]]] = {}

    def offer(self, name: str, step: Callable[[int], object], has_photos: Callable[[], bool]) -> None:
        """A task that has photos to go through; of two that are not current the later one is asked first."""
        self._offers[name] = step, has_photos

    def step(self, by: int) -> None:
        """Go to the next photo, or to the one before."""
        for name in (self.current, *reversed(self._offers)):
            if name in self._offers and self._offers[name][1]():
                self._offers[name][0](by)
                return
        self._shell.say(
            tr(
                "There are no photos to go through yet: open a scene (Ctrl+5), or add photos to the collection (Ctrl+4)."
            )
        )

    def entries(self) -> Entries:
        """Lines of the File menu."""
        return (
            Entry(tr("Next photo of the scene or collection"), lambda: self.step(1), "D"),
            Entry(tr("Previous photo of the scene or collection"), lambda: self.step(-1), "A"),
        )
