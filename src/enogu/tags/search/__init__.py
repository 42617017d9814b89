"""Finding tags in any spelling."""
