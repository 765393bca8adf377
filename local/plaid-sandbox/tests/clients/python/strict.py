"""Makes Plaid's client stricter: what it does not know is an error here.

By itself it checks that every field has its type and that none is missing. It lets through unknown
values of enums and unknown fields, because Plaid may add some; the simulator may not.
"""

import plaid
from plaid import model_utils

# The client's description has these in lower case, Plaid's others do not (the simulator neither).
OTHERWISE_SPELLED = {"ACCOUNT_NUMBER", "ROUTING_NUMBER"}


class Unknown(Exception):
    """Something that Plaid's newest description does not have."""


def _check_allowed_values(allowed_values, variable, values) -> None:
    known = set(allowed_values[variable].values()) | {None} | OTHERWISE_SPELLED
    for value in values if isinstance(values, list) else [values]:
        if value not in known:
            raise Unknown(f"{'.'.join(variable)} is {value!r}, and not of {sorted(map(str, known))}")


# The client has a function of this name that does nothing.
model_utils.check_allowed_values = _check_allowed_values


def read(data: object, model: type, configuration: plaid.Configuration) -> object:
    """`data` as one of the client's models."""
    return _known(model_utils.validate_and_convert_types(
        data, (model,), ["received"], True, True, configuration=configuration))


class Client(plaid.ApiClient):
    """The client, but for what it does with answers."""

    def deserialize(self, response, response_type, check_type):
        return _known(super().deserialize(response, response_type, check_type))


def _known(value: object) -> object:
    """`value`, after a look for unknown fields, however deep."""
    if isinstance(value, model_utils.OpenApiModel):
        described = value.openapi_types
        for name, field in value._data_store.items():
            # A model that describes no field is a map.
            if described and name not in described:
                raise Unknown(f"{type(value).__name__} has no {name}")
            _known(field)
    elif isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            _known(one)
    return value
