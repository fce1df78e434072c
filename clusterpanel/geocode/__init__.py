"""Turn addresses into points with a stated precision, offline."""
