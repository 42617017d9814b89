"""The detector of heads and faces: trained on drawings whose boxes the drawing code knows."""
