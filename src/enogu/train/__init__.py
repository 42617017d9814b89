"""From a project to a trained adapter: plan, caches, loop, checkpoints, events, report."""
