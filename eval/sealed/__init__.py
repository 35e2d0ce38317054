"""The sealed world: indoor pictures that stand in for the data that may not be seen."""
