"""The judge: reads the axes and tags of the drawn world back from pictures."""
