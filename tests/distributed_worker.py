"""One of two processes: what they train together equals what one trains alone. Run by torchrun."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

import archspec

SPEC = Path(__file__).parent.parent / "specs" / "resnet20_cifar.yaml"


def stepped(model: nn.Module, images: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The output, and the parameters after a step along the mean of its squares."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    output = model(images)
    output.square().mean().backward()
    optimizer.step()
    whole = [each.full_tensor() if isinstance(each, DTensor) else each for each in model.parameters()]
    return output.detach(), [each.detach() for each in whole]


def main() -> None:
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    torch.manual_seed(0)
    # In evaluation mode: in training each process would normalise by the statistics of its own half of the batch.
    model = archspec.build(SPEC).eval()
    images = torch.randn(4, 3, 32, 32)
    share = images.chunk(2)[rank]
    output, params = stepped(copy.deepcopy(model), images)

    def compare(kind: str, found: Tensor, after: list[Tensor]) -> None:
        torch.testing.assert_close(found, output.chunk(2)[rank], rtol=1e-4, atol=1e-5)
        for ours, theirs in zip(after, params, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
        sys.stdout.write(f"rank {rank}: {kind} equals one process\n")  # in one piece: two processes write

    compare("DDP", *stepped(DistributedDataParallel(copy.deepcopy(model)), share))
    sharded = copy.deepcopy(model)
    for child in sharded.children():
        if list(child.parameters()):
            fully_shard(child)
    compare("FSDP2", *stepped(fully_shard(sharded), share))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
