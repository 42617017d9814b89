"""The JSON Schema of `enogu.toml`, for editors that check and complete settings."""

import json

from enogu.config.project import ProjectConfig


def config_json_schema() -> str:
    """Return the JSON Schema of the settings file as indented text."""
    schema = ProjectConfig.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "enogu.toml"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
