"""Write text into a TOML file: strings, and what may stand in a comment."""

import json


def toml_text(text: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's, and what cannot be printed is escaped too.

    Editors and Python take some of these signs, such as U+0085, for the end of a line.
    """
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in quoted)


def comment_text(text: str) -> str:
    """Return a text on one line, without signs that cannot be printed."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
