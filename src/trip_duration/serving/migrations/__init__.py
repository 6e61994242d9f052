"""Steps from one form of the prediction log's tables to the next, as Alembic runs them."""
