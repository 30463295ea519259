/** The tensors and options of each kernel: src/kernel/table.c says them. Made by scripts/kernel-rules.mjs. */

/** @type {Readonly<Record<string, import('./kernels.js').KernelRule>>} */
export const KERNEL_RULES = Object.freeze({
    add: {
        inputs: [['a', '*'], ['b', '*']], output: ['c', '*'],
        options: [],
    },
    attention: {
        inputs: [['q', '*,m,d'], ['k', '*,n,d'], ['v', '*,n,e']], output: ['y', '*,m,e'],
        options: [{ name: 'causal', otherwise: false }, { name: 'scale', otherwise: 0 }],
    },
    challenge: {
        inputs: [], output: ['c', 'n,n'],
        options: [{ name: 'n', is: 'size' }, { name: 'seed', is: 'bits' }],
    },
    gelu: {
        inputs: [['x', '*']], output: ['y', '*'],
        options: [],
    },
    layer_norm: {
        inputs: [['x', '*,n'], ['scale', 'n'], ['bias', 'n']], output: ['y', '*,n'],
        options: [{ name: 'epsilon', otherwise: 0.00001 }],
    },
    matmul: {
        inputs: [['a', '*,m,k'], ['b', '*,k,n']], output: ['c', '*,m,n'],
        options: [],
    },
    multiply: {
        inputs: [['a', '*'], ['b', '*']], output: ['c', '*'],
        options: [],
    },
    multiply_add: {
        inputs: [['a', '*'], ['b', '*'], ['c', '*']], output: ['d', '*'],
        options: [],
    },
    reduce: {
        inputs: [['x', '*,n']], output: ['y', '*'],
        options: [{ name: 'operation', otherwise: 'sum', words: ['sum', 'mean', 'max', 'min'] }],
    },
    relu: {
        inputs: [['x', '*']], output: ['y', '*'],
        options: [],
    },
    silu: {
        inputs: [['x', '*']], output: ['y', '*'],
        options: [],
    },
    softmax: {
        inputs: [['x', '*,n']], output: ['y', '*,n'],
        options: [],
    },
    som_distance: {
        inputs: [['data', 'n,d'], ['weights', 'u,d']], output: ['distances', 'n,u'],
        options: [],
    },
    som_update: {
        inputs: [['weights', 'u,d'], ['data', 'n,d'], ['influence', 'n,u']], output: ['updated', 'u,d'],
        options: [{ name: 'rate', otherwise: 1 }],
    },
    transpose: {
        inputs: [['x', '*,m,n']], output: ['y', '*,n,m'],
        options: [],
    },
});
