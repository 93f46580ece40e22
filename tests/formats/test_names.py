"""Promises about text: Chinese names come out right, however their character set is declared."""

import pytest

from consult.formats.names import Charset, settle
from tests.makers.dicom import SAMPLES, needs_samples

RARE = "欧阳^䶮"  # 䶮 has two bytes in GB 18030-2005 and none in GBK


def read(declared: str | list[str], raw: bytes, override: str | None = None) -> tuple[str, str, bool]:
    """The first name that can be shown of a value, the set it was read in, and whether that was guessed."""
    terms = [declared] if isinstance(declared, str) else declared
    charset = settle(terms, [raw], override)
    name = charset.name(raw)
    return name.ideographic or name.alphabetic, charset.label, name.guessed


@pytest.mark.parametrize(
    ("declared", "raw", "wanted", "guessed"),
    [
        ("GB18030", ("OuYang^Yan=" + RARE).encode("gb18030"), RARE, False),
        ("ISO_IR 192", ("OuYang^Yan=" + RARE).encode(), RARE, False),
        ("GBK", "OuYang^X=欧阳^小明".encode("gbk"), "欧阳^小明", False),
        (
            ["", "ISO 2022 IR 58"],
            b"Zhang^XiaoDong=\x1b$)A" + "张".encode("gb2312") + b"^\x1b$)A" + "小东".encode("gb2312"),
            "张^小东",
            False,
        ),
        ("", "张^伟".encode("gbk"), "张^伟", True),
        ("ISO_IR 100", "张^伟".encode("gbk"), "张^伟", True),
    ],
)
def test_a_chinese_name_is_right_in_each_way_senders_write_it(
    declared: str | list[str], raw: bytes, wanted: str, guessed: bool
) -> None:
    name, _, was_guessed = read(declared, raw)
    assert (name, was_guessed) == (wanted, guessed)


CHINESE = [
    "张^伟",
    "李^娜",
    "王",
    "陈^一诺",
    "欧阳^小明",
    "ZHANG^WEI 张伟",
    "LI李",
    "WANG王伟",
    "刘^洋",
    "头部CT平扫",
    "赵",
]
CHINESE += ["尉迟^恭", "仇^鑫", "喆", "单^玉兰", "Zhang三", "联通", "钅^龘", "镕基"]


@pytest.mark.parametrize("declared", ["", "ISO_IR 6", "ISO_IR 100", "GB18030", "ISO_IR 192", "NONSENSE"])
@pytest.mark.parametrize("written", ["gb18030", "utf-8"])
@pytest.mark.parametrize("text", CHINESE)
def test_chinese_bytes_are_read_as_what_they_are_whatever_is_declared(declared: str, written: str, text: str) -> None:
    raw = text.encode(written)
    charset = settle([declared], [raw])
    assert charset.text(raw) == text
    truly = {"gb18030": "GB18030", "utf-8": "ISO_IR 192"}[written]
    assert charset.guessed is (declared != truly)


def test_a_declaration_that_can_be_right_is_believed() -> None:
    raw = "模".encode("gbk")  # also valid UTF-8, for a Latvian letter
    assert settle(["ISO_IR 192"], [raw]) == Charset(("ISO_IR 192",))
    assert settle([], [raw]).text(raw) == "模"


LATIN = ["Müller^Jürgen", "Ångström^Åse", "São João^Conceição", "García^José Ñuñez", "Buc^Jérôme", "Äneas^Rüdiger"]
LATIN += ["Øystein^Bjørn", "MÜLLER^JÜRGEN", "François^Noël", "été", "CÔTÉ^RENÉ", "Åke", "Þór"]


@pytest.mark.parametrize("name", LATIN)
def test_a_european_name_declared_as_latin_1_stays_as_it_is(name: str) -> None:
    assert read("ISO_IR 100", name.encode("latin-1")) == (name, "ISO_IR 100", False)


@pytest.mark.parametrize("name", LATIN)
def test_an_undeclared_european_name_is_shown_in_letters_not_in_hanzi(name: str) -> None:
    assert read("", name.encode("latin-1"))[0] == name


@pytest.mark.parametrize("text", ["36.5 °C", "5 µm", "Patient\x92s", "mm²", "± 2 mm", "½ dose"])
@pytest.mark.parametrize("declared", ["", "ISO_IR 100"])
def test_a_sign_amid_plain_text_is_no_hanzi(declared: str, text: str) -> None:
    assert settle([declared], [text.encode("latin-1")]).text(text.encode("latin-1")) == text


def test_other_scripts_are_trusted_as_declared() -> None:
    greek, russian = "Διονυσιος", "Люкceмбypг"
    assert read("ISO_IR 126", greek.encode("iso8859_7")) == (greek, "ISO_IR 126", False)
    assert read("ISO_IR 144", russian.encode("iso8859_5")) == (russian, "ISO_IR 144", False)


@pytest.mark.parametrize(
    ("terms", "raw", "groups"),
    [  # PS3.5 Annexes H, I and K, and J for GB 18030
        (
            ["", "ISO 2022 IR 87"],
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            ["ISO 2022 IR 13", "ISO 2022 IR 87"],
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        ),
        (
            ["", "ISO 2022 IR 149"],
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        (
            ["", "ISO 2022 IR 58"],
            b"Wang^XiaoDong=\x1b$)A\xcd\xf5^\x1b$)A\xd0\xa1\xb6\xab=",
            "Wang^XiaoDong=王^小东",
        ),
        (["GB18030"], b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东"),
    ],
)
def test_the_examples_of_the_standard_are_read_to_the_letter(terms: list[str], raw: bytes, groups: str) -> None:
    charset = settle(terms, [raw])
    assert charset.name(raw).groups == groups
    assert not charset.guessed


def test_delimiters_end_what_an_escape_began() -> None:
    charset = Charset(("ISO 2022 IR 100", "ISO 2022 IR 58"))
    raw = b"\x1b$)A\xcd\xf5=M\xfcller"  # after = the halves are as at the start: Latin-1 again
    assert charset.name(raw).groups == "王=Müller"
    assert charset.text(b"\x1b$)A\xcd\xf5\\M\xfcller") == "王\\Müller"


def test_an_escape_forgotten_after_a_delimiter_is_made_up_for() -> None:
    charset = settle(["", "ISO 2022 IR 58"], [raw := b"Zhang=\x1b$)A\xd5\xc5^\xd0\xa1\xb6\xab"])
    assert charset.name(raw).groups == "Zhang=张^小东"
    charset = settle(["", "ISO 2022 IR 58"], [raw := "张^小东".encode("gb2312")])
    assert charset.name(raw).display == "张小东"


def test_escapes_without_declaration_are_followed_and_flagged() -> None:
    charset = settle([], [raw := b"Zhang=\x1b$)A\xd5\xc5"])
    assert (charset.name(raw).groups, charset.guessed) == ("Zhang=张", True)


def test_a_backslash_inside_of_a_chinese_character_divides_nothing() -> None:
    raw = "誠\\珅".encode("gbk")
    assert raw.count(b"\\") > 1, "the example must hold the byte of a backslash within a character"
    assert settle(["GBK"], [raw]).text(raw).split("\\") == ["誠", "珅"]


def test_a_sender_known_to_label_wrongly_is_overruled_without_a_flag() -> None:
    raw = "été".encode("latin-1") + b"^" + "Jos\xe9".encode("latin-1")
    assert read("ISO_IR 192", raw, "ISO_IR 100") == ("été^José", "ISO_IR 100", False)


def test_an_override_that_cannot_be_right_for_these_bytes_is_not_forced_on_them() -> None:
    raw = "été".encode("latin-1")
    assert settle(["ISO_IR 100"], [raw], "ISO_IR 192") == Charset(("ISO_IR 100",), guessed=False)


def test_plain_ascii_is_never_called_guessed() -> None:
    assert not settle(["NONSENSE"], []).guessed
    charset = settle([], ["张".encode("gbk")])
    assert charset.guessed
    assert not charset.name(b"Smith^John").guessed


@needs_samples
@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("chinese/gb18030", "王晓东"),
        ("chinese/gbk", "王晓东"),
        ("chinese/iso2022_ir58", "张小东"),
        ("chinese/utf8", "王晓东"),
        ("chrGB2312_iso2022ir58", "张小东"),
        ("mislabelled/chinese_single_group", "王晓东"),
        ("mislabelled/gbk_as_latin1", "王晓东"),
        ("mislabelled/gbk_undeclared", "王晓东"),
        ("mislabelled/utf8_as_gb18030", "王晓东"),
        ("mislabelled/utf8_undeclared", "王晓东"),
        ("pydicom/chrArab", "قباني لنزار"),
        ("pydicom/chrFren", "Buc Jérôme"),
        ("pydicom/chrGerm", "Äneas Rüdiger"),
        ("pydicom/chrGreek", "Διονυσιος"),
        ("pydicom/chrH31", "山田太郎"),
        ("pydicom/chrH32", "山田太郎"),
        ("pydicom/chrHbrw", "שרון דבורה"),
        ("pydicom/chrI2", "洪吉洞"),
        ("pydicom/chrKoreanMulti", "김희중"),
        ("pydicom/chrRuss", "Люкceмбypг"),
        ("pydicom/chrX1", "王小東"),
        ("pydicom/chrX2", "王小东"),
    ],
)
def test_names_in_real_files_are_right(file: str, wanted: str) -> None:
    from consult.formats.instances import read_instance

    instance = read_instance(SAMPLES / "charset" / f"{file}.dcm")
    assert instance.patient_name.display == wanted
    assert instance.charset_guessed is ("mislabelled" in file and "single" not in file)
