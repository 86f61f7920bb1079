"""What users bring along: functions of their own modules, by name."""

import importlib
import sys
from typing import Any

from core.errors import CounterpointError


def import_named(name: str) -> Any:
    """What ``package.module:name`` stands for, in the user's own code.

    Raises:
        CounterpointError: there is no such thing.
    """
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise CounterpointError(f"{name} cannot be imported ({error}); give MODULE:FUNCTION.") from error
    finally:
        sys.path.remove("")
