"""Who visits the console, and what each may do."""
