"""Networks in torch: ResNet18 on crops, a GRU over frames, a Transformer over heart-rate tokens."""
