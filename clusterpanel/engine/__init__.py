"""Decide where work runs: folds, blocks of firms, tables, SQL; never econometrics."""
