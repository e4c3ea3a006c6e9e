"""From tables to cells and jobs, and what an edit changes of them."""
