"""The prompts that drawing programs of AI pictures leave in their files."""
