"""Files of published models: fetched once, kept by the hub's own cache."""

import socket
from pathlib import Path
from urllib.parse import urlparse

from core.errors import Cancelled, CounterpointError
from core.progress import Progress


def fetch(repository: str, name: str, title: str, progress: Progress) -> Path:
    """Return a file of a repository on the hub; it is fetched unless it is kept on this machine already.

    Args:
        repository: the repository, ``OWNER/NAME``.
        name: the file's name in it.
        title: what messages call it.
        progress: is told how far it is; a cancel stops the download.

    Raises:
        CounterpointError: the file is not here and cannot be fetched.
    """
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    progress(0.0, f"Fetching the weights of {title} (kept for the next time)")
    try:
        kept = try_to_load_from_cache(repository, name)
        if isinstance(kept, str):
            return Path(kept)
        socket.create_connection((str(urlparse(constants.ENDPOINT).hostname), 443), timeout=5).close()
        return Path(hf_hub_download(repository, name, tqdm_class=_reporter(progress, title)))
    except Cancelled:
        raise
    except Exception as error:
        raise CounterpointError(
            f"The weights of {title} are not on this machine and cannot be fetched ({type(error).__name__}): connect to the "
            "network, give a file of yours, or use the pocket encoder."
        ) from error


def _reporter(progress: Progress, title: str) -> type:
    """Return the class of a silent progress bar for the hub that reports here; a cancel stops the download."""
    from tqdm.auto import tqdm

    class Bar(tqdm):
        def __init__(self, *args: object, **kwargs: object):
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": False, "file": _Nowhere()})

        def update(self, n: float | None = 1) -> bool | None:
            done: bool | None = super().update(n)
            if self.total:
                progress(0.9 * min(1.0, self.n / self.total), f"Fetching the weights of {title}: {self.n / 1e6:.0f} MB")
            return done

    return Bar


class _Nowhere:
    def write(self, text: str) -> None: ...

    def flush(self) -> None: ...
