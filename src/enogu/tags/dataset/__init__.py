"""Captions of a data set."""
