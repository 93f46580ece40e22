"""What a subject's file hangs its commands on."""

import argparse
from typing import Protocol


class Commands(Protocol):
    """The part of argparse's sub-commands that is used here."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:
        """A new command."""
        ...
