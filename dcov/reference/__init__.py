"""The parts of docs/ that are made from the code: `python -m dcov.reference` writes them anew."""
