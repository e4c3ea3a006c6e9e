"""Networks to compare with: from least squares on GPS to a masked transformer."""
