"""The watch page: the floor as it stands, why each lapse stands, and the place to act. Served whole by the program itself."""
