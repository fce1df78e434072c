"""Say what a study asks for: specs read from TOML, checked, every fault at once."""
