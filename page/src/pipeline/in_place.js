/**
 * Whether a decoder's graph writes keys and values into tensors that are its past and its present at once. Then these
 * may have room after their tokens, and no step makes new ones. It is so if each of them is only read, and returned, by
 * onnxruntime's GroupQueryAttention, which gets the number of tokens only from the attention mask.
 */

/** @import { Graph, Node } from './graph_nodes.js' */

const ATTENTION = 'com.microsoft.GroupQueryAttention';
/** Which of its inputs are keys and values, and which of its outputs they become. @type {Readonly<Record<number, number>>} */
const PLACES = Object.freeze({ 3: 1, 4: 2 });
/** Its inputs that say how many tokens there are: seqlens_k and total_sequence_length. */
const LENGTHS = Object.freeze([5, 6]);
const PAST = /^past_key_values\./;
const MASK = 'attention_mask';

/** @param {Graph | null} graph @returns {boolean} */
export function writesInPlace(graph) {
    const pasts = (graph?.inputs ?? []).filter((name) => PAST.test(name));
    if (!graph || pasts.length === 0) return false;
    const readers = readersOf(graph.nodes);
    const isTold = toldByMask(graph);
    return pasts.every((past) => {
        const [node, ...more] = readers.get(past) ?? [];
        if (node?.kind !== ATTENTION || more.length > 0 || graph.outputs.includes(past)) return false;
        const present = node.outputs[PLACES[node.inputs.indexOf(past)]];
        return present === past.replace(PAST, 'present.') && graph.outputs.includes(present)
            && !readers.has(present) && LENGTHS.every((at) => isTold(node.inputs[at]));
    });
}

/** The nodes that read each tensor, once for each time. @param {Node[]} nodes @returns {Map<string, Node[]>} */
function readersOf(nodes) {
    /** @type {Map<string, Node[]>} */
    const readers = new Map();
    for (const node of nodes) {
        for (const name of [...node.inputs, ...node.inner]) {
            const found = readers.get(name);
            if (found) found.push(node);
            else readers.set(name, [node]);
        }
    }
    return readers;
}

/** @param {Graph} graph @returns {(name: string) => boolean} whether a tensor comes of the mask, and of nothing else
 *   that the graph is given */
function toldByMask({ nodes, inputs }) {
    const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
    /** @type {Map<string, boolean>} */
    const known = new Map();
    return (name) => {
        const answer = known.get(name) ?? isOnly(givenFor(name, makers, new Set(inputs)), MASK);
        known.set(name, answer);
        return answer;
    };
}

/** @param {Set<string>} names @param {string} one */
const isOnly = (names, one) => names.size === 1 && names.has(one);

/** The graph's inputs from which a tensor is computed. @param {string} name @param {Map<string, Node>} makers
 * @param {Set<string>} inputs @returns {Set<string>} */
function givenFor(name, makers, inputs) {
    const met = new Set([name]);
    for (const one of met) { // it grows meanwhile
        const maker = makers.get(one);
        for (const source of maker ? [...maker.inputs, ...maker.inner] : []) met.add(source);
    }
    return new Set([...met].filter((one) => inputs.has(one)));
}
