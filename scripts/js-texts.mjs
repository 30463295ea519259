/** The texts in a JavaScript source. */
import { parse } from 'acorn';

/** What it says, with "…" for what a template puts in and for what is joined to literals; undefined: no text.
 * @param {any} node @returns {string | undefined} */
function textOf(node) {
    if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
    if (node.type === 'TemplateLiteral') return node.quasis.map((/** @type {any} */ { value }) => value.cooked).join('…');
    if (node.type !== 'BinaryExpression' || node.operator !== '+') return undefined;
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === undefined && right === undefined ? undefined : `${left ?? '…'}${right ?? '…'}`;
}

/** The parts of a syntax tree's node (https://github.com/estree/estree). @param {any} node @returns {any[]} */
const partsOf = (node) => Object.values(node).flat().filter((part) => typeof part?.type === 'string');

/** What is put into a text, in which there may be others. @param {any} node @returns {any[]} */
const putInto = (node) => node.type !== 'BinaryExpression' ? node.expressions ?? []
    : [node.left, node.right].flatMap((side) => textOf(side) === undefined ? [side] : putInto(side));

/** @param {any} node @returns {Generator<{text: string, line: number}>} */
function* textsIn(node) {
    const text = textOf(node);
    if (text !== undefined) yield { text, line: node.loc.start.line };
    const parts = text === undefined ? partsOf(node) : putInto(node);
    for (const part of parts) yield* textsIn(part);
}

/** @param {string} source of a module @returns {Generator<{text: string, line: number}>} */
export const textsOf = (source) => textsIn(parse(source, { ecmaVersion: 'latest', sourceType: 'module', locations: true }));
