import numpy as np


class Agent:
    """REINFORCE. Plays a whole game, remembers everything, learns when the game is over."""

    def __init__(self, n_obs, n_hidden, n_actions, gamma=0.95, lr=1e-2, seed=0):
        self.rng = np.random.default_rng(seed)
        self.net = {
            'look': self.rng.normal(0, n_obs ** -0.5, (n_hidden, n_obs)),
            'decide': self.rng.normal(0, n_hidden ** -0.5, (n_actions, n_hidden)),
        }
        self.gamma = gamma
        self.lr = lr
        self.forget()

    def forget(self):
        self.observations, self.actions, self.rewards = [], [], []

    def policy(self, obs):
        h = self.net['look'].dot(obs)
        h *= h > 0
        wish = self.net['decide'].dot(h)
        e = np.exp(wish - np.max(wish))
        return e / np.sum(e), h

    def act(self, obs):
        p, _ = self.policy(obs)
        return self.rng.choice(len(p), p=p)

    def remember(self, obs, action, reward):
        self.observations.append(obs)
        self.actions.append(action)
        self.rewards.append(reward)

    def returns(self):
        out = np.zeros(len(self.rewards))
        later = 0.0
        for t in range(len(self.rewards) - 1, -1, -1):
            later = self.rewards[t] + self.gamma * later
            out[t] = later
        return out

    def learn(self):
        G = self.returns()
        advantage = (G - G.mean()) / (G.std() + 1e-8)

        hidden, push = [], []
        for obs, action in zip(self.observations, self.actions):
            p, h = self.policy(obs)
            chosen = np.zeros_like(p)
            chosen[action] = 1
            hidden.append(h)
            push.append(chosen - p)     # d log p(action) / d wish

        seen, hidden, push = np.array(self.observations), np.array(hidden), np.array(push)
        push *= advantage[:, None]      # more of what went well, less of what did not
        up_decide = push.T.dot(hidden)
        push_h = push.dot(self.net['decide'])
        push_h *= hidden > 0
        up_look = push_h.T.dot(seen)

        # ascent!
        self.net['decide'] += self.lr * up_decide
        self.net['look'] += self.lr * up_look
        total = sum(self.rewards)
        self.forget()
        return total


def play(env, agent, max_steps=500):
    obs = env.reset()
    for _ in range(max_steps):
        action = agent.act(obs)
        new_obs, reward, done = env.step(action)
        agent.remember(obs, action, reward)
        obs = new_obs
        if done:
            break
    return agent.learn()
