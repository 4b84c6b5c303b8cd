"""Train LeNet, built from its spec, on the 1,797 handwritten digits that come with scikit-learn.

On one device, or on several processes with the batch split among them:

    python docs/examples/train_digits.py
    torchrun --nproc-per-node 2 docs/examples/train_digits.py

Needs ``pip install "archspec-nn[examples]"``.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import archspec

SPEC = Path(__file__).resolve().parents[2] / "specs" / "lenet.yaml"


def main() -> None:
    """Train and report the accuracy on digits not trained on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch", type=int, default=64, help="images in a step, over all processes")
    parser.add_argument("--lr", type=float, default=1e-2, help="the highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    device, rank, world = start()
    torch.manual_seed(options.seed)
    model = archspec.build(SPEC, device=device)
    images, labels, held_out, answers = (tensor.to(device) for tensor in digits())
    began = time.perf_counter()
    train(model, images, labels, options, rank, world)
    if rank == 0:
        seconds = time.perf_counter() - began
        print(f"{accuracy(model, held_out, answers):.2%} of {len(answers)} held-out digits, trained in {seconds:.1f} s")
    if world > 1:
        dist.destroy_process_group()


def start() -> tuple[torch.device, int, int]:
    """This process's device, its rank, and the number of processes."""
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    return device, rank, world


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images of 1x28x28 from 0 to 1 and their digits: three quarters to train on, a quarter held out."""
    data = load_digits()
    images = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16
    images = nn.functional.interpolate(images, size=(28, 28), mode="bilinear", align_corners=False)
    split = train_test_split(images, torch.tensor(data.target), test_size=0.25, random_state=0, stratify=data.target)
    return split[0], split[2], split[1], split[3]


def train(model: nn.Module, images: Tensor, labels: Tensor, options: argparse.Namespace, rank: int, world: int) -> None:
    """Adam under a one-cycle schedule, on images shifted a little; every process takes its share of each batch."""
    replica = DistributedDataParallel(model) if world > 1 else model
    optimizer = torch.optim.Adam(model.parameters())
    steps = len(images) // options.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.lr, total_steps=options.epochs * steps)
    shuffle = torch.Generator().manual_seed(options.seed)  # the same order in every process
    for epoch in range(options.epochs):
        order = torch.randperm(len(images), generator=shuffle)[: steps * options.batch].view(steps, options.batch)
        total = 0.0
        shifts = torch.randint(-2, 3, (steps, 2), generator=shuffle).tolist()
        for batch, shift in zip(order[:, rank::world].to(images.device), shifts, strict=True):
            loss = nn.functional.cross_entropy(replica(images[batch].roll(shift, (2, 3))), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        if rank == 0:
            print(f"epoch {epoch + 1:2}  loss {total / steps:.3f}", flush=True)


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of images whose most probable class is the label."""
    return float((model.eval()(images).argmax(1) == labels).float().mean())


if __name__ == "__main__":
    main()
