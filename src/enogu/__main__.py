"""The entry of ``enogu`` and of ``python -m enogu``.

Processes that look at pictures import this module again before their work, so it imports the
command line only when it is called.
"""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from enogu.cli import main as run

    run()


if __name__ == "__main__":
    main()
