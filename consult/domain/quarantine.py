"""Who sees to refused objects, and what they are told to do about each."""

from collections.abc import Mapping
from types import MappingProxyType

from consult.domain.access import Scope, What, scope_of
from consult.domain.errors import NotAllowed, Words
from consult.domain.people import Actor

NOT_YOURS = Words("只有管理员可以处理隔离区。", "Only administrators see to what was refused.")
NOT_HERE = Words(
    "文件未保存在本机：隔离区已满，或由另一台接收机保存。请让发送方重新发送。",
    "Its file is not on this machine: the quarantine was full, or another receiver keeps it. Have it sent again.",
)
MEND: Mapping[str, Words] = MappingProxyType(
    {
        "broken": Words(
            "请发送方检查导出设置后重新发送；姓名乱码时可指定字符集再接收。",
            "Have the sender check its export and send it again; where names are garbled, name a character set.",
        ),
        "mismatched": Words(
            "发送请求与文件内容不是同一个对象：请发送方检查转发设备，确认后可按文件内容接收。",
            "The request named another object: have the sender check its router; it can be taken in as what it holds.",
        ),
    }
)
"""How to mend, by the refusal's code."""


def whose(actor: Actor) -> str | None:
    """Whose refused objects the actor sees: one institution's, or (None) all. Raises NotAllowed."""
    scopes = scope_of(actor, What.QUARANTINE)
    if Scope.ALL in scopes:
        return None
    if not scopes or actor.institution_code is None:
        raise NotAllowed(NOT_YOURS)
    return actor.institution_code
