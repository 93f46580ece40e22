"""The API's description: a model's name means one thing, or the pages would be typed by somebody else's model."""

from collections import Counter
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from pydantic import BaseModel

from consult.web import app

PACKAGE = app.__name__.rpartition(".")[0]


def models_of(module: ModuleType) -> set[type[BaseModel]]:
    """The models that a module of the door makes, not those it borrows."""
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    return {each for each in classes if issubclass(each, BaseModel) and each.__module__ == module.__name__}


def test_no_two_models_share_a_name() -> None:
    names = [f"{PACKAGE}.{each.name}" for each in iter_modules([str(Path(str(app.__file__)).parent)])]
    models = [model for name in names for model in models_of(import_module(name))]
    twice = [name for name, times in Counter(model.__name__ for model in models).items() if times > 1]
    assert len(models) > 100
    assert twice == []
