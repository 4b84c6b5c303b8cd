"""The layers that PyTorch lacks: files that import torch alone, whose text the emitter copies."""
