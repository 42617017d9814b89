"""Project folders and run folders."""

from enogu.project.create import Created, create_project, find_trigger
from enogu.project.layout import CONFIG_NAME, Project, find_project, open_project
from enogu.project.runs import LATEST, RunFolder, find_adapter, find_run, list_runs, new_run

__all__ = [
    "CONFIG_NAME",
    "LATEST",
    "Created",
    "Project",
    "RunFolder",
    "create_project",
    "find_adapter",
    "find_project",
    "find_run",
    "find_trigger",
    "list_runs",
    "new_run",
    "open_project",
]
