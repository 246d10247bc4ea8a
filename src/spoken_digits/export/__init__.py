"""The network as an ONNX file: its graph, inference from it, and the released one."""
