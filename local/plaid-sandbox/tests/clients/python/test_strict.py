"""The strictness of these tests: what Plaid does not have is found."""

import unittest

import plaid
from plaid.model.plaid_error import PlaidError

import strict


class Strictness(unittest.TestCase):

    def refuses(self, refusal: type, **change: object) -> None:
        error = {"error_type": "ITEM_ERROR", "error_code": "ITEM_LOCKED", "error_message": "no",
                 "display_message": None} | change
        with self.assertRaises(refusal):
            strict.read(error, PlaidError, plaid.Configuration())

    def test_a_value_that_plaid_does_not_have_is_refused(self):
        self.refuses(strict.Unknown, error_type="NO_SUCH_TYPE")

    def test_a_field_that_plaid_does_not_have_is_refused(self):
        self.refuses(strict.Unknown, no_such_field=1)

    def test_a_field_of_another_type_is_refused(self):
        self.refuses(plaid.ApiTypeError, error_message=None)
