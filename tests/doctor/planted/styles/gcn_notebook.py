#!/usr/bin/env python
# coding: utf-8

# # Who belongs to which club?
# Graph convolution on a small network. Only a few members told us their club.

# In[1]:


import numpy as np
np.random.seed(2)


# In[2]:


edges = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5), (5, 6), (6, 7), (6, 8), (7, 8)]
N = 9
labels = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
train_mask = np.array([1, 0, 1, 0, 1, 0, 0, 1, 1], dtype=bool)
X = np.random.randn(N, 4)
Y = np.zeros((N, 3))
Y[range(N), labels] = 1


# In[3]:


A = np.eye(N)      # every node sees itself, too
for i, j in edges:
    A[i, j] = A[j, i] = 1
deg = A.sum(1)
A_hat = A / np.sqrt(deg[:, None] * deg[None, :])


# In[4]:


W0 = np.random.randn(4, 5) * .7
W1 = np.random.randn(5, 3) * .7
lr = .5
l2 = 5e-3


# In[5]:


def forward():
    S0 = A_hat @ X
    Z0 = S0 @ W0
    H = np.maximum(Z0, 0)
    S1 = A_hat @ H
    Z1 = S1 @ W1
    E = np.exp(Z1 - Z1.max(1, keepdims=True))
    P = E / E.sum(1, keepdims=True)
    return S0, H, S1, P


def loss_fn(P):
    ll = np.sum(Y * np.log(P), axis=1)
    return -ll[train_mask].mean() + l2 / 2 * np.sum(W0 ** 2)


def epoch():
    global W0, W1
    S0, H, S1, P = forward()
    loss = loss_fn(P)
    dZ1 = (P - Y) * train_mask[:, None] / train_mask.sum()
    dW1 = S1.T @ dZ1
    dS1 = dZ1 @ W1.T
    dH = A_hat.T @ dS1
    dZ0 = dH * (H > 0)
    dW0 = S0.T @ dZ0 + l2 * W0
    W0 = W0 - lr * dW0
    W1 = W1 - lr * dW1
    return loss


# In[6]:


if __name__ == '__main__':
    for e in range(200):
        l = epoch()
        if e % 20 == 0:
            acc = (forward()[-1].argmax(1) == labels)[~train_mask].mean()
            print(e, l, acc)
