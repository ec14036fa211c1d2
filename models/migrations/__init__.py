"""How tables came to be, step by step. Applied by `trueup migrate` and at the start of `serve`."""
