"""The portal of a training organisation: OPCO-funded sessions from first link to last payment."""
