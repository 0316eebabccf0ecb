"""What the shop's own systems are told: facts as signed webhooks, by the Standard Webhooks specification 1.0."""
