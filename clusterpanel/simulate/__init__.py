"""Write registers with a known truth, as a bureau would deliver them."""
