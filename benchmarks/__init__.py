"""Measurements that are run by hand: they judge the product and are no part of it."""
