"""Commands are run as a person runs them, in this process."""

import json

import pytest

from enogu.cli import run


@pytest.fixture
def command():
    """The words in front of every call; a file of tests may set its own."""
    return ()


@pytest.fixture
def call(capsys, command):
    """Run a command; return its exit code and what it printed."""

    def made(*words):
        capsys.readouterr()
        code = run([*command, *words])
        return code, capsys.readouterr()

    return made


@pytest.fixture
def told(call):
    """Run a command that succeeds; return its text with single blanks."""

    def text(*words):
        code, printed = call(*words)
        assert code == 0, printed.err
        return " ".join(printed.out.split())

    return text


@pytest.fixture
def document(call):
    """Run a command that succeeds with ``--json``; return what it says."""

    def read(*words):
        code, printed = call(*words, "--json")
        assert code == 0, printed.err
        return json.loads(printed.out)

    return read


@pytest.fixture
def refused(call):
    """Run a command that a person must correct; return the message with single blanks."""

    def message(*words):
        code, printed = call(*words)
        assert code == 2, printed.out
        return " ".join(printed.err.split())

    return message
