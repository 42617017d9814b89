"""The tag language: caption files, captions and prompt weights."""
