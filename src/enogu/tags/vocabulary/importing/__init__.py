"""Reading tag files of every known format."""
