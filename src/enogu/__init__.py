"""Enogu (絵の具): a workbench for training LoRAs of text-to-image models and drawing with them."""

__version__ = "0.1.0"
