"""Which of the two languages the person reads: their own choice first, then what their browser asks for."""

from flask import g, has_request_context, request

from consult.domain.errors import Words
from consult.domain.people import Language


def language() -> Language:
    """The language of this answer (RFC 9110 §12.5.4); Chinese where nothing else is asked for."""
    if not has_request_context():
        return Language.ZH
    chosen = g.get("language")
    if chosen is not None:
        return Language(chosen)
    return Language.EN if request.accept_languages.best_match(["zh", "zh-CN", "en"]) == "en" else Language.ZH


def spoken(words: Words) -> str:
    """The text in the language of this answer."""
    return words.en if language() is Language.EN else words.zh
