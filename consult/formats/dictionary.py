"""Names of attributes: keywords and tags as requests write them, and which VR and level the standard gives them."""

import re
from functools import lru_cache

_TAG = re.compile(r"[0-9A-Fa-f]{8}")


@lru_cache(4096)
def tag_of(name: str) -> str | None:
    """The tag of an attribute as eight upper-case digits, from a keyword or a tag; None where it is neither."""
    from pydicom.datadict import tag_for_keyword

    if _TAG.fullmatch(name):
        return name.upper()
    found = tag_for_keyword(name)
    return None if found is None else f"{found:08X}"


def path_of(name: str) -> str | None:
    """A dotted path of keywords or tags as a dotted path of tags; None where a step is neither."""
    steps = [tag_of(step) for step in name.split(".")]
    return None if None in steps else ".".join(step for step in steps if step is not None)


@lru_cache(4096)
def keyword_of(tag: str) -> str:
    """The keyword of a tag; "" for one that the standard does not know."""
    from pydicom.datadict import keyword_for_tag

    return keyword_for_tag(int(tag, 16))
