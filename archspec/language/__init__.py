"""From text to definitions: values that know their place, expressions, wiring, ``extends``, the block library."""
