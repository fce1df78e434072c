"""Take arrays and give frozen fits; know nothing of files or designs."""
