"""One file for each measure of a loop; `registry` finds them."""
