"""Cards: sliders, and one pure function from their values to what is shown."""
