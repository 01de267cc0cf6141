"""The live panel: the class that is being edited, counted while it is typed and after every cell that runs."""
