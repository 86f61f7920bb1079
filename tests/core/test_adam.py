"""Adam by hand takes PyTorch's steps."""

import torch

from core.alignment.adam import Adam


def test_steps_are_those_of_pytorch():
    torch.manual_seed(0)
    starts, target = (torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 1, dtype=torch.float64)), torch.randn(4, 3)
    ours, theirs = ([one.clone().requires_grad_() for one in starts] for _ in range(2))

    def loss(parameters):
        a, b = parameters
        return ((a * b - target) ** 2).sum() + (a**4).sum()

    mine, torchs = Adam(ours, 0.03), torch.optim.Adam(theirs, 0.03)
    free = (torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64), torch.ones(1, dtype=torch.float64))
    for _ in range(40):
        mine.step(loss(ours), free)
        torchs.zero_grad()
        loss(theirs).backward()
        theirs[0].grad *= free[0]
        torchs.step()
    for one, other, start in zip(ours, theirs, starts, strict=True):
        assert torch.allclose(one, other, atol=1e-9) and not torch.allclose(one, start)
    assert torch.equal(ours[0][:, 1], starts[0][:, 1])  # what is held does not move


def test_a_parameter_that_the_loss_does_not_know_stays():
    known, unknown = (torch.ones(2, requires_grad=True) for _ in range(2))
    Adam([known, unknown], 0.1).step((known**2).sum())
    assert torch.allclose(known, torch.full((2,), 0.9), atol=1e-6) and torch.equal(unknown, torch.ones(2))
