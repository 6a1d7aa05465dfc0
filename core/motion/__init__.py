"""Motion without a model: a recipe of effects, played over a still picture."""
