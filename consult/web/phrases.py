"""Phrases over HTTP: what is offered for a device and part of the body, and one's own."""

from flask import Response
from pydantic import BaseModel

from consult.actions import phrases as phrase_actions
from consult.actions.parts import Parts
from consult.domain.house_phrases import Phrase
from consult.domain.phrases import OwnPhrases, house_phrases
from consult.domain.report_sections import Section
from consult.queries import phrases as phrase_queries
from consult.web import schemas
from consult.web.answers import answered
from consult.web.openapi import Api
from consult.web.session import current_actor


class PhraseItem(schemas.In):
    """A phrase: ``{a|b}`` in its text is a choice, ``{}`` a blank."""

    shortcut: schemas.Line
    section: Section
    text: schemas.Text


class OwnPhrasesIn(schemas.In):
    """All of one's phrases; ``version`` is that of the record they were changed from."""

    items: list[PhraseItem]
    version: int


class PhrasesQuery(BaseModel):
    """What the report is about, as cases say it."""

    modality: str = ""
    body_part: str = ""


class PhrasesOut(BaseModel):
    """One's own phrases first, then those everybody has."""

    own: list[PhraseItem]
    house: list[PhraseItem]
    version: int


def phrases_api(parts: Parts) -> Api:
    """The routes of phrases."""
    api = Api("phrases", "Phrases for reports")

    @api.get("/phrases", responses={200: PhrasesOut})
    def show_phrases(query: PhrasesQuery) -> Response:
        """One's own phrases, and what is offered for a device and part of the body."""
        own = phrase_queries.own(parts.store, current_actor())
        return answered(_phrases_out(own, house_phrases(query.modality, query.body_part)))

    @api.put("/account/phrases", responses={200: PhrasesOut})
    def keep_phrases(body: OwnPhrasesIn) -> Response:
        """Replace one's own phrases."""
        asked = OwnPhrases(tuple(Phrase(*each) for each in map(_fields, body.items)), body.version)
        return answered(_phrases_out(phrase_actions.keep(parts.store, current_actor(), asked, parts.clock()), []))

    return api


def _fields(item: PhraseItem) -> tuple[str, Section, str]:
    return item.shortcut, item.section, item.text


def _phrases_out(own: OwnPhrases, house: list[Phrase]) -> PhrasesOut:
    return PhrasesOut(own=list(map(_item, own.items)), house=list(map(_item, house)), version=own.version)


def _item(phrase: Phrase) -> PhraseItem:
    return PhraseItem(shortcut=phrase.shortcut, section=phrase.section, text=phrase.text)
