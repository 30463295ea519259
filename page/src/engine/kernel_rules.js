/** The tensors and options of each kernel: src/kernel/table.c says them. Made by scripts/kernel-rules.mjs. */

/** @type {Readonly<Record<string, import('./kernels.js').KernelRule>>} */
export const KERNEL_RULES = Object.freeze({
    add: {
        inputs: [['a', '*'], ['b', '*']], output: ['c', '*'],
        sizes: [], halves: false,
        options: [],
    },
    attention: {
        inputs: [['q', '*,m,d'], ['k', '*,n,d'], ['v', '*,n,e']], output: ['y', '*,m,e'],
        sizes: [], halves: false,
        options: [{ name: 'causal', otherwise: false }, { name: 'scale', otherwise: 0 }],
    },
    gelu: {
        inputs: [['x', '*']], output: ['y', '*'],
        sizes: [], halves: false,
        options: [],
    },
    layer_norm: {
        inputs: [['x', '*,n'], ['scale', 'n'], ['bias', 'n']], output: ['y', '*,n'],
        sizes: [], halves: false,
        options: [{ name: 'epsilon', otherwise: 0.00001 }],
    },
    matmul: {
        inputs: [['a', '*,m,k'], ['b', '*,k,n']], output: ['c', '*,m,n'],
        sizes: [], halves: true,
        options: [],
    },
    mel_spectrogram: {
        inputs: [['samples', '*,t'], ['window', 'n'], ['filters', 'mels,bins']], output: ['y', '*,mels,frames'],
        sizes: [['frames', 't/hop']], halves: false,
        options: [{ name: 'hop', otherwise: 160 }],
    },
    multiply: {
        inputs: [['a', '*'], ['b', '*']], output: ['c', '*'],
        sizes: [], halves: false,
        options: [],
    },
    multiply_add: {
        inputs: [['a', '*'], ['b', '*'], ['c', '*']], output: ['d', '*'],
        sizes: [], halves: false,
        options: [],
    },
    reduce: {
        inputs: [['x', '*,n']], output: ['y', '*'],
        sizes: [], halves: false,
        options: [{ name: 'operation', otherwise: 'sum', words: ['sum', 'mean', 'max', 'min'] }],
    },
    relu: {
        inputs: [['x', '*']], output: ['y', '*'],
        sizes: [], halves: false,
        options: [],
    },
    resize_normalise: {
        inputs: [['x', '*,h,w,c'], ['mean', 'c'], ['deviation', 'c']], output: ['y', '*,c,height,width'],
        sizes: [['height', 'height'], ['width', 'width']], halves: false,
        options: [{ name: 'factor', otherwise: 0.00392156862745098 }, { name: 'height', otherwise: 224 }, { name: 'width', otherwise: 224 }],
    },
    silu: {
        inputs: [['x', '*']], output: ['y', '*'],
        sizes: [], halves: false,
        options: [],
    },
    softmax: {
        inputs: [['x', '*,n']], output: ['y', '*,n'],
        sizes: [], halves: false,
        options: [],
    },
    som_distance: {
        inputs: [['data', 'n,d'], ['weights', 'u,d']], output: ['distances', 'n,u'],
        sizes: [], halves: false,
        options: [],
    },
    som_update: {
        inputs: [['weights', 'u,d'], ['data', 'n,d'], ['influence', 'n,u']], output: ['updated', 'u,d'],
        sizes: [], halves: false,
        options: [{ name: 'rate', otherwise: 1 }],
    },
    transpose: {
        inputs: [['x', '*,m,n']], output: ['y', '*,n,m'],
        sizes: [], halves: false,
        options: [],
    },
});
