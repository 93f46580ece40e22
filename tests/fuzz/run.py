"""Runs one target under atheris: `python -m tests.fuzz.run TARGET CORPUS… [-max_total_time=S] [-seed=N] …`."""

import resource
import sys

import atheris  # type: ignore[import-untyped]  # it ships no types

with atheris.instrument_imports(include=["consult"]):
    from tests.fuzz.targets import ALL, TARGETS


MEMORY_MB = 1024


def main() -> None:
    """Fuzz until the options say stop; ends the process with a traceback at the first finding, its bytes in a file."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MB << 20, MEMORY_MB << 20))
    target = TARGETS.get(sys.argv[1], ALL)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
