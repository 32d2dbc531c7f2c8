"""What an endpoint costs, from AWS's price list or a dated table."""
