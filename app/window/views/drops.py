"""Files dropped on a panel."""

from typing import Any


class FileDrops:
    """For a widget with a signal ``files_dropped(paths)`` that accepts drops."""

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:  # noqa: N802
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)  # type: ignore[attr-defined]
