"""Sessions of a monitor's store, written as other programs and hospital systems read them."""
