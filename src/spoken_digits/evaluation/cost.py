"""What a network costs to run."""

from collections.abc import Callable

from torch import Tensor, nn


def parameters(network: nn.Module) -> int:
    """Count the numbers that were learnt."""
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: nn.Module, run: Callable[[], object]) -> int:
    """Count the multiply-adds of convolutions and matrix products while ``run`` uses the network.

    A multiplication with the addition that follows it counts as one. Norms, activations and pools
    are left out, as is usual.
    """
    counts: list[int] = []

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        assert isinstance(layer.weight, Tensor)
        # Each number of the output is a sum over all weights of its channel.
        counts.append(output.numel() * layer.weight[0].numel())

    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return sum(counts)
