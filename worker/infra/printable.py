def printable(text: str) -> str:
    r"""The text on one line, fit for a terminal and a database: what is not becomes `\x07`.

    Logs and tables show what publishers wrote: control characters in it could end a line or
    rewrite the screen.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )
