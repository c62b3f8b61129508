"""Requests of the product and answers of the simulator, held against Microsoft's own description of Graph v1.0.

The description (OpenAPI 3.0) is not part of this project: where `shared/reference/graph-openapi-subset.yaml` stands
beside the checkout, every test that speaks to the simulator is a contract test too (`tests/conftest.py`); elsewhere
none is, and `test_contract.py` skips visibly.
"""
