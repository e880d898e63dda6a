#coding:utf-8
# LSTM 预测股价, 只用numpy
import numpy as np


def sigmoid(x):
    return 1/(1+np.exp(-x))


class LSTM:
    def __init__(self, shuru_n, yincang_n, shuchu_n, xuexilv=0.05):
        self.n = yincang_n
        self.xuexilv = xuexilv
        zong = shuru_n+yincang_n
        # 四个门: 遗忘 输入 输出 候选
        self.Wf = np.random.uniform(-0.6, 0.6, (yincang_n, zong))
        self.Wi = np.random.uniform(-0.6, 0.6, (yincang_n, zong))
        self.Wo = np.random.uniform(-0.6, 0.6, (yincang_n, zong))
        self.Wc = np.random.uniform(-0.6, 0.6, (yincang_n, zong))
        self.bf = np.ones((yincang_n, 1))
        self.bi = np.zeros((yincang_n, 1))
        self.bo = np.zeros((yincang_n, 1))
        self.bc = np.zeros((yincang_n, 1))
        self.Wy = np.random.uniform(-0.6, 0.6, (shuchu_n, yincang_n))
        self.by = np.zeros((shuchu_n, 1))

    def qianxiang(self, xulie):
        h = np.zeros((self.n, 1))
        c = np.zeros((self.n, 1))
        self.jilu = []
        yuce = []
        for x in xulie:
            z = np.vstack((h, x.reshape(-1, 1)))
            f = sigmoid(np.dot(self.Wf, z)+self.bf)
            i = sigmoid(np.dot(self.Wi, z)+self.bi)
            o = sigmoid(np.dot(self.Wo, z)+self.bo)
            g = np.tanh(np.dot(self.Wc, z)+self.bc)
            c_jiu = c
            c = f*c_jiu+i*g
            tc = np.tanh(c)
            h = o*tc
            yuce.append(np.dot(self.Wy, h)+self.by)
            self.jilu.append((z, f, i, o, g, c_jiu, tc, h))
        return yuce

    def fanxiang(self, yuce, mubiao):
        mingzi = ['Wf', 'Wi', 'Wo', 'Wc', 'bf', 'bi', 'bo', 'bc', 'Wy', 'by']
        tidu = {k: np.zeros_like(getattr(self, k)) for k in mingzi}
        dh_hou = np.zeros((self.n, 1))
        dc_hou = np.zeros((self.n, 1))
        for t in range(len(yuce)-1, -1, -1):
            z, f, i, o, g, c_jiu, tc, h = self.jilu[t]
            wucha = yuce[t]-mubiao[t].reshape(-1, 1)
            tidu['Wy'] += np.dot(wucha, h.T)
            tidu['by'] += wucha
            dh = np.dot(self.Wy.T, wucha)+dh_hou
            dc = dh*o*(1-tc*tc)+dc_hou
            do = dh*tc*o*(1-o)
            df = dc*c_jiu*f*(1-f)
            di = dc*g*i*(1-i)
            dg = dc*i*(1-g*g)
            dz = 0
            for men, d in zip('fioc', (df, di, do, dg)):
                tidu['W'+men] += np.dot(d, z.T)
                tidu['b'+men] += d
                dz = dz+np.dot(getattr(self, 'W'+men).T, d)
            dh_hou = dz[:self.n]
            dc_hou = dc*f
        return tidu

    def xunlian(self, xulie, mubiao):
        yuce = self.qianxiang(xulie)
        tidu = self.fanxiang(yuce, mubiao)
        for k in tidu:
            canshu = getattr(self, k)
            canshu -= self.xuexilv*tidu[k]
        return yuce
