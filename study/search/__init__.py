"""What runs next, and what is proposed, raced and kept: functions of the ledger."""
