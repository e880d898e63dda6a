import numpy as np


# multiclass hinge loss on top of one hidden relu layer; every column of X is an example.
# W has the bias as its last column, so X gets a row of ones.

def add_row(M):
    return np.vstack((M, np.ones((1, M.shape[1]))))


def svm_net(W, U, X, y, delta=1.0, C=0.1):
    num = X.shape[1]
    Xb = add_row(X)
    H = W.dot(Xb)
    R = H * (H > 0)
    Rb = add_row(R)
    S = U.dot(Rb)

    correct = S[y, np.arange(num)]
    margins = np.maximum(0, S - correct + delta)
    margins[y, np.arange(num)] = 0
    loss = np.sum(margins) / num + C * np.sum(U * U) + C * np.sum(W * W)

    mask = (margins > 0).astype(float)
    mask[y, np.arange(num)] = -np.sum(mask, axis=0)
    dS = mask / num
    dU = dS.dot(Rb.T) + 2 * C * U
    dR = U[:, :-1].T.dot(dS)
    dH = dR * (H > 0)
    dW = dH.dot(Xb.T) + 2 * C * W
    return loss, dW, dU
