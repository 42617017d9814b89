"""Pure mathematics of diffusion: schedules, targets, loss weights, noise, samplers.

Everything here works on tensors, in float64 where asked, without files and without a model.
"""
