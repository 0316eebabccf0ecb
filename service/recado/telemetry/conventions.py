"""Names of OpenTelemetry's semantic conventions (1.44) that recado's spans use.

The HTTP names are stable. The messaging names are in development and may change, so they are written only here.
"""

HTTP_METHOD = "http.request.method"
HTTP_ROUTE = "http.route"
HTTP_STATUS = "http.response.status_code"
HTTP_RESEND_COUNT = "http.request.resend_count"
URL_PATH = "url.path"
URL_TEMPLATE = "url.template"
ERROR_TYPE = "error.type"

MESSAGING_SYSTEM = "messaging.system"
MESSAGING_OPERATION_NAME = "messaging.operation.name"
MESSAGING_OPERATION_TYPE = "messaging.operation.type"
MESSAGING_DESTINATION = "messaging.destination.name"
MESSAGING_MESSAGE_ID = "messaging.message.id"
MESSAGING_BATCH_COUNT = "messaging.batch.message_count"

#: recado's own.
OUTCOME = "recado.outcome"
ATTEMPT = "recado.attempt"
STATE = "recado.state"
ORDER = "recado.order"
MESSAGES = "recado.messages"
STATUSES = "recado.statuses"
COMMAND = "recado.command"

SYSTEM = "recado"
DESTINATION = "outbox"
