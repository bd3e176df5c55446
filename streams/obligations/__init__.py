"""The seven kinds of obligation, one module each: evidence in, findings out."""
