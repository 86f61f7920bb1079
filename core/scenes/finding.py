"""What a check of a data set finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A violation.

    Attributes:
        file: in which it is.
        key: the photo's number and the place in its list ("3/0"), an object, or "".
        text: the sentence without them.
        error: whether a program that reads the data set fails or goes wrong by it; else it is odd.
    """

    file: str
    key: str
    text: str
    error: bool = True

    @property
    def sentence(self) -> str:
        """The whole, with file and key."""
        return f"{self.file}{f' [{self.key}]' if self.key else ''}: {self.text}"
