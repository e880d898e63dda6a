"""For each style: a step to run, and what is true of it, by code that shares none with it.

PLANT          the functions that mistakes are planted in, each with how the first line begins
               for them, or that and how the line after them does
FORWARD        the same for mistakes in the forward pass, where ``own`` gives the cost
COST_IN_CODE   whether the style itself computes the cost that it descends
make           the step and its arguments, the same ones each time
parameters     its arrays, alive
output         of the forward pass, as it should be, and ``target``, which it is compared with
loss           the cost of an output
own            the cost by the code's own forward pass
claimed        runs the step; the gradients that it claims, up to a positive factor
"""
