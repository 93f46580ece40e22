"""What people type when they look for a name, and what a name is found by."""

import re
import unicodedata

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
LONGEST = 64  # letters of a word that are kept


def folded(text: str) -> str:
    """Without case, width and accents: ``Ｍüller`` is ``muller``."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(char for char in apart if not unicodedata.combining(char)))


def asked_words(text: str) -> list[str]:
    """The words of a name as somebody typed it, in their order."""
    return [word for word in re.split(r"[\s^=*?,\\]+", folded(text)) if word]


def searchable(groups: str) -> str:
    """A name's words with single spaces between them: of each group the components apart, and joined."""
    parts = [group for group in folded(groups).split("=") if group]
    return " ".join(
        " ".join(f"{part.replace('^', ' ')} {part.replace('^', '').replace(' ', '')}".split()) for part in parts
    )


def found_by(groups: str) -> set[str]:
    """All that a name is found by, from the beginning of each: its groups as they stand, its words, and of a word in
    Chinese every ending: nobody types the family name first each time.
    """
    words = set(searchable(groups).split()) | {group for group in folded(groups).split("=") if group}
    endings = {word[at:] for word in words if _HAN.search(word) for at in range(1, len(word)) if word[at] != "^"}
    return {word[:LONGEST] for word in words | endings}


def is_han(word: str) -> bool:
    """Whether a word is in Chinese characters, which are written without spaces between words."""
    return _HAN.search(word) is not None
