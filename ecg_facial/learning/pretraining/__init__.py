"""Training of our own ResNet18 weights (`rendered`) on rendered heads whose identities are in no cohort."""
