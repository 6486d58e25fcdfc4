"""Windows: the slice of a recording that a model sees."""
