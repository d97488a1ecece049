def printable(text: str) -> str:
    r"""The text on one line, safe for terminals and databases; other characters as `\x07`.

    Logs and tables show text from publishers, whose control characters could end a line or
    rewrite the screen.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )
