from worker.domain.value_objects.group_note import GroupNote


def describe(note: GroupNote) -> str:
    """The note on one line, and whether it still mutes its group."""
    words = [word for word in (note.owner, note.text, note.ticket) if word is not None]
    if note.muted_until is not None:
        until = f"muted until {note.muted_until:%Y-%m-%d %H:%M:%SZ}"
        words.append(until if note.is_muted else _opened(note))
    if note.new_since:
        words.append(f"{note.new_since} since the note")
    return f"{', '.join(words)} (by {note.noted_by}, {note.noted_at:%Y-%m-%d %H:%M:%SZ})"


def _opened(note: GroupNote) -> str:
    return "open again" if note.new_since else "no longer muted"
