"""The walk: a model's structure copied, its operations recorded and priced, one forward pass heard, one step run for real."""
