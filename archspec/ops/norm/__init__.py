"""Normalisations. Statistics of the input are not counted in the receptive field, the norms of `normalize` are."""
