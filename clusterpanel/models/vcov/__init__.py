"""Variances of regressions: `from_sums` for what folds give, `from_rows` for the rest, `block_bootstrap`."""
