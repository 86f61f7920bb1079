"""The two exceptions the rest of the program may raise on purpose."""


class CounterpointError(Exception):
    """Something a user can cause and mend. The message is one sentence that says what is wrong and what to do."""


class Cancelled(Exception):
    """Raised from a progress callback when the user asked to stop."""
