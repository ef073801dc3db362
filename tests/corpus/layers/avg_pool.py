"""Average pooling with zero padding that counts as part of the mean; the stride does not divide the picture."""

import numpy as np

SIZE, STRIDE, PAD = 3, 2, 1


def draw(rng, n=2, h=6, w=5):
    return (rng.normal(size=(n, 2, h, w)),)


def forward(x):
    xp = np.pad(x, ((0, 0), (0, 0), (PAD, PAD), (PAD, PAD)))
    oh, ow = (xp.shape[2] - SIZE) // STRIDE + 1, (xp.shape[3] - SIZE) // STRIDE + 1
    return np.stack(
        [
            np.stack(
                [
                    xp[:, :, i * STRIDE : i * STRIDE + SIZE, j * STRIDE : j * STRIDE + SIZE].mean(axis=(2, 3))
                    for j in range(ow)
                ],
                axis=-1,
            )
            for i in range(oh)
        ],
        axis=-2,
    )


def backward(dout, x):
    n, c, h, w = x.shape
    dxp = np.zeros((n, c, h + 2 * PAD, w + 2 * PAD))
    share = dout / SIZE**2
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dxp[:, :, i * STRIDE : i * STRIDE + SIZE, j * STRIDE : j * STRIDE + SIZE] += share[:, :, i, j, None, None]
    return dxp[:, :, PAD : h + PAD, PAD : w + PAD]


def twin(torch, x):
    return torch.nn.functional.avg_pool2d(x, SIZE, STRIDE, PAD)
