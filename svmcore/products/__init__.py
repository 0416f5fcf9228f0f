"""The products of a visit: what is combined into what."""

from svmcore.products.group import group_products, processing_order

__all__ = ["group_products", "processing_order"]
