"""Turn registers into canonical tables, with every row accounted for."""
