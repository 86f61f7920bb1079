"""Poses registered to photos closely: a shape drawn where a pose puts it, what the photo says of its outline, colours and depth, least squares."""
