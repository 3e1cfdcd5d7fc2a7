"""Programming tasks: a generator (``generate.generate``), and readers of task files (``files.load``).

``families`` names every kind of task; a kind is a function from a few numbers to a recipe (``recipe.Recipe``): the
specification, a reference, an independent brute force, the domains of the arguments. ``generate`` draws a recipe and
the inputs, and sees to it that splits share none.
"""
