"""The parts of a character, one module each; every function returns SVG in view units."""
