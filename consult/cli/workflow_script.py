"""The same tables as TypeScript, so that a page cannot name a state or a verb that does not exist."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from consult.domain.cases import PRIORITY_NAMES, PRIORITY_RANK, SERVICE_NAMES
from consult.domain.errors import Words
from consult.domain.events import CASE_BEGUN, STUDY_FACTS, TALK_FACTS
from consult.domain.people import ROLE_NAMES
from consult.domain.reports import REPORT_STATES
from consult.domain.workflow import LABELS, ORDER, STATES, TRANSITIONS, Verb

HEAD = "/** Generated from {source} by `consult generate`; do not edit. */\n"


def workflow() -> str:
    """frontend/src/generated/workflow.ts."""
    states = {
        str(state): _both(row.label)
        | {"owner": row.owner, "live": row.live, "order": ORDER.index(state), "clocks": sorted(row.clocks)}
        for state, row in STATES.items()
    }
    asks: dict[Verb, list[str]] = {verb: [] for verb in Verb}
    reasons = {row.verb for row in TRANSITIONS if row.reason}
    for row in TRANSITIONS:
        asks[row.verb] = list(dict.fromkeys((*asks[row.verb], *row.asks)))
    verbs = {
        str(verb): _both(label) | {"asks": asks[verb], "reason": verb in reasons} for verb, label in LABELS.items()
    }
    priorities = {str(key): _both(words) | {"order": PRIORITY_RANK[key]} for key, words in PRIORITY_NAMES.items()}
    reports = {str(key): _both(row.label) | {"signed": row.signed} for key, row in REPORT_STATES.items()}
    return HEAD.format(source="consult/domain/workflow.py") + "\n".join(
        (
            _constant("STATES", "State", states),
            _constant("VERBS", "Verb", verbs),
            _constant("PRIORITIES", "Priority", priorities),
            _constant("SERVICE_TYPES", "ServiceType", _named(SERVICE_NAMES)),
            _constant("REPORT_STATES", "ReportState", reports),
            _constant("ROLES", "Role", _named(ROLE_NAMES)),
        )
    )


def events() -> str:
    """frontend/src/generated/events.ts."""
    of_cases = [CASE_BEGUN, *(str(verb) for verb in LABELS)]
    return HEAD.format(source="consult/domain/events.py and workflow.py") + "\n".join(
        (
            _list("CASE_FACTS", "CaseFact", of_cases),
            _list("STUDY_FACTS", "StudyFact", STUDY_FACTS),
            _list("TALK_FACTS", "TalkFact", TALK_FACTS),
            "export type FactKind = CaseFact | StudyFact | TalkFact\n",
        )
    )


def _both(words: Words) -> dict[str, Any]:
    return {"zh": words.zh, "en": words.en}


def _named(names: Mapping[Any, Words]) -> dict[str, dict[str, Any]]:
    return {str(key): _both(words) for key, words in names.items()}


def _constant(name: str, type_name: str, values: Mapping[str, Mapping[str, Any]]) -> str:
    lines = "\n".join(f"  {key}: {_literal(value)}," for key, value in values.items())
    return f"export const {name} = {{\n{lines}\n}} as const\nexport type {type_name} = keyof typeof {name}\n"


def _list(name: str, type_name: str, values: Iterable[str]) -> str:
    lines = "\n".join(f"  {_literal(value)}," for value in values)
    return f"export const {name} = [\n{lines}\n] as const\nexport type {type_name} = (typeof {name})[number]\n"


def _literal(value: Any) -> str:
    """A JSON value in the front end's own style: single quotes, bare keys."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key}: {_literal(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(inner) for inner in value) + "]"
    if isinstance(value, str):
        return "'" + json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
    return json.dumps(value)
