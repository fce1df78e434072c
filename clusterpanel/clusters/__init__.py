"""Draw clusters and measure how near and how dense they are for every site."""
