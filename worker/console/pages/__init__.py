"""One module for each page, or for pages that follow each other."""
