"""Changes the account: the plan, its promotion, and the ways back."""
