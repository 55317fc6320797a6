"""The OpenAPI 3.1 document: made from the routes of an app and what ``@operation`` says of their handlers."""
