"""Write text into a TOML file: strings, and what may stand in a comment."""

import json


def toml_text(text: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's, but for the delete sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def comment_text(text: str) -> str:
    """Return a text on one line, without signs that cannot be printed."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
