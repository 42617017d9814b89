"""Recipe in, picture out: encoding prompts, guidance, sampling, and what the file remembers."""
