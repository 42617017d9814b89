"""A class by its import path, made with arguments from the settings file."""

import difflib
import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from enogu.errors import ConfigError, MissingExtraError
from enogu.machine import OPTIONAL_PACKAGES


def load_class(path: str, setting: str) -> Callable[..., Any]:
    """Return the class or function at ``package.module.Name``.

    Args:
        path: Its import path.
        setting: The setting it comes from, for messages.

    Raises:
        MissingExtraError: It needs an optional package that is not installed.
        ConfigError: There is no such module, or nothing of that name in it.
    """
    module_name, _, name = path.rpartition(".")
    package = module_name.partition(".")[0]
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        if package in OPTIONAL_PACKAGES:
            purpose, command = OPTIONAL_PACKAGES[package]
            raise MissingExtraError(
                f"{setting} needs the package {package} ({purpose}); it is not installed",
                hint=f"Install it ({command}) or use --set {setting}="
                + ("adamw." if setting == "train.optimizer" else "cosine."),
            ) from error
        raise ConfigError(
            f"{setting} is {path!r}, but {module_name} cannot be imported: {error}",
            hint="Write package.module.Class, and install the package where Enogu is installed.",
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        near = difflib.get_close_matches(name, dir(module), n=1, cutoff=0.6)
        guess = f"; did you mean {module_name}.{near[0]}?" if near else ""
        raise ConfigError(f"{setting} is {path!r}, but {module_name} has no class {name}{guess}")
    return found


def make(
    factory: Callable[..., Any],
    first: object,
    arguments: Mapping[str, object],
    *,
    path: str,
    setting: str,
) -> Any:  # noqa: ANN401 the class decides what it makes
    """Call ``factory(first, **arguments)``; lists become tuples, as betas are.

    Raises:
        ConfigError: An argument that the class does not know, or one that it refuses.
    """
    known = parameters_of(factory)
    unknown = [name for name in arguments if name not in known]
    for name in unknown:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        # A class may take names it does not list; one that nearly is a listed name is misspelt.
        if near or not _takes_any(factory):
            guess = f"; did you mean {near[0]}?" if near else f"; it takes {', '.join(known)}"
            raise ConfigError(f"{setting}_args: {path} takes no argument {name!r}{guess}")
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in arguments.items()
    }
    try:
        return factory(first, **values)
    except Exception as error:  # a foreign class may refuse its arguments with any error
        raise ConfigError(
            f"{setting}: {path} cannot be made with {_shown(values)}: "
            f"{type(error).__name__}: {error}",
            hint=f"Its arguments are set with {setting}_args.",
        ) from error


def parameters_of(factory: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments after the first."""
    parameters = _parameters(factory)[1:]
    variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [parameter.name for parameter in parameters if parameter.kind not in variable]


def _takes_any(factory: Callable[..., Any]) -> bool:
    parameters = _parameters(factory)
    keywords = (parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    return not parameters or any(keywords)


def _parameters(factory: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(factory).parameters.values())
    except ValueError:  # a class written in C need not say what it takes
        return []


def _shown(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items()) or "no arguments"
