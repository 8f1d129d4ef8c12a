"""Task banks made of data sets that others have: Spider, BIRD, and one's own."""
