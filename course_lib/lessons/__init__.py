"""A lesson's exercises each: l01.py has lesson 1's."""
