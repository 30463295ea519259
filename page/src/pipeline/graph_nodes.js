/**
 * The graph of an ONNX file: its nodes, inputs and outputs, by their names. Weights are skipped.
 * The numbers of fields are those of onnx.proto (onnx 1.12).
 */
import { fieldsIn } from './protobuf.js';

/** `kind` is an operator behind its domain, where that is another's; `inner` what graphs within it name.
 * @typedef {{kind: string, inputs: string[], outputs: string[], inner: string[]}} Node */
/** @typedef {{nodes: Node[], inputs: string[], outputs: string[]}} Graph */

const MODEL = Object.freeze({ graph: 7 });
const GRAPH = Object.freeze({ node: 1, input: 11, output: 12 });
const NODE = Object.freeze({ input: 1, output: 2, operator: 4, attribute: 5, domain: 7 });
const ATTRIBUTE = Object.freeze({ graph: 6, graphs: 11 });
const VALUE = Object.freeze({ name: 1 });

/** @typedef {Record<number, Uint8Array[]>} Fields by their numbers */

/** @param {Uint8Array} bytes of a model @returns {Graph | null} null: this is none */
export function graphIn(bytes) {
    try {
        const { [MODEL.graph]: [graph] = [] } = fieldsOf(bytes);
        return graph ? graphOf(graph) : null;
    } catch {
        return null; // onnxruntime says it better
    }
}

/** @param {Uint8Array} bytes @returns {Graph} */
function graphOf(bytes) {
    const { [GRAPH.node]: nodes = [], [GRAPH.input]: inputs = [], [GRAPH.output]: outputs = [] } = fieldsOf(bytes);
    const named = (/** @type {Uint8Array} */ value) => textsIn(fieldsOf(value), VALUE.name)[0] ?? '';
    return { nodes: nodes.map(nodeOf), inputs: inputs.map(named), outputs: outputs.map(named) };
}

/** @param {Uint8Array} bytes @returns {Node} */
function nodeOf(bytes) {
    const fields = fieldsOf(bytes);
    const [domain = ''] = textsIn(fields, NODE.domain);
    const [operator = ''] = textsIn(fields, NODE.operator);
    return {
        kind: domain ? `${domain}.${operator}` : operator,
        inputs: textsIn(fields, NODE.input), outputs: textsIn(fields, NODE.output),
        inner: (fields[NODE.attribute] ?? []).flatMap(namesWithin),
    };
}

/** The names in an attribute's graphs. @param {Uint8Array} bytes @returns {string[]} */
function namesWithin(bytes) {
    const { [ATTRIBUTE.graph]: one = [], [ATTRIBUTE.graphs]: more = [] } = fieldsOf(bytes);
    return [...one, ...more].map(graphOf).flatMap(({ nodes, outputs }) =>
        [...outputs, ...nodes.flatMap(({ inputs, inner }) => [...inputs, ...inner])]);
}

/** @param {Fields} fields @param {number} number */
const textsIn = (fields, number) => (fields[number] ?? []).map((text) => new TextDecoder().decode(text));

/** The fields of a message that have a length; nothing is copied.
 * @param {Uint8Array} bytes @returns {Fields} @throws {RangeError} if this is no message */
function fieldsOf(bytes) {
    /** @type {Fields} */
    const fields = {};
    for (const { number, type, content } of fieldsIn(bytes)) if (type === 2) (fields[number] ??= []).push(content);
    return fields;
}
