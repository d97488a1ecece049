def printable(text: str) -> str:
    """The text, with escapes for what a terminal would obey and what no encoding can hold.

    Logs and tables show what publishers wrote: control characters in it could end a line or
    rewrite the screen.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
