"""The house stays as it was built: how long things are, what nothing is called, what nobody says."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "consult"
FORBIDDEN_NAMES = {
    "utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "service", "handler", "processor",
    "core", "lib",
}  # fmt: skip
LONGEST_FILE, LONGEST_FUNCTION = 400, 40
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|pragma: no cover")
EXCEPT_ANY = re.compile(r"except (Exception|BaseException)\b")


def python_files() -> list[Path]:
    """The product's own files, oldest floor first."""
    return sorted(PACKAGE.rglob("*.py"))


def tracked() -> list[Path]:
    """What is in the repository; in a source archive without one, what lies in the product's folders."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=False, capture_output=True)
    if listed.returncode:
        return python_files()
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How long a function is, with its decorators."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return (function.end_lineno or first) - first + 1


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_short_says_why_it_exists_and_holds_short_functions(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "no docstring opens the file"
    assert len(text.splitlines()) <= LONGEST_FILE
    for function in functions(tree):
        length = lines(function) - sum(lines(inner) for inner in functions(function) if inner is not function)
        assert length <= LONGEST_FUNCTION, f"{function.name} is {length} lines long"


def test_nothing_has_a_name_that_says_nothing() -> None:
    for path in python_files():
        words = set(path.stem.split("_")) | set(path.parent.name.split("_"))
        assert not words & FORBIDDEN_NAMES, path


def test_nothing_is_left_for_later() -> None:
    for path in python_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not MARKS.search(line), f"{path}:{number}"


def test_whoever_catches_everything_says_why() -> None:
    for path in python_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if EXCEPT_ANY.search(line):
                assert re.search(r":  # .{12}", line), f"{path.relative_to(ROOT)}:{number}"


def test_the_clock_and_the_environment_are_asked_in_two_files_only() -> None:
    asks = re.compile(r"\bdatetime\.(now|utcnow)\(|\bos\.(environ|getenv)\b|\bdate\.today\(")
    for path in python_files():
        if path.name not in ("settings.py", "wiring.py") or path.parent != PACKAGE:
            found = asks.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path.relative_to(ROOT)}: {found}"


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes: dict[str, str] = {}
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for code in _codes(node):
                    assert code not in codes, f"{node.name} and {codes[code]} share {code!r}"
                    codes[code] = node.name
    assert {"stale", "not-found", "wrong-state", "unmet", "invalid"} <= set(codes)


def _codes(node: ast.ClassDef) -> list[str]:
    """The value of ``code = "…"`` in a class whose base is a refusal."""
    told: list[str] = []
    for line in node.body:
        target = (
            line.target
            if isinstance(line, ast.AnnAssign)
            else line.targets[0]
            if isinstance(line, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and target.id == "code":
            value = line.value if isinstance(line, ast.AnnAssign | ast.Assign) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                told.append(value.value)
    return told


def test_the_project_speaks_of_itself_alone() -> None:
    # spelt in parts, so that this file does not say them either
    others = re.compile(
        "|".join(("/wo" + "rk/", "/fa" + "rm/", "cla" + "ude", "anthro" + "pic", r"\b(p" + "ypi|np" + r"mjs)\.org")),
        re.IGNORECASE,
    )
    locks = {"package-lock.json", "requirements.lock", "requirements-dev.lock"}
    for path in tracked():
        if path.name in locks or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = others.search(text)
        assert found is None, f"{path.relative_to(ROOT)}: {found}"


def test_the_command_answers_for_help_without_its_heavy_parts() -> None:
    heavy = ("weasyprint", "pyhanko", "imagecodecs", "sqlalchemy", "flask", "pynetdicom", "pydicom", "numpy")
    program = (
        "import sys; from consult.__main__ import build_parser; build_parser().format_help();"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert told.strip() == "[]"


def test_no_subject_of_the_command_is_forgotten() -> None:
    from consult.__main__ import SUBJECTS

    there = {
        path.stem for path in (PACKAGE / "cli").glob("*.py") if "def add_commands(" in path.read_text(encoding="utf-8")
    }
    assert set(SUBJECTS) == there


def test_what_is_pinned_is_what_is_asked_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for lock, wanted in (
        ("requirements.lock", asked["dependencies"]),
        ("requirements-dev.lock", asked["dependencies"] + asked["optional-dependencies"]["dev"]),
    ):
        pinned = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        for line in wanted:
            name, version = re.match(r"([A-Za-z0-9.-]+)(?:\[[^]]*\])?(?:==(\S+))?$", line).groups()  # type: ignore[union-attr]
            assert name.lower() in pinned, f"{lock} lacks {name}: run `make lock`"
            assert version in (None, pinned[name.lower()]), f"{lock} pins another {name}: run `make lock`"
