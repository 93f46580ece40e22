"""The knobs: typed, a section a door, from CONSULT_<SECTION>__<NAME> or consult.toml; a secret has no default."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Section(BaseModel):
    """A group of settings; a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    """Where rows are kept: ``sqlite:///path`` or ``postgresql://…``."""

    url: str = "sqlite:///data/consult.db"


class Blobs(Section):
    """Where images and documents are kept: ``file:///folder``, or ``s3://bucket/prefix``.

    ``prepared`` is where frames and small pictures lie that were made ready to be sent; nginx needs to read nothing
    else. Without it they lie in the folder's ``prepared``.

    For S3: ``spool`` is this machine's folder for what arrives, for quarantine, and for ``near_bytes`` of copies.
    ``endpoint`` is where a store that is not Amazon's answers; without keys those of the machine are used. A request to
    it may take ``timeout_s``; longer, and the sender is told to send again.
    """

    url: str = "file:///var/lib/consult/blobs"
    prepared: Path | None = None
    spool: Path = Path("/var/lib/consult/spool")
    near_bytes: int = 64 * 1024 * 1024 * 1024
    endpoint: str | None = None
    region: str = "us-east-1"
    timeout_s: float = 60.0
    access_key: str | None = None
    secret_key: str | None = Field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        """The folder on this machine. Raises ValueError for a scheme that is not known."""
        if self.elsewhere:
            return self.spool
        if not self.url.startswith("file://"):
            raise ValueError("blobs.url must be file:///folder or s3://bucket/prefix")
        return Path(self.url.removeprefix("file://"))

    @property
    def elsewhere(self) -> bool:
        """Whether objects lie in an object store."""
        return self.url.startswith("s3://")


class Audit(Section):
    """Where the audit log is anchored every day, outside the database, and the key that signs the anchors.

    Keep the key where whoever can write to the database cannot read it.
    """

    folder: Path | None = None
    key: Path = Path("/etc/consult/audit.key")


class Web(Section):
    """The HTTP door. ``public_url`` is how people reach it, and what QR codes and Origin checks name.

    ``accel`` is the prefix under which the server in front sends files of the cache by itself (nginx: an ``internal``
    location, X-Accel-Redirect); empty: they are sent from here.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    threads: int = 64
    trusted_proxy: bool = False
    accel: str = ""


class Dicom(Section):
    """The DICOM door. ``quiet_s``: a study is settled when nothing arrived for so many seconds.

    ``tls_port`` opens a second port for TLS; it needs our certificate with its key, and the authorities whose
    certificates peers must show (PEM files). We show the same certificate to peers that want to be called by TLS.
    """

    host: str = "127.0.0.1"
    port: int = 11112
    ae_title: str = "CONSULT"
    max_associations: int = 50
    max_bytes_in_flight: int = 512 * 1024 * 1024
    quiet_s: float = 10.0
    tls_port: int | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_authorities: Path | None = None


class Parser(Section):
    """The bounded parser of received objects."""

    workers: int = 2
    memory_mb: int = 300
    timeout_s: float = 10.0


class Trust(Section):
    """Where the signing authority's files are; ``demo`` marks every document that it signs as a demonstration."""

    folder: Path = Path("/var/lib/consult/trust")
    demo: bool = False


class Report(Section):
    """The document maker."""

    render_workers: int = 1
    render_timeout_s: float = 60.0


class Prepare(Section):
    """What is made ready for viewers: at most ``budget_mb`` MB stay in the cache; a picture takes so long at most."""

    budget_mb: int = 50_000
    picture_timeout_s: float = 20.0


class Mail(Section):
    """The mail server that takes our notices; none while ``host`` is empty. ``authorities``: a PEM file to believe."""

    host: str = ""
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    authorities: Path | None = None
    timeout_s: float = 20.0


class Sms(Section):
    """The gateway for text messages; none while ``url`` is empty. ``signature`` stands before each text (【…】).

    ``report_secret`` seals what the gateway reports back to ``/api/v1/sms/reports``; without it reports are refused.
    """

    url: str = ""
    token: str | None = Field(default=None, repr=False)
    signature: str = "会诊平台"
    report_secret: str | None = Field(default=None, repr=False)


class Hook(Section):
    """Where an institution's own system takes notices, and the secret that seals them."""

    url: str
    secret: str = Field(repr=False, min_length=16)


class Outward(Section):
    """Calls to other systems. ``private_hosts`` may have private addresses and be called without TLS; else neither.

    ``webhooks`` are endpoints by institution code.
    """

    private_hosts: tuple[str, ...] = ()
    authorities: Path | None = None
    timeout_s: float = 10.0
    webhooks: dict[str, Hook] = Field(default_factory=dict[str, Hook])


class Live(Section):
    """The door of live rooms. ``public_url`` is how browsers reach it (``wss://…/live``); empty: host and port as here.

    ``secret`` seals the tickets that the web door hands out; both doors need the same one, and `consult up` makes one
    for itself. ``origins`` are pages beside ``web.public_url`` that may open a socket.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    public_url: str = ""
    secret: str | None = Field(default=None, repr=False, min_length=32)
    origins: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where browsers open a socket."""
        return self.public_url or f"ws://{self.host}:{self.port}"


class Media(Section):
    """The door of sound and picture; tickets and orders are sealed with ``live.secret``.

    ``public_url`` is how browsers reach it (``wss://…/media``); empty: host and port as here. ``forwarder`` is who
    carries new rooms: ourselves, or the Janus whose WebSocket is at ``janus_url``. ``turn_urls`` are told to browsers
    with credentials that ``turn_secret`` (coturn's ``static-auth-secret``) makes.
    """

    host: str = "127.0.0.1"
    port: int = 8083
    public_url: str = ""
    forwarder: Literal["own", "janus"] = "own"
    janus_url: str = ""
    recordings: Path = Path("/var/lib/consult/recordings")
    senders: int = 6
    observers: int = 12
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = Field(default="", repr=False)

    @property
    def url(self) -> str:
        """Where browsers open a socket."""
        return self.public_url or f"ws://{self.host}:{self.port}"


class Settings(BaseSettings):
    """All settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="CONSULT_", env_nested_delimiter="__", toml_file="consult.toml", extra="forbid", frozen=True
    )

    database: Database = Database()
    blobs: Blobs = Blobs()
    web: Web = Web()
    dicom: Dicom = Dicom()
    parser: Parser = Parser()
    trust: Trust = Trust()
    report: Report = Report()
    prepare: Prepare = Prepare()
    audit: Audit = Audit()
    mail: Mail = Mail()
    sms: Sms = Sms()
    outward: Outward = Outward()
    live: Live = Live()
    media: Media = Media()
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then consult.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for a child process that must have the same."""
    told: dict[str, str] = {}
    for section, value in settings.model_dump(mode="json").items():
        entries: dict[str, Any] = value if isinstance(value, dict) else {"": value}
        for name, entry in entries.items():
            if entry is None:
                continue
            key = f"CONSULT_{section}__{name}".upper() if name else f"CONSULT_{section}".upper()
            told[key] = entry if isinstance(entry, str) else _json(entry)
    return told


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
