"""What each event does, by chapter of the journey; `workflow.perform` alone calls them."""
