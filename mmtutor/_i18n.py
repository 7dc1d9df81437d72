"""The package's own words in the reader's language, by gettext; English is what the code says.

A message is ``_("{n} rows, not {m}").format(n=n, m=m)``: an f-string cannot be looked up. What is
marked where modules are loaded, such as ``exercise("05.1", "a number")`` or ``N_("a hint")``, is
looked up when it is shown. ``make messages`` collects all of them; the Makefile names the calls it
looks for.
"""

from __future__ import annotations

import gettext
import os
from pathlib import Path

DOMAIN = "mmtutor"
_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = _PACKAGE / "_data" / "locale"
FOLDER = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent / "locale"
"""Where the catalogues lie: in a wheel inside the package, in a clone beside it."""


def _(message: str) -> str:
    """Return a message in the language of MMTUTOR_LANGUAGE, else of the locale, else in English.

    >>> _("a message without a translation")
    'a message without a translation'
    """
    named = os.environ.get("MMTUTOR_LANGUAGE")
    languages = [named] if named else None  # None: LANGUAGE, LC_ALL, LC_MESSAGES, LANG
    catalogue = gettext.translation(DOMAIN, FOLDER, languages, fallback=True)
    return catalogue.gettext(message)


def N_(message: str) -> str:
    """Return the message as it is: a mark for those that collect, where it is not shown yet."""
    return message
