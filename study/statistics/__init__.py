"""Numbers in, numbers out: what search and reports both reckon with."""
