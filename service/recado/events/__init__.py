"""Events for the shop's own systems: facts as signed webhooks, by the Standard Webhooks specification 1.0."""
