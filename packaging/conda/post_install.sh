#!/bin/sh
# Runs once in the new environment, without a network.
set -e
mkdir -p "$PREFIX/wheels"
tar -xf "$PREFIX/wheels.tar" -C "$PREFIX/wheels"
"$PREFIX/bin/python" -m pip install --no-index --find-links "$PREFIX/wheels" counterpoint
rm -r "$PREFIX/wheels" "$PREFIX/wheels.tar"
