"""Engines that run a bundle's networks without torch."""

FACE_ENCODER_FILE, FACE_HEAD_FILE, ECG_FILE = "face_encoder.onnx", "face_head.onnx", "ecg.onnx"
NETWORK_FILES = {"facial": (FACE_ENCODER_FILE, FACE_HEAD_FILE), "ecg": (ECG_FILE,)}
