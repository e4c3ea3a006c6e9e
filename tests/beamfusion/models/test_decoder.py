import numpy as np
import torch

from beamfusion.models.decoder import Decoder


def test_each_step_adds_to_the_logits_of_the_step_before() -> None:
    torch.manual_seed(0)
    decoder = Decoder(4, 3).double()
    start = torch.randn(2, 4, dtype=torch.float64)
    tensors = {name: tensor.numpy() for name, tensor in decoder.state_dict().items()}

    def sigmoid(a: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-a))

    state, x, steps = start.numpy(), np.zeros((2, 4)), []
    for _ in range(3):
        given = x @ tensors["gru.weight_ih"].T + tensors["gru.bias_ih"]
        recurrent = state @ tensors["gru.weight_hh"].T + tensors["gru.bias_hh"]
        reset, update = sigmoid(given[:, :4] + recurrent[:, :4]), sigmoid(given[:, 4:8] + recurrent[:, 4:8])
        candidate = np.tanh(given[:, 8:] + reset * recurrent[:, 8:])
        state = (1 - update) * candidate + update * state
        x = x + state @ tensors["output.weight"].T + tensors["output.bias"]
        steps.append(x)
    np.testing.assert_allclose(decoder(start).detach().numpy(), np.stack(steps, axis=1))
