/** The tensors and options of each kernel: src/terms/kernel/kernel_table.c says them. Made by scripts/kernel-rules.mjs. */

/** @type {Readonly<Record<string, import('./kernels.js').KernelRule>>} */
export const KERNEL_RULES = Object.freeze({
    add: {
        inputs: [['a', '*'], ['b', '*']], output: ['c', '*'],
        halves: false, options: [],
    },
    attention: {
        inputs: [['q', '*,m,d'], ['k', '*,n,d'], ['v', '*,n,e']], output: ['y', '*,m,e'],
        halves: false, options: [{ name: 'causal', otherwise: false }, { name: 'scale', otherwise: 0 }],
    },
    challenge: {
        inputs: [], output: ['c', 'n,n'],
        halves: false, options: [{ name: 'n' }, { name: 'seed', is: 'bits' }],
    },
    gelu: {
        inputs: [['x', '*']], output: ['y', '*'],
        halves: false, options: [],
    },
    layer_norm: {
        inputs: [['x', '*,n'], ['scale', 'n'], ['bias', 'n']], output: ['y', '*,n'],
        halves: false, options: [{ name: 'epsilon', otherwise: 0.00001 }],
    },
    matmul: {
        inputs: [['a', '*,m,k'], ['b', '*,k,n']], output: ['c', '*,m,n'],
        halves: true, options: [],
    },
    multiply: {
        inputs: [['a', '*'], ['b', '*']], output: ['c', '*'],
        halves: false, options: [],
    },
    multiply_add: {
        inputs: [['a', '*'], ['b', '*'], ['c', '*']], output: ['d', '*'],
        halves: false, options: [],
    },
    reduce: {
        inputs: [['x', '*,n']], output: ['y', '*'],
        halves: false, options: [{ name: 'operation', otherwise: 'sum', words: ['sum', 'mean', 'max', 'min'] }],
    },
    relu: {
        inputs: [['x', '*']], output: ['y', '*'],
        halves: false, options: [],
    },
    silu: {
        inputs: [['x', '*']], output: ['y', '*'],
        halves: false, options: [],
    },
    softmax: {
        inputs: [['x', '*,n']], output: ['y', '*,n'],
        halves: false, options: [],
    },
    som_distance: {
        inputs: [['data', 'n,d'], ['weights', 'u,d']], output: ['distances', 'n,u'],
        halves: false, options: [],
    },
    som_update: {
        inputs: [['weights', 'u,d'], ['data', 'n,d'], ['influence', 'n,u']], output: ['updated', 'u,d'],
        halves: false, options: [{ name: 'rate', otherwise: 1 }],
    },
    transpose: {
        inputs: [['x', '*,m,n']], output: ['y', '*,n,m'],
        halves: false, options: [],
    },
});

/** The built-in models over them: src/terms/kernel/kernel_model.c says them. @type {Readonly<Record<string, import('./kernel_model.js').ModelRule>>} */
export const KERNEL_MODELS = Object.freeze({
    mlp: {
        input: ['x', 'batch,784'], output: ['y', 'batch,10'],
        weights: [
            { name: 'hidden_weight', shape: '784,128', middle: 0, spread: 0.0625, seed: 1 },
            { name: 'hidden_bias', shape: '1,128', middle: 0, spread: 0.0625, seed: 2 },
            { name: 'out_weight', shape: '128,10', middle: 0, spread: 0.125, seed: 3 },
            { name: 'out_bias', shape: '1,10', middle: 0, spread: 0.0625, seed: 4 },
            { name: 'ones', shape: 'batch,1', middle: 1, spread: 0, seed: 5 },
        ],
        steps: [
            { kernel: 'matmul', inputs: [['x', 'batch,784'], ['hidden_weight', '784,128']], output: 'hidden_product' },
            { kernel: 'matmul', inputs: [['ones', 'batch,1'], ['hidden_bias', '1,128']], output: 'hidden_biases' },
            { kernel: 'add', inputs: [['hidden_product', 'batch,128'], ['hidden_biases', 'batch,128']], output: 'hidden' },
            { kernel: 'relu', inputs: [['hidden', 'batch,128']], output: 'active' },
            { kernel: 'matmul', inputs: [['active', 'batch,128'], ['out_weight', '128,10']], output: 'out_product' },
            { kernel: 'matmul', inputs: [['ones', 'batch,1'], ['out_bias', '1,10']], output: 'out_biases' },
            { kernel: 'add', inputs: [['out_product', 'batch,10'], ['out_biases', 'batch,10']], output: 'y' },
        ],
    },
    transformer: {
        input: ['x', 'batch,positions,64'], output: ['y', 'batch,positions,64'],
        weights: [
            { name: 'attention_scale', shape: '64', middle: 1, spread: 0.125, seed: 11 },
            { name: 'attention_bias', shape: '64', middle: 0, spread: 0.125, seed: 12 },
            { name: 'query_weight', shape: '64,64', middle: 0, spread: 0.25, seed: 13 },
            { name: 'key_weight', shape: '64,64', middle: 0, spread: 0.25, seed: 14 },
            { name: 'value_weight', shape: '64,64', middle: 0, spread: 0.25, seed: 15 },
            { name: 'joined_weight', shape: '64,64', middle: 0, spread: 0.25, seed: 16 },
            { name: 'feed_scale', shape: '64', middle: 1, spread: 0.125, seed: 17 },
            { name: 'feed_bias', shape: '64', middle: 0, spread: 0.125, seed: 18 },
            { name: 'wide_weight', shape: '64,256', middle: 0, spread: 0.25, seed: 19 },
            { name: 'narrow_weight', shape: '256,64', middle: 0, spread: 0.125, seed: 20 },
        ],
        steps: [
            { kernel: 'layer_norm', inputs: [['x', 'batch,positions,64'], ['attention_scale', '64'], ['attention_bias', '64']], output: 'normed' },
            { kernel: 'matmul', inputs: [['normed', 'batch*positions,64'], ['query_weight', '64,64']], output: 'queries' },
            { kernel: 'matmul', inputs: [['normed', 'batch*positions,64'], ['key_weight', '64,64']], output: 'keys' },
            { kernel: 'matmul', inputs: [['normed', 'batch*positions,64'], ['value_weight', '64,64']], output: 'values' },
            { kernel: 'transpose', inputs: [['queries', 'batch,positions,64']], output: 'query_columns' },
            { kernel: 'transpose', inputs: [['query_columns', 'batch,4,16,positions']], output: 'query_heads' },
            { kernel: 'transpose', inputs: [['keys', 'batch,positions,64']], output: 'key_columns' },
            { kernel: 'transpose', inputs: [['key_columns', 'batch,4,16,positions']], output: 'key_heads' },
            { kernel: 'transpose', inputs: [['values', 'batch,positions,64']], output: 'value_columns' },
            { kernel: 'transpose', inputs: [['value_columns', 'batch,4,16,positions']], output: 'value_heads' },
            { kernel: 'attention', inputs: [['query_heads', 'batch,4,positions,16'], ['key_heads', 'batch,4,positions,16'], ['value_heads', 'batch,4,positions,16']], output: 'heads', options: { causal: true } },
            { kernel: 'transpose', inputs: [['heads', 'batch,4,positions,16']], output: 'head_columns' },
            { kernel: 'transpose', inputs: [['head_columns', 'batch,64,positions']], output: 'joined' },
            { kernel: 'matmul', inputs: [['joined', 'batch*positions,64'], ['joined_weight', '64,64']], output: 'attended' },
            { kernel: 'add', inputs: [['x', 'batch*positions*64'], ['attended', 'batch*positions*64']], output: 'z' },
            { kernel: 'layer_norm', inputs: [['z', 'batch,positions,64'], ['feed_scale', '64'], ['feed_bias', '64']], output: 'renormed' },
            { kernel: 'matmul', inputs: [['renormed', 'batch*positions,64'], ['wide_weight', '64,256']], output: 'wide' },
            { kernel: 'gelu', inputs: [['wide', 'batch*positions*256']], output: 'active' },
            { kernel: 'matmul', inputs: [['active', 'batch*positions,256'], ['narrow_weight', '256,64']], output: 'narrow' },
            { kernel: 'add', inputs: [['z', 'batch*positions*64'], ['narrow', 'batch*positions*64']], output: 'y' },
        ],
    },
    vector: {
        input: ['x', 'n'], output: ['y', 'n'],
        weights: [
            { name: 'two', shape: 'n', middle: 2, spread: 0, seed: 31 },
            { name: 'one', shape: 'n', middle: 1, spread: 0, seed: 32 },
        ],
        steps: [
            { kernel: 'multiply_add', inputs: [['x', 'n'], ['two', 'n'], ['one', 'n']], output: 'line' },
            { kernel: 'relu', inputs: [['line', 'n']], output: 'y' },
        ],
    },
});
